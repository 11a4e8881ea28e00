package main

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.temporal.io/sdk/interceptor"
	temporallog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/holdfast/holdfast/internal/telemetry"
	"github.com/holdfast/holdfast/workflows"
)

// traced makes Temporal's tracing interceptor as a process has it.
func traced(t *testing.T) interceptor.Interceptor {
	t.Helper()
	told, err := telemetry.New(t.Context(), telemetry.Options{Log: new(bytes.Buffer), Exporter: tracetest.NewInMemoryExporter()})
	require.NoError(t, err)
	tracing, err := temporalTracing(told)
	require.NoError(t, err)
	return tracing
}

// Workflows that began without traces go on with them: tracing changes no command.
func TestRecordedHistoriesReplayWithTracing(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("../../workflows/testdata/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			replayer, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{
				Interceptors: []interceptor.WorkerInterceptor{traced(t)},
			})
			require.NoError(t, err)
			workflows.Register(replayer)
			logger := temporallog.NewStructuredLogger(slog.New(slog.DiscardHandler))
			require.NoError(t, replayer.ReplayWorkflowHistoryFromJSONFile(logger, path))
		})
	}
}

// A workflow that continues as new hands its trace on to the next run.
func TestTraceSurvivesContinueAsNew(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{traced(t)}})
	var again func(ctx workflow.Context) error
	again = func(ctx workflow.Context) error { return workflow.NewContinueAsNewError(ctx, again) }
	env.RegisterWorkflow(again)
	env.ExecuteWorkflow(again)
	var next *workflow.ContinueAsNewError
	require.ErrorAs(t, env.GetWorkflowError(), &next)
	require.Contains(t, next.Header.GetFields(), "_tracer-data")
}

func TestStatementsAreNamed(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		"-- name: TakePass :one\nselect 1": "TakePass",
		"insert into issues as t (…)":      "INSERT",
		"\n  with x as (select 1)":         "WITH",
		";":                                ";",
		"":                                 "SQL",
	} {
		require.Equal(t, want, statementName(sql))
	}
}
