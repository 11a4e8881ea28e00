package activities_test

import (
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/operation"
)

// typeOf is the type of an error of a step.
func typeOf(err error) string {
	var app *temporal.ApplicationError
	if !errors.As(err, &app) {
		return ""
	}
	return app.Type()
}

// A step that is at work when its operation is paused commits no page after that.
func TestAPausedOperationCommitsNoPage(t *testing.T) {
	b := setup(t, 3000, githubsim.Options{})
	b.sim.SetFaults(githubsim.FaultPlan{Faults: []githubsim.Fault{{Kind: githubsim.FaultLatency, Delay: 50 * time.Millisecond}}})
	ctx := t.Context()
	ref := b.create("issues")
	plan, err := b.planSync(ref)
	require.NoError(t, err)
	type outcome struct {
		result activities.PagesResult
		err    error
	}
	over := make(chan outcome, 1)
	go func() {
		value, err := b.env.ExecuteActivity(b.steps.SyncPages, activities.Pages{
			OperationRef: ref, RepositoryID: plan.RepositoryID, Owner: plan.Owner, Name: plan.Name, Collection: "issues",
		})
		var result activities.PagesResult
		if err == nil {
			err = value.Get(&result)
		}
		over <- outcome{result, err}
	}()
	items := func() int64 { return byName(b.operation(ref.OperationID))["issues"].Items }
	require.Eventually(t, func() bool { return items() > 0 }, 20*time.Second, time.Millisecond)
	paused, err := b.store.RequestPause(ctx, ref.WorkspaceID, ref.OperationID)
	require.NoError(t, err)
	require.Equal(t, operation.StatePaused, paused.State)
	committed := items()
	got := <-over
	require.NoError(t, got.err)
	require.NotNil(t, got.result.Hold, "%+v", got.result)
	require.Equal(t, operation.StatePaused, got.result.Hold.State)
	require.Equal(t, committed, items(), "no page is committed once it is paused")
	require.Less(t, committed, byName(b.operation(ref.OperationID))["issues"].Total)

	again, err := b.pages(ref, plan, "issues")
	require.NoError(t, err)
	require.NotNil(t, again.Hold)
	require.Equal(t, "It is paused until somebody resumes it.", again.Wait.Reason)

	resumed, err := b.store.RequestResume(ctx, ref.WorkspaceID, ref.OperationID)
	require.NoError(t, err)
	require.Equal(t, operation.StateRunning, resumed.State)
	b.read(ref, plan, "issues")
	b.requireMirror("issues")
}

// While one operation is paused, another reads what it had begun to read.
func TestAPausedOperationKeepsNobodyWaiting(t *testing.T) {
	b := setup(t, 500, githubsim.Options{})
	b.steps.Bounds.Pages = 1
	first := b.create("issues")
	plan, err := b.planSync(first)
	require.NoError(t, err)
	result, err := b.pages(first, plan, "issues")
	require.NoError(t, err)
	require.False(t, result.Done)
	_, err = b.store.RequestPause(t.Context(), first.WorkspaceID, first.OperationID)
	require.NoError(t, err)
	b.sync("issues")
	b.requireMirror("issues")
	_, err = b.store.RequestResume(t.Context(), first.WorkspaceID, first.OperationID)
	require.NoError(t, err)
	b.read(first, plan, "issues")
	b.requireMirror("issues")
}

// approvable makes the row of a sync that somebody must approve.
func (b *bundle) approvable() activities.OperationRef {
	b.t.Helper()
	input, err := json.Marshal(operation.SyncInput{Repository: b.repo.FullName(), Collections: []string{"issues"}, Approval: operation.ApprovalRequired})
	require.NoError(b.t, err)
	op, _, err := b.store.CreateOperation(b.t.Context(), operation.New{
		ID: uuid.Must(uuid.NewV7()).String(), WorkspaceID: config.DefaultWorkspace, Kind: operation.KindSyncRepository, Subject: b.repo.FullName(), Input: input,
	})
	require.NoError(b.t, err)
	return activities.OperationRef{WorkspaceID: op.WorkspaceID, OperationID: op.ID}
}

func TestAnOperationBeginsOnceItIsApproved(t *testing.T) {
	b := setup(t, 200, githubsim.Options{})
	ref := b.approvable()
	for range 2 { // it is looked at now and then
		plan, err := b.planSync(ref)
		require.NoError(t, err)
		require.NotNil(t, plan.Hold)
		require.Equal(t, operation.StateAwaitingApproval, plan.Hold.State)
	}
	op := b.operation(ref.OperationID)
	require.Equal(t, operation.StateAwaitingApproval, op.State)
	require.Equal(t, activities.WaitApproval, op.Waiting.For)
	require.Contains(t, op.Waiting.Reason, "Somebody has to approve it: about")
	require.WithinDuration(t, time.Now().Add(7*24*time.Hour), op.Waiting.Until, time.Minute)
	require.NotNil(t, op.Forecast, "it is what whoever approves wants to know")
	require.Nil(t, op.StartedAt)
	var n int
	require.NoError(t, b.pool.QueryRow(t.Context(), `select count(*) from repositories`).Scan(&n))
	require.Zero(t, n, "nothing is mirrored before")

	_, err := b.store.Approve(t.Context(), ref.WorkspaceID, ref.OperationID)
	require.NoError(t, err)
	plan, err := b.planSync(ref)
	require.NoError(t, err)
	require.Nil(t, plan.Hold)
	b.read(ref, plan, "issues")
	b.requireMirror("issues")
}

func TestARejectedOperationReadsNothing(t *testing.T) {
	b := setup(t, 20, githubsim.Options{})
	ref := b.approvable()
	_, err := b.planSync(ref)
	require.NoError(t, err)
	_, err = b.store.Reject(t.Context(), ref.WorkspaceID, ref.OperationID, operation.Rejected("no"))
	require.NoError(t, err)
	_, err = b.planSync(ref)
	require.Equal(t, activities.TypeRejected, typeOf(err))
}

func TestWhatNobodyApprovesIsRejectedInTheEnd(t *testing.T) {
	b := setup(t, 20, githubsim.Options{})
	var ahead atomic.Int64
	b.steps.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	ref := b.approvable()
	_, err := b.planSync(ref)
	require.NoError(t, err)
	look := func() operation.State {
		t.Helper()
		value, err := b.env.ExecuteActivity(b.steps.LookAtOperation, ref)
		require.NoError(t, err)
		var at activities.Standing
		require.NoError(t, value.Get(&at))
		return at.State
	}
	require.Equal(t, operation.StateAwaitingApproval, look())
	ahead.Store(int64(7*24*time.Hour + time.Minute))
	require.Equal(t, operation.StateRejected, look())
	require.Equal(t, operation.NotApproved(), b.operation(ref.OperationID).Failure)
	require.Equal(t, operation.StateRejected, look())
}
