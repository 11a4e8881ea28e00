package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/api"
	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/schedule"
)

const oneSchedule = "/v1/schedules/" + scheduleID

func TestAScheduleIsChangedUnlessSomebodyElseDid(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t, auth.RoleOperator)
	first := b.do(t, http.MethodGet, oneSchedule, token, nil)
	tag := first.Header.Get("ETag")
	body := `{"name":"hourly","cron":[],"intervals":[{"every_seconds":3600}],"overlap":"cancel_other","operation":{"organization":"octo","forks":true}}`
	got := b.do(t, http.MethodPatch, oneSchedule, token, strings.NewReader(body), "If-Match: "+tag)
	require.Equal(t, http.StatusOK, got.StatusCode, got.body)
	require.NotEqual(t, tag, got.Header.Get("ETag"))
	s := decode[api.Schedule](t, got)
	require.Equal(t, "hourly", s.Name)
	require.Empty(t, s.Cron)
	require.EqualValues(t, 3600, s.Intervals[0].EverySeconds)
	require.Equal(t, schedule.CancelOther, s.Overlap)
	require.Equal(t, operation.KindSyncOrganization, s.Kind)
	require.Equal(t, "octo", s.Subject)
	require.EqualValues(t, 60, s.CatchUpSeconds, "what is left out stays")
	require.Equal(t, "tester", s.RequestedBy)

	stale := b.do(t, http.MethodPatch, oneSchedule, token, strings.NewReader(`{"note":"x"}`), "If-Match: "+tag)
	require.Equal(t, http.StatusPreconditionFailed, stale.StatusCode)
	require.Equal(t, "changed", stale.problem(t).Code)
	require.Equal(t, http.StatusOK, b.do(t, http.MethodPatch, oneSchedule, token, strings.NewReader(`{"note":"x"}`)).StatusCode)
	paused := b.do(t, http.MethodPost, oneSchedule+"/pause", token, nil)
	require.Equal(t, b.do(t, http.MethodGet, oneSchedule, token, nil).Header.Get("ETag"), paused.Header.Get("ETag"))
}

func TestAChangeOfAScheduleThatIsWrongIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t, auth.RoleOperator)
	for body, at := range map[string]string{
		`{"cron":[]}`:      "body.cron",
		`{"cron":["* *"]}`: "body.cron[0]",
		`{"intervals":[{"every_seconds":60,"offset_seconds":61}]}`:      "body.intervals[0].offset_seconds",
		`{"operation":{"repository":"octo"}}`:                           "body.operation.repository",
		`{"operation":{"repository":"octo/mirror","collections":null}}`: "body.operation.collections",
		`{"paused":true}`:          "body.paused",
		`{"overlap":"buffer_all"}`: "body.overlap",
	} {
		got := b.do(t, http.MethodPatch, oneSchedule, token, strings.NewReader(body))
		require.Equal(t, http.StatusUnprocessableEntity, got.StatusCode, body)
		require.Equal(t, at, got.problem(t).Errors[0].Location, got.body)
	}
	limited := b.makeKey(t, `{"name":"limited","role":"operator","repositories":["octo/*"]}`).Secret
	got := b.do(t, http.MethodPatch, oneSchedule, limited, strings.NewReader(`{"operation":{"repository":"other/one"}}`))
	require.Equal(t, http.StatusForbidden, got.StatusCode, "not out of what the key may see")
}

func TestABackfillIsOfATimeThatIsPast(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t, auth.RoleOperator)
	for body, at := range map[string]string{
		`{"start":"2026-01-02T00:00:00Z","end":"2026-01-01T00:00:00Z"}`: "body.end",
		`{"start":"2026-01-02T00:00:00Z","end":"2026-03-01T12:00:01Z"}`: "body.end",
		`{"start":"1969-01-02T00:00:00Z","end":"2026-01-01T00:00:00Z"}`: "body.start",
		`{"start":"2026-01-02T00:00:00Z"}`:                              "body",
	} {
		got := b.do(t, http.MethodPost, oneSchedule+"/backfill", token, strings.NewReader(body))
		require.Equal(t, http.StatusUnprocessableEntity, got.StatusCode, body)
		require.Equal(t, at, got.problem(t).Errors[0].Location, got.body)
	}
	got := b.do(t, http.MethodPost, oneSchedule+"/backfill", token, strings.NewReader(`{"start":"2026-01-01T00:00:00Z","end":"2026-01-02T00:00:00Z"}`))
	require.Equal(t, http.StatusAccepted, got.StatusCode, got.body)
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	require.Equal(t, []schedule.Backfill{{Start: begin, End: begin.Add(24 * time.Hour), Overlap: schedule.BufferAll}}, b.schedules.backfills)
}

func TestRunsAreListed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.do(t, http.MethodGet, oneSchedule+"/runs", b.token(t, auth.RoleReader), nil)
	runs := decode[struct{ Runs []api.ScheduleRun }](t, got).Runs
	require.Len(t, runs, 1)
	require.Equal(t, runID, runs[0].OperationID)
	require.Equal(t, http.StatusUnprocessableEntity, b.do(t, http.MethodGet, oneSchedule+"/runs?cursor=x", b.token(t, auth.RoleReader), nil).StatusCode)
}
