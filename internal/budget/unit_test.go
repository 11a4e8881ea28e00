package budget

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// However requests fall, no stretch of a span has more of them than a spending let through.
func TestNoSpanHasMoreThanIsAllowed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const span, most = time.Minute, 50
		s, now := newSpending(span), noon
		var sent []time.Time
		for range 300 {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(3*time.Second)).Draw(t, "pause")))
			if s.at(now) < most {
				s.add(1, now)
				sent = append(sent, now)
			} else if wait := s.relief(most-1, now); rapid.Bool().Draw(t, "wait") {
				require.Positive(t, wait)
				require.LessOrEqual(t, wait, span+span/buckets)
				now = now.Add(wait)
				require.Less(t, s.at(now), int64(most), "the wait is long enough")
			}
		}
		for i := range sent {
			n := 0
			for _, at := range sent[i:] {
				if at.Sub(sent[i]) < span {
					n++
				}
			}
			require.LessOrEqual(t, n, most)
		}
		var told int64
		for _, one := range s.since("x", now.Add(-2*span), now) {
			told += one.N
			require.LessOrEqual(t, time.Duration(one.Age), span+span/buckets)
		}
		require.Equal(t, s.at(now), told)
		require.Zero(t, s.at(now.Add(2*span)))
	})
}

func TestTheHourAsAnswersReportIt(t *testing.T) {
	t.Parallel()
	var h hourly
	reset := noon.Add(10 * time.Minute)
	require.True(t, h.see(5000, 90, reset, time.Time{}, time.Hour))
	require.False(t, h.see(5000, 91, reset.Add(time.Second), time.Time{}, time.Hour))
	require.EqualValues(t, 90, h.left, "an answer that was overtaken")
	require.Equal(t, reset, h.reset, "the earliest end counts: each is late by what GitHub rounds")
	h.see(5000, 80, reset.Add(-time.Second), time.Time{}, time.Hour)
	require.EqualValues(t, 80, h.left)
	require.Equal(t, reset.Add(-time.Second), h.reset)
	h.see(5000, 4999, reset.Add(-time.Hour), time.Time{}, time.Hour)
	require.EqualValues(t, 80, h.left, "of an earlier window")
	h.see(12500, 8000, reset, time.Time{}, time.Hour)
	require.EqualValues(t, 8000, h.left, "the limit was raised")
	require.InDelta(t, 1./6, h.remaining(noon, time.Hour), 0.001)

	require.False(t, h.pass(noon))
	require.True(t, h.pass(reset))
	require.EqualValues(t, 12500, h.left)
	require.True(t, h.scouting, "one request goes first")
	h.see(12500, 7990, reset, time.Time{}, time.Hour)
	require.EqualValues(t, 12500, h.left, "a late answer of the window that ended")
	require.InDelta(t, 1, h.remaining(reset, time.Hour), 0)
	require.True(t, h.see(12500, 12400, reset.Add(time.Hour), time.Time{}, time.Hour))
	require.EqualValues(t, 12400, h.left)
	require.False(t, h.pass(reset.Add(time.Minute)))
}

func TestAScoutKeepsNobodyWaitingForLong(t *testing.T) {
	t.Parallel()
	var h hourly
	h.scout()
	require.Zero(t, h.scouts(noon))
	h.scouted = noon
	require.Zero(t, h.scouts(noon.Add(scoutPatience-1)))
	require.EqualValues(t, 2, h.scouts(noon.Add(2*scoutPatience)))
}

func TestWhatAQueryCostsIsLearned(t *testing.T) {
	t.Parallel()
	var h hourly
	require.EqualValues(t, 1, h.cost())
	for range 50 {
		h.learnPrice(24, 3)
	}
	require.EqualValues(t, 8, h.cost())
	h.learnPrice(1_000_000, 1)
	require.LessOrEqual(t, h.cost(), int64(highestPrice))
	h.learnPrice(0, 3)
	h.learnPrice(3, 0)
	require.LessOrEqual(t, h.cost(), int64(highestPrice))

	h = hourly{}
	for range 50 { // ten at once, the last of which is answered first
		h.learnPrice(10, 1)
		for range 9 {
			h.learnPrice(0, 1)
		}
	}
	require.InDelta(t, 1, h.price, 0.01, "all together cost ten")
}

// An answer that tells nothing of what is left is taken off it, until a later one tells.
func TestWhatIsUnseenIsGivenBack(t *testing.T) {
	f := setup(t, 1, time.Hour)
	f.times.settle = 0
	script := &shared{account: account, keys: keys(account)}
	desks := map[string]func(c call) reply{
		"alone": func() func(call) reply {
			a := newAlone(f.times, 1)
			return func(c call) reply { return a.take(c, time.Now()) }
		}(),
		"script": func(c call) reply {
			if script.epoch == "" {
				c.Know = &knowledge{}
			}
			r, err := script.ask(t.Context(), f.ledgers[0], c)
			require.NoError(t, err)
			script.epoch = r.Epoch
			return r
		},
	}
	of := func(n, unseen int) []settled {
		return []settled{{want{LaneBackfill, "w", "o", coreRead, n}, unseen}}
	}
	report := func(left int64, age time.Duration) map[Resource]rated {
		return map[Resource]rated{Core: {Limit: 5000, Left: left, Reset: millis(30 * time.Minute), Age: millis(age)}}
	}
	for name, take := range desks {
		left := func(c call) int64 {
			c.Policy = wish{InFlight: 10}
			return take(c).View.Rates[Core].Left
		}
		require.EqualValues(t, 4000, left(call{Rates: report(4000, time.Second)}), name)
		require.EqualValues(t, 3000, left(call{Settled: of(1000, 1000)}), "%s: GitHub is away", name)
		require.EqualValues(t, 2995, left(call{Settled: of(5, 5), Rates: report(4000, time.Nanosecond)}), "%s: in one call nobody knows which was first", name)
		require.EqualValues(t, 2994, left(call{Rates: report(3999, time.Minute)}), "%s: it was sent before", name)
		require.EqualValues(t, 2994, left(call{Rates: report(3999, 0)}), "%s: nobody knows when it was sent", name)
		require.Eventually(t, func() bool { return left(call{Rates: report(3998, time.Nanosecond)}) == 3998 },
			patience, time.Millisecond, "%s: GitHub has not counted them", name)
		require.EqualValues(t, 0, left(call{Settled: of(1, 5000)}), name)
		require.Eventually(t, func() bool { return left(call{Rates: report(3000, time.Nanosecond)}) == 3000 },
			patience, time.Millisecond, "%s: and of others it has", name)
	}
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	require.Equal(t, Policy{InFlight: 10}, strictest(nil))
	require.Equal(t, Policy{InFlight: 10, Reserve: Reserve{Percent: 30, Requests: 1500}}, strictest(map[string]Policy{
		"a": {InFlight: 20, Reserve: Reserve{Percent: 30}}, "b": {Reserve: Reserve{Requests: 1500}},
	}), "the smallest number at once, the largest reserve")
	require.Equal(t, Policy{InFlight: 100, Reserve: Reserve{Percent: 100}}, strictest(map[string]Policy{"a": {InFlight: 500, Reserve: Reserve{Percent: 400, Requests: -2}}}))
	tests := []struct {
		reserve Reserve
		limit   int64
		want    int64
	}{
		{Reserve{}, 5000, 0},
		{Reserve{Percent: 30}, 5000, 1500},
		{Reserve{Percent: 0.1}, 60, 1},
		{Reserve{Requests: 1500}, 5000, 1500},
		{Reserve{Requests: 1500}, 60, 60},
		{Reserve{Percent: 10, Requests: 600}, 5000, 600},
	}
	for _, test := range tests {
		require.Equal(t, test.want, test.reserve.of(test.limit))
	}
}

func TestAWishIsWithdrawn(t *testing.T) {
	t.Parallel()
	l, err := NewLedger(Options{})
	require.NoError(t, err)
	defer l.Close()
	a := l.Account("user:1@example", nil)
	require.Same(t, a, l.Account("user:1@example", nil))
	require.Equal(t, "user:1@example", a.ID())
	a.SetPolicy(Policy{Connection: "a", InFlight: 3})
	a.SetPolicy(Policy{Connection: "b", InFlight: 5})
	require.Equal(t, 3, a.Pace().InFlight)
	a.SetPolicy(Policy{Connection: "a"})
	require.Equal(t, 5, a.Pace().InFlight)
}

func TestEveryLimitHasASentence(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, limit := range Limits() {
		e := &LimitError{Limit: limit, Until: noon.Add(5 * time.Second)}
		require.Contains(t, e.Reason(), "12:00:05Z")
		require.False(t, seen[e.Reason()], "each its own: %s", e.Reason())
		seen[e.Reason()] = true
		require.Equal(t, string(limit)+" until 2026-03-01T12:00:05Z", e.Error())
	}
}

func TestFlowsAndLanes(t *testing.T) {
	t.Parallel()
	require.Equal(t, Flow{Lane: LaneBackfill}, FlowOf(context.Background()))
	f := Flow{LaneRepair, "w", "o"}
	require.Equal(t, f, FlowOf(WithFlow(t.Context(), f)))
	require.Equal(t, LaneBackfill, FlowOf(WithFlow(t.Context(), Flow{Lane: 9})).Lane)
	var names []string
	for _, l := range Lanes() {
		names = append(names, l.String())
	}
	require.Equal(t, []string{"interactive", "repair", "incremental", "backfill"}, names)
}

func TestKinds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		request  Request
		resource Resource
		points   int64
		content  bool
	}{
		{Request{}, Core, 1, false},
		{Request{Resource: Core, Write: true}, Core, 5, false},
		{Request{Write: true, Content: true}, Core, 5, true},
		{Request{Resource: GraphQL}, GraphQL, 1, false},
		{Request{Resource: GraphQL, Write: true}, GraphQL, 5, false},
		{Request{Resource: GraphQL, Content: true}, GraphQL, 5, true},
	}
	for _, test := range tests {
		k := test.request.kind()
		require.Equal(t, test.resource, k.resource())
		require.Equal(t, test.points, k.points())
		require.Equal(t, test.content, k.content())
	}
}

func TestWhoIsAskedFor(t *testing.T) {
	t.Parallel()
	q := newQueue()
	add := func(f Flow, k kind, after time.Duration) *waiter {
		w := &waiter{key: waitKey{f, k}, began: noon.Add(after), done: make(chan outcome, 1)}
		q.add(w)
		return w
	}
	for i := range 2 * mostWants {
		add(Flow{LaneBackfill, "w", string(rune('a' + i))}, coreRead, time.Duration(i))
	}
	first := add(Flow{LaneInteractive, "w", "x"}, coreRead, time.Hour)
	second := add(Flow{LaneInteractive, "w", "x"}, coreRead, 2*time.Hour)
	wants := q.wants()
	require.Len(t, wants, 1+mostWants)
	require.Equal(t, want{LaneInteractive, "w", "x", coreRead, 2}, wants[0])
	require.Equal(t, "p", wants[mostWants].Operation, "those that wait longest")
	next := waitKey{Flow{LaneBackfill, "w", "a"}, coreRead}
	require.NotNil(t, q.pop(next))
	q.add(&waiter{key: next, began: noon, done: make(chan outcome, 1)})
	require.Equal(t, "q", q.wants()[mostWants].Operation, "and not one that has just had its turn")
	require.True(t, q.remove(first))
	require.False(t, q.remove(first))
	require.Same(t, second, q.pop(second.key))
	require.Nil(t, q.pop(second.key))
	require.Equal(t, 2*mostWants, q.len())
	q.fail(func(waitKey) error { return ErrClosed })
	require.Zero(t, q.len())
	require.Empty(t, q.wants())
}

// Flows whose requests cannot go now are never served, so they stay the first to be named;
// those of another kind must be named beside them.
func TestThoseWhoCannotGoHideNobodyOfAnotherKind(t *testing.T) {
	t.Parallel()
	q := newQueue()
	for i := range 2 * mostWants {
		q.add(&waiter{key: waitKey{Flow{LaneBackfill, "w", string(rune('a' + i))}, graphRead}, began: noon})
	}
	q.add(&waiter{key: waitKey{Flow{LaneBackfill, "w", "x"}, coreRead}, began: noon.Add(time.Second)})
	wants := q.wants()
	require.Len(t, wants, mostWants+1)
	require.Contains(t, wants, want{LaneBackfill, "w", "x", coreRead, 1})
}
