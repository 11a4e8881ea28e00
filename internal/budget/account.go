package budget

import (
	"context"
	"sync"
	"time"
)

// Account is the budget of one account of GitHub. It is safe for concurrent use.
type Account struct {
	id     string
	ledger *Ledger
	kick   chan struct{} // something changed that the desk should hear

	mu      sync.Mutex // guards all below
	probe   func(context.Context) (Rates, error)
	wishes  map[string]Policy
	policy  Policy // what they come to
	queue   queue
	busy    [kinds]int
	urgent  int // of them the interactive lane's
	tally   tally
	known   known
	latency latency
	next    time.Time // before then no request of backfill leaves
	lately  lately    // what this process spent
	running bool      // the pump
	closed  bool

	desk desk // the pump's own
}

func newAccount(l *Ledger, id string) *Account {
	return &Account{
		id: id, ledger: l, kick: make(chan struct{}, 1), wishes: map[string]Policy{}, policy: strictest(nil),
		queue: newQueue(), known: newKnown(), lately: newLately(l.times), desk: newDesk(l, id),
	}
}

// ID is what the account is called.
func (a *Account) ID() string { return a.id }

func (a *Account) setProbe(probe func(context.Context) (Rates, error)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.probe = probe
}

// SetPolicy sets what a connection wishes of the account, in the place of its earlier
// wish. A Policy that only names the connection is none.
func (a *Account) SetPolicy(p Policy) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p == (Policy{Connection: p.Connection}) {
		delete(a.wishes, p.Connection)
	} else {
		a.wishes[p.Connection] = p
	}
	all := strictest(a.wishes)
	if all == a.policy {
		return
	}
	a.policy = all
	a.known.forget()
	if a.running {
		a.wake()
	}
}

// Pass is the permission to make one request. It is left once.
type Pass struct {
	account *Account
	flow    Flow
	kind    kind
	left    sync.Once
}

// Enter waits until a request of the flow of ctx may be sent; Leave must follow.
// Its error is a *LimitError, at once where the wait would be long and after about 20
// seconds in any case; ErrClosed; or that of ctx.
func (a *Account) Enter(ctx context.Context, r Request) (*Pass, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w := &waiter{
		key: waitKey{FlowOf(ctx), r.kind()}, began: a.ledger.now(), done: make(chan outcome, 1),
	}
	err := a.queueUp(w)
	if err == nil {
		err = a.await(ctx, w)
	}
	if err == nil {
		err = a.launch(ctx, w)
	}
	a.ledger.metrics.waited(ctx, w.key.flow.Lane, a.ledger.now().Sub(w.began), err)
	if err != nil {
		return nil, err
	}
	return &Pass{account: a, flow: w.key.flow, kind: w.key.kind}, nil
}

// queueUp makes w wait, unless it is known that it would for long.
func (a *Account) queueUp(w *waiter) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return ErrClosed
	}
	if err := a.known.denied(w.key, w.began); err != nil {
		return err
	}
	if a.queue.add(w) || !a.running {
		a.wake()
	}
	return nil
}

func (a *Account) await(ctx context.Context, w *waiter) error {
	patience := time.NewTimer(a.ledger.times.patience)
	defer patience.Stop()
	var err error
	select {
	case o := <-w.done:
		return o.err
	case <-ctx.Done():
		err = ctx.Err()
	case <-patience.C:
		err = a.turnError()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tally.changed = true
	if a.queue.remove(w) {
		a.wake()
		return err
	}
	// Its turn has come meanwhile.
	if o := <-w.done; o.err != nil || ctx.Err() == nil {
		return o.err
	}
	a.count(w.key.flow.Lane, w.key.kind, -1)
	a.wake()
	return err
}

// turnError is what a request that waited for long is told.
func (a *Account) turnError() error {
	t := a.ledger.times
	return &LimitError{Limit: Turn, Until: a.ledger.now().Add(min(t.minute/2, t.patience))}
}

// Leave gives the pass back with what became of the request. Of an answer that refused it
// because of a limit it returns until when nothing is let through.
func (p *Pass) Leave(ctx context.Context, answer Answer) *LimitError {
	var held *LimitError
	p.left.Do(func() { held = p.account.leave(ctx, p.flow, p.kind, answer) })
	return held
}

func (a *Account) leave(ctx context.Context, f Flow, k kind, answer Answer) *LimitError {
	a.ledger.metrics.left(ctx, a.id, f.Lane, k, answer)
	now := a.ledger.now()
	a.mu.Lock()
	a.count(f.Lane, k, -1)
	if answer.Sent {
		a.lately.add(k, now)
	}
	a.latency.saw(answer, k)
	word := a.tally.add(f, k, answer, now, a.ledger.times.hour)
	var held *LimitError
	if answer.Refused != nil {
		held = a.known.refused(*answer.Refused, now, a.ledger.times.scale)
	}
	a.known.saw(k.resource(), answer.Rate, now.Add(-answer.Took), now, a.ledger.times.hour)
	a.wake()
	a.mu.Unlock()
	if word == nil {
		return nil
	}
	return a.told(ctx, word, held)
}

// count moves the number of passes that are out. The lock is held.
func (a *Account) count(l Lane, k kind, n int) {
	a.busy[k] += n
	if l == LaneInteractive {
		a.urgent += n
	}
}

// told waits for the desk's word on a refusal: it knows what other processes were told.
func (a *Account) told(ctx context.Context, word <-chan refusal, held *LimitError) *LimitError {
	timeout := time.NewTimer(2 * a.ledger.times.call)
	defer timeout.Stop()
	select {
	case w := <-word:
		if until := a.ledger.now().Add(time.Duration(w.Wait)); until.After(held.Until) {
			return &LimitError{Limit: w.Limit, Until: until}
		}
	case <-timeout.C:
	case <-ctx.Done():
	case <-a.ledger.ctx.Done():
	}
	return held
}

// wake makes the pump call. The lock is held.
func (a *Account) wake() {
	if !a.running && !a.closed {
		a.running = a.ledger.spawn(a.run)
	}
	select {
	case a.kick <- struct{}{}:
	default: // it is about to
	}
}

// nudge makes the pump call if it runs, or in any case.
func (a *Account) nudge(anyway bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tally.changed = a.tally.changed || anyway
	if a.running || anyway {
		a.wake()
	}
}

func (a *Account) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	a.queue.fail(func(waitKey) error { return ErrClosed })
}
