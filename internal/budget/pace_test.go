package budget_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/budget"
)

func TestAGateLearnsHowLongAnswersTake(t *testing.T) {
	t.Parallel()
	g := budget.NewGate(1, time.Now)
	require.Zero(t, g.Pace().Latency)
	g.SawAnswer(40*time.Millisecond, 100)
	require.Zero(t, g.Pace().Latency, "a short answer says nothing of pages")
	g.SawAnswer(400*time.Millisecond, 50_000)
	g.SawAnswer(40*time.Millisecond, 100)
	require.Equal(t, 400*time.Millisecond, g.Pace().Latency)
	require.Equal(t, 40*time.Millisecond, g.Pace().Short)
	for range 60 {
		g.SawAnswer(200*time.Millisecond, 50_000)
	}
	require.InDelta(t, 0.2, g.Pace().Latency.Seconds(), 0.002, "it follows what changes")
}

func TestAGateKnowsWhatIsLeft(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	reset := now.Add(10 * time.Minute)
	g := budget.NewGate(1, func() time.Time { return now })
	require.Zero(t, g.Pace().Limit)
	g.SawBudget(5000, 90, reset)
	g.SawBudget(5000, 91, reset.Add(-time.Second)) // an answer that was overtaken
	require.Equal(t, budget.Pace{Limit: 5000, Left: 90, Reset: reset, InFlight: 1, Window: time.Hour}, g.Pace())
	g.SawBudget(5000, 89, reset)
	require.EqualValues(t, 89, g.Pace().Left)
	g.SawBudget(5000, 4999, reset.Add(time.Hour)) // the next window
	require.EqualValues(t, 4999, g.Pace().Left)
	held := now.Add(time.Minute)
	g.Hold(budget.Secondary, held)
	require.Equal(t, held, g.Pace().Held)
}
