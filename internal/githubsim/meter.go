package githubsim

import "time"

// meter counts what was used in a stretch of time that ends now. However a client
// divides its own time, no such stretch has more than the limit.
type meter struct {
	uses []use // the oldest first
	sum  int
}

type use struct {
	at time.Time
	n  int
}

// room tells whether n more are within a limit for each span, and if not how long
// it takes until they are. A limit of 0 is none.
func (m *meter) room(n, limit int, span time.Duration, now time.Time) (time.Duration, bool) {
	if limit == 0 {
		return 0, true
	}
	for len(m.uses) > 0 && now.Sub(m.uses[0].at) >= span {
		m.sum -= m.uses[0].n
		m.uses = m.uses[1:]
	}
	ok, left, until := m.sum+n <= limit, m.sum, now
	for i := 0; i < len(m.uses) && left+n > limit; i++ {
		left -= m.uses[i].n
		until = m.uses[i].at.Add(span)
	}
	return until.Sub(now), ok
}

func (m *meter) add(n, limit int, now time.Time) {
	if limit > 0 && n > 0 {
		m.uses = append(m.uses, use{now, n})
		m.sum += n
	}
}
