package telemetry_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/telemetry"
)

// sentryServer is a Sentry on loopback.
type sentryServer struct {
	dsn    string
	events chan []byte
}

func newSentryServer(t *testing.T) *sentryServer {
	t.Helper()
	s := &sentryServer{events: make(chan []byte, 100)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/1/envelope/" || !strings.Contains(r.Header.Get("X-Sentry-Auth"), "sentry_key=sentrykey") {
			t.Errorf("unexpected request %s", r.URL)
		}
		lines := bufio.NewScanner(r.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() { // the event follows the headers of the envelope and the item
			if strings.Contains(lines.Text(), `"event_id"`) && strings.Contains(lines.Text(), `"platform"`) {
				s.events <- append([]byte(nil), lines.Bytes()...)
			}
		}
		if err := lines.Err(); err != nil {
			t.Error(err)
		}
		fmt.Fprint(w, "{}")
	}))
	t.Cleanup(server.Close)
	s.dsn = strings.Replace(server.URL, "http://", "http://sentrykey@", 1) + "/1"
	return s
}

// event is a report as Sentry gets it.
type event struct {
	raw         string
	Message     string
	Level       string
	Release     string
	Environment string
	Tags        map[string]string
	User        map[string]any
	Request     json.RawMessage
	Contexts    map[string]map[string]any
	Exception   []struct {
		Type, Value string
		Stacktrace  struct {
			Frames []struct{ Function, Module string }
		}
	}
}

// next is the next report.
func (s *sentryServer) next(t *testing.T) event {
	t.Helper()
	select {
	case raw := <-s.events:
		e := event{raw: string(raw)}
		require.NoError(t, json.Unmarshal(raw, &e))
		return e
	case <-time.After(10 * time.Second):
		require.Fail(t, "no report")
		return event{}
	}
}

func TestErrorsAreReported(t *testing.T) {
	sentry := newSentryServer(t)
	told, _ := setup(t, func(o *telemetry.Options) {
		o.SentryDSN, o.SentryEnvironment, o.Exporter = sentry.dsn, "staging", tracetest.NewInMemoryExporter()
		o.Secrets = append(o.Secrets, "sentrykey")
	})
	ctx, span := told.TracerProvider.Tracer("test").Start(
		operation.WithIDs(t.Context(), &operation.IDs{Request: "r", Workspace: "w", Operation: "o"}), "work")
	defer span.End()
	told.Logger.WarnContext(ctx, "not reported")
	told.Logger.With("detail", secret).ErrorContext(ctx, "request failed",
		"code", "internal", "error", fmt.Errorf("connect with %s and %s: %w", secret, sentry.dsn, errors.New("refused")))

	got := sentry.next(t)
	require.Equal(t, "request failed", got.Message)
	require.Equal(t, "error", got.Level)
	require.Equal(t, "holdfast@1.2.3", got.Release)
	require.Equal(t, "staging", got.Environment)
	require.Equal(t, map[string]string{
		"request_id": "r", "workspace_id": "w", "operation_id": "o", "code": "internal",
		"trace_id": span.SpanContext().TraceID().String(), "span_id": span.SpanContext().SpanID().String(),
	}, got.Tags)
	require.Equal(t, got.Tags["trace_id"], got.Contexts["trace"]["trace_id"])
	require.Contains(t, got.Exception[0].Value, "[redacted]")
	require.Equal(t, "[redacted]", got.Contexts["log"]["detail"])
	frames := got.Exception[0].Stacktrace.Frames
	require.Equal(t, "TestErrorsAreReported", frames[len(frames)-1].Function)
	require.NotContains(t, got.raw, "ss w")
	require.NotContains(t, got.raw, "sentrykey")
	require.Empty(t, got.User)
	require.Empty(t, got.Request)
	require.Empty(t, sentry.events, "a warning is no error")
}

// fails is where a panic comes from.
func fails() { panic("broken by " + secret) }

func TestPanicsAreReportedWithTheirStack(t *testing.T) {
	sentry := newSentryServer(t)
	told, _ := setup(t, func(o *telemetry.Options) { o.SentryDSN = sentry.dsn })
	func() {
		defer func() {
			told.Logger.ErrorContext(t.Context(), "handler panicked", "panic", fmt.Sprint(recover()))
		}()
		fails()
	}()
	got := sentry.next(t)
	require.Equal(t, "broken by [redacted]", got.Exception[0].Value)
	frames := got.Exception[0].Stacktrace.Frames
	require.Equal(t, "fails", frames[len(frames)-1].Function, "not where it was caught")
}

func TestReportsAreBoundedAndFlushed(t *testing.T) {
	t.Parallel()
	stuck := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-stuck }))
	defer server.Close()
	defer close(stuck)
	dsn := strings.Replace(server.URL, "http://", "http://sentrykey@", 1) + "/1"
	told, err := telemetry.New(t.Context(), telemetry.Options{Log: new(buffer), SentryDSN: dsn})
	require.NoError(t, err)
	for range 5000 {
		told.Logger.ErrorContext(t.Context(), "again")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	require.Error(t, told.Shutdown(ctx), "it says that reports are missing")
	require.Less(t, time.Since(began), 5*time.Second)
}

func TestABadDSNIsNotRepeated(t *testing.T) {
	t.Parallel()
	_, err := telemetry.New(t.Context(), telemetry.Options{Log: new(buffer), SentryDSN: "http://sentrykey@/"})
	require.EqualError(t, err, "SENTRY_DSN: cannot be read")
}
