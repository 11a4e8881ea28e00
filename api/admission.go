package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// errShutdown is why streams end when the server does.
var errShutdown = errors.New("the server is shutting down")

// admission counts the open streams, so that nobody takes the place of everybody:
// each holds a connection and a few goroutines for as long as its operation runs.
type admission struct {
	most    int // in all
	mostOne int // of one token subject in one workspace

	mu    sync.Mutex
	ended bool
	open  int
	of    map[listenerKey]int
	wait  sync.WaitGroup
}

// listenerKey is whose streams are counted together: a subject may have many tokens.
type listenerKey struct{ workspaceID, subject string }

// begin counts a stream in. What it returns counts it out again; or else a problem
// says why there is no place for it.
func (a *admission) begin(ctx context.Context) (leave func(), problem *Problem) {
	var who listenerKey
	if r := requestOf(ctx); r != nil {
		who = listenerKey{r.identity.WorkspaceID, r.identity.Subject}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.ended:
		return nil, shuttingDown(ctx)
	case a.of[who] >= a.mostOne:
		return nil, newProblem(ctx, http.StatusTooManyRequests, "too_many_streams",
			fmt.Sprintf("You have %d streams open, and may not have more: close one first.", a.of[who])).with("Retry-After", "5")
	case a.open >= a.most:
		return nil, crowded(ctx)
	}
	a.open++
	a.of[who]++
	a.wait.Add(1)
	return sync.OnceFunc(func() { a.end(who) }), nil
}

func (a *admission) end(who listenerKey) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.open--
	if a.of[who]--; a.of[who] == 0 {
		delete(a.of, who)
	}
	a.wait.Done()
}

// count is how many streams are open.
func (a *admission) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.open
}

// close lets no further stream in.
func (a *admission) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = true
}

func shuttingDown(ctx context.Context) *Problem {
	return newProblem(ctx, http.StatusServiceUnavailable, "unavailable", "The server is shutting down.").with("Retry-After", "1")
}

func crowded(ctx context.Context) *Problem {
	return newProblem(ctx, http.StatusServiceUnavailable, "too_many_streams",
		"This server has as many streams open as it takes. Try again in a moment.").with("Retry-After", "5")
}

// orElse sets v to the default where nothing sensible was chosen.
func orElse[T int | time.Duration](v *T, byDefault T) {
	if *v <= 0 {
		*v = byDefault
	}
}
