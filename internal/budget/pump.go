package budget

import (
	"context"
	"time"
)

// desk decides who goes. Only the account's pump calls it.
type desk interface {
	// take is one turn. It never fails: without Redis it decides alone.
	take(ctx context.Context, a *Account, c call) reply
}

// run is the pump: it calls the desk whenever something changed, and from time to time,
// until nobody waits and nothing is out.
func (a *Account) run() {
	ctx := a.ledger.ctx
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		c, words, more := a.collect(ctx)
		if !more {
			return
		}
		r := a.desk.take(ctx, a, c)
		timer.Reset(a.apply(r, words))
		select {
		case <-ctx.Done():
		case <-a.kick:
		case <-timer.C:
		}
	}
}

// collect makes the next call. more is false when there is none to make, and the pump
// has stopped.
func (a *Account) collect(ctx context.Context) (c call, words []chan refusal, more bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c = call{Busy: a.busy, Urgent: a.urgent}
	if ctx.Err() != nil || (a.queue.len() == 0 && c.Busy == [kinds]int{} && !a.tally.changed) {
		a.running = false
		return c, nil, false
	}
	c.Policy = wish{a.policy.InFlight, a.policy.Reserve.Percent, a.policy.Reserve.Requests}
	c.Wants = a.queue.wants()
	a.tally.fill(&c, a.ledger.now())
	words = a.tally.words
	a.tally = tally{}
	return c, words, true
}

// apply does what the desk said, and returns when to call again at the latest.
func (a *Account) apply(r reply, words []chan refusal) time.Duration {
	now := a.ledger.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.known.learn(r, now)
	for _, word := range words {
		if r.Hold != nil {
			word <- *r.Hold
		} else {
			word <- refusal{}
		}
	}
	if !a.release(r.Grants, now) { // what nobody takes goes back at once
		a.tally.changed = true
		a.wake()
	}
	if len(r.Refused) > 0 || len(a.known.holds) > 0 {
		a.queue.fail(func(key waitKey) error { return a.known.denied(key, now) })
	}
	if r.Probe {
		a.ask()
	}
	if a.queue.len() == 0 {
		return a.ledger.times.beat / 3
	}
	return max(time.Duration(r.Retry), time.Millisecond)
}

// release lets those go whose turn it is. A refusal that came while the desk decided
// stops them; false: not all could go. The lock is held.
func (a *Account) release(grants []want, now time.Time) (all bool) {
	all = true
	for _, g := range grants {
		key := waitKey{g.flow(), g.Kind}
		for range g.N {
			var w *waiter
			if a.known.held(key.kind.resource(), now) == nil {
				w = a.queue.pop(key)
			}
			if w == nil {
				all = false
				break
			}
			a.count(key.flow.Lane, key.kind, 1)
			w.done <- outcome{}
		}
	}
	return all
}

// ask asks GitHub what is left, beside the pump. The lock is held.
func (a *Account) ask() {
	probe := a.probe
	if probe == nil {
		a.tally.probe, a.tally.changed = probeFailed, true
		a.wake()
		return
	}
	a.ledger.spawn(func() {
		ctx, cancel := context.WithTimeout(a.ledger.ctx, a.ledger.times.lease*3/4)
		defer cancel()
		rates, err := probe(ctx)
		if err != nil && a.ledger.ctx.Err() == nil {
			a.ledger.log.WarnContext(ctx, "GitHub did not say what is left; requests go one at a time until an answer does",
				"account", a.id, "error", err)
		}
		a.probed(rates, err)
	})
}

// probed notes what a probe brought.
func (a *Account) probed(rates Rates, err error) {
	now := a.ledger.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tally.probe, a.tally.changed = probeDone, true
	if err != nil {
		a.tally.probe = probeFailed
	}
	for name, rate := range rates {
		a.tally.see(name, rate, time.Time{}, now, a.ledger.times.hour)
		a.known.saw(name, &rate, time.Time{}, now, a.ledger.times.hour)
	}
	a.wake()
}
