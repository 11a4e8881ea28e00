package githubsim

import (
	"net/http"
	"time"
)

// retry is how a refusal says how long to wait.
type retry int

const (
	retrySeconds retry = iota
	retryDate
	retryUnsaid
	retries
)

// draw decides how a refusal looks.
func (s *Server) draw(x *exchange) (status int, how retry) {
	if !s.options.Enforce {
		return http.StatusForbidden, retrySeconds
	}
	draw := newRandom(s.options.Seed, uint64(s.refusals.Add(1)))
	statuses := []int{http.StatusForbidden, http.StatusTooManyRequests}
	if x.route == graphqlRoute {
		statuses = append(statuses, http.StatusOK)
	}
	return pick(draw, statuses), retry(draw.below(int(retries)))
}

// refusePrimary refuses a request of an account that has none left.
func (s *Server) refusePrimary(x *exchange) {
	status, _ := s.draw(x)
	x.primaryLimit(status)
	s.refuse(x, LimitPrimary, x.rate.reset)
}

// refuseSecondary refuses a request because of a secondary limit. A wait that is told
// for the first time is a minute or as long as it takes until there is room, and the
// account is refused everything until then.
func (s *Server) refuseSecondary(x *exchange, v verdict) {
	status, how := s.draw(x)
	held := v.limit == LimitHold
	if !held {
		v.wait = max(v.wait, s.options.pause())
	}
	if held && how == retryUnsaid && v.wait > s.options.minute() {
		how = retrySeconds // who is told nothing comes back after a minute
	}
	until := x.now.Add(v.wait)
	var whole time.Time
	switch how {
	case retryDate:
		whole = ceilSecond(until) // a date has whole seconds
		x.header.Set("Retry-After", whole.UTC().Format(http.TimeFormat))
	case retryUnsaid:
		whole = x.now.Add(s.options.minute())
	default:
		whole = x.now.Add(ceil(v.wait))
		x.header.Set("Retry-After", seconds(v.wait))
	}
	if !held {
		until = whole
		if s.options.Enforce {
			x.account().hold(until)
		}
	}
	if status == http.StatusOK {
		x.querySecondaryLimit()
	} else {
		x.secondaryLimit(status)
	}
	s.refuse(x, v.limit, until)
}

// refuse sends a refusal; requests of the same account until then are offences.
func (s *Server) refuse(x *exchange, limit Limit, until time.Time) {
	x.send()
	s.tell(x, limit, until)
}

// tell notes that a refusal was sent, or is about to be.
func (s *Server) tell(x *exchange, limit Limit, until time.Time) {
	x.refused = limit
	s.stats.refused(limit)
	x.account().refused(limit, x.resource(), until, s.options.Now(), s.waits.Add(1))
}

// ceil is d in whole seconds.
func ceil(d time.Duration) time.Duration { return (d + time.Second - 1).Truncate(time.Second) }

// ceilSecond is the first whole second that is not before t.
func ceilSecond(t time.Time) time.Time { return t.Add(time.Second - 1).Truncate(time.Second) }
