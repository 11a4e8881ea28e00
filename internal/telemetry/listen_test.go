package telemetry_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/holdfast/holdfast/internal/telemetry"
)

// serve serves a handler on loopback and returns its URL.
func serve(t *testing.T, told *telemetry.Telemetry, handler http.Handler) string {
	t.Helper()
	l, err := told.Listen(t.Context(), "127.0.0.1:0", handler)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return "http://" + l.Address()
}

func ask(t *testing.T, method, address, body string) (status int, answer string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	require.NoError(t, err)
	resp, err := new(http.Client).Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(raw)
}

func TestMetricsAreServed(t *testing.T) {
	told, _ := setup(t, nil)
	meter := told.MeterProvider.Meter("test")
	requests, err := meter.Float64Histogram("http.server.request.duration", metric.WithUnit("s"))
	require.NoError(t, err)
	requests.Record(t.Context(), 0.1, metric.WithAttributes(
		attribute.String("http.route", "/v1/syncs"), attribute.String("server.address", "chosen-by-the-client")))
	latency, err := meter.Float64Histogram("temporal_request_latency", metric.WithUnit("s"))
	require.NoError(t, err)
	latency.Record(t.Context(), 0.003)
	pages, err := meter.Int64Counter("holdfast.pages")
	require.NoError(t, err)
	pages.Add(t.Context(), 2)

	status, text := ask(t, http.MethodGet, serve(t, told, told.MetricsHandler(new(telemetry.Readiness)))+"/metrics", "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, `http_server_request_duration_seconds_count{http_route="/v1/syncs"} 1`)
	require.NotContains(t, text, "chosen-by-the-client")
	require.Contains(t, text, `temporal_request_latency_seconds_bucket{le="0.005"} 1`)
	require.Contains(t, text, "holdfast_pages_total 2")
	require.Contains(t, text, "go_goroutines ")
	require.Contains(t, text, "process_cpu_seconds_total ")
	require.Contains(t, text, `service_name="holdfast-test"`)
	require.NotContains(t, text, "otel_scope")
}

func TestReadiness(t *testing.T) {
	told, log := setup(t, nil)
	ready := new(telemetry.Readiness)
	address := serve(t, told, told.MetricsHandler(ready))
	status, _ := ask(t, http.MethodGet, address+"/readyz", "")
	require.Equal(t, http.StatusOK, status)

	ready.Need("postgres", func(context.Context) error { return errors.New("refused by " + secret) })
	ready.Need("temporal", func(context.Context) error { return nil })
	ready.Need("slow", func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	})
	status, text := ask(t, http.MethodGet, address+"/readyz", "")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.JSONEq(t, `{"status":"unavailable","failed":["postgres","slow"]}`, text)
	require.Contains(t, log.String(), "refused by [redacted]")
	status, text = ask(t, http.MethodGet, address+"/healthz", "")
	require.Equal(t, http.StatusOK, status)
	require.JSONEq(t, `{"status":"ok"}`, text)
}

func TestLogLevelIsSet(t *testing.T) {
	told, _ := setup(t, nil)
	address := serve(t, told, told.DebugHandler()) + "/log-level"
	_, text := ask(t, http.MethodGet, address, "")
	require.Equal(t, "info\n", text)
	status, text := ask(t, http.MethodPut, address, "WARN\n")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "warn\n", text)
	for _, bad := range []string{"", "loud", strings.Repeat("debug", 100)} {
		status, _ = ask(t, http.MethodPut, address, bad)
		require.Equal(t, http.StatusBadRequest, status)
	}
	_, text = ask(t, http.MethodGet, address, "")
	require.Equal(t, "warn\n", text)
}

func TestProfiles(t *testing.T) {
	told, _ := setup(t, nil)
	address := serve(t, told, told.DebugHandler()) + "/debug/pprof/"
	for path, want := range map[string]struct {
		status int
		text   string
	}{
		"":                    {200, "goroutine"},
		"goroutine?debug=1":   {200, "TestProfiles"},
		"heap?gc=1":           {200, "\x1f\x8b"}, // gzip
		"profile?seconds=1":   {200, "\x1f\x8b"},
		"trace?seconds=1":     {200, "go 1."},
		"profile?seconds=0":   {400, "seconds"},
		"profile?seconds=301": {400, "seconds"},
		"cmdline":             {404, "no such profile"},
	} {
		status, text := ask(t, http.MethodGet, address+path, "")
		require.Equal(t, want.status, status, path)
		require.Contains(t, text, want.text, path)
	}
}
