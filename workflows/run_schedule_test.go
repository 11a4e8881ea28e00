package workflows_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/schedule"
	"github.com/holdfast/holdfast/workflows"
)

var nightly = schedule.Definition{
	ID: "s", WorkspaceID: "w", Version: "1", Name: "nightly", Kind: operation.KindSyncRepository, Source: operation.SourceSync,
	Subject: "o/r", Input: json.RawMessage(`{"repository":"o/r","lane":"incremental"}`), Lane: operation.LaneIncremental, RequestedBy: "ada",
}

// scheduledID is the operation's id of a run in the test environment.
var scheduledID = schedule.OperationID("default-test-run-id")

func TestARunOfAScheduleIsAnOperationWithItsRow(t *testing.T) {
	t.Parallel()
	for kind, name := range map[operation.Kind]string{
		operation.KindSyncRepository: workflows.SyncRepositoryType, operation.KindSyncOrganization: workflows.SyncOrganizationType,
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			requireRun(t, kind, name)
		})
	}
}

// requireRun has a schedule of that kind run once, by the workflow of that name.
func requireRun(t *testing.T, kind operation.Kind, name string) {
	t.Helper()
	b := setupIn(t)
	in := nightly
	in.Kind = kind
	row := false
	b.OnActivity(steps.BeginScheduled, mock.Anything, activities.Scheduled{OperationID: scheduledID, Schedule: in}).
		Return(func(context.Context, activities.Scheduled) error { row = true; return nil }).Once()
	ran := func(ctx workflow.Context, in workflows.SyncRepositoryInput) error {
		require.True(t, row, "its row is there")
		require.Equal(t, scheduledID, workflow.GetInfo(ctx).WorkflowExecution.ID)
		require.Equal(t, activities.OperationRef{WorkspaceID: "w", OperationID: scheduledID}, in.OperationRef)
		require.Equal(t, "o/r", in.Subject)
		require.Equal(t, 3, in.Lane, "as the operation asks for")
		return workflow.Sleep(ctx, time.Hour)
	}
	var child any = ran
	if kind == operation.KindSyncOrganization {
		child = func(ctx workflow.Context, in workflows.SyncOrganizationInput) error {
			return ran(ctx, in.SyncRepositoryInput)
		}
	}
	b.OnWorkflow(name, mock.Anything, mock.Anything).Return(child).Once()
	began := b.Now()
	b.ExecuteWorkflow(workflows.RunScheduleType, in)
	require.NoError(t, b.GetWorkflowError())
	require.GreaterOrEqual(t, b.Now().Sub(began), time.Hour, "it ends when the operation has")
	b.AssertExpectations(t)
}

func TestARunOfAScheduleFailsWithItsOperation(t *testing.T) {
	b := setup(t)
	b.OnActivity(steps.BeginScheduled, mock.Anything, mock.Anything).Return(nil).Once()
	b.OnWorkflow(workflows.SyncRepositoryType, mock.Anything, mock.Anything).
		Return(temporal.NewNonRetryableApplicationError("GitHub has no such repository.", "github_not_found", nil)).Once()
	b.ExecuteWorkflow(workflows.RunScheduleType, nightly)
	require.ErrorContains(t, b.GetWorkflowError(), "GitHub has no such repository.")
	b.AssertExpectations(t)
}

func TestACancelledRunCancelsItsOperationByTheRow(t *testing.T) {
	b := setup(t)
	of := activities.OperationRef{WorkspaceID: "w", OperationID: scheduledID}
	b.OnActivity(steps.BeginScheduled, mock.Anything, mock.Anything).Return(nil).Once()
	b.OnActivity(steps.PlanSync, mock.Anything, of).Return(b.plan, nil)
	b.OnActivity(steps.SyncPages, mock.Anything, mock.Anything).
		Return(activities.PagesResult{Wait: &activities.Wait{Reason: "long", Pause: 24 * time.Hour}}, nil)
	b.OnActivity(steps.CancelScheduled, mock.Anything, of).Return(func(context.Context, activities.OperationRef) error {
		require.Empty(t, b.finish, "the row is first")
		return nil
	}).Once()
	b.RegisterDelayedCallback(b.CancelWorkflow, time.Minute)
	began := b.Now()
	b.ExecuteWorkflow(workflows.RunScheduleType, nightly)
	require.True(t, temporal.IsCanceledError(b.GetWorkflowError()), "%v", b.GetWorkflowError())
	require.Less(t, b.Now().Sub(began), time.Hour)
	require.Equal(t, []activities.Finish{{OperationRef: of, State: operation.StateCancelled}}, b.finish, "it ends after its operation")
	b.AssertExpectations(t)
}

// An operation whose row lay in wait for long is started by the sweeper: the run awaits it
// all the same.
func TestARunFollowsAnOperationThatSomebodyElseStarted(t *testing.T) {
	b := setup(t)
	b.OnActivity(steps.BeginScheduled, mock.Anything, mock.Anything).Return(nil).Once()
	b.OnWorkflow(workflows.SyncRepositoryType, mock.Anything, mock.Anything).
		Return(&temporal.ChildWorkflowExecutionAlreadyStartedError{}).Once()
	b.OnActivity(steps.LookAtOperation, mock.Anything, mock.Anything).Return(activities.Standing{State: operation.StateRunning}, nil).Times(2)
	b.OnActivity(steps.LookAtOperation, mock.Anything, mock.Anything).Return(activities.Standing{State: operation.StateSucceeded}, nil).Once()
	b.ExecuteWorkflow(workflows.RunScheduleType, nightly)
	require.NoError(t, b.GetWorkflowError())
	b.AssertExpectations(t)
}
