package budget

import (
	"time"
)

const (
	// denialAge is how long a denial is believed without asking again: policies change.
	denialAge = time.Second
	// probable is how many processes there may be as long as nobody has said.
	probable = 16
)

// known is what a process knows of an account without asking: what its desk said last,
// and what answers said since. The account's lock guards it.
type known struct {
	hours     [len(resources)]hourly
	heard     [len(resources)]time.Time // when GitHub last reported
	reserve   [len(resources)]int64
	holds     map[Limit]time.Time
	strikes   int
	denials   map[class]denied
	busy      int
	inFlight  int
	processes int
}

// class is a lane's requests of one kind.
type class struct {
	lane Lane
	kind kind
}

type denied struct {
	LimitError
	at time.Time
}

func newKnown() known {
	return known{holds: map[Limit]time.Time{}, denials: map[class]denied{}, processes: probable}
}

// forget makes the next requests ask the desk.
func (n *known) forget() { clear(n.denials) }

// held is what holds requests for a resource; nil: nothing does.
func (n *known) held(r Resource, now time.Time) *LimitError {
	limit := r.hourly()
	if n.holds[Secondary].After(n.holds[limit]) {
		limit = Secondary
	}
	if until := n.holds[limit]; now.Before(until) {
		return &LimitError{Limit: limit, Until: until}
	}
	return nil
}

// stopped is what stops requests of a class: what holds them all, or else the desk's
// last word to the class. It stands until a request of the class is let through, since
// asking again is the only way to know; nil: nothing does.
func (n *known) stopped(c class, now time.Time) *LimitError {
	if held := n.held(c.kind.resource(), now); held != nil {
		return held
	}
	if d, ok := n.denials[c]; ok && now.Before(d.Until) {
		return &d.LimitError
	}
	return nil
}

// denied says why a request need not even ask; nil: it should.
func (n *known) denied(key waitKey, now time.Time) error {
	if held := n.held(key.kind.resource(), now); held != nil {
		return held
	}
	d, ok := n.denials[class{key.flow.Lane, key.kind}]
	if !ok || now.Sub(d.at) > denialAge || !now.Before(d.Until) {
		return nil
	}
	return &LimitError{Limit: d.Limit, Until: d.Until}
}

// refused notes a refusal before the desk has its say, and returns what holds.
func (n *known) refused(r Refusal, now time.Time, scale float64) *LimitError {
	wait := r.Wait
	if wait <= 0 {
		wait = backoff(n.strikes+1, scale)
	}
	if until := now.Add(wait); until.After(n.holds[r.Limit]) {
		n.holds[r.Limit] = until
	}
	limit := r.Limit
	if n.holds[Secondary].After(n.holds[limit]) {
		limit = Secondary
	}
	return &LimitError{Limit: limit, Until: n.holds[limit]}
}

// saw notes a report on a request that was sent then; zero: nobody knows.
func (n *known) saw(r Resource, rate *Rate, sent, now time.Time, hour time.Duration) {
	if rate == nil {
		return
	}
	i, seen := r.index(), rate.sane()
	n.hours[i].see(seen.Limit, seen.Left, now.Add(seen.Reset), sent, hour)
	n.heard[i] = now
}

// learn takes in a reply.
func (n *known) learn(r reply, now time.Time) {
	v := r.View
	n.busy, n.strikes, n.inFlight = v.Busy, v.Strikes, v.InFlight
	if v.Processes > 0 {
		n.processes = v.Processes
	}
	for name, rate := range v.Rates {
		i := name.index()
		n.hours[i] = hourly{
			limit: rate.Limit, left: rate.Left, reset: now.Add(time.Duration(rate.Reset)), known: true, open: rate.Open,
			price: rate.Price,
		}
		n.reserve[i] = rate.Reserve
	}
	for limit, until := range n.holds {
		if !now.Before(until) {
			delete(n.holds, limit)
		}
	}
	for limit, wait := range v.Holds {
		if until := now.Add(time.Duration(wait)); until.After(n.holds[limit]) {
			n.holds[limit] = until
		}
	}
	for key, d := range n.denials {
		if !now.Before(d.Until) {
			delete(n.denials, key)
		}
	}
	for _, w := range r.Grants {
		delete(n.denials, class{w.Lane, w.Kind})
	}
	for _, d := range r.Refused {
		n.denials[class{d.Lane, d.Kind}] = denied{
			LimitError: LimitError{Limit: d.Limit, Until: now.Add(time.Duration(d.Wait))}, at: now,
		}
	}
}

// tell is what a Redis that does not know is told. Reports count as fresh if they were
// heard within GitHub's minute.
func (n *known) tell(now time.Time, t times) *knowledge {
	k := &knowledge{
		Rates: map[Resource]rated{}, Fresh: map[Resource]bool{}, Holds: map[Limit]millis{}, Strikes: n.strikes,
	}
	for i, name := range resources {
		h := n.hours[i]
		if !h.known || h.open || !now.Before(h.reset) {
			continue
		}
		k.Rates[name] = rated{Limit: h.limit, Left: h.left, Reset: millis(h.reset.Sub(now))}
		if now.Sub(n.heard[i]) < t.minute {
			k.Fresh[name] = true
		}
	}
	for limit, until := range n.holds {
		if now.Before(until) {
			k.Holds[limit] = millis(until.Sub(now))
		}
	}
	return k
}
