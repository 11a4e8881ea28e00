package budget_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/budget"
)

type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func newGate(inFlight int) (*budget.Gate, *clock) {
	c := &clock{now: time.Date(2024, 1, 1, 12, 0, 0, 0, time.UTC)}
	return budget.NewGate(inFlight, c.Now), c
}

func TestGateBoundsRequestsInFlight(t *testing.T) {
	t.Parallel()
	g, _ := newGate(2)
	leave, err := g.Enter(t.Context())
	require.NoError(t, err)
	_, err = g.Enter(t.Context())
	require.NoError(t, err)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = g.Enter(ctx)
	require.ErrorIs(t, err, context.Canceled, "no slot is free")

	leave()
	_, err = g.Enter(t.Context())
	require.NoError(t, err)
}

func TestGateLetsNothingThroughWhileALimitIsMet(t *testing.T) {
	t.Parallel()
	g, c := newGate(2)
	until := c.now.Add(time.Minute)
	g.Hold(budget.Primary, until)

	_, err := g.Enter(t.Context())
	var limit *budget.LimitError
	require.ErrorAs(t, err, &limit)
	require.Equal(t, budget.LimitError{Limit: budget.Primary, Until: until}, *limit)
	require.Equal(t, "GitHub's hourly limit is used up; it resets at 12:01:00Z.", limit.Reason())

	require.Equal(t, until, g.Hold(budget.Secondary, c.now.Add(time.Second)).Until, "the later time stays")

	c.now = until
	_, err = g.Enter(t.Context())
	require.NoError(t, err)
}

func TestGateTellsRequestsThatWaitedForASlot(t *testing.T) {
	t.Parallel()
	g, c := newGate(1)
	leave, err := g.Enter(t.Context())
	require.NoError(t, err)
	refused := make(chan error)
	go func() {
		_, err := g.Enter(t.Context())
		refused <- err
	}()
	g.Hold(budget.Secondary, c.now.Add(time.Minute))
	leave()
	var limit *budget.LimitError
	require.ErrorAs(t, <-refused, &limit)
	require.Contains(t, limit.Reason(), "slow down")
}

func TestGateKeepsPointsApartFromRequests(t *testing.T) {
	t.Parallel()
	g, c := newGate(4)
	until := c.now.Add(time.Minute)
	require.Equal(t, budget.LimitError{Limit: budget.Points, Until: until}, g.Hold(budget.Points, until))
	_, err := g.Enter(t.Context())
	require.NoError(t, err, "REST requests cost no points")
	_, err = g.EnterGraphQL(t.Context())
	var limit *budget.LimitError
	require.ErrorAs(t, err, &limit)
	require.Equal(t, "GitHub's hourly limit of GraphQL points is used up; it resets at 12:01:00Z.", limit.Reason())

	c.now = until
	g.Hold(budget.Primary, until.Add(time.Minute))
	_, err = g.EnterGraphQL(t.Context())
	require.NoError(t, err, "a query is no request of the REST API")
	g.Hold(budget.Secondary, until.Add(time.Second))
	_, err = g.EnterGraphQL(t.Context())
	require.ErrorAs(t, err, &limit, "the secondary limit is one for both")
	require.Equal(t, budget.Secondary, limit.Limit)
}

func TestStrikesGrowOnlyOncePerWait(t *testing.T) {
	t.Parallel()
	g, c := newGate(1)
	require.Equal(t, 1, g.Strike())
	g.Hold(budget.Secondary, c.now.Add(time.Minute))
	require.Equal(t, 1, g.Strike(), "answers of requests that were in flight together count once")
	c.now = c.now.Add(2 * time.Minute)
	require.Equal(t, 2, g.Strike())
	g.Succeed()
	require.Equal(t, 1, g.Strike())
}
