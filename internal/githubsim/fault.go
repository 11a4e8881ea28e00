package githubsim

import (
	"sync"
	"time"
)

// FaultKind is what goes wrong.
type FaultKind string

// The kinds of faults.
const (
	// FaultLatency answers later. Faults after it in the plan still apply.
	FaultLatency FaultKind = "latency"
	// FaultStatus answers with a server error: Status, default 500.
	FaultStatus FaultKind = "status"
	// FaultSecondaryLimit refuses as the secondary limit does, with Status 403
	// (the default) or 429.
	FaultSecondaryLimit FaultKind = "secondary_limit"
	// FaultPrimaryLimit uses up what is left of the credential's window, so that
	// this request and all until the reset are refused, this one with Status 403
	// (the default) or 429.
	FaultPrimaryLimit FaultKind = "primary_limit"
	// FaultTooManyRequests answers a bare 429 whose body names no limit.
	FaultTooManyRequests FaultKind = "too_many_requests"
	// FaultShortBody ends the body before its Content-Length.
	FaultShortBody FaultKind = "short_body"
	// FaultShortChunks aborts a chunked body in the middle.
	FaultShortChunks FaultKind = "short_chunks"
	// FaultReset resets the connection without an answer.
	FaultReset FaultKind = "reset"
)

// Fault is one thing that goes wrong, and for which requests.
type Fault struct {
	Kind FaultKind

	// Endpoint is the name that the fault is limited to, as in Stats.Requests.
	Endpoint string
	// From is the first occurrence of the endpoint (of any, if Endpoint is "") that
	// is struck, counted from 1 since the plan was set. Default: 1.
	From int
	// Times is how many requests are struck at most. Default: all.
	Times int
	// Probability is the chance of each request to be struck, drawn from the plan's
	// seed and the occurrence. Default: 1.
	Probability float64

	Status int // see the kinds

	// Delay and a random part of Jitter are the latency.
	Delay, Jitter time.Duration

	// RetryAfter is sent in whole seconds, or as a date if RetryAfterDate is set.
	// Default: no such header.
	RetryAfter     time.Duration
	RetryAfterDate bool
	// Hold makes the secondary limit refuse all requests of the credential until
	// RetryAfter is over, or, without it, for the pause that GitHub wants.
	Hold bool
}

// FaultPlan is a list of faults; the first that strikes a request is carried
// out, after any latency.
type FaultPlan struct {
	Seed   uint64
	Faults []Fault
}

// faults is a plan and how often each part of it was looked at.
type faults struct {
	plan FaultPlan
	mu   sync.Mutex
	seen []int // requests that a fault was for
	hits []int // and that it struck
}

// SetFaults replaces the fault plan; occurrences are counted from one again.
func (s *Server) SetFaults(plan FaultPlan) {
	s.faults.Store(&faults{plan: plan, seen: make([]int, len(plan.Faults)), hits: make([]int, len(plan.Faults))})
}

// strike decides what goes wrong with a request: how long it waits, and the
// first other fault, if any.
func (f *faults) strike(endpoint string) (wait time.Duration, fault Fault, hit bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.plan.Faults {
		candidate := &f.plan.Faults[i]
		if candidate.Endpoint != "" && candidate.Endpoint != endpoint {
			continue
		}
		f.seen[i]++
		draw := newRandom(f.plan.Seed, uint64(i), uint64(f.seen[i]))
		if hit && candidate.Kind != FaultLatency || !candidate.strikes(f.seen[i], f.hits[i], draw) {
			continue
		}
		f.hits[i]++
		if candidate.Kind == FaultLatency {
			wait += candidate.Delay + time.Duration(draw.float()*float64(candidate.Jitter))
			continue
		}
		fault, hit = *candidate, true
	}
	return wait, fault, hit
}

func (f *Fault) strikes(seen, hits int, draw *random) bool {
	if seen < f.From || f.Times > 0 && hits >= f.Times {
		return false
	}
	return f.Probability == 0 || draw.chance(f.Probability)
}

// cuts tells whether the fault ends a real answer early.
func (f *Fault) cuts() bool { return f.Kind == FaultShortBody || f.Kind == FaultShortChunks }
