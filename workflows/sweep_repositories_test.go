package workflows_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/workflows"
)

var daily = activities.Rounds{WorkspaceID: "w", Every: 24 * time.Hour, Full: true}

// dueRepositories are so many repositories whose turn it is.
func dueRepositories(n int) []activities.DueRepository {
	due := make([]activities.DueRepository, n)
	for i := range due {
		due[i] = activities.DueRepository{OperationID: fmt.Sprintf("op-%d", i), Subject: fmt.Sprintf("o/r%d", i), Collections: []string{"issues"}}
	}
	return due
}

// round is the environment of a round in which so many are due.
func round(t *testing.T, due int) *bundle {
	t.Helper()
	b := setup(t)
	b.OnActivity(steps.DueRepositories, mock.Anything, mock.MatchedBy(func(in activities.Round) bool {
		return in.Rounds == daily && in.Run != ""
	})).Return(dueRepositories(due), nil).Once()
	return b
}

func (b *bundle) sweep(t *testing.T) workflows.Swept {
	t.Helper()
	b.ExecuteWorkflow(workflows.SweepRepositoriesType, workflows.SweepRepositoriesInput{Rounds: daily})
	require.True(t, b.IsWorkflowCompleted())
	require.NoError(t, b.GetWorkflowError())
	var swept workflows.Swept
	require.NoError(t, b.GetWorkflowResult(&swept))
	return swept
}

func TestARoundRunsAFewAtOnceEachAfterItsRow(t *testing.T) {
	b := round(t, 7)
	var mu sync.Mutex // activities are not the workflows' goroutine
	begun := map[string]bool{}
	running, most := 0, 0
	b.OnActivity(steps.BeginRepository, mock.Anything, mock.Anything).Return(func(_ context.Context, in activities.Begin) error {
		require.True(t, in.Full)
		require.Equal(t, []string{"issues"}, in.Collections)
		mu.Lock()
		defer mu.Unlock()
		begun[in.OperationID] = true
		return nil
	}).Times(7)
	b.OnWorkflow(workflows.SyncRepositoryType, mock.Anything, mock.Anything).Return(func(ctx workflow.Context, in workflows.SyncRepositoryInput) error {
		mu.Lock()
		rows, hasRow := len(begun), begun[in.OperationID]
		mu.Unlock()
		require.True(t, hasRow, "its row is there")
		require.Equal(t, in.OperationID, workflow.GetInfo(ctx).WorkflowExecution.ID)
		require.Equal(t, 5, in.Lane, "at the lowest priority")
		running++
		most = max(most, running)
		require.LessOrEqual(t, rows, most+5)
		err := workflow.Sleep(ctx, time.Minute)
		running--
		return err
	}).Times(7)
	require.Equal(t, workflows.Swept{Due: 7, Succeeded: 7}, b.sweep(t))
	require.Equal(t, 2, most)
	b.AssertExpectations(t)
}

func TestARoundGoesOnAfterAFailure(t *testing.T) {
	b := round(t, 3)
	b.OnActivity(steps.BeginRepository, mock.Anything, mock.Anything).Return(nil).Times(3)
	b.OnWorkflow(workflows.SyncRepositoryType, mock.Anything, mock.Anything).Return(func(_ workflow.Context, in workflows.SyncRepositoryInput) error {
		switch in.OperationID {
		case "op-0":
			return temporal.NewNonRetryableApplicationError("GitHub has no such repository.", "github_not_found", nil)
		case "op-1":
			return temporal.NewCanceledError()
		default:
			return nil
		}
	}).Times(3)
	require.Equal(t, workflows.Swept{Due: 3, Succeeded: 1, Failed: 1, Cancelled: 1}, b.sweep(t))
	b.AssertExpectations(t)
}

func TestARoundWithNothingDueEnds(t *testing.T) {
	b := round(t, 0)
	require.Equal(t, workflows.Swept{}, b.sweep(t))
}

func TestARoundIsStoppedBetweenRepositories(t *testing.T) {
	b := round(t, 5)
	b.OnActivity(steps.BeginRepository, mock.Anything, mock.Anything).Return(nil).Times(2)
	b.OnWorkflow(workflows.SyncRepositoryType, mock.Anything, mock.Anything).Return(func(ctx workflow.Context, _ workflows.SyncRepositoryInput) error {
		return workflow.Sleep(ctx, time.Hour)
	}).Times(2)
	b.RegisterDelayedCallback(b.CancelWorkflow, time.Minute)
	b.ExecuteWorkflow(workflows.SweepRepositoriesType, workflows.SweepRepositoriesInput{Rounds: daily})
	require.True(t, b.IsWorkflowCompleted())
	var cancelled *temporal.CanceledError
	require.ErrorAs(t, b.GetWorkflowError(), &cancelled)
	b.AssertExpectations(t)
}
