package activities

import (
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"github.com/holdfast/holdfast/internal/budget"
)

func TestAStepAsksGitHubInTheLaneOfItsPriority(t *testing.T) {
	t.Parallel()
	for priority, lane := range map[int]budget.Lane{
		0: budget.LaneBackfill, 1: budget.LaneInteractive, 2: budget.LaneRepair, 3: budget.LaneIncremental, 4: budget.LaneBackfill, 5: budget.LaneBackfill,
	} {
		require.Equal(t, lane, laneOf(temporal.Priority{PriorityKey: priority}), priority)
	}
}

func TestAStepAsksGitHubForItsOperation(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{NewInterceptor(slog.New(slog.DiscardHandler))}})
	var flow budget.Flow
	env.RegisterActivityWithOptions(func(ctx context.Context, _ Pages) error {
		flow = budget.FlowOf(ctx)
		return nil
	}, activity.RegisterOptions{Name: "step"})
	_, err := env.ExecuteActivity("step", Pages{OperationRef: OperationRef{WorkspaceID: "w", OperationID: "o"}})
	require.NoError(t, err)
	require.Equal(t, budget.Flow{Lane: budget.LaneBackfill, Workspace: "w", Operation: "o"}, flow)
}
