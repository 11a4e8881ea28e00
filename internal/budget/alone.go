package budget

import (
	"math"
	"time"
)

// alone is the desk of a process without Redis: it decides as the script does, for its
// own requests, with its share of what all processes may do. Only the account's pump
// uses it.
type alone struct {
	times  times
	share  float64 // of all that is allowed: 1 over the number of processes
	policy Policy

	unknown bool // GitHub has to be asked first
	probing time.Time
	hours   [len(resources)]hourly
	quota   [len(resources)]int64 // what is this process's of the window's rest; below 0: all of it
	holds   map[Limit]time.Time
	strikes int
	// attended is when somebody who waits in person was last served.
	attended time.Time
	spent    []*spending
	turns    *fair
}

func newAlone(t times, processes int) *alone {
	a := &alone{
		times: t, share: 1 / float64(max(processes, 1)), unknown: true,
		holds: map[Limit]time.Time{}, turns: newFair(), quota: [len(resources)]int64{-1, -1},
	}
	for _, s := range t.allowed {
		a.spent = append(a.spent, newSpending(s.span))
	}
	return a
}

// take is one turn.
func (a *alone) take(c call, now time.Time) reply {
	a.policy = Policy{InFlight: c.Policy.InFlight, Reserve: Reserve{Percent: c.Policy.Percent, Requests: c.Policy.Requests}}.sane()
	a.pass(now)
	a.settle(c, now)
	r := reply{Retry: millis(a.times.beat / 3), Hold: a.refuse(c, now)}
	a.learn(c, now)
	if a.unknown && len(c.Wants) > 0 && !a.held(now) && !now.Before(a.probing) {
		r.Probe, a.probing = true, now.Add(a.times.lease)
	}
	d := &decision{alone: a, busy: c.Busy, urgent: c.Urgent, now: now}
	wants := append([]want(nil), c.Wants...)
	for d.inFlight() < a.inFlight() {
		i := a.turns.pick(wants, func(w want) bool { return d.blocked(w.Lane, w.Kind) == nil })
		if i < 0 {
			break
		}
		wants[i].N--
		d.grant(wants[i].Lane, wants[i].Kind)
		granted := wants[i]
		granted.N = 1
		r.Grants = append(r.Grants, granted)
	}
	d.deny(wants, &r)
	r.View = a.view(d, now)
	return r
}

func (a *alone) inFlight() int { return max(1, int(float64(a.policy.InFlight)*a.share)) }

// others is how many requests other processes may have out.
func (a *alone) others() int64 { return int64(math.Round(1/a.share)-1) * int64(a.inFlight()) }

// part is this process's part of what all may have; enough for a write.
func (a *alone) part(most int64) int64 {
	return max(min(most, coreWrite.points()), int64(float64(most)*a.share))
}

// pass notices windows that have ended.
func (a *alone) pass(now time.Time) {
	for i := range a.hours {
		if a.hours[i].pass(now) {
			a.allot(i, 0)
		}
	}
}

// allot sets what is this process's of what is left of a window, but for what is out.
func (a *alone) allot(i int, out int64) {
	if h := &a.hours[i]; a.share < 1 && h.known {
		a.quota[i] = int64(float64(max(0, h.left-out-a.policy.Reserve.of(h.limit))) * a.share)
	}
}

func (a *alone) settle(c call, now time.Time) {
	for _, s := range c.Settled {
		for i, allowed := range a.times.allowed {
			a.spent[i].add(allowed.cost(s.Kind)*int64(s.N), now)
		}
		r := s.Kind.resource().index()
		a.hours[r].spend(a.hours[r].cost()*int64(s.Unseen), now)
		if a.quota[r] >= 0 {
			a.quota[r] = max(0, a.quota[r]-a.hours[r].cost()*int64(s.N))
		}
	}
}

// learn takes in what answers said.
func (a *alone) learn(c call, now time.Time) {
	for name, rate := range c.Rates {
		h := &a.hours[name.index()]
		before, known := h.told(), h.known && !h.open
		var sent time.Time
		if rate.Age > 0 {
			sent = now.Add(-time.Duration(rate.Age))
		}
		if h.see(rate.Limit, rate.Left, now.Add(time.Duration(rate.Reset)), sent, a.times.hour) {
			a.allot(name.index(), 0)
		} else if known && name == GraphQL {
			h.learnPrice(before-h.told(), settledOf(c, name))
		}
	}
	switch c.Probe {
	case probeDone:
		a.unknown = false // what it did not name is not limited
	case probeFailed:
		a.comeToKnow()
	}
	for name, ok := range c.OK {
		if ok && !now.Before(a.holds[Secondary]) {
			a.comeToKnow()
			a.strikes = 0
			a.hours[name.index()].scouting = false
		}
	}
}

// comeToKnow ends the time when nobody knows what is left. Of what is still not known the
// first request tells.
func (a *alone) comeToKnow() {
	for i := range a.hours {
		if a.unknown && !a.hours[i].known {
			a.hours[i].scout()
		}
	}
	a.unknown = false
}

// refuse holds the account after refusals, and says what holds then.
func (a *alone) refuse(c call, now time.Time) *refusal {
	for _, r := range c.Refused {
		wait := time.Duration(r.Wait)
		if wait <= 0 {
			if !now.Before(a.holds[Secondary]) {
				a.strikes++
			}
			wait = backoff(a.strikes, a.times.scale)
		}
		a.hold(r.Limit, now.Add(wait))
	}
	if len(c.Refused) == 0 {
		return nil
	}
	limit := c.Refused[len(c.Refused)-1].Limit
	if a.holds[Secondary].After(a.holds[limit]) {
		limit = Secondary
	}
	return &refusal{Limit: limit, Wait: millis(a.holds[limit].Sub(now))}
}

// hold lets nothing through until then, and afterwards one request before all others.
func (a *alone) hold(limit Limit, until time.Time) {
	if until.After(a.holds[limit]) {
		a.holds[limit] = until
	}
	for i, name := range resources {
		if limit == Secondary || limit == name.hourly() {
			a.hours[i].scout()
		}
	}
}

func (a *alone) held(now time.Time) bool {
	for _, until := range a.holds {
		if now.Before(until) {
			return true
		}
	}
	return false
}

func (a *alone) view(d *decision, now time.Time) view {
	v := view{
		Rates: map[Resource]viewed{}, Holds: map[Limit]millis{}, Strikes: a.strikes,
		Busy: d.inFlight(), InFlight: a.inFlight(),
	}
	for i, name := range resources {
		if h := a.hours[i]; h.known {
			v.Rates[name] = viewed{
				rated:   rated{Limit: h.limit, Left: h.left, Reset: millis(h.reset.Sub(now))},
				Reserve: a.policy.Reserve.of(h.limit), Open: h.open, Price: h.price,
			}
		}
	}
	for limit, until := range a.holds {
		if now.Before(until) {
			v.Holds[limit] = millis(until.Sub(now))
		}
	}
	return v
}

func settledOf(c call, name Resource) (n int64) {
	for _, s := range c.Settled {
		if s.Kind.resource() == name {
			n += int64(s.N - s.Unseen)
		}
	}
	return n
}
