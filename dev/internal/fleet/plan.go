package fleet

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what goes wrong during a run.
type Kind string

// The kinds.
const (
	Calm       Kind = "calm"
	KillRedis  Kind = "kill-redis"  // Redis is killed in the middle and starts again some seconds later
	FlushRedis Kind = "flush-redis" // Redis loses everything in the middle
	KillWorker Kind = "kill-worker" // a worker is killed in the middle, and another one takes its place
	Outside    Kind = "outside"     // another tool spends on the same accounts, and GitHub asks to slow down without saying for how long
)

// Kinds are all of them.
func Kinds() []Kind { return []Kind{Calm, KillRedis, FlushRedis, KillWorker, Outside} }

const (
	// organizations and repositories of each: more at once than a worker's slots.
	organizations, repositories = 3, 12
	// credentials that share the work.
	credentials = 2
	// inFlight is how many requests of an account are out at once at most: the product's
	// default.
	inFlight = 10
	// shortestOutside is the shortest hour of which a minute is a second.
	shortestOutside = time.Minute
)

// Plan says how much work there is and what it is done under.
type Plan struct {
	Kind     Kind
	Workers  int
	Requests int           // that the work takes, about
	Window   time.Duration // GitHub's hour
	Limit    int           // requests of an account in it
	Reserve  float64       // percent of Limit
	Latency  time.Duration // of GitHub's answers
	Ask      time.Duration // between the requests of the person who asks
	Outage   time.Duration // how long a killed Redis stays away
}

// Full is the run of which the promises are made.
func Full() Plan {
	return Plan{
		Kind: Calm, Workers: 4, Requests: 20_000, Window: time.Minute, Limit: 5000, Reserve: 20,
		Latency: 50 * time.Millisecond, Ask: time.Second / 10, Outage: 5 * time.Second,
	}
}

func (p Plan) validate() error {
	switch {
	case p.Workers < 1:
		return errors.New("there must be one worker at least")
	case p.Requests < organizations*repositories*fewest:
		return fmt.Errorf("the work must be %d requests at least", organizations*repositories*fewest)
	case p.Window < time.Second || p.Window > time.Hour:
		return errors.New("the window must be a second at least, and an hour at most")
	case p.Kind == Outside && p.Window < shortestOutside:
		// GitHub's Retry-After is a second at least, and a minute without one must not be less.
		return fmt.Errorf("with %s the window must be %s at least", Outside, shortestOutside)
	case p.Limit < 1 || p.Reserve < 0 || p.Reserve >= 100:
		return errors.New("there must be something left of the limit above the reserve")
	case p.Ask <= 0:
		return errors.New("the person who asks must wait between two requests")
	}
	return nil
}

// scale is of GitHub's hour.
func (p Plan) scale() float64 { return float64(p.Window) / float64(time.Hour) }

// reserved is how many requests of a limit, or points, are left to others: as many as
// the reserve is, rounded up.
func (p Plan) reserved(limit int) int {
	n := int(float64(limit) * p.Reserve / 100)
	if float64(n)*100 < float64(limit)*p.Reserve {
		n++
	}
	return n
}

// burst is how many requests of an account may go beyond what is otherwise promised. Nobody
// can know what another tool spends while requests are out, nor what became of a killed
// worker's; without Redis, or with an empty one, there is one burst too many at most.
func (p Plan) burst() int {
	if p.Kind == Calm {
		return 0
	}
	return inFlight
}

// timeout bounds a run: three times the windows that the work takes, and what starts
// and recoveries take.
func (p Plan) timeout() time.Duration {
	windows := p.Requests/(credentials*max(p.Limit-p.reserved(p.Limit), 1)) + 1
	return 3*time.Duration(windows)*(p.Window+time.Second) + 5*time.Minute
}
