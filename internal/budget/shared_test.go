package budget

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// work saturates all processes with the lowest lane's requests for a while.
func (f *fleet) work(during time.Duration, callers int, r Request) (answered int64) {
	ctx, cancel := context.WithTimeout(f.t.Context(), during)
	defer cancel()
	var wait sync.WaitGroup
	var n atomic.Int64
	for _, l := range f.ledgers {
		f.saturate(ctx, &wait, l, Flow{LaneBackfill, "w", "o"}, callers, r, func() { n.Add(1) })
	}
	wait.Wait()
	return n.Load()
}

func TestNeverMoreAtOnceThanAllowed(t *testing.T) {
	f := setup(t, 4, time.Hour/100)
	f.github.takes, f.github.most = 3*time.Millisecond, 7
	f.policy(Policy{InFlight: 9})
	f.ledgers[2].Account(account, nil).SetPolicy(Policy{InFlight: 7})
	n := f.work(2*time.Second, 20, Request{})
	require.Equal(t, 7, f.github.highest, "the smallest wish counts")
	require.Zero(t, f.github.refused)
	require.Equal(t, 1, f.github.probes, "one process asks for all")
	require.Greater(t, n, int64(500))
}

func TestTheReserveIsNeverTouched(t *testing.T) {
	f := setup(t, 4, 2*time.Second)
	f.github.takes, f.github.limit = time.Millisecond, 400
	f.policy(Policy{Reserve: Reserve{Percent: 30}})
	f.work(5*time.Second, 8, Request{})
	require.GreaterOrEqual(t, f.github.lowest, int64(120))
	require.Zero(t, f.github.refused)
	require.GreaterOrEqual(t, len(f.github.lengths), 2)
	for _, used := range f.github.lengths {
		require.GreaterOrEqual(t, float64(used), 0.95*280, "what may be used is used")
	}
}

// What other tools spend on the account leaves the reserve alone as far as we go.
func TestOthersAreNoticed(t *testing.T) {
	f := setup(t, 2, 2*time.Second)
	f.github.takes, f.github.limit = time.Millisecond, 400
	f.github.outside = func() int64 { return 2 }
	f.policy(Policy{Reserve: Reserve{Requests: 100}})
	f.work(1500*time.Millisecond, 8, Request{})
	// Each of the requests that are out when the reserve is met finds two more spent.
	require.GreaterOrEqual(t, f.github.lowest, int64(100-2*defaultInFlight))
	require.Less(t, f.github.requests, 110)
	report, err := Read(t.Context(), f.redis, account)
	require.NoError(t, err)
	require.InDelta(t, 200, report.Resources[0].Others, 40)
}

func TestPointsOfAMinuteAreKept(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]Request{"reads": {}, "writes": {Write: true}, "mutations": {Write: true, Resource: GraphQL}} {
		t.Run(name, func(t *testing.T) {
			f := setup(t, 3, time.Minute)
			most := int64(restPoints)
			if r.Resource == GraphQL {
				most = queryPoints
			}
			f.github.points, f.github.takes = most, time.Millisecond
			n := f.work(4*time.Second, 10, r)
			require.Zero(t, f.github.refused)
			// Four minutes of points, of which the lowest lane leaves 5 %.
			require.GreaterOrEqual(t, float64(n*r.kind().points()), 0.9*0.95*4*float64(most))
		})
	}
}

func TestContentIsBounded(t *testing.T) {
	f := setup(t, 3, time.Minute)
	f.github.takes = time.Millisecond
	f.work(8*time.Second, 6, Request{Write: true, Content: true})
	most := func(span time.Duration) (most int) {
		for i := range f.github.content {
			n := 0
			for _, at := range f.github.content[i:] {
				if at.Sub(f.github.content[i]) < span {
					n++
				}
			}
			most = max(most, n)
		}
		return most
	}
	require.LessOrEqual(t, most(time.Second), contentMinutes)
	require.Len(t, f.github.content, contentHours, "the hour's are used, and no more")
}

// A limit that one process meets stops all of them: whatever was let through before it
// heard may still arrive, at most one request of each after.
func TestALimitStopsAllProcesses(t *testing.T) {
	f := setup(t, 4, time.Hour/10)
	f.github.takes = 2 * time.Millisecond
	f.policy(Policy{InFlight: 4})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wait sync.WaitGroup
	var answered atomic.Int64
	for _, l := range f.ledgers[1:] {
		f.saturate(ctx, &wait, l, Flow{LaneBackfill, "w", "o"}, 5, Request{}, func() { answered.Add(1) })
	}
	require.Eventually(t, func() bool { return answered.Load() > 100 }, patience, time.Millisecond)
	pass, err := f.ledgers[0].Account(account, nil).Enter(WithFlow(ctx, Flow{Lane: LaneInteractive}), Request{})
	require.NoError(t, err)
	held := pass.Leave(ctx, Answer{Sent: true, Refused: &Refusal{Limit: Secondary, Wait: time.Second}})
	stopped := time.Now()
	require.NotNil(t, held)
	require.Equal(t, Secondary, held.Limit)
	require.Eventually(t, func() bool {
		for _, l := range f.ledgers {
			if l.Account(account, nil).Peek(LaneBackfill, Core).Limit != Secondary {
				return false
			}
		}
		return true
	}, patience, time.Millisecond, "all processes hear of it")
	before := answered.Load()
	require.Eventually(t, func() bool { return answered.Load() > before+20 }, patience, time.Millisecond, "and go on afterwards")
	cancel()
	wait.Wait()
	late := 0
	for _, at := range f.github.sent {
		if at.After(stopped) && at.Before(stopped.Add(990*time.Millisecond)) {
			late++
		}
	}
	require.LessOrEqual(t, late, len(f.ledgers))
}

// Secondary limits without a time hold longer each time, once for all processes.
func TestStrikesGrow(t *testing.T) {
	f := setup(t, 2, 3600*time.Millisecond) // a minute is 60 ms
	flow := WithFlow(t.Context(), Flow{Lane: LaneInteractive})
	refuse := func(l *Ledger) time.Duration {
		var pass *Pass
		require.Eventually(t, func() bool {
			var err error
			pass, err = l.Account(account, nil).Enter(flow, Request{})
			return err == nil
		}, patience, time.Millisecond)
		return time.Until(pass.Leave(flow, Answer{Sent: true, Refused: &Refusal{Limit: Secondary}}).Until)
	}
	for i, want := range []time.Duration{60, 120, 240, 480} {
		got := refuse(f.ledgers[i%2])
		require.InDelta(t, want, got.Milliseconds(), 30)
	}
	require.Eventually(t, func() bool { return f.request(flow, f.ledgers[0], Request{}) == nil }, patience, time.Millisecond)
	require.InDelta(t, 60, refuse(f.ledgers[1]).Milliseconds(), 30, "an answer ends the row")
}

// After a hold one request finds out whether GitHub means it, before all others go.
func TestOneGoesFirstAfterAHold(t *testing.T) {
	f := setup(t, 3, time.Hour/10)
	f.times.scout = 10 * time.Second
	f.github.refuse = []Refusal{{Limit: Secondary, Wait: 100 * time.Millisecond}, {Limit: Secondary, Wait: 100 * time.Millisecond}}
	f.github.takes = 5 * time.Millisecond
	f.work(time.Second, 10, Request{})
	require.Len(t, f.github.blame, 2)
	require.Zero(t, f.github.blame[1], "after the first wait nothing else was out when the second began")
}

// A killed process frees what it had once it has said nothing for a while.
func TestAKilledProcessFreesItsSlots(t *testing.T) {
	f := setup(t, 2, time.Hour/10)
	f.policy(Policy{InFlight: 3})
	killed := f.ledgers[0]
	for range 3 {
		_, err := killed.Account(account, nil).Enter(t.Context(), Request{})
		require.NoError(t, err)
	}
	began := time.Now()
	killed.Close() // it never tells that its requests are over
	require.NoError(t, f.request(t.Context(), f.ledgers[1], Request{}))
	require.Greater(t, time.Since(began), f.times.beat/2)
	require.Less(t, time.Since(began), 3*f.times.beat)
}

// Requests that wait in a process that died do not keep what was given to them.
func TestWhatIsNotFetchedFallsBack(t *testing.T) {
	f := setup(t, 2, time.Hour/10)
	f.policy(Policy{InFlight: 1})
	dead := f.ledgers[0]
	pass, err := f.ledgers[1].Account(account, nil).Enter(t.Context(), Request{})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	wait.Go(func() { f.request(WithFlow(ctx, Flow{Lane: LaneInteractive}), dead, Request{}) }) //nolint:errcheck // it never comes to it
	require.Eventually(t, func() bool {
		report, err := Read(t.Context(), f.redis, account)
		return err == nil && report.Waiting[LaneInteractive] == 1
	}, patience, time.Millisecond)
	dead.Close()
	cancel()
	wait.Wait()
	require.Nil(t, pass.Leave(t.Context(), Answer{Sent: true, OK: true})) // gives the turn to the dead
	began := time.Now()
	require.NoError(t, f.request(t.Context(), f.ledgers[1], Request{}))
	require.Less(t, time.Since(began), 2*f.times.collect)
}
