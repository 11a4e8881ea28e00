package activities_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/testenv/metrictest"
)

// measure has the steps counted.
func (b *bundle) measure() *metrictest.Reader {
	b.t.Helper()
	reader := metrictest.New(b.t)
	var err error
	b.steps.Metrics, err = activities.NewMetrics(reader.Provider(), collection.NewRegistry())
	require.NoError(b.t, err)
	return reader
}

func TestEveryPageIsCountedOnce(t *testing.T) {
	b := setup(t, 1000, githubsim.Options{})
	metrics := b.measure()
	names := collection.NewRegistry().Expand(collection.ScopeRepository, nil)
	for name, n := range metrics.Read() {
		require.Zero(t, n, name)
	}
	require.Len(t, metrics.Read(), 3*len(collection.All())+2*len(activities.WaitReasons()), "all are there from the start")

	b.steps.Bounds.Pages = 1 // many steps, of which each knows the totals of those before
	work := b.sync()
	read := metrics.Read()
	for _, name := range names {
		at := "{collection=" + name + "}"
		require.InDelta(t, work[name].Pages, read["holdfast.pages"+at], 0, name)
		require.InDelta(t, work[name].Items, read["holdfast.items"+at], 0, name)
		require.InDelta(t, work[name].Written, read["holdfast.rows.written"+at], 0, name)
		require.Positive(t, work[name].Written, name)
	}
	b.sync()
	for name, n := range metrics.Read() {
		if strings.HasPrefix(name, "holdfast.rows.written") {
			require.InDelta(t, read[name], n, 0, "nothing was written anew")
		}
	}
}

func TestWaitsAreCountedByTheirReason(t *testing.T) {
	b := setup(t, 3000, githubsim.Options{})
	metrics := b.measure()
	b.steps.Bounds.Pages = 2
	first, second := b.create(), b.create()
	plan, err := b.planSync(first)
	require.NoError(t, err)
	_, err = b.planSync(second)
	require.NoError(t, err)
	_, err = b.pages(first, plan, "issues")
	require.NoError(t, err)
	for range 2 {
		result, err := b.pages(second, plan, "issues")
		require.NoError(t, err)
		require.NotNil(t, result.Wait)
	}
	b.sim.SetFaults(githubsim.FaultPlan{Faults: []githubsim.Fault{{Kind: githubsim.FaultPrimaryLimit, From: 1, Times: 1}}})
	result, err := b.pages(first, plan, "issues")
	for err == nil && result.Wait == nil {
		result, err = b.pages(first, plan, "issues")
	}
	require.NoError(t, err)

	read := metrics.Read()
	require.InDelta(t, 2, read["holdfast.waits{reason=other_pass}"], 0, "each look counts")
	require.InDelta(t, 10, read["holdfast.wait{reason=other_pass}"], 1)
	require.InDelta(t, 1, read["holdfast.waits{reason=github_primary_limit}"], 0)
	require.InDelta(t, result.Wait.Pause.Seconds(), read["holdfast.wait{reason=github_primary_limit}"], 1)
	require.Zero(t, read["holdfast.waits{reason=github_unreachable}"])
	require.Len(t, read, 3*len(collection.NewRegistry().Names())+2*len(activities.WaitReasons()), "no reason that is not listed")
}

func TestAGitHubThatDoesNotAnswerIsCountedAsAWait(t *testing.T) {
	b := setup(t, 100, githubsim.Options{})
	metrics := b.measure()
	ref := b.create()
	plan, err := b.planSync(ref)
	require.NoError(t, err)
	b.sim.SetFaults(githubsim.FaultPlan{Faults: []githubsim.Fault{{Kind: githubsim.FaultReset}}})
	_, err = b.pages(ref, plan, "labels")
	require.Error(t, err)
	read := metrics.Read()
	require.InDelta(t, 1, read["holdfast.waits{reason=github_unreachable}"], 0)
	require.InDelta(t, activities.RetryFirst.Seconds(), read["holdfast.wait{reason=github_unreachable}"], 0.1)
}
