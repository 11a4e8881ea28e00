package telemetry_test

import (
	"context"
	"crypto/ed25519"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/contrib/opentelemetry"
	"go.temporal.io/sdk/interceptor"
	temporallog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/api"
	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/telemetry"
)

const (
	workspaceID = "0190a6c8-7e3b-7c3a-9d10-3f2a4b5c6d7e"
	operationID = "0190a6c8-0000-7000-8000-000000000001"
)

// panicking is a store with a bug.
type panicking struct{ api.OperationStore }

func (panicking) Operation(context.Context, string, string) (operation.Operation, error) {
	panic("cannot connect with " + secret)
}

func TestAPanicInAHandlerIsReported(t *testing.T) {
	sentry := newSentryServer(t)
	told, log := setup(t, func(o *telemetry.Options) {
		o.SentryDSN, o.Exporter = sentry.dsn, tracetest.NewInMemoryExporter()
	})
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	verifier, err := auth.NewVerifier(time.Now, auth.PublicKey(key))
	require.NoError(t, err)
	token, err := auth.NewIssuer(key, time.Now).Issue(auth.Grant{Subject: "t", WorkspaceID: workspaceID, Role: auth.RoleReader, TTL: time.Hour})
	require.NoError(t, err)
	served, err := api.New(api.Options{
		Operations: panicking{}, Verifier: verifier, Logger: told.Logger,
		TracerProvider: told.TracerProvider, MeterProvider: told.MeterProvider, Propagator: told.Propagator,
	})
	require.NoError(t, err)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/operations/"+operationID, http.NoBody)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("X-Request-Id", "the-request")
	w := httptest.NewRecorder()
	served.ServeHTTP(w, r)
	require.Equal(t, http.StatusInternalServerError, w.Code)

	got := sentry.next(t)
	require.Equal(t, "handler panicked", got.Message)
	require.Equal(t, "cannot connect with [redacted]", got.Exception[0].Value)
	require.Equal(t, "the-request", got.Tags["request_id"])
	require.Equal(t, workspaceID, got.Tags["workspace_id"])
	require.Equal(t, operationID, got.Tags["operation_id"])
	require.Len(t, got.Tags["trace_id"], 32)
	require.Contains(t, got.raw, "panicking.Operation", "where it came from")
	require.NotContains(t, got.raw, "ss w")
	require.NotContains(t, got.raw, token)
	require.NotContains(t, log.String(), "ss w")
	require.Empty(t, got.Request)
}

// step runs an activity of the given attempt's as a worker does.
func runStep(t *testing.T, told *telemetry.Telemetry, name string, step any, input any) error {
	t.Helper()
	tracing, err := opentelemetry.NewTracingInterceptor(opentelemetry.TracerOptions{Tracer: told.TracerProvider.Tracer("test")})
	require.NoError(t, err)
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(temporallog.NewStructuredLogger(telemetry.TemporalLogger(told.Logger)))
	env := suite.NewTestActivityEnvironment()
	env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{tracing, activities.NewInterceptor(told.Logger)}})
	env.RegisterActivityWithOptions(step, activity.RegisterOptions{Name: name})
	_, err = env.ExecuteActivity(name, input)
	return err
}

func TestAPanicInAStepIsReported(t *testing.T) {
	sentry := newSentryServer(t)
	told, log := setup(t, func(o *telemetry.Options) {
		o.SentryDSN, o.Exporter = sentry.dsn, tracetest.NewInMemoryExporter()
	})
	fails := func(context.Context, activities.Pages) error { panic("cannot connect with " + secret) }
	err := runStep(t, told, "SyncPages", fails, activities.Pages{
		OperationRef: activities.OperationRef{WorkspaceID: workspaceID, OperationID: operationID}, Collection: "issues",
	})
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	require.False(t, app.NonRetryable(), "it is tried again")
	require.NotContains(t, err.Error(), "ss w", "errors stand in the workflow's history")

	got := sentry.next(t)
	require.Equal(t, "step panicked", got.Message)
	require.Equal(t, "cannot connect with [redacted]", got.Exception[0].Value)
	require.Equal(t, "SyncPages", got.Tags["activity_type"])
	require.Equal(t, workspaceID, got.Tags["workspace_id"])
	require.Equal(t, operationID, got.Tags["operation_id"])
	require.Len(t, got.Tags["trace_id"], 32)
	require.Contains(t, got.raw, "TestAPanicInAStepIsReported.func", "where it came from")
	require.NotContains(t, got.raw, "ss w")
	require.NotContains(t, log.String(), "ss w")
	require.Empty(t, sentry.events, "once")
}

func TestFailuresOfStepsHaveTheirLevel(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"what GitHub refuses": {temporal.NewNonRetryableApplicationError("gone", "github_gone", nil), "WARN"},
		"what passes":         {temporal.NewApplicationError("A step failed and is tried again.", activities.TypeStepFailed, nil), "WARN"},
		"what does not pass":  {temporal.NewNonRetryableApplicationError("no", "unreadable_cursor", nil), "ERROR"},
		"what nobody named":   {context.DeadlineExceeded, "ERROR"},
		"a stopped operation": {temporal.NewNonRetryableApplicationError("no", activities.TypeNotRunning, nil), "INFO"},
	} {
		t.Run(name, func(t *testing.T) {
			told, log := setup(t, nil)
			step := func(context.Context, activities.OperationRef) error { return tt.err }
			require.Error(t, runStep(t, told, "PlanSync", step, activities.OperationRef{OperationID: operationID}))
			line := log.line(t)
			require.Equal(t, "step failed", line["msg"])
			require.Equal(t, tt.want, line["level"])
			require.Equal(t, operationID, line["operation_id"])
		})
	}
}
