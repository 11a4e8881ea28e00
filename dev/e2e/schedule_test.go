package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
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

// plan makes a schedule of syncs of the repository; members is the rest of its body, and
// asked the rest of its operation.
func (w *world) plan(members string, asked ...string) scheduleView {
	w.t.Helper()
	var s scheduleView
	w.ask(http.MethodPost, "/v1/schedules", `{"name":"e2e","operation":{"repository":"`+w.repo.FullName()+`"`+strings.Join(asked, "")+`},`+members+`}`, &s)
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

func (w *world) trigger(id string) {
	w.t.Helper()
	require.Equal(w.t, http.StatusAccepted, w.ask(http.MethodPost, "/v1/schedules/"+id+"/trigger", "", nil))
}

// nextSecond waits until another second has begun.
func (w *world) nextSecond() {
	w.t.Helper()
	now := time.Now().Unix()
	require.Eventually(w.t, func() bool { return time.Now().Unix() > now }, 5*time.Second, 20*time.Millisecond)
}

// approve lets an operation go on that awaits it.
func (w *world) approve(id string) {
	w.t.Helper()
	require.Eventually(w.t, func() bool {
		op, err := w.client.Operation(w.t.Context(), id)
		return err == nil && op.State == operation.StateAwaitingApproval
	}, syncTimeout, 50*time.Millisecond)
	_, err := w.client.Approve(w.t.Context(), id)
	require.NoError(w.t, err)
}

// While a run goes on (it awaits approval), the next one is left out, waits, replaces it or
// goes beside it.
func TestRunsOfASchedulesOverlapAsItSays(t *testing.T) {
	t.Parallel()
	w := setup(t, options{items: 100})
	w.startWorker()
	for overlap, tt := range map[string]struct{ atOnce, inAll int }{ // of three that are triggered
		"skip": {1, 1}, "buffer_one": {1, 2}, "allow_all": {3, 3},
	} {
		s := w.plan(never+`,"overlap":"`+overlap+`"`, `,"approval":"required"`)
		w.trigger(s.ID)
		w.awaitRuns(s.ID, 1)
		for n := range 2 {
			w.nextSecond() // triggers within one are one run
			w.trigger(s.ID)
			w.awaitRuns(s.ID, min(n+2, tt.atOnce))
		}
		running := w.awaitRuns(s.ID, tt.atOnce)
		require.Len(t, w.scheduleNow(s.ID).Runs, tt.atOnce, overlap)
		for _, op := range running {
			w.approve(op.ID)
			w.requireSucceeded(w.awaitEnd(op.ID))
		}
		for _, op := range w.awaitRuns(s.ID, tt.inAll)[tt.atOnce:] {
			w.approve(op.ID)
			w.requireSucceeded(w.awaitEnd(op.ID))
		}
		require.Len(t, w.scheduleNow(s.ID).Runs, tt.inAll, overlap)
	}
	s := w.plan(never+`,"overlap":"cancel_other"`, `,"approval":"required"`)
	w.trigger(s.ID)
	first := w.awaitRuns(s.ID, 1)[0]
	w.nextSecond()
	w.trigger(s.ID)
	second := w.awaitRuns(s.ID, 2)[1]
	require.NotEqual(t, first.ID, second.ID)
	require.Equal(t, operation.StateCancelled, w.awaitEnd(first.ID).State)
	w.approve(second.ID)
	w.requireSucceeded(w.awaitEnd(second.ID))
}

// A backfill makes the runs of a time, not too many, and the list of runs has each with
// its end; a change is taken unless somebody else was faster.
func TestAScheduleIsBackfilledAndChanged(t *testing.T) {
	t.Parallel()
	w := setup(t, options{items: 100})
	w.startWorker()
	s := w.plan(`"cron":["0 0 * * *"],"time_zone":"Europe/Zurich","paused":true`)
	path := "/v1/schedules/" + s.ID
	for _, span := range []string{`"start":"2020-01-01T00:00:00Z","end":"2024-01-01T00:00:00Z"`, `"start":"2024-01-01T01:00:00Z","end":"2024-01-01T02:00:00Z"`} {
		require.Equal(t, http.StatusUnprocessableEntity, w.ask(http.MethodPost, path+"/backfill", "{"+span+"}", nil), span)
	}
	require.Equal(t, http.StatusAccepted, w.ask(http.MethodPost, path+"/backfill", `{"start":"2024-01-01T00:00:00Z","end":"2024-01-04T00:00:00Z"}`, nil))
	for _, op := range w.awaitRuns(s.ID, 3) {
		w.requireSucceeded(w.awaitEnd(op.ID))
	}
	var page struct {
		Runs       []runView `json:"runs"`
		NextCursor string    `json:"next_cursor"`
	}
	require.Eventually(t, func() bool {
		page.Runs = nil
		w.ask(http.MethodGet, path+"/runs", "", &page)
		return len(page.Runs) == 3 && !slices.ContainsFunc(page.Runs, func(r runView) bool { return r.EndedAt == nil })
	}, syncTimeout, 100*time.Millisecond)
	all := page.Runs
	w.ask(http.MethodGet, path+"/runs?limit=2", "", &page)
	require.Equal(t, all[:2], page.Runs)
	w.ask(http.MethodGet, path+"/runs?limit=2&cursor="+page.NextCursor, "", &page)
	require.Equal(t, all[2:], page.Runs)

	planner := workflows.NewPlanner(w.temporal(), w.temporalNamespace, nil)
	kept, err := planner.Schedule(t.Context(), config.DefaultWorkspace, s.ID)
	require.NoError(t, err)
	var changed scheduleView
	w.ask(http.MethodPatch, path, `{"cron":["30 5 * * *"]}`, &changed)
	require.Equal(t, 30, changed.NextTimes[0].Minute())
	require.True(t, changed.Paused)
	_, err = planner.ChangeSchedule(t.Context(), kept.Definition, kept.Version)
	require.Equal(t, operation.CodeChanged, operation.CodeOf(err))
	require.Equal(t, http.StatusUnprocessableEntity, w.ask(http.MethodPatch, path, `{"time_zone":"Mars/Base"}`, nil))
	require.Equal(t, 30, w.scheduleNow(s.ID).NextTimes[0].Minute())
}

// lastRunOf is the id of the workflow that a schedule started last.
func (w *world) lastRunOf(id string) string {
	w.t.Helper()
	d, err := w.temporal().ScheduleClient().GetHandle(w.t.Context(), "schedule-"+config.DefaultWorkspace+"-"+id).Describe(w.t.Context())
	require.NoError(w.t, err)
	require.NotEmpty(w.t, d.Info.RecentActions)
	return d.Info.RecentActions[len(d.Info.RecentActions)-1].StartWorkflowResult.WorkflowID
}
