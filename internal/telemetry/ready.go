package telemetry

import (
	"context"
	"sync"
	"time"
)

// checkTimeout bounds one look at whether a process can work: whoever asks for it
// does not wait for long either.
const checkTimeout = 3 * time.Second

// Readiness is what a process needs to be able to work, by name.
type Readiness struct {
	mu     sync.Mutex
	checks map[string]func(context.Context) error
}

// Need adds a check, or replaces the one of that name.
func (r *Readiness) Need(name string, check func(context.Context) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.checks == nil {
		r.checks = map[string]func(context.Context) error{}
	}
	r.checks[name] = check
}

// Check asks everything at once, for at most 3 s, and returns what failed.
func (r *Readiness) Check(ctx context.Context) map[string]error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	type result struct {
		name string
		err  error
	}
	r.mu.Lock()
	results := make(chan result, len(r.checks))
	waiting := make(map[string]error, len(r.checks))
	for name, check := range r.checks {
		waiting[name] = context.DeadlineExceeded
		go func() { results <- result{name, check(ctx)} }()
	}
	r.mu.Unlock()
	for range len(waiting) {
		select {
		case got := <-results:
			if got.err == nil {
				delete(waiting, got.name)
			} else {
				waiting[got.name] = got.err
			}
		case <-ctx.Done():
			return waiting // what has not answered is among them
		}
	}
	return waiting
}
