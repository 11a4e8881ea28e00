package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/client"
)

// get asks a private listener.
func get(t *testing.T, url string) (status int, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	resp, err := new(http.Client).Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(raw)
}

func TestMetricsOfAPIAndWorker(t *testing.T) {
	t.Parallel()
	w := setup(t, options{items: 300})
	worker := w.startWorker()
	w.sync()

	url, err := w.product.MetricsURL(t.Context(), "api", w.api.Process)
	require.NoError(t, err)
	_, text := get(t, url+"/metrics")
	for _, want := range []string{
		`http_server_request_duration_seconds_count{http_request_method="POST",http_response_status_code="202",http_route="/v1/syncs"} 1`,
		"pgxpool_acquired_connections{", "db_client_connections_usage{", "temporal_request_total{", "go_goroutines ", "process_resident_memory_bytes ",
	} {
		require.Contains(t, text, want)
	}
	require.NotContains(t, text, "127.0.0.1:"+strings.Split(w.api.URL, ":")[2], "what a client chooses is no label")
	require.NotContains(t, text, "/readyz", "probes are not measured")

	url, err = w.product.MetricsURL(t.Context(), "worker-1", worker)
	require.NoError(t, err)
	_, text = get(t, url+"/metrics")
	for _, want := range []string{
		`temporal_activity_execution_latency_seconds_bucket{activity_type="SyncPages"`, "temporal_worker_start_total{",
		"pgxpool_acquired_connections{", "db_client_connections_usage{", "go_goroutines ", `service_name="holdfast-worker"`,
	} {
		require.Contains(t, text, want)
	}
	for _, probe := range []string{"/healthz", "/readyz"} {
		status, text := get(t, url+probe)
		require.Equal(t, http.StatusOK, status, text)
	}
}

// A worker that cannot reach Temporal lives, and says that it is not ready.
func TestWorkerWithoutTemporalIsNotReady(t *testing.T) {
	t.Parallel()
	w := setup(t, options{items: 10})
	worker, err := w.product.Start("lonely", []string{"TEMPORAL_ADDRESS=127.0.0.1:1"}, "worker")
	require.NoError(t, err)
	w.stopAtEnd(worker)
	url, err := w.product.MetricsURL(t.Context(), "lonely", worker)
	require.NoError(t, err)
	status, text := get(t, url+"/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.JSONEq(t, `{"status":"unavailable","failed":["pollers","temporal"]}`, text)
	status, _ = get(t, url+"/healthz")
	require.Equal(t, http.StatusOK, status)

	out, err := w.product.RunWith(t.Context(), []string{"HOLDFAST_METRICS_LISTEN=" + strings.TrimPrefix(url, "http://")}, "health")
	require.NoError(t, err)
	require.JSONEq(t, `{"status":"ok"}`, out)
	require.NoError(t, worker.Stop(t.Context()))
	for listen, want := range map[string]string{strings.TrimPrefix(url, "http://"): "does not answer", "127.0.0.1:0": "does not say at which port"} {
		_, err = w.product.RunWith(t.Context(), []string{"HOLDFAST_METRICS_LISTEN=" + listen}, "health")
		var failed *exec.ExitError
		require.ErrorAs(t, err, &failed)
		require.Equal(t, 1, failed.ExitCode())
		require.ErrorContains(t, err, want)
	}
}

func TestLogLevelChangesAtRunTime(t *testing.T) {
	t.Parallel()
	w := setup(t, options{items: 10})
	api, err := w.product.Start("quiet", []string{
		"HOLDFAST_LISTEN=127.0.0.1:0", "HOLDFAST_DEBUG_LISTEN=127.0.0.1:0", "HOLDFAST_LOG_LEVEL=info",
	}, "api")
	require.NoError(t, err)
	w.stopAtEnd(api)
	debug, err := w.product.DebugURL(t.Context(), "quiet", api)
	require.NoError(t, err)
	url := w.address("quiet", "the API is ready")
	at := []string{"HOLDFAST_DEBUG_LISTEN=" + strings.TrimPrefix(debug, "http://")}
	level := func(args ...string) string {
		out, err := w.product.RunWith(t.Context(), at, append([]string{"log-level"}, args...)...)
		require.NoError(t, err)
		return strings.TrimSpace(out)
	}
	probes := func() int {
		status, _ := get(t, url+"/healthz")
		require.Equal(t, http.StatusOK, status)
		return len(w.logged("quiet", "request"))
	}
	require.Equal(t, "info", level())
	require.Zero(t, probes(), "probes are logged for debugging only")
	require.Equal(t, "debug", level("debug"))
	require.Positive(t, probes())
	require.Equal(t, "error", level("error"))
	before := len(w.logged("quiet", "request"))
	require.Equal(t, before, probes())
	_, err = w.product.RunWith(t.Context(), at, "log-level", "loud")
	require.ErrorContains(t, err, "a log level is debug, info, warn or error")

	status, _ := get(t, debug+"/debug/pprof/heap")
	require.Equal(t, http.StatusOK, status)
	status, _ = get(t, url+"/debug/pprof/heap")
	require.Equal(t, http.StatusNotFound, status, "profiles are private")
}

// One process is all of it, with one pool, one telemetry, and its configuration in
// the log without secrets.
func TestAllInOneProcess(t *testing.T) {
	t.Parallel()
	w := setup(t, options{items: 100, env: []string{"GITHUB_TOKEN=ghp_s3cretS3cret", "SENTRY_DSN=http://s3cretkey@127.0.0.1:1/1"}})
	api, err := w.product.StartAPI(t.Context(), "all", 0)
	require.NoError(t, err)
	w.stopAtEnd(api.Process)
	admin, err := w.product.Token(t.Context(), "admin")
	require.NoError(t, err)
	w.client, err = client.New(api.URL, admin, nil)
	require.NoError(t, err)
	w.sync()
	w.requireMirrored()

	var pools int
	require.NoError(t, w.pool.QueryRow(t.Context(),
		`select count(distinct application_name) from pg_stat_activity where datname = current_database() and application_name like 'holdfast%'`).Scan(&pools))
	require.Equal(t, 2, pools, "the other is the API that every test has")
	url, err := w.product.MetricsURL(t.Context(), "all", api.Process)
	require.NoError(t, err)
	_, text := get(t, url+"/metrics")
	require.Equal(t, 1, strings.Count(text, "\npgxpool_max_connections{"))
	require.Contains(t, text, "http_server_request_duration_seconds_count{")
	require.Contains(t, text, "temporal_activity_execution_latency_seconds_count{")

	configuration := w.logged("all", "configuration")
	require.Len(t, configuration, 1)
	require.Equal(t, "set", configuration[0]["GITHUB_TOKEN"])
	require.Equal(t, "set", configuration[0]["HOLDFAST_JWT_PRIVATE_KEY"])
	require.Equal(t, "10", configuration[0]["HOLDFAST_DATABASE_MAX_CONNS"])
	require.Equal(t, w.temporalAddress, configuration[0]["TEMPORAL_ADDRESS"])
	log, err := os.ReadFile(filepath.Join(w.dir, "all.log"))
	require.NoError(t, err)
	require.NotContains(t, string(log), "s3cret")
}

// logged are the lines of a process's log with that message.
func (w *world) logged(name, message string) []map[string]any {
	w.t.Helper()
	log, err := os.ReadFile(filepath.Join(w.dir, name+".log"))
	require.NoError(w.t, err)
	var lines []map[string]any
	for raw := range bytes.Lines(log) {
		var line map[string]any
		if json.Unmarshal(raw, &line) == nil && line["msg"] == message {
			lines = append(lines, line)
		}
	}
	return lines
}

// address waits for a process to say where it listens.
func (w *world) address(name, message string) string {
	w.t.Helper()
	require.Eventually(w.t, func() bool { return len(w.logged(name, message)) > 0 }, time.Minute, 10*time.Millisecond)
	return fmt.Sprint("http://", w.logged(name, message)[0]["address"])
}
