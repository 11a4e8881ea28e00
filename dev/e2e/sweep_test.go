package e2e_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	temporal "go.temporal.io/sdk/client"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/workflows"
)

// The answers of the API, as far as they matter here.
type (
	driftView struct {
		Missing   int64 `json:"missing"`
		Extra     int64 `json:"extra"`
		Different int64 `json:"different"`
	}
	checkView struct {
		driftView
		OperationID string `json:"operation_id"`
	}
	collectionView struct {
		Name   string          `json:"name"`
		Cursor json.RawMessage `json:"cursor"`
		Check  *checkView      `json:"check"`
	}
	statusView struct {
		LastSweepAt *time.Time       `json:"last_sweep_at"`
		NextSweepAt *time.Time       `json:"next_sweep_at"`
		Drift       driftView        `json:"drift"`
		Collections []collectionView `json:"collections"`
	}
	driftReport struct {
		Drift  driftView `json:"drift"`
		Counts struct {
			Drifted int64 `json:"drifted"`
		} `json:"counts"`
		Repositories []struct {
			FullName string `json:"full_name"`
		} `json:"repositories"`
	}
)

// get reads an answer of the API.
func (w *world) get(path string, into any) {
	w.t.Helper()
	token, err := w.product.Token(w.t.Context(), "reader")
	require.NoError(w.t, err)
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.api.URL+path, nil)
	require.NoError(w.t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	require.NoError(w.t, err)
	defer resp.Body.Close()
	require.Equal(w.t, http.StatusOK, resp.StatusCode)
	require.NoError(w.t, json.NewDecoder(resp.Body).Decode(into))
}

// temporal is a client of the world's Temporal.
func (w *world) temporal() temporal.Client {
	w.t.Helper()
	c, err := temporal.Dial(temporal.Options{HostPort: w.temporalAddress, Namespace: w.temporalNamespace})
	require.NoError(w.t, err)
	w.t.Cleanup(c.Close)
	return c
}

// sweep makes the schedule of sweeps run now and follows the one operation that it
// makes, the n-th, to its end.
func (w *world) sweep(c temporal.Client, n int) operation.Operation {
	w.t.Helper()
	_, err := w.pool.Exec(w.t.Context(), `insert into repository_states (workspace_id, repository_id, full_name, checked_at, sweep_due_at)
		select workspace_id, repository_id, full_name, now(), now() from repositories
		on conflict (workspace_id, repository_id) do update set sweep_due_at = now()`)
	require.NoError(w.t, err)
	schedule := c.ScheduleClient().GetHandle(w.t.Context(), workflows.SweepScheduleID(config.DefaultWorkspace))
	require.NoError(w.t, schedule.Trigger(w.t.Context(), temporal.ScheduleTriggerOptions{}))
	var sweeps []operation.Operation
	require.Eventually(w.t, func() bool {
		sweeps, _, err = w.client.Operations(w.t.Context(), operation.Filter{Kind: operation.KindReconcileRepository})
		return err == nil && len(sweeps) >= n
	}, syncTimeout, 50*time.Millisecond)
	require.Len(w.t, sweeps, n)
	op := w.awaitEnd(sweeps[0].ID)
	w.requireSucceeded(op)
	require.Equal(w.t, operation.SourceSweep, op.Source)
	return op
}

// lastRound is the id of the workflow that the schedule of sweeps started last.
func (w *world) lastRound(c temporal.Client) string {
	w.t.Helper()
	d, err := c.ScheduleClient().GetHandle(w.t.Context(), workflows.SweepScheduleID(config.DefaultWorkspace)).Describe(w.t.Context())
	require.NoError(w.t, err)
	require.NotEmpty(w.t, d.Info.RecentActions)
	return d.Info.RecentActions[len(d.Info.RecentActions)-1].StartWorkflowResult.WorkflowID
}

func (w *world) status() (s statusView, byName map[string]collectionView) {
	w.t.Helper()
	w.get("/v1/repositories/"+w.repo.FullName()+"/status", &s)
	byName = make(map[string]collectionView, len(s.Collections))
	for _, c := range s.Collections {
		byName[c.Name] = c
	}
	return s, byName
}

// The schedule sweeps what is due: it finds what no list of changes tells, shows it,
// and repairs it; the next sweep finds nothing.
func TestAScheduledSweepFindsShowsAndRepairsDrift(t *testing.T) {
	t.Parallel()
	w := setup(t, options{items: 600})
	w.startWorker()
	w.sync()
	status, _ := w.status()
	require.Nil(t, status.LastSweepAt)
	require.Zero(t, status.Drift)

	// What the mirror has of three issues is not what GitHub has, and no updated_at says so.
	_, err := w.pool.Exec(t.Context(), `with changed as (select repository_id, key from issues order by key limit 2)
		update issues i set hash = '\x00', raw_hash = '\x00', title = 'wrong' from changed c where c.repository_id = i.repository_id and c.key = i.key`)
	require.NoError(t, err)
	_, err = w.pool.Exec(t.Context(), `with gone as (delete from issues where key = (select max(key) from issues) returning 1)
		update collection_passes set items = items - 1 where collection = 'issues'`)
	require.NoError(t, err)

	c := w.temporal()
	first := w.sweep(c, 1)
	w.requireMirrored()
	status, collections := w.status()
	require.Equal(t, driftView{Missing: 1, Different: 2}, status.Drift)
	require.Equal(t, first.ID, collections["issues"].Check.OperationID)
	require.EqualValues(t, 1, collections["issues"].Check.Missing)
	require.EqualValues(t, 2, collections["issues"].Check.Different)
	for name, c := range collections {
		require.Equal(t, name != "repository", c.Check != nil, "%s: what is one object is read whole each time", name)
		require.Nil(t, c.Cursor, name)
	}
	require.WithinDuration(t, *first.StartedAt, *status.LastSweepAt, time.Second)
	require.WithinDuration(t, status.LastSweepAt.Add(24*time.Hour), *status.NextSweepAt, time.Second)
	var drift driftReport
	w.get("/v1/drift", &drift)
	require.Equal(t, status.Drift, drift.Drift)
	require.EqualValues(t, 1, drift.Counts.Drifted)
	require.Equal(t, w.repo.FullName(), drift.Repositories[0].FullName)

	w.requireReplays(w.history(w.lastRound(c)), "sweep_repositories_succeeded")

	w.sweep(c, 2)
	status, _ = w.status()
	require.Zero(t, status.Drift, "what was found is repaired")
	drift = driftReport{}
	w.get("/v1/drift", &drift)
	require.Zero(t, drift.Drift)
	require.Empty(t, drift.Repositories)
}

// Every worker prepares the schedules; those that are switched off go away, and one that
// an operator has paused stays so.
func TestSchedulesFollowTheConfiguration(t *testing.T) {
	t.Parallel()
	w := setup(t, options{items: 50})
	c := w.temporal()
	s := workflows.Schedules{WorkspaceID: config.DefaultWorkspace, Sweep: 24 * time.Hour, Refresh: time.Hour, Deliveries: 10 * time.Minute}
	describe := func(id string) *temporal.ScheduleDescription {
		d, err := c.ScheduleClient().GetHandle(t.Context(), id).Describe(t.Context())
		if err != nil {
			return nil
		}
		return d
	}
	require.NoError(t, workflows.EnsureSchedules(t.Context(), c, s))
	for id, every := range map[string]time.Duration{
		workflows.SweepScheduleID(s.WorkspaceID): time.Hour, workflows.RefreshScheduleID(s.WorkspaceID): 150 * time.Second, workflows.DeliveriesScheduleID(s.WorkspaceID): 10 * time.Minute,
	} {
		require.Equal(t, every, describe(id).Schedule.Spec.Intervals[0].Every, id)
	}
	sweeps := c.ScheduleClient().GetHandle(t.Context(), workflows.SweepScheduleID(s.WorkspaceID))
	require.NoError(t, sweeps.Pause(t.Context(), temporal.SchedulePauseOptions{}))

	s.Sweep, s.Refresh, s.Deliveries = 2*time.Hour, 0, 0
	require.NoError(t, workflows.EnsureSchedules(t.Context(), c, s))
	require.NoError(t, workflows.EnsureSchedules(t.Context(), c, s), "again changes nothing")
	d := describe(workflows.SweepScheduleID(s.WorkspaceID))
	require.Equal(t, 5*time.Minute, d.Schedule.Spec.Intervals[0].Every)
	require.True(t, d.Schedule.State.Paused)
	require.Contains(t, d.Schedule.State.Note, "each every 2h0m0s")
	require.Nil(t, describe(workflows.RefreshScheduleID(s.WorkspaceID)))
	require.Nil(t, describe(workflows.DeliveriesScheduleID(s.WorkspaceID)))
}
