package budget

import "time"

// lately is what this process spent within the spans of the allowances. A Redis that was
// emptied is told, and without one it is what counts.
type lately struct {
	times times
	spent []*spending
}

func newLately(t times) lately {
	l := lately{times: t}
	for _, a := range t.allowed {
		l.spent = append(l.spent, newSpending(a.span))
	}
	return l
}

func (l *lately) add(k kind, now time.Time) {
	for i, a := range l.times.allowed {
		if cost := a.cost(k); cost > 0 {
			l.spent[i].add(cost, now)
		}
	}
}

// since lists what was spent from a time on.
func (l *lately) since(from, now time.Time) []aged {
	var spent []aged
	for i, a := range l.times.allowed {
		spent = append(spent, l.spent[i].since(a.name, from, now)...)
	}
	return spent
}

// at is what was spent of one of the spendings within its span.
func (l *lately) at(name string, now time.Time) int64 {
	for i, a := range l.times.allowed {
		if a.name == name {
			return l.spent[i].at(now)
		}
	}
	return 0
}
