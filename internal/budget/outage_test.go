package budget

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/holdfast/holdfast/internal/localservice"
)

// ownRedis starts a Redis that the test may stop, and returns its options and a way to
// stop it and to start it again, empty, at the same address.
func ownRedis(t *testing.T) (o *redis.Options, stop, start func()) {
	t.Helper()
	dir := t.TempDir()
	server, err := localservice.StartRedis(t.Context(), localservice.RedisOptions{Dir: filepath.Join(dir, "redis")})
	require.NoError(t, err)
	port, running := server.Port(), true
	ctx := context.WithoutCancel(t.Context())
	stop = func() {
		if running {
			running = false
			require.NoError(t, server.Stop(ctx))
		}
	}
	t.Cleanup(func() { stop() })
	start = func() {
		server, err = localservice.StartRedis(ctx, localservice.RedisOptions{Dir: filepath.Join(dir, "redis"), Port: port})
		require.NoError(t, err)
		running = true
	}
	o, err = redis.ParseURL(server.URL())
	require.NoError(t, err)
	o.ContextTimeoutEnabled, o.MaxRetries, o.DialerRetries = true, -1, 1
	return o, stop, start
}

// Redis is emptied again and again under load. Processes tell it what they know; nobody
// is refused, and no limit is passed.
func TestRedisIsEmptied(t *testing.T) {
	f := setup(t, 4, 3*time.Second)
	f.github.takes, f.github.limit, f.github.most = 5*time.Millisecond, 1200, 20
	f.policy(Policy{InFlight: 10, Reserve: Reserve{Requests: 200}})
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
	defer cancel()
	var wait sync.WaitGroup
	wait.Go(func() {
		tick := time.NewTicker(400 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				require.NoError(t, f.redis.FlushDB(context.WithoutCancel(ctx)).Err())
			case <-ctx.Done():
				return
			}
		}
	})
	f.work(6*time.Second, 10, Request{})
	wait.Wait()
	t.Logf("%d requests, windows %v, lowest %d, at once %d, probes %d", f.github.requests, f.github.lengths, f.github.lowest, f.github.highest, f.github.probes)
	require.Zero(t, f.github.refused)
	require.LessOrEqual(t, f.github.highest, 20, "one burst too many at most")
	require.GreaterOrEqual(t, f.github.lowest, int64(200))
	for _, used := range f.github.lengths {
		require.GreaterOrEqual(t, used, int64(900))
	}
}

// What GitHub said to wait for outlives Redis's memory.
func TestAHoldOutlivesAnEmptyRedis(t *testing.T) {
	f := setup(t, 3, time.Hour/10)
	flow := WithFlow(t.Context(), Flow{Lane: LaneInteractive})
	pass, err := f.ledgers[0].Account(account, nil).Enter(flow, Request{})
	require.NoError(t, err)
	for _, l := range f.ledgers[1:] {
		require.NoError(t, f.request(flow, l, Request{}))
	}
	held := pass.Leave(flow, Answer{Sent: true, Refused: &Refusal{Limit: Secondary, Wait: 700 * time.Millisecond}})
	require.NotNil(t, held)
	require.NoError(t, f.redis.FlushDB(flow).Err())
	// One that did not hear of it waits for the others' word.
	require.Eventually(t, func() bool { return f.request(flow, f.ledgers[1], Request{}) == nil }, patience, time.Millisecond)
	require.False(t, time.Now().Before(held.Until))
}

// Redis is killed and comes back empty. Without it each process has its share.
func TestRedisIsKilledAndComesBack(t *testing.T) {
	o, stop, start := ownRedis(t)
	f := setup(t, 0, 2*time.Second)
	f.github.takes, f.github.limit, f.github.most, f.github.points = 5*time.Millisecond, 1500, 20, 0
	f.redis = redis.NewClient(o)
	t.Cleanup(func() { require.NoError(t, f.redis.Close()) })
	for range 4 {
		client := redis.NewClient(o)
		f.addWith(client)
		t.Cleanup(func() { require.NoError(t, client.Close()) })
	}
	f.policy(Policy{InFlight: 8, Reserve: Reserve{Requests: 300}})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	answered := func() int { return f.github.now(func(g *github) int { return g.requests - g.refused }) }
	var wait sync.WaitGroup
	for _, l := range f.ledgers {
		f.saturate(ctx, &wait, l, Flow{LaneBackfill, "w", "o"}, 6, Request{}, func() {})
	}
	alone := func(want bool) func() bool {
		return func() bool {
			for _, l := range f.ledgers {
				if l.Account(account, nil).Pace().Alone != want {
					return false
				}
			}
			return true
		}
	}
	require.Eventually(t, func() bool { return answered() > 200 }, patience, time.Millisecond)
	stop()
	require.Eventually(t, alone(true), patience, time.Millisecond)
	windows := func() int { return f.github.now(func(g *github) int { return len(g.lengths) }) }
	require.Eventually(t, func() bool { return windows() == 2 }, patience, time.Millisecond, "the processes go on alone")
	start()
	require.Eventually(t, alone(false), patience, time.Millisecond)
	require.Eventually(t, func() bool { return windows() == 3 }, patience, time.Millisecond, "and together again")
	cancel()
	wait.Wait()
	t.Logf("%d requests, %d refused, windows %v, lowest %d, at once %d", f.github.requests, f.github.refused, f.github.lengths, f.github.lowest, f.github.highest)
	require.Zero(t, f.github.refused)
	for _, used := range f.github.lengths {
		require.GreaterOrEqual(t, float64(used), 0.8*1200, "what may be used is used")
	}
	require.LessOrEqual(t, f.github.highest, 16, "a burst too many when Redis goes, and when it comes back, at most")
	require.GreaterOrEqual(t, f.github.lowest, int64(300), "the reserve")
}

// A Redis that never was there: each process takes itself for one of sixteen.
func TestRedisNeverThere(t *testing.T) {
	o, stop, start := ownRedis(t)
	stop()
	f := setup(t, 0, time.Hour)
	client := redis.NewClient(o)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	l := f.addWith(client)
	f.github.limit = 5000
	a := l.Account(account, f.github.probe)
	a.SetPolicy(Policy{InFlight: 32})
	require.NoError(t, f.request(t.Context(), l, Request{}))
	require.True(t, a.Pace().Alone)
	for range 2 {
		_, err := a.Enter(t.Context(), Request{})
		require.NoError(t, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := a.Enter(ctx, Request{})
	require.ErrorIs(t, err, context.DeadlineExceeded, "two of 32 are its own")
	start()
	require.Eventually(t, func() bool { return !a.Pace().Alone }, patience, time.Millisecond)
	_, err = a.Enter(t.Context(), Request{})
	require.NoError(t, err)
}

func TestCloseEndsEverything(t *testing.T) {
	o := redisOptions(t)
	before := goleak.IgnoreCurrent()
	client := redis.NewClient(o)
	l, err := newLedger(Options{Redis: client}, newTimes(1))
	require.NoError(t, err)
	a := l.Account("user:2@example", nil)
	a.SetPolicy(Policy{InFlight: 1})
	pass, err := a.Enter(t.Context(), Request{})
	require.NoError(t, err)
	waiting := make(chan error)
	go func() {
		_, err := a.Enter(t.Context(), Request{})
		waiting <- err
	}()
	require.Eventually(t, func() bool { return a.Peek(LaneBackfill, Core).Waiting == 1 }, patience, time.Millisecond)
	l.Close()
	require.ErrorIs(t, <-waiting, ErrClosed)
	_, err = a.Enter(t.Context(), Request{})
	require.ErrorIs(t, err, ErrClosed)
	require.NotNil(t, pass.Leave(t.Context(), Answer{Sent: true, Refused: &Refusal{Limit: Secondary}}), "a pass may still be left")
	require.NoError(t, client.Close())
	goleak.VerifyNone(t, before)
}

// A Redis that accepts connections and never answers costs one bounded wait.
func TestRedisHangs(t *testing.T) {
	t.Parallel()
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	o := plain(&redis.Options{Addr: silent.Addr().String()})
	client := redis.NewClient(o)
	l, err := NewLedger(Options{Redis: client})
	require.NoError(t, err)
	began := time.Now()
	a := l.Account(account, unlimited)
	pass, err := a.Enter(t.Context(), Request{})
	require.NoError(t, err)
	require.Less(t, time.Since(began), 3*l.times.call)
	require.True(t, a.Pace().Alone)
	require.Nil(t, pass.Leave(t.Context(), Answer{Sent: true, OK: true}))
	began = time.Now()
	_, err = a.Enter(t.Context(), Request{})
	require.NoError(t, err)
	require.Less(t, time.Since(began), l.times.call/2, "and then none")
	l.Close() // waits for all that the ledger has begun
	require.NoError(t, client.Close())
}

// Where GitHub does not say what is left, requests find out one at a time.
func TestWhenNobodyKnows(t *testing.T) {
	f := setup(t, 2, time.Hour)
	for name, probe := range map[string]func(context.Context) (Rates, error){
		"nobody to ask":  nil,
		"GitHub is away": func(context.Context) (Rates, error) { return nil, errors.New("away") },
	} {
		a, b := f.ledgers[0].Account(name, probe), f.ledgers[1].Account(name, probe)
		scout, err := a.Enter(t.Context(), Request{})
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), f.times.scout/4)
		_, err = b.Enter(ctx, Request{})
		cancel()
		require.ErrorIs(t, err, context.DeadlineExceeded, "one at a time")
		require.Nil(t, scout.Leave(t.Context(), Answer{Sent: true, OK: true, Rate: &Rate{Limit: 60, Left: 59, Reset: time.Minute}}))
		for range defaultInFlight {
			_, err = b.Enter(t.Context(), Request{})
			require.NoError(t, err, "then many")
		}
		require.EqualValues(t, 59, b.Peek(LaneBackfill, Core).Left)
	}
}

// A GitHub Enterprise Server without limits is only spared too many requests at once.
func TestNoLimits(t *testing.T) {
	f := setup(t, 2, time.Hour)
	a := f.ledgers[0].Account("user:1@ghes.example", unlimited)
	for range 200 {
		pass, err := a.Enter(t.Context(), Request{})
		require.NoError(t, err)
		require.Nil(t, pass.Leave(t.Context(), Answer{Sent: true, OK: true}))
	}
	require.False(t, a.Peek(LaneBackfill, Core).Known)
	require.Zero(t, a.Pace().Limit)
}
