package budget

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// shares saturates a fleet with flows for a while, flow i from process i mod n, and
// returns what part of all requests each got.
func (f *fleet) shares(during time.Duration, callers []int, flows ...Flow) []float64 {
	ctx, cancel := context.WithTimeout(f.t.Context(), during)
	defer cancel()
	var wait sync.WaitGroup
	counts := make([]atomic.Int64, len(flows))
	for i, flow := range flows {
		f.saturate(ctx, &wait, f.ledgers[i%len(f.ledgers)], flow, callers[i], Request{}, func() { counts[i].Add(1) })
	}
	wait.Wait()
	var sum int64
	for i := range counts {
		sum += counts[i].Load()
	}
	shares := make([]float64, len(flows))
	for i := range counts {
		shares[i] = float64(counts[i].Load()) / float64(sum)
	}
	f.t.Logf("shares of %d requests: %.4f", sum, shares)
	return shares
}

func TestLanesShareByWeight(t *testing.T) {
	f := setup(t, 4, 3600*time.Millisecond)
	f.github.takes = time.Millisecond
	f.policy(Policy{InFlight: 4})
	shares := f.shares(3*time.Second, []int{12, 12, 12, 12},
		Flow{LaneInteractive, "w", "a"}, Flow{LaneRepair, "w", "b"}, Flow{LaneIncremental, "w", "c"}, Flow{LaneBackfill, "w", "d"})
	for i, l := range Lanes() {
		want := l.weight() / 85
		require.InDelta(t, want, shares[i], 0.1*want+0.004, l.String())
	}
}

// Within a lane workspaces have the same share, and within a workspace its operations,
// however many requests each has waiting and wherever.
func TestWorkspacesAndOperationsShareAlike(t *testing.T) {
	f := setup(t, 3, 3600*time.Millisecond)
	f.github.takes = time.Millisecond
	f.policy(Policy{InFlight: 4})
	shares := f.shares(3*time.Second, []int{30, 8, 12, 20},
		Flow{LaneBackfill, "many", "a"}, Flow{LaneBackfill, "many", "b"}, Flow{LaneBackfill, "many", "c"}, Flow{LaneBackfill, "one", "d"})
	for i, want := range []float64{1. / 6, 1. / 6, 1. / 6, 1. / 2} {
		require.InDelta(t, want, shares[i], 0.1*want)
	}
}

// While backfills of all processes want more than there is, what a person waits for
// goes at once.
func TestInteractiveGoesFirst(t *testing.T) {
	f := setup(t, 4, time.Minute)
	f.github.takes, f.github.limit = 20*time.Millisecond, 5000
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
	defer cancel()
	var wait sync.WaitGroup
	for i, l := range f.ledgers {
		f.saturate(ctx, &wait, l, Flow{LaneBackfill, "w", strconv.Itoa(i)}, 30, Request{}, func() {})
	}
	var waits []time.Duration
	person := WithFlow(ctx, Flow{Lane: LaneInteractive, Workspace: "w"})
	for ctx.Err() == nil {
		began := time.Now()
		pass, err := f.ledgers[len(waits)%len(f.ledgers)].Account(account, nil).Enter(person, Request{})
		if ctx.Err() != nil {
			break
		}
		require.NoError(t, err)
		waits = append(waits, time.Since(began))
		require.Nil(t, pass.Leave(ctx, f.github.answer(Request{})))
	}
	wait.Wait()
	slices.Sort(waits)
	p99 := waits[len(waits)*99/100]
	t.Logf("%d interactive requests among %d: p50 %s, p99 %s, longest %s",
		len(waits), f.github.requests, waits[len(waits)/2], p99, waits[len(waits)-1])
	require.Less(t, p99, time.Second)
	require.Zero(t, f.github.refused)
}

// Turns in the order in which fair gives them, one after another.
func TestFairGivesTurnsEvenly(t *testing.T) {
	t.Parallel()
	f := newFair()
	wants := []want{
		{LaneInteractive, "v", "a", coreRead, 1000}, {LaneIncremental, "v", "b", coreRead, 1000}, {LaneIncremental, "w", "c", coreWrite, 1000},
	}
	got := make([]int64, len(wants))
	for range 6800 {
		got[f.pick(wants, func(want) bool { return true })]++
	}
	require.InDelta(t, 64./68, float64(got[0])/float64(got[0]+got[1]+5*got[2]), 0.01)
	require.InDelta(t, float64(got[1]), float64(5*got[2]), 10, "a write costs five times as much")
	require.Equal(t, -1, f.pick(wants, func(want) bool { return false }))
	idle := []want{{LaneIncremental, "x", "d", coreRead, 1}, wants[1]}
	first := f.pick(idle, func(want) bool { return true })
	second := f.pick(idle, func(want) bool { return true })
	require.ElementsMatch(t, []int{0, 1}, []int{first, second}, "who was idle has no credit")
	for i := range mostTurns {
		f.pick([]want{{LaneBackfill, "w", strconv.Itoa(i), coreRead, 1}}, func(want) bool { return true })
	}
	require.LessOrEqual(t, len(f.times), mostTurns+10)
}

// However many operations wait, none is forgotten.
func TestNobodyStarves(t *testing.T) {
	f := setup(t, 2, 3600*time.Millisecond)
	f.github.takes = time.Millisecond
	f.policy(Policy{InFlight: 4})
	flows, callers := make([]Flow, 60), make([]int, 60)
	for i := range flows {
		flows[i], callers[i] = Flow{LaneBackfill, "w", strconv.Itoa(i)}, 1+i%3
	}
	for i, share := range f.shares(2*time.Second, callers, flows...) {
		require.InDelta(t, 1./60, share, 0.2/60, "operation %d", i)
	}
}

// A request whose caller gives up when its turn has come gives the turn on.
func TestTurnsOfThoseWhoGaveUpAreNotLost(t *testing.T) {
	f := setup(t, 2, time.Hour/1000)
	f.policy(Policy{InFlight: 2})
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var wait sync.WaitGroup
	for _, l := range f.ledgers {
		for range 10 {
			wait.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					hasty, stop := context.WithTimeout(ctx, time.Duration(i%20)*100*time.Microsecond)
					_ = f.request(hasty, l, Request{}) // most give up
					stop()
				}
			})
		}
	}
	wait.Wait()
	for _, l := range f.ledgers {
		require.Eventually(t, func() bool {
			a := l.Account(account, nil)
			a.mu.Lock()
			defer a.mu.Unlock()
			return a.busy == [kinds]int{} && a.queue.len() == 0
		}, patience, time.Millisecond)
	}
	require.Eventually(t, func() bool {
		report, err := Read(t.Context(), f.redis, account)
		return err == nil && report.InFlight == 0
	}, patience, time.Millisecond)
}
