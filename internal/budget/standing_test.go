package budget

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What is kept for more urgent work is nothing to those who choose for backfill, though
// GitHub has something left.
func TestALaneKnowsWhatItIsDenied(t *testing.T) {
	f := setup(t, 1, time.Hour)
	f.github.limit = 1000
	a := f.ledgers[0].Account(account, nil)
	backfill, person := WithFlow(t.Context(), Flow{Lane: LaneBackfill}), WithFlow(t.Context(), Flow{Lane: LaneInteractive})
	require.NoError(t, f.request(backfill, f.ledgers[0], Request{}))
	require.Zero(t, a.Peek(LaneBackfill, Core).Held)
	f.github.now(func(g *github) int { g.used = 974; return 0 })
	require.NoError(t, f.request(backfill, f.ledgers[0], Request{}))
	var limit *LimitError
	require.ErrorAs(t, f.request(backfill, f.ledgers[0], Request{}), &limit)
	got := a.Peek(LaneBackfill, Core)
	require.Equal(t, limit.Until, got.Held)
	require.Equal(t, limit.Limit, got.Limit)
	require.EqualValues(t, 25, got.Left)
	require.Zero(t, a.Peek(LaneInteractive, Core).Held)

	require.NoError(t, f.request(person, f.ledgers[0], Request{}))
	require.Equal(t, limit.Until, a.Peek(LaneBackfill, Core).Held, "it stands although another lane goes")
	f.policy(Policy{InFlight: 3})
	require.Zero(t, a.Peek(LaneBackfill, Core).Held, "with another policy it is not known")
}
