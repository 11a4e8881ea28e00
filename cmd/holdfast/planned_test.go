package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// Each command about schedules sends one request, and prints what it is answered with.
func TestSchedulesCommands(t *testing.T) {
	t.Parallel()
	const one = `{"id":"s","name":"nightly","kind":"sync_repository","subject":"octo/mirror","overlap":"skip","paused":false,
		"next_times":["2026-01-02T03:00:00Z"],"runs":[{"operation_id":"o","scheduled_at":"2026-01-01T03:00:00Z","started_at":"2026-01-01T03:00:00Z"}],"cron":["0 3 * * *"]}`
	type sent struct{ method, path, body string }
	for name, tt := range map[string]struct {
		args   []string
		answer string
		want   sent
		says   string
	}{
		"list":     {[]string{"list"}, `{"schedules":[` + one + `]}`, sent{"GET", "/v1/schedules?limit=50", ""}, "octo/mirror"},
		"get":      {[]string{"get", "s"}, one, sent{"GET", "/v1/schedules/s", ""}, "2026-01-02 03:00:00Z"},
		"get json": {[]string{"get", "s", "--json"}, one, sent{"GET", "/v1/schedules/s", ""}, `"0 3 * * *"`},
		"create": {
			[]string{"create", "nightly", "--operation", `{"repository":"octo/mirror"}`, "--cron", "0 3 * * *", "--jitter", "1m", "--paused"},
			one,
			sent{"POST", "/v1/schedules", `{"cron":["0 3 * * *"],"jitter_seconds":60,"name":"nightly","operation":{"repository":"octo/mirror"},"paused":true}`},
			"s",
		},
		"update":  {[]string{"update", "s", "--every", "6h", "--note", ""}, one, sent{"PATCH", "/v1/schedules/s", `{"intervals":[{"every_seconds":21600}],"note":""}`}, "nightly"},
		"delete":  {[]string{"delete", "s", "--json"}, ``, sent{"DELETE", "/v1/schedules/s", ""}, "deleted"},
		"pause":   {[]string{"pause", "s"}, one, sent{"POST", "/v1/schedules/s/pause", ""}, "nightly"},
		"resume":  {[]string{"resume", "s"}, one, sent{"POST", "/v1/schedules/s/resume", ""}, "nightly"},
		"trigger": {[]string{"trigger", "s"}, one, sent{"POST", "/v1/schedules/s/trigger", ""}, "nightly"},
		"backfill": {
			[]string{"backfill", "s", "--start", "2026-01-01T00:00:00Z", "--end", "2026-01-02T00:00:00Z", "--overlap", "skip"},
			one,
			sent{"POST", "/v1/schedules/s/backfill", `{"start":"2026-01-01T00:00:00Z","end":"2026-01-02T00:00:00Z","overlap":"skip"}`},
			"nightly",
		},
		"runs": {
			[]string{"runs", "s", "--limit", "2"},
			`{"runs":[{"operation_id":"o","scheduled_at":"2026-01-01T03:00:00Z","started_at":"2026-01-01T03:00:01Z"}]}`,
			sent{"GET", "/v1/schedules/s/runs?limit=2", ""},
			"2026-01-01 03:00:01Z",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requests := make(chan sent, 1)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					w.WriteHeader(http.StatusTeapot)
				}
				requests <- sent{r.Method, r.URL.String(), string(body)}
				io.WriteString(w, tt.answer) //nolint:errcheck // the test sees what is missing
			}))
			t.Cleanup(server.Close)
			out, _, err := holdfast(t, []string{"HOLDFAST_API_URL=" + server.URL, "HOLDFAST_TOKEN=t"}, append([]string{"schedules"}, tt.args...)...)
			require.NoError(t, err)
			got := <-requests
			require.Equal(t, tt.want, got)
			require.Contains(t, out, tt.says)
			if tt.args[len(tt.args)-1] == "--json" {
				require.True(t, json.Valid([]byte(out)))
			}
		})
	}
	for _, args := range [][]string{
		{"create", "x", "--operation", "{"}, {"backfill", "s", "--start", "soon"}, {"backfill", "s", "--start", "2026-01-01T00:00:00Z", "--end", "later"},
	} {
		_, _, err := holdfast(t, []string{"HOLDFAST_TOKEN=t"}, append([]string{"schedules"}, args...)...)
		require.Error(t, err, args)
	}
}
