package budget

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/testenv/metrictest"
)

func TestReport(t *testing.T) {
	f := setup(t, 2, time.Hour)
	report, err := Read(t.Context(), f.redis, account)
	require.NoError(t, err)
	require.False(t, report.Known)

	f.github.limit = 5000
	f.policy(Policy{InFlight: 2, Reserve: Reserve{Percent: 10}})
	for i := range 60 {
		flow := Flow{LaneIncremental, "w", strconv.Itoa(i % 55)}
		require.NoError(t, f.request(WithFlow(t.Context(), flow), f.ledgers[i%2], Request{}))
	}
	f.github.used += 7 // by another tool
	require.NoError(t, f.request(WithFlow(t.Context(), Flow{LaneInteractive, "v", "p"}), f.ledgers[0], Request{Write: true}))
	var passes []*Pass
	for _, l := range f.ledgers {
		pass, err := l.Account(account, nil).Enter(t.Context(), Request{})
		require.NoError(t, err)
		passes = append(passes, pass)
	}
	waiting := make(chan error)
	go func() { waiting <- f.request(t.Context(), f.ledgers[0], Request{}) }()
	require.Eventually(t, func() bool {
		report, err = Read(t.Context(), f.redis, account)
		return err == nil && report.Waiting[LaneBackfill] == 1
	}, patience, time.Millisecond)

	require.True(t, report.Known)
	require.Equal(t, 2, report.InFlight)
	require.Equal(t, 2, report.Most)
	require.Equal(t, 2, report.Processes)
	require.Empty(t, report.Holds)
	require.Len(t, report.Resources, 1)
	core := report.Resources[0]
	require.Equal(t, Core, core.Resource)
	require.EqualValues(t, 5000, core.Limit)
	require.EqualValues(t, 5000-68, core.Left)
	require.EqualValues(t, 500, core.Reserve)
	require.WithinDuration(t, report.At.Add(time.Hour), core.Reset, time.Minute)
	require.Equal(t, map[Lane]int64{LaneInteractive: 1, LaneIncremental: 60}, core.Lanes)
	require.EqualValues(t, 7, core.Others)
	require.Len(t, core.Operations, mostReported)
	require.Equal(t, OperationReport{"w", "0", 2}, core.Operations[0])
	require.Equal(t, SpendingReport{PointsPerMinute, Core, time.Minute, 65, restPoints}, report.Spendings[0])
	require.Equal(t, SpendingReport{Content, "", time.Hour, 0, contentHours}, report.Spendings[3])

	held := passes[0].Leave(t.Context(), Answer{Sent: true, Refused: &Refusal{Limit: Secondary, Wait: time.Minute}})
	require.NotNil(t, held)
	require.Nil(t, passes[0].Leave(t.Context(), Answer{}), "a pass is left once")
	require.Error(t, <-waiting)
	report, err = Read(t.Context(), f.redis, account)
	require.NoError(t, err)
	require.Equal(t, Secondary, report.Holds[0].Limit)
	require.WithinDuration(t, held.Until, report.Holds[0].Until, time.Second)
}

// Everything of an account goes by itself once nobody uses it, and grows within bounds.
func TestKeysExpireAndAreBounded(t *testing.T) {
	f := setup(t, 1, time.Minute)
	a := f.ledgers[0].Account(account, nil)
	pass, err := a.Enter(t.Context(), Request{})
	require.NoError(t, err)
	// Many operations at once, as one process that sends many a call.
	a.mu.Lock()
	for i := range 3 * mostOperations {
		a.tally.send(waitKey{Flow{LaneBackfill, "w", strconv.Itoa(i)}, coreRead}, false)
	}
	a.mu.Unlock()
	require.Nil(t, pass.Leave(t.Context(), Answer{Sent: true, OK: true, Rate: &Rate{Limit: 5000, Left: 10, Reset: time.Minute}}))
	require.NoError(t, f.request(WithFlow(t.Context(), Flow{Lane: LaneInteractive}), f.ledgers[0], Request{}))
	stored, err := f.redis.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	require.Subset(t, keys(account), stored)
	for _, key := range stored {
		ttl, err := f.redis.PTTL(t.Context(), key).Result()
		require.NoError(t, err)
		require.Greater(t, ttl, time.Minute, key)
		require.LessOrEqual(t, ttl, 2*time.Minute, key)
	}
	n, err := f.redis.HLen(t.Context(), keys(account)[4]).Result()
	require.NoError(t, err)
	require.LessOrEqual(t, n, int64(mostOperations+lanes+1))
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	meters := metrictest.New(t)
	l, err := NewLedger(Options{MeterProvider: meters.Provider()})
	require.NoError(t, err)
	t.Cleanup(l.Close)
	a := l.Account(account, nil)
	a.SetPolicy(Policy{Reserve: Reserve{Requests: 100}})
	ctx := WithFlow(t.Context(), Flow{Lane: LaneRepair})
	for range 2 {
		pass, err := a.Enter(ctx, Request{})
		require.NoError(t, err)
		require.Nil(t, pass.Leave(ctx, Answer{Sent: true, OK: true, Rate: &Rate{Limit: 5000, Left: 4000, Reset: time.Hour}}))
	}
	_, err = a.Enter(ctx, Request{})
	require.NoError(t, err)
	const name, of = "holdfast.github.budget.", "{account=" + account
	got := meters.Read()
	for series, want := range map[string]float64{
		"limit" + of + ",resource=core}":             5000,
		"remaining" + of + ",resource=core}":         4000,
		"reserve" + of + ",resource=core}":           100,
		"in_flight" + of + "}":                       1,
		"waiting" + of + ",lane=repair}":             0,
		"alone":                                      0,
		"spent" + of + ",lane=repair,resource=core}": 2,
		"wait.duration{lane=repair,outcome=go}":      3,
	} {
		value, ok := got[name+series]
		require.True(t, ok, "%s is not measured: %v", series, got)
		require.InDelta(t, want, value, 0, series)
	}
}
