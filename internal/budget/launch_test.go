package budget

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// slow has answered once, after a while.
func slow(t *testing.T, took time.Duration) *Account {
	t.Helper()
	f := setup(t, 1, time.Hour)
	a := f.ledgers[0].Account("user:1@ghes.example", unlimited)
	pass, err := a.Enter(t.Context(), Request{})
	require.NoError(t, err)
	require.Nil(t, pass.Leave(t.Context(), Answer{Sent: true, OK: true, Took: took}))
	return a
}

// enter has n requests want to leave at once, and gives when they did, or why not.
func enter(t *testing.T, a *Account, n int, lane Lane, left func(*Pass)) (times []time.Time, errs []error) {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	ctx := WithFlow(t.Context(), Flow{Lane: lane})
	for range n {
		all.Go(func() {
			pass, err := a.Enter(ctx, Request{})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, err)
				return
			}
			times = append(times, time.Now())
			left(pass)
		})
	}
	all.Wait()
	slices.SortFunc(times, time.Time.Compare)
	return times, errs
}

func TestRequestsLeaveOneAfterAnother(t *testing.T) {
	a := slow(t, 100*time.Millisecond)
	times, errs := enter(t, a, 8, LaneBackfill, func(*Pass) {})
	require.Empty(t, errs)
	require.Len(t, times, 8)
	require.GreaterOrEqual(t, times[7].Sub(times[0]), 50*time.Millisecond, "7.5 ms apart, so that 10 are out at once")
}

func TestSomebodyWhoWaitsLeavesAtOnce(t *testing.T) {
	a := slow(t, 10*time.Second)
	times, errs := enter(t, a, 8, LaneInteractive, func(*Pass) {})
	require.Empty(t, errs)
	require.Less(t, times[7].Sub(times[0]), longestGap)
}

func TestNobodyWaitsForAQuickAnswer(t *testing.T) {
	a := slow(t, shortestGap)
	require.Zero(t, a.slotAfter(LaneBackfill))
	require.Zero(t, a.slotAfter(LaneBackfill))
}

// The answer to the first stops those that got their turns together with it.
func TestARefusalStopsWhatIsAboutToLeave(t *testing.T) {
	a := slow(t, 10*time.Second)
	times, errs := enter(t, a, 8, LaneBackfill, func(p *Pass) {
		require.NotNil(t, p.Leave(t.Context(), Answer{Sent: true, Refused: &Refusal{Limit: Secondary, Wait: time.Minute}}))
	})
	require.LessOrEqual(t, len(times), 2, "the first, and what left before the answer came")
	for _, err := range errs {
		var limit *LimitError
		require.ErrorAs(t, err, &limit)
		require.Equal(t, Secondary, limit.Limit)
	}
	require.Eventually(t, func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.busy == [kinds]int{}
	}, patience, time.Millisecond, "what did not leave is not out")
}
