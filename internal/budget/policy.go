package budget

import "math"

const (
	// defaultInFlight is how many requests of an account are made at once.
	defaultInFlight = 10
	// mostInFlight is what GitHub allows of all users of an account together. Source:
	// docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits.
	mostInFlight = 100
)

// Policy is how much of an account may be used.
type Policy struct {
	// Connection is whose wish it is. Where several connections share an account, the
	// smallest InFlight and the largest Reserve of their wishes count.
	Connection string
	InFlight   int // requests at once, 1 to 100; 0: 10
	Reserve    Reserve
}

// Reserve is what is left untouched for other tools. At most one of both is set; if
// both are, the larger counts.
type Reserve struct {
	Percent  float64 // of the hourly limit
	Requests int64   // or, of GraphQL, points
}

// of is the reserve of an hourly limit.
func (r Reserve) of(limit int64) int64 {
	share := int64(math.Ceil(float64(limit) * r.Percent / 100))
	return max(0, min(limit, max(share, r.Requests)))
}

// sane is the policy within the bounds.
func (p Policy) sane() Policy {
	if p.InFlight <= 0 {
		p.InFlight = defaultInFlight
	}
	p.InFlight = min(p.InFlight, mostInFlight)
	p.Reserve.Percent = max(0, min(100, p.Reserve.Percent))
	p.Reserve.Requests = max(0, p.Reserve.Requests)
	return p
}

// strictest is what all wishes together come to.
func strictest(wishes map[string]Policy) Policy {
	if len(wishes) == 0 {
		return Policy{}.sane()
	}
	all := Policy{InFlight: mostInFlight}
	for _, p := range wishes {
		p = p.sane()
		all.InFlight = min(all.InFlight, p.InFlight)
		all.Reserve.Percent = max(all.Reserve.Percent, p.Reserve.Percent)
		all.Reserve.Requests = max(all.Reserve.Requests, p.Reserve.Requests)
	}
	return all
}
