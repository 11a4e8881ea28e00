package budget

import (
	"context"
	"time"
)

const (
	// longestGap is more than it takes a refusal to come back from GitHub.
	longestGap = 25 * time.Millisecond
	// shortestGap is what is worth a timer.
	shortestGap = time.Millisecond
)

// launch lets a request leave whose turn has come. Those that get their turns together
// leave one after another, so that GitHub's answer to the first, should it be that a
// limit is met, stops the others. The gap is such that as many are out at once as may be.
// Whoever waits in person does not wait for it.
func (a *Account) launch(ctx context.Context, w *waiter) error {
	lane, kind := w.key.flow.Lane, w.key.kind
	wait := a.slotAfter(lane)
	if wait <= 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	var err error
	select {
	case <-timer.C:
	case <-ctx.Done():
		err = ctx.Err()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if held := a.known.held(kind.resource(), a.ledger.now()); err == nil && held != nil {
		err = held
	}
	if err != nil {
		a.count(lane, kind, -1)
		a.tally.changed = true
		a.wake()
	}
	return err
}

// slotAfter is how long the next request has to wait until it leaves.
func (a *Account) slotAfter(l Lane) time.Duration {
	if l == LaneInteractive {
		return 0
	}
	now := a.ledger.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	gap := a.gap()
	if gap == 0 {
		return 0
	}
	at := a.next
	if at.Before(now) {
		at = now
	}
	a.next = at.Add(gap)
	return at.Sub(now)
}

// gap is how long after another a request leaves; 0: at once. The lock is held.
func (a *Account) gap() time.Duration {
	most := a.policy.InFlight
	if a.known.inFlight > 0 {
		most = a.known.inFlight
	}
	took := a.latency.short
	if took == 0 {
		took = a.latency.pages
	}
	gap := min(took*3/4/time.Duration(max(most, 1)), longestGap) // a bit less, for timers are late
	if gap < shortestGap {
		return 0
	}
	return gap
}
