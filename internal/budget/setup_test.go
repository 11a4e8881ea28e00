package budget

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// account is what a test asks GitHub with.
const account = "user:1@api.github.com"

// fleet is several processes with one Redis and one GitHub.
type fleet struct {
	t       testing.TB
	github  *github
	redis   *redis.Client
	times   times
	ledgers []*Ledger
}

// setup makes a fleet whose GitHub's hour is as long as given.
func setup(t testing.TB, processes int, hour time.Duration) *fleet {
	t.Helper()
	if test, ok := t.(*testing.T); ok {
		test.Parallel()
	}
	f := &fleet{t: t, redis: testenv.Redis(t), times: newTimes(float64(hour) / float64(time.Hour))}
	f.times.beat, f.times.seen = time.Second, 10*time.Second
	f.times.collect, f.times.settle, f.times.poll = 300*time.Millisecond, 30*time.Millisecond, 100*time.Millisecond
	f.times.scout, f.times.heal = 500*time.Millisecond, 20*time.Millisecond
	f.github = newGithub(hour)
	for range processes {
		f.add()
	}
	return f
}

// client is a Redis client of its own, as each process has one.
func (f *fleet) client() *redis.Client {
	c := redis.NewClient(plain(f.redis.Options()))
	f.t.Cleanup(func() { require.NoError(f.t, c.Close()) })
	return c
}

// add starts one more process.
func (f *fleet) add() *Ledger { return f.addWith(f.client()) }

func (f *fleet) addWith(client redis.UniversalClient) *Ledger {
	l, err := newLedger(Options{Redis: client, Logger: slog.New(slog.DiscardHandler)}, f.times)
	require.NoError(f.t, err)
	f.t.Cleanup(l.Close)
	f.ledgers = append(f.ledgers, l)
	l.Account(account, f.github.probe)
	return l
}

// policy sets what all processes wish.
func (f *fleet) policy(p Policy) {
	for _, l := range f.ledgers {
		l.Account(account, nil).SetPolicy(p)
	}
}

// request sends one request as the transport does.
func (f *fleet) request(ctx context.Context, l *Ledger, r Request) error {
	pass, err := l.Account(account, nil).Enter(ctx, r)
	if err != nil {
		return err
	}
	if held := pass.Leave(ctx, f.github.answer(r)); held != nil {
		return held
	}
	return nil
}

// saturate sends requests of a flow from a number of callers at once, as long as ctx
// goes on, and counts those that were answered.
func (f *fleet) saturate(ctx context.Context, wait *sync.WaitGroup, l *Ledger, flow Flow, callers int, r Request, done func()) {
	ctx = WithFlow(ctx, flow)
	for range callers {
		wait.Go(func() {
			for ctx.Err() == nil {
				switch err := f.request(ctx, l, r); {
				case err == nil:
					done()
				case ctx.Err() == nil:
					f.pause(ctx, l, err)
				}
			}
		})
	}
}

// pause waits as long as a limit says.
func (f *fleet) pause(ctx context.Context, l *Ledger, err error) {
	var limit *LimitError
	if !errors.As(err, &limit) {
		f.t.Errorf("a request failed: %v", err)
		return
	}
	timer := time.NewTimer(limit.Until.Sub(l.now()))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// redisOptions are those of a Redis of the test's own.
func redisOptions(t testing.TB) *redis.Options {
	t.Helper()
	return plain(testenv.Redis(t).Options())
}

// plain are the options of a client that gives up at once. Those of a client in use hold
// what is only its own.
func plain(o *redis.Options) *redis.Options {
	return &redis.Options{
		Addr: o.Addr, DB: o.DB, Username: o.Username, Password: o.Password, ContextTimeoutEnabled: true, MaxRetries: -1, DialerRetries: 1,
	}
}
