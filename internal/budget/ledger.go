package budget

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/metric"
)

// ErrClosed is what Enter returns once its Ledger is closed.
var ErrClosed = errors.New("the budget of GitHub requests is closed")

// Options configure a Ledger.
type Options struct {
	// Redis is what the processes share; nil: there is only this process. The client
	// needs ContextTimeoutEnabled: otherwise a Redis that never answers holds requests up
	// as long as the client's own timeouts say.
	Redis redis.UniversalClient
	// Process names this process, for people. It may be empty.
	Process string
	Now     func() time.Time // nil: time.Now
	// Scale is of GitHub's windows and back-offs; 0 means 1.
	Scale  float64
	Logger *slog.Logger // nil: nothing is logged
	// MeterProvider measures; nil: nothing is measured.
	MeterProvider metric.MeterProvider
}

// Ledger has the budgets of one process. It is safe for concurrent use.
type Ledger struct {
	process string
	now     func() time.Time
	log     *slog.Logger
	times   times
	link    *link // nil: alone for good
	metrics *instruments

	ctx    context.Context //nolint:containedctx // ends with Close
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu       sync.Mutex
	accounts map[string]*Account
	closed   bool
}

// NewLedger makes a Ledger. Close ends it.
func NewLedger(o Options) (*Ledger, error) {
	scale := o.Scale
	if scale <= 0 {
		scale = 1
	}
	return newLedger(o, newTimes(scale))
}

func newLedger(o Options, t times) (*Ledger, error) {
	l := &Ledger{process: o.Process + "-" + rand.Text(), now: o.Now, log: o.Logger, times: t, accounts: map[string]*Account{}}
	if l.now == nil {
		l.now = time.Now
	}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	var err error
	if l.metrics, err = newInstruments(o.MeterProvider, l); err != nil {
		return nil, err
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	if o.Redis != nil {
		if l.link, err = newLink(l, o.Redis); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// Account is the budget of an account of GitHub; of the same id always the same one.
// probe asks GitHub's GET /rate_limit, which costs nothing; no rates and no error mean
// that there are no limits. It runs when nobody knows what is left, in one process at a
// time, and never while GitHub has said to wait. nil: the first requests go one at a time
// until an answer tells.
func (l *Ledger) Account(id string, probe func(context.Context) (Rates, error)) *Account {
	l.mu.Lock()
	a := l.accounts[id]
	if a == nil {
		a = newAccount(l, id)
		l.accounts[id] = a
	}
	l.mu.Unlock()
	if probe != nil {
		a.setProbe(probe)
	}
	return a
}

// known are the accounts that there are.
func (l *Ledger) known() []*Account {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]*Account, 0, len(l.accounts))
	for _, a := range l.accounts {
		all = append(all, a)
	}
	return all
}

// spawn runs f until it returns, at the latest soon after Close. false: it is closed.
func (l *Ledger) spawn(f func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.work.Go(f)
	return true
}

// Close ends everything that the Ledger runs. Who waits in Enter gets ErrClosed; passes
// that are out may still be left. What other processes know of this one expires.
func (l *Ledger) Close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.cancel()
	for _, a := range l.known() {
		a.close()
	}
	if l.link != nil {
		l.link.deafen()
	}
	l.work.Wait()
	if err := l.metrics.close(); err != nil {
		l.log.Warn("the budget's instruments stay", "error", err)
	}
}

// heed makes an account's pump call: if it runs, and also if it does not where Redis has
// forgotten the account and this process may know of it.
func (l *Ledger) heed(account string, forgotten bool) {
	l.mu.Lock()
	a := l.accounts[account]
	l.mu.Unlock()
	if a != nil {
		a.nudge(forgotten)
	}
}
