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

const nightly = `{"name":"nightly","operation":{"repository":"octo/mirror","collections":["issues"],"lane":"incremental"},"cron":["0 3 * * mon-fri"],
	"intervals":[{"every_seconds":3600,"offset_seconds":60}],"calendars":[{"hour":[{"start":8,"end":18,"step":2}]}],
	"time_zone":"Europe/Zurich","jitter_seconds":30,"overlap":"buffer_one","catch_up_seconds":600,"note":"for the report","paused":true}`

func TestAScheduleIsMadeAndShownAsItWasAskedFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.do(t, http.MethodPost, "/v1/schedules", b.token(t, auth.RoleOperator), strings.NewReader(nightly))
	require.Equal(t, http.StatusCreated, made.StatusCode, made.body)
	s := decode[map[string]any](t, made)
	require.Equal(t, "/v1/schedules/"+s["id"].(string), made.Header.Get("Location"))
	require.Equal(t, "sync_repository", s["kind"])
	require.Equal(t, "octo/mirror", s["subject"])
	require.Equal(t, "tester", s["requested_by"])
	got := b.do(t, http.MethodGet, made.Header.Get("Location"), b.token(t, auth.RoleReader), nil)
	require.Equal(t, made.body, got.body)
	require.Equal(t, made.Header.Get("ETag"), got.Header.Get("ETag"))
	asked := decode[map[string]any](t, answer{body: nightly})
	for name, want := range asked {
		require.Equal(t, want, s[name], name)
	}

	kept, err := b.schedules.Schedule(t.Context(), workspace, s["id"].(string))
	require.NoError(t, err)
	require.Equal(t, schedule.Spec{
		Cron: []string{"0 3 * * mon-fri"}, Intervals: []schedule.Interval{{Every: time.Hour, Offset: time.Minute}},
		Calendars: []schedule.Calendar{{Hour: []schedule.Range{{Start: 8, End: 18, Step: 2}}}}, TimeZone: "Europe/Zurich", Jitter: 30 * time.Second,
	}, kept.Spec)
	require.Equal(t, schedule.BufferOne, kept.Overlap)
	require.Equal(t, 10*time.Minute, kept.CatchUp)
}

func TestAScheduleHasDefaults(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.do(t, http.MethodPost, "/v1/schedules", b.token(t, auth.RoleOperator),
		strings.NewReader(`{"name":"x","operation":{"repository":"octo/mirror","full":true},"intervals":[{"every_seconds":60}]}`))
	require.Equal(t, http.StatusCreated, made.StatusCode, made.body)
	s := decode[api.Schedule](t, made)
	require.Equal(t, schedule.Skip, s.Overlap)
	require.EqualValues(t, 60, s.CatchUpSeconds)
	require.Equal(t, operation.KindReconcileRepository, s.Kind)
	require.False(t, s.Paused)
}

func TestWhatIsWrongWithAScheduleIsSaid(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, tt := range map[string]struct{ body, at, says string }{
		"no times":        {``, "body.cron", "say when it runs"},
		"short cron":      {`"cron":["* *"]`, "body.cron[0]", "5 to 7 fields"},
		"zone in cron":    {`"cron":["CRON_TZ=UTC 0 3 * * *"]`, "body.cron[0]", "time_zone"},
		"comment in cron": {`"cron":["0 3 * * * # x"]`, "body.cron[0]", "comment"},
		"every in cron":   {`"cron":["@every 5m"]`, "body.cron[0]", "intervals"},
		"long cron":       {`"cron":["` + strings.Repeat("1,", 101) + `"]`, "body.cron[0]", "200"},
		"offset":          {`"intervals":[{"every_seconds":60,"offset_seconds":60}]`, "body.intervals[0].offset_seconds", "less than"},
		"interval":        {`"intervals":[{"every_seconds":0}]`, "body.intervals[0].every_seconds", ""},
		"hour":            {`"calendars":[{"hour":[{"start":24}]}]`, "body.calendars[0].hour[0]", "23"},
		"month":           {`"calendars":[{"month":[{"start":0}]}]`, "body.calendars[0].month[0]", "from 1"},
		"backwards":       {`"calendars":[{"minute":[{"start":5,"end":4}]}]`, "body.calendars[0].minute[0]", "before its start"},
		"local":           {`"cron":["@daily"],"time_zone":"Local"`, "body.time_zone", "IANA"},
		"jitter":          {`"cron":["@daily"],"jitter_seconds":86401`, "body.jitter_seconds", ""},
		"overlap":         {`"cron":["@daily"],"overlap":"buffer_all"`, "body.overlap", ""},
		"catch-up":        {`"cron":["@daily"],"catch_up_seconds":9`, "body.catch_up_seconds", ""},
		"null":            {`"cron":["@daily"],"operation":{"repository":"octo/mirror","collections":null}`, "body.operation.collections", ""},
		"operation":       {`"cron":["@daily"],"operation":{"repository":"octo"}`, "body.operation.repository", ""},
		"collection":      {`"cron":["@daily"],"operation":{"repository":"octo/mirror","collections":["stars"]}`, "body.operation.collections[0]", "is not a collection"},
		"name":            {`"cron":["@daily"],"name":" x"`, "body.name", "space"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := tt.body
			for member, value := range map[string]string{"name": `"x"`, "operation": `{"repository":"octo/mirror"}`} {
				if !strings.Contains(body, `"`+member+`"`) {
					body = strings.TrimPrefix(body+`,"`+member+`":`+value, ",")
				}
			}
			got := b.do(t, http.MethodPost, "/v1/schedules", b.token(t, auth.RoleOperator), strings.NewReader("{"+body+"}"))
			require.Equal(t, http.StatusUnprocessableEntity, got.StatusCode, got.body)
			errs := got.problem(t).Errors
			require.NotEmpty(t, errs, got.body)
			require.Equal(t, tt.at, errs[0].Location, got.body)
			require.Contains(t, errs[0].Message, tt.says)
		})
	}
}

// To a key that is limited to repositories the schedules of others are not there, and it
// makes none for them. A schedule of another workspace is there for nobody.
func TestSchedulesAreSeenByThoseWhoMay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	others := b.makeKey(t, `{"name":"oth","role":"operator","repositories":["other/*"]}`).Secret
	for _, token := range []string{others, b.grant(t, auth.Grant{Subject: "x", WorkspaceID: stranger, Role: auth.RoleOperator, TTL: time.Hour})} {
		for _, ask := range []string{"GET ", "DELETE ", "POST /pause", "POST /resume", "POST /trigger"} {
			method, verb, _ := strings.Cut(ask, " ")
			got := b.do(t, method, "/v1/schedules/"+scheduleID+verb, token, nil)
			require.Equal(t, http.StatusNotFound, got.StatusCode, ask)
			require.Equal(t, "There is no such schedule.", got.problem(t).Detail)
		}
	}
	list := decode[struct{ Schedules []api.Schedule }](t, b.do(t, http.MethodGet, "/v1/schedules", others, nil))
	require.Empty(t, list.Schedules)
	got := b.do(t, http.MethodPost, "/v1/schedules", others, strings.NewReader(nightly))
	require.Equal(t, http.StatusForbidden, got.StatusCode, got.body)
	own := b.makeKey(t, `{"name":"oct","role":"operator","repositories":["octo/*"]}`).Secret
	list = decode[struct{ Schedules []api.Schedule }](t, b.do(t, http.MethodGet, "/v1/schedules", own, nil))
	require.Len(t, list.Schedules, 2)
	require.Equal(t, http.StatusCreated, b.do(t, http.MethodPost, "/v1/schedules", own, strings.NewReader(nightly)).StatusCode)
	require.Empty(t, b.schedules.triggered)
}

func TestASchedulePausesResumesAndIsTriggered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t, auth.RoleOperator)
	paused := b.do(t, http.MethodPost, "/v1/schedules/"+scheduleID+"/pause", token, nil)
	require.True(t, decode[api.Schedule](t, paused).Paused)
	require.False(t, decode[api.Schedule](t, b.do(t, http.MethodPost, "/v1/schedules/"+scheduleID+"/resume", token, nil)).Paused)
	require.Equal(t, http.StatusAccepted, b.do(t, http.MethodPost, "/v1/schedules/"+scheduleID+"/trigger", token, nil).StatusCode)
	require.Equal(t, []string{scheduleID}, b.schedules.triggered)
	require.Equal(t, http.StatusNoContent, b.do(t, http.MethodDelete, "/v1/schedules/"+scheduleID, token, nil).StatusCode)
	require.Equal(t, http.StatusNotFound, b.do(t, http.MethodGet, "/v1/schedules/"+scheduleID, token, nil).StatusCode)
}

func TestSchedulesArePaged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t, auth.RoleReader)
	got := b.do(t, http.MethodGet, "/v1/schedules?limit=1", token, nil)
	require.Equal(t, `</v1/schedules?cursor=1&limit=1>; rel="next"`, got.Header.Get("Link"))
	require.Empty(t, b.do(t, http.MethodGet, "/v1/schedules?limit=1&cursor=1", token, nil).Header.Get("Link"))
	require.Equal(t, http.StatusUnprocessableEntity, b.do(t, http.MethodGet, "/v1/schedules?cursor=x", token, nil).StatusCode)
	b.store.setErr(&operation.Error{Code: operation.CodeUnavailable, Message: "down"})
	away := b.do(t, http.MethodGet, "/v1/schedules", token, nil)
	require.Equal(t, http.StatusServiceUnavailable, away.StatusCode)
	require.NotEmpty(t, away.Header.Get("Retry-After"))
}
