package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/workflows"
)

// scheduleView is a schedule as the API shows it, as far as it matters here.
type scheduleView struct {
	ID        string      `json:"id"`
	Paused    bool        `json:"paused"`
	NextTimes []time.Time `json:"next_times"`
	Runs      []runView   `json:"runs"`
}

type runView struct {
	OperationID string     `json:"operation_id"`
	EndedAt     *time.Time `json:"ended_at"`
}

// ask asks something of the API, and reads its answer.
func (w *world) ask(method, path, body string, into any) int {
	w.t.Helper()
	token, err := w.product.Token(w.t.Context(), "operator")
	require.NoError(w.t, err)
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.api.URL+path, bytes.NewReader([]byte(body)))
	require.NoError(w.t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := (&http.Client{Timeout: 20 * time.Second}).Do(req)
	require.NoError(w.t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(w.t, err)
	if into != nil {
		require.Less(w.t, resp.StatusCode, 300, string(answer))
		require.NoError(w.t, json.Unmarshal(answer, into), string(answer))
	}
	return resp.StatusCode
}

// plan makes a schedule of syncs of the repository; members is the rest of its body.
func (w *world) plan(members string) scheduleView {
	w.t.Helper()
	var s scheduleView
	w.ask(http.MethodPost, "/v1/schedules", `{"name":"e2e","operation":{"repository":"`+w.repo.FullName()+`"},`+members+`}`, &s)
	return s
}

func (w *world) scheduleNow(id string) (s scheduleView) {
	w.t.Helper()
	w.ask(http.MethodGet, "/v1/schedules/"+id, "", &s)
	return s
}

// awaitRuns waits until a schedule has so many runs whose operations' rows are there, and
// returns the operations, oldest first.
func (w *world) awaitRuns(id string, n int) (ops []operation.Operation) {
	w.t.Helper()
	require.Eventually(w.t, func() bool {
		runs := w.scheduleNow(id).Runs
		if len(runs) < n {
			return false
		}
		ops = nil
		for i := len(runs) - 1; i >= len(runs)-n; i-- {
			op, err := w.client.Operation(w.t.Context(), runs[i].OperationID)
			if err != nil {
				return false // a run has begun a moment before its operation
			}
			ops = append(ops, op)
		}
		return true
	}, syncTimeout, 100*time.Millisecond)
	return ops
}

const never = `"calendars":[{"year":[{"start":2099}]}]`

// A schedule runs operations by itself, by hand and not while it is paused, also after
// the API and the worker were started anew; to another it is not there.
func TestAScheduleRunsOperations(t *testing.T) {
	t.Parallel()
	w := setup(t, options{items: 100})
	worker := w.startWorker()
	s := w.plan(`"intervals":[{"every_seconds":2}]`)
	require.Len(t, s.NextTimes, 10)
	for _, op := range w.awaitRuns(s.ID, 2) {
		w.requireSucceeded(w.awaitEnd(op.ID))
		require.Equal(t, w.repo.FullName(), op.Subject)
	}
	var paused scheduleView
	w.ask(http.MethodPost, "/v1/schedules/"+s.ID+"/pause", "", &paused)
	require.True(t, paused.Paused)

	w.requireMirrored()
	require.NoError(t, worker.Stop(t.Context()))
	require.NoError(t, w.api.Process.Stop(t.Context()))
	w.startAPI()
	w.startWorker()
	require.True(t, w.scheduleNow(s.ID).Paused)
	var resumed scheduleView
	before := w.scheduleNow(s.ID).Runs[0]
	w.ask(http.MethodPost, "/v1/schedules/"+s.ID+"/resume", "", &resumed)
	require.False(t, resumed.Paused)
	require.Eventually(t, func() bool { return w.scheduleNow(s.ID).Runs[0] != before }, syncTimeout, 100*time.Millisecond)

	var all struct{ Schedules []scheduleView }
	require.Eventually(t, func() bool {
		w.ask(http.MethodGet, "/v1/schedules", "", &all)
		return len(all.Schedules) == 1 && all.Schedules[0].ID == s.ID
	}, syncTimeout, 100*time.Millisecond)
	require.Equal(t, http.StatusNoContent, w.ask(http.MethodDelete, "/v1/schedules/"+s.ID, "", nil))
	require.Equal(t, http.StatusNotFound, w.ask(http.MethodGet, "/v1/schedules/"+s.ID, "", nil))
	require.Equal(t, http.StatusNotFound, w.ask(http.MethodPost, "/v1/schedules/"+s.ID+"/trigger", "", nil))
}

// A trigger makes a run of a paused schedule, whose history replays.
func TestATriggeredRunReplays(t *testing.T) {
	t.Parallel()
	w := setup(t, options{items: 100})
	w.startWorker()
	s := w.plan(never + `,"paused":true`)
	require.Equal(t, 2099, s.NextTimes[0].Year())
	require.Equal(t, http.StatusAccepted, w.ask(http.MethodPost, "/v1/schedules/"+s.ID+"/trigger", "", nil))
	w.requireSucceeded(w.awaitEnd(w.awaitRuns(s.ID, 1)[0].ID))
	w.requireReplays(w.history(w.lastRunOf(s.ID)), "run_schedule_succeeded")
}

// What Temporal cannot read of a schedule is refused with what it says.
func TestABadScheduleIsRefused(t *testing.T) {
	t.Parallel()
	w := setup(t, options{items: 100})
	for _, members := range []string{`"cron":["61 * * * *"]`, `"cron":["a b c d e"]`, `"cron":["@fortnightly"]`, `"cron":["@daily"],"time_zone":"Mars/Base"`} {
		body := `{"name":"e2e","operation":{"repository":"` + w.repo.FullName() + `"},` + members + `}`
		require.Equal(t, http.StatusUnprocessableEntity, w.ask(http.MethodPost, "/v1/schedules", body, nil), members)
	}
	require.Equal(t, http.StatusUnprocessableEntity, w.ask(http.MethodGet, "/v1/schedules?cursor=garbage", "", nil))
}

// A schedule of another workspace is there for nobody, whoever knows its id, and no list has it.
func TestSchedulesAreTheirWorkspaces(t *testing.T) {
	t.Parallel()
	const strangers = "00000000-0000-7000-8000-000000000002"
	w := setup(t, options{items: 100})
	s := w.plan(never)
	planner := workflows.NewPlanner(w.temporal(), w.temporalNamespace, nil)
	require.Eventually(t, func() bool {
		ours, _, err := planner.Schedules(t.Context(), config.DefaultWorkspace, "", 10)
		return err == nil && len(ours) == 1
	}, syncTimeout, 100*time.Millisecond)
	theirs, _, err := planner.Schedules(t.Context(), strangers, "", 10)
	require.NoError(t, err)
	require.Empty(t, theirs)
	_, err = planner.Schedule(t.Context(), strangers, s.ID)
	require.Equal(t, operation.CodeNotFound, operation.CodeOf(err))
	for _, err := range []error{
		planner.DeleteSchedule(t.Context(), strangers, s.ID),
		planner.PauseSchedule(t.Context(), strangers, s.ID, true),
		planner.TriggerSchedule(t.Context(), strangers, s.ID),
	} {
		require.Equal(t, operation.CodeNotFound, operation.CodeOf(err))
	}
	require.False(t, w.scheduleNow(s.ID).Paused)
}

// lastRunOf is the id of the workflow that a schedule started last.
func (w *world) lastRunOf(id string) string {
	w.t.Helper()
	d, err := w.temporal().ScheduleClient().GetHandle(w.t.Context(), "schedule-"+config.DefaultWorkspace+"-"+id).Describe(w.t.Context())
	require.NoError(w.t, err)
	require.NotEmpty(w.t, d.Info.RecentActions)
	return d.Info.RecentActions[len(d.Info.RecentActions)-1].StartWorkflowResult.WorkflowID
}
