package budget

import "time"

// Standing is what this process knows of a resource of an account for a lane's reads, to
// choose among accounts.
type Standing struct {
	// Held is until when nothing of the lane is let through; zero or past: it is.
	Held  time.Time
	Limit Limit // that holds; empty: none
	// Known tells whether GitHub has reported the budget. If not, Left is 0.
	Known   bool
	Left    int64 // requests or points above the reserve, those that are out not yet taken off
	Reset   time.Time
	Waiting int // requests of this process
}

// Peek is what is known of a resource, for a lane, without asking Redis.
func (a *Account) Peek(l Lane, r Resource) Standing {
	now := a.ledger.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	s := Standing{Waiting: a.queue.len()}
	if held := a.known.stopped(class{l, Request{Resource: r}.kind()}, now); held != nil {
		s.Held, s.Limit = held.Until, held.Limit
	}
	_, s.Left, s.Reset, s.Known = a.known.usable(r, now)
	return s
}

// usable is the hourly budget of a resource without its reserve, if GitHub has reported it.
func (n *known) usable(r Resource, now time.Time) (limit, left int64, reset time.Time, known bool) {
	h, reserve := n.hours[r.index()], n.reserve[r.index()]
	if !h.known {
		return 0, 0, time.Time{}, false
	}
	h.pass(now)
	return h.limit - reserve, max(0, h.left-reserve), h.reset, true
}

// alone tells whether Redis is configured and out of reach.
func (l *Ledger) alone() bool { return l.link != nil && !l.link.isUp() }
