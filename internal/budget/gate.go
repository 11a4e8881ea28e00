// Package budget keeps requests to GitHub within GitHub's limits. A Gate stands
// for one credential within one process: it bounds the requests in flight and,
// once GitHub has said that a limit is met, lets none through until it has passed.
package budget

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Limit names which of GitHub's limits is met.
type Limit string

// GitHub's limits. Source:
// docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api.
const (
	// Primary is the number of requests per hour.
	Primary Limit = "github_primary_limit"
	// Secondary is any of the limits that protect GitHub from bursts.
	Secondary Limit = "github_secondary_limit"
	// Points is what GraphQL queries may cost per hour; REST requests do not count.
	// Source: docs.github.com/graphql/overview/rate-limits-and-node-limits-for-the-graphql-api.
	Points Limit = "github_points_limit"
)

// LimitError says that a limit is met, and until when.
type LimitError struct {
	Limit Limit
	Until time.Time
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("%s until %s", e.Limit, e.Until.UTC().Format(time.RFC3339))
}

// Reason is a sentence for people.
func (e *LimitError) Reason() string {
	at := e.Until.UTC().Format("15:04:05Z")
	switch e.Limit {
	case Primary:
		return "GitHub's hourly limit is used up; it resets at " + at + "."
	case Points:
		return "GitHub's hourly limit of GraphQL points is used up; it resets at " + at + "."
	case Secondary:
	}
	return "GitHub asked to slow down (secondary limit) until " + at + "."
}

// Gate is safe for concurrent use.
type Gate struct {
	slots chan struct{}
	now   func() time.Time

	mu      sync.Mutex
	until   map[Limit]time.Time
	strikes int // secondary limits in a row, for the back-off
	pace    pace
}

// NewGate allows at most inFlight requests at once. GitHub allows 100 for all
// users of a credential together.
func NewGate(inFlight int, now func() time.Time) *Gate {
	return &Gate{slots: make(chan struct{}, inFlight), now: now, until: map[Limit]time.Time{}}
}

// Enter waits for a slot for a REST request and returns the function that gives it
// back. While a limit is met it returns a *LimitError at once, and nothing may be sent.
func (g *Gate) Enter(ctx context.Context) (leave func(), err error) {
	return g.enter(ctx, Primary)
}

// EnterGraphQL is Enter for a GraphQL query, which counts against Points instead of
// the number of requests.
func (g *Gate) EnterGraphQL(ctx context.Context) (leave func(), err error) {
	return g.enter(ctx, Points)
}

func (g *Gate) enter(ctx context.Context, hourly Limit) (leave func(), err error) {
	if err := g.met(hourly); err != nil {
		return nil, err
	}
	select {
	case g.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	// The limit may have been met while this request waited for its slot.
	if err := g.met(hourly); err != nil {
		<-g.slots
		return nil, err
	}
	return func() { <-g.slots }, nil
}

func (g *Gate) met(hourly Limit) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if latest := g.latest(hourly); g.now().Before(latest.Until) {
		return &latest
	}
	return nil
}

// latest is the later of an hourly and the secondary limit.
func (g *Gate) latest(hourly Limit) LimitError {
	if hourly == Secondary {
		hourly = Primary
	}
	if g.until[hourly].After(g.until[Secondary]) {
		return LimitError{Limit: hourly, Until: g.until[hourly]}
	}
	return LimitError{Limit: Secondary, Until: g.until[Secondary]}
}

// Hold lets nothing through until a time that counts against the limit. A later
// time that is known already stays; the result says which limit holds now.
func (g *Gate) Hold(limit Limit, until time.Time) LimitError {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until.After(g.until[limit]) {
		g.until[limit] = until
	}
	return g.latest(limit)
}

// Strike counts a secondary limit that came without a time, and returns how many
// came in a row. Requests that were in flight together count once.
func (g *Gate) Strike() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.now().Before(g.until[Secondary]) {
		g.strikes++
	}
	return max(g.strikes, 1)
}

// Succeed ends the row of strikes.
func (g *Gate) Succeed() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.now().Before(g.until[Secondary]) {
		g.strikes = 0
	}
}
