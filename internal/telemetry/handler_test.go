package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	temporallog "go.temporal.io/sdk/log"

	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/telemetry"
)

const secret = "pa/ss wörd\"1"

// buffer is what was logged.
type buffer struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.String()
}

// line is the only line that was logged.
func (b *buffer) line(t *testing.T) map[string]any {
	t.Helper()
	require.Equal(t, 1, strings.Count(b.String(), "\n"), b.String())
	var line map[string]any
	require.NoError(t, json.Unmarshal([]byte(b.String()), &line))
	return line
}

// setup makes a telemetry that knows the secret.
func setup(t *testing.T, change func(*telemetry.Options)) (*telemetry.Telemetry, *buffer) {
	t.Helper()
	t.Parallel()
	log := new(buffer)
	o := telemetry.Options{Service: "holdfast-test", Version: "1.2.3", Log: log, Secrets: []string{secret, "short", ""}}
	if change != nil {
		change(&o)
	}
	told, err := telemetry.New(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, told.Shutdown(context.WithoutCancel(t.Context()))) })
	return told, log
}

func TestLogHasNoSecret(t *testing.T) {
	told, log := setup(t, nil)
	told.Logger.With("with", "a "+secret).WithGroup("group").ErrorContext(t.Context(), "message "+secret,
		"error", errors.New("dial redis://:pa%2Fss%20w%C3%B6rd%221@host"), "quoted", `"pa/ss wörd\"1"`,
		slog.Group("inner", "text", secret), "list", []string{secret}, "struct", struct{ Password string }{secret},
		"nil", (*operation.Error)(nil), "short", "short", "number", 7)
	line := log.line(t)
	require.NotContains(t, log.String(), "ss w")
	require.NotContains(t, log.String(), "ss%20w")
	require.Equal(t, "message [redacted]", line["msg"])
	require.Equal(t, "a [redacted]", line["with"])
	group := line["group"].(map[string]any)
	require.Equal(t, "dial redis://:[redacted]@host", group["error"])
	require.Equal(t, `"[redacted]"`, group["quoted"])
	require.Equal(t, map[string]any{"text": "[redacted]"}, group["inner"])
	require.Equal(t, `["[redacted]"]`, group["list"])
	require.Equal(t, "short", group["short"])
	require.InDelta(t, 7, group["number"], 0)
}

func TestSecretsAreRedactedHoweverTheyAreQuoted(t *testing.T) {
	const password = "a<b>c&d\"é\u2028"
	told, log := setup(t, func(o *telemetry.Options) { o.Secrets = []string{password} })
	inJSON, err := json.Marshal(map[string]string{"password": password})
	require.NoError(t, err)
	told.Logger.Error("x", "map", map[string]string{"password": password}, "error", errors.New(string(inJSON)),
		"quoted", strconv.Quote(password), "ascii", strconv.QuoteToASCII(password))
	line := log.line(t)
	require.JSONEq(t, `{"password":"[redacted]"}`, line["map"].(string))
	require.JSONEq(t, `{"password":"[redacted]"}`, line["error"].(string))
	require.Equal(t, `"[redacted]"`, line["quoted"])
	require.Equal(t, `"[redacted]"`, line["ascii"])
}

func TestLogHasTheIDsOfItsContext(t *testing.T) {
	told, log := setup(t, func(o *telemetry.Options) { o.Exporter = tracetest.NewInMemoryExporter() })
	ids := &operation.IDs{Request: "r", Workspace: "w"}
	ctx, span := told.TracerProvider.Tracer("test").Start(operation.WithIDs(t.Context(), ids), "work")
	defer span.End()
	ids.Operation = "learned later"
	told.Logger.With("workspace_id", "mine").WarnContext(ctx, "said", "request_id", "own")
	line := log.line(t)
	require.Equal(t, "own", line["request_id"])
	require.Equal(t, "mine", line["workspace_id"])
	require.Equal(t, "learned later", line["operation_id"])
	require.Equal(t, span.SpanContext().TraceID().String(), line["trace_id"])
	require.Equal(t, span.SpanContext().SpanID().String(), line["span_id"])
	require.Equal(t, 1, strings.Count(log.String(), "request_id"))
	require.Equal(t, 1, strings.Count(log.String(), "workspace_id"))
}

func TestLevelChanges(t *testing.T) {
	told, log := setup(t, func(o *telemetry.Options) { o.Level = slog.LevelWarn })
	told.Logger.InfoContext(t.Context(), "unheard")
	told.Level.Set(slog.LevelDebug)
	told.Logger.With("a", 1).DebugContext(t.Context(), "heard")
	require.Equal(t, "heard", log.line(t)["msg"])
}

func TestTemporalSpeaksOurNames(t *testing.T) {
	told, log := setup(t, func(o *telemetry.Options) { o.Level = slog.LevelInfo })
	temporal := temporallog.With(temporallog.NewStructuredLogger(telemetry.TemporalLogger(told.Logger)), "TaskQueue", "github")
	temporal.Error("Activity error.", "WorkflowID", "op")
	require.Empty(t, log.String(), "the step's interceptor says it")
	temporal.Error("Workflow panic", "WorkflowID", "op", "RunID", "run", "error", secret)
	line := log.line(t)
	require.Equal(t, "op", line["operation_id"])
	require.Equal(t, "run", line["run_id"])
	require.Equal(t, "github", line["task_queue"])
	require.Equal(t, "temporal", line["component"])
	require.Equal(t, "[redacted]", line["error"])
}

func TestPEMIsRedactedByLine(t *testing.T) {
	t.Parallel()
	r := telemetry.NewRedactor("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAA\n-----END PRIVATE KEY-----\n", "long-secret", "long-secret-2")
	require.Equal(t, "x [redacted] y", r.String("x MC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAA y"))
	require.Equal(t, "-----BEGIN CERTIFICATE-----", r.String("-----BEGIN CERTIFICATE-----"))
	require.Equal(t, "[redacted] [redacted]", r.String("long-secret-2 long-secret"))
}

// benchSecrets are as many as a process has, of their usual lengths.
func benchSecrets() []string {
	var all []string
	for i, n := range []int{16, 16, 40, 44, 400, 32, 60} {
		all = append(all, strings.Repeat(string(rune('A'+i)), n))
	}
	return all
}

func BenchmarkRedactor(b *testing.B) {
	r := telemetry.NewRedactor(benchSecrets()...)
	for name, text := range map[string]string{
		"short": "issue_comments",
		"id":    "0190a6c8-0000-7000-8000-000000000001",
		"error": strings.Repeat("connect to the database: dial tcp 127.0.0.1:5432: connection refused; ", 3),
		"stack": strings.Repeat("goroutine 1 [running]: main.main() /work/cmd/holdfast/main.go:27 +0x1d\n", 40),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				r.String(text)
			}
		})
	}
}

func BenchmarkLog(b *testing.B) {
	told, err := telemetry.New(b.Context(), telemetry.Options{Log: discard{}, Secrets: benchSecrets()})
	require.NoError(b, err)
	ctx := operation.WithIDs(b.Context(), &operation.IDs{Request: "0190a6c8-0000-7000-8000-000000000001", Workspace: "0190a6c8-0000-7000-8000-000000000002"})
	for name, log := range map[string]*slog.Logger{"plain": slog.New(slog.NewJSONHandler(discard{}, nil)), "ours": told.Logger} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				log.InfoContext(ctx, "request", "method", "GET", "path", "/v1/operations", "status", 200, "remote", "127.0.0.1:1234", "subject", "cli")
			}
		})
	}
}

// discard is a writer that slog does not know to be one.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
