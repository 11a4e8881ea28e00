package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/connection"
	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/operation"
)

// core are the collections that a plan's forecast is compared in here.
var core = []string{"labels", "milestones", "issues", "issue_comments", "pulls", "review_comments", "commits", "branches", "tags", "releases"}

// plannedOnly is the operation of a sync that has its plan and has read nothing.
func (b *bundle) plannedOnly(names ...string) operation.Operation {
	b.t.Helper()
	ref := b.create(names...)
	plan, err := b.planSync(ref)
	require.NoError(b.t, err)
	require.Nil(b.t, plan.Wait)
	op := b.operation(ref.OperationID)
	require.NotNil(b.t, op.Forecast)
	require.Contains(b.t, plan.Forecast, "requests in all; done at about")
	return op
}

func byName(op operation.Operation) map[string]operation.CollectionWork {
	work := map[string]operation.CollectionWork{}
	for _, w := range op.Collections {
		work[w.Name] = w
	}
	return work
}

func TestAFirstSyncKnowsItsWorkBeforeItBegins(t *testing.T) {
	b := setup(t, 15_000, githubsim.Options{})
	op := b.plannedOnly(core...)
	require.Zero(t, op.Forecast.Basis.Unknown)
	require.LessOrEqual(t, b.sim.Stats().Total, int64(1+len(core)), "at most one request more for each collection")
	foretold := byName(op)
	_, err := b.store.RequestCancel(t.Context(), op.WorkspaceID, op.ID)
	require.NoError(t, err)

	before := b.sim.Stats().Total
	work := b.sync(core...)
	asked := b.sim.Stats().Total - before
	require.InEpsilon(t, asked, op.Forecast.Requests, 0.05)
	var requests int64
	for _, name := range core {
		require.InEpsilon(t, work[name].Items, foretold[name].Total, 0.02, name)
		require.InDelta(t, work[name].Requests, foretold[name].ExpectedRequests, 2, name)
		require.Equal(t, work[name].Requests, work[name].ExpectedRequests, "%s: in the end it is what it was", name)
		requests += work[name].Requests
	}
	require.InDelta(t, asked, requests+work["repository"].Requests, 2, "those that the forecast took count as well; a page that was asked for ahead may not")

	again := b.plannedOnly(core...)
	lists := 0
	for _, w := range byName(again) {
		lists += int(w.ExpectedRequests)
	}
	_, err = b.store.RequestCancel(t.Context(), again.WorkspaceID, again.ID)
	require.NoError(t, err)
	before = b.sim.Stats().Total
	b.sync(core...)
	require.InDelta(t, b.sim.Stats().Total-before, again.Forecast.Requests, 2)
	require.EqualValues(t, again.Forecast.Requests, lists)
	require.Less(t, again.Forecast.Requests, int64(40), "and asks nothing for its forecast")
}

func TestAWaitIsCountedIn(t *testing.T) {
	b := setup(t, 800, githubsim.Options{})
	ref := b.create("labels", "issues")
	plan, err := b.planSync(ref)
	require.NoError(t, err)
	before := b.operation(ref.OperationID).Forecast
	require.Less(t, before.Seconds, 30.0)
	b.sim.SetFaults(githubsim.FaultPlan{Faults: []githubsim.Fault{{Kind: githubsim.FaultPrimaryLimit, From: 1, Times: 1}}})
	result, err := b.pages(ref, plan, "issues")
	require.NoError(t, err)
	require.NotNil(t, result.Wait)
	op := b.operation(ref.OperationID)
	require.WithinDuration(t, time.Now().Add(result.Wait.Pause), op.Forecast.DoneAt, 30*time.Second)
	require.InDelta(t, result.Wait.Pause.Seconds(), op.Forecast.Basis.WaitSeconds, 5)
	require.False(t, op.Forecast.DoneAt.Before(op.Waiting.Until))
}

// What cannot be counted is unknown, and no reason to fail.
func TestAForecastNeverFailsAPlan(t *testing.T) {
	b := setup(t, 300, githubsim.Options{})
	b.repo.DisableIssues(true)
	b.sim.SetFaults(githubsim.FaultPlan{Faults: []githubsim.Fault{{Kind: githubsim.FaultStatus, Status: 500, Endpoint: "labels"}}})
	op := b.plannedOnly("labels", "issues", "tags")
	require.Equal(t, 1, op.Forecast.Basis.Unknown)
	require.Zero(t, byName(op)["labels"].Total)
	require.EqualValues(t, 2, byName(op)["issues"].ExpectedRequests-byName(op)["issues"].Requests, "there is none, which it takes a request to learn")
	require.Positive(t, byName(op)["tags"].Total)
}

// What is reserved for other tools is not there for the work.
func TestAReserveIsWaitedForInTheForecast(t *testing.T) {
	p := setupPool(t, "ada")
	for _, tt := range []struct {
		reserve int64
		waits   bool
	}{{0, false}, {999_990, true}} { // of 1,000,000
		p.connections.change("ada", 0, func(h *connection.Held) { h.Reserve.Requests, h.Version = tt.reserve, h.Version+1 })
		p.clock.ahead.Add(int64(time.Minute))
		ref := p.create("labels", "issues", "pulls", "commits")
		plan, err := p.planSync(ref)
		require.NoError(t, err)
		require.Nil(t, plan.Wait)
		basis := p.operation(ref.OperationID).Forecast.Basis
		require.Equal(t, tt.waits, basis.WaitSeconds > 1, "%+v", basis)
	}
}
