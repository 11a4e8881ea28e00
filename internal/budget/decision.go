package budget

import (
	"math"
	"time"
)

// decision is who may go now, of one process without Redis.
type decision struct {
	alone  *alone
	busy   [kinds]int
	urgent int // of them the interactive lane's
	now    time.Time
}

// block is why a request cannot go.
type block struct {
	limit Limit
	// wait is about how long it takes; 0: until something happens.
	wait time.Duration
	// deny says that the caller should not wait for it here.
	deny bool
}

func (d *decision) inFlight() (n int) {
	for _, busy := range d.busy {
		n += busy
	}
	return n
}

func (d *decision) of(r Resource) (n int64) {
	for k, busy := range d.busy {
		if kind(k).resource() == r {
			n += int64(busy)
		}
	}
	return n
}

// grant lets one go.
func (d *decision) grant(l Lane, k kind) {
	d.busy[k]++
	if l == LaneInteractive {
		d.alone.attended = d.now
		d.urgent++
	}
	if h := &d.alone.hours[k.resource().index()]; h.scouting && h.scouted.IsZero() {
		h.scouted = d.now
	}
}

// blocked says what is in the way of a request, but for the number in flight; nil:
// nothing.
func (d *decision) blocked(l Lane, k kind) *block {
	a, name := d.alone, k.resource()
	hourly := name.hourly()
	limit := hourly
	if a.holds[Secondary].After(a.holds[hourly]) {
		limit = Secondary
	}
	if wait := a.holds[limit].Sub(d.now); wait > 0 {
		return &block{limit, wait, true}
	}
	if a.unknown {
		return &block{limit: Turn, wait: a.times.settle}
	}
	h := &a.hours[name.index()]
	if h.scouting && d.of(name) > h.scouts(d.now) {
		return &block{limit: Turn, wait: scoutPatience}
	}
	if most := a.inFlight(); d.yields(l) && d.urgent == 0 && most >= slotAside && d.inFlight() >= most-1 {
		return &block{limit: Turn}
	}
	if b := d.hour(l, name); b != nil {
		return b
	}
	return d.minute(l, k)
}

// yields tells whether a lane leaves room for somebody who waits in person and was served
// within the last minute.
func (d *decision) yields(l Lane) bool {
	return l > LaneInteractive && d.now.Sub(d.alone.attended) < d.alone.times.minute
}

// hour holds a request against its resource's hourly budget.
func (d *decision) hour(l Lane, name Resource) *block {
	a, i := d.alone, name.index()
	h := &a.hours[i]
	if !h.known {
		return nil
	}
	reserve, cost := a.policy.Reserve.of(h.limit), h.cost()
	usable, out := h.left-reserve, d.of(name)*cost
	if a.quota[i] >= 0 { // what others have out is not known, so all that they may is taken for it
		usable = min(usable-a.others()*cost, a.quota[i])
	}
	left := h.remaining(d.now, a.times.hour)
	aside := int64(l.aside(hourAside*float64(h.limit-reserve)) * left)
	minute := a.times.minute
	wait := h.reset.Sub(d.now)
	if h.open {
		wait = minute
	}
	switch {
	case usable-out-aside >= cost:
		return nil
	case usable-aside >= cost && out > 0: // what is out may come back cheaper
		return &block{limit: Turn}
	case usable < cost && h.left-reserve >= cost: // this process's share, until Redis is back
		return &block{name.hourly(), min(wait, minute), true}
	case usable < cost && h.left >= cost:
		return &block{Reserved, wait, true}
	case usable < cost:
		return &block{name.hourly(), wait, true}
	default:
		whole := l.aside(hourAside * float64(h.limit-reserve))
		shrunk := time.Duration(math.Max(0, float64(usable-cost)) / whole * float64(a.times.hour))
		return &block{Turn, max(wait-shrunk, minute/buckets), true}
	}
}

// minute holds a request against what may be spent in a minute and in an hour.
func (d *decision) minute(l Lane, k kind) *block {
	for i, allowed := range d.alone.times.allowed {
		cost := allowed.cost(k)
		if cost == 0 || allowed.paced && !d.yields(l) {
			continue
		}
		most := d.alone.part(allowed.most)
		if allowed.limit() == PointsPerMinute {
			most -= int64(l.aside(minuteAside * float64(most)))
		}
		var out int64
		for other, busy := range d.busy {
			out += allowed.cost(kind(other)) * int64(busy)
		}
		if room := most - out - cost; d.alone.spent[i].at(d.now) > room {
			wait := d.alone.spent[i].relief(max(room, 0), d.now)
			return &block{allowed.limit(), wait, wait > d.alone.times.patience}
		}
	}
	return nil
}

// deny tells those who do not go what is in their way, and when to ask again.
func (d *decision) deny(wants []want, r *reply) {
	told := map[class]bool{}
	for _, w := range wants {
		key := class{w.Lane, w.Kind}
		if w.N == 0 || told[key] {
			continue
		}
		told[key] = true
		b := d.blocked(w.Lane, w.Kind)
		switch {
		case b == nil:
		case b.deny:
			r.Refused = append(r.Refused, denial{w.Lane, w.Kind, b.limit, millis(b.wait)})
		case b.wait > 0:
			r.Retry = min(r.Retry, millis(b.wait))
		}
	}
}
