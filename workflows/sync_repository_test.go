package workflows_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/workflows"
)

var (
	ref   = activities.OperationRef{WorkspaceID: "w", OperationID: "o"}
	steps *activities.Sync
)

type bundle struct {
	*testsuite.TestWorkflowEnvironment
	plan   activities.Plan
	mu     sync.Mutex // of finish: children end at once
	finish []activities.Finish
}

// setup is an environment whose plan is labels, pulls, and reviews after pulls.
func setup(t *testing.T) *bundle {
	t.Helper()
	t.Parallel()
	return setupIn(t)
}

// setupIn is setup for one of several environments of a test.
func setupIn(t *testing.T) *bundle {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	b := &bundle{TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment()}
	workflows.Register(b)
	b.plan = activities.Plan{RepositoryID: 1, Owner: "o", Name: "r", Collections: []activities.PlannedStep{
		{Name: "repository"}, {Name: "labels"}, {Name: "pulls", Search: true}, {Name: "reviews", Parent: "pulls"},
	}}
	b.OnActivity(steps.FinishOperation, mock.Anything, mock.Anything).Return(func(_ context.Context, f activities.Finish) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.finish = append(b.finish, f)
		return nil
	}).Maybe()
	b.OnUpsertTypedSearchAttributes(mock.Anything).Return(nil).Maybe()
	return b
}

func (b *bundle) planned() {
	b.OnActivity(steps.PlanSync, mock.Anything, ref).Return(b.plan, nil).Once()
}

// pages answers the steps of one collection.
func (b *bundle) pages(name string, results ...activities.PagesResult) {
	for _, r := range results {
		b.OnActivity(steps.SyncPages, mock.Anything, b.input(name)).Return(r, nil).Once()
	}
}

func (b *bundle) input(name string) activities.Pages {
	return activities.Pages{OperationRef: ref, RepositoryID: 1, Owner: "o", Name: "r", Collection: name}
}

func (b *bundle) sync() error {
	b.ExecuteWorkflow(workflows.SyncRepositoryType, workflows.SyncRepositoryInput{OperationRef: ref, Subject: "o/r"})
	return b.GetWorkflowError()
}

func done(name string, written int64) activities.PagesResult {
	finished := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	return activities.PagesResult{Done: true, Index: written > 0, Work: operation.CollectionWork{
		Name: name, State: operation.CollectionDone, Written: written, FinishedAt: &finished,
	}}
}

func more(name string) activities.PagesResult {
	return activities.PagesResult{Work: operation.CollectionWork{Name: name, State: operation.CollectionRunning}}
}

func TestASyncReadsEveryCollectionAndSucceeds(t *testing.T) {
	b := setup(t)
	b.planned()
	b.pages("labels", done("labels", 3))
	b.pages("pulls", more("pulls"), more("pulls"), done("pulls", 5))
	b.pages("reviews", done("reviews", 0))
	b.OnActivity(steps.IndexSearch, mock.Anything, b.input("pulls")).Return(nil).Once()

	var order []string
	b.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, args converter.EncodedValues) {
		if info.ActivityType.Name == "SyncPages" {
			var in activities.Pages
			require.NoError(t, args.Get(&in))
			order = append(order, in.Collection)
		}
	})
	require.NoError(t, b.sync())
	b.AssertExpectations(t)
	require.Equal(t, []activities.Finish{{OperationRef: ref, State: operation.StateSucceeded}}, b.finish)
	require.Equal(t, "reviews", order[len(order)-1], "a nested collection is read after its parent")
}

func TestAWaitIsATimer(t *testing.T) {
	b := setup(t)
	b.plan.Collections = b.plan.Collections[:2]
	began := b.Now()
	wait := &activities.Wait{Reason: "GitHub's hourly limit is used up.", Pause: 40 * time.Minute}
	b.OnActivity(steps.PlanSync, mock.Anything, ref).Return(activities.Plan{Wait: wait}, nil).Once()
	b.planned()
	again := &activities.Wait{Reason: "again", Pause: time.Hour}
	b.pages("labels", activities.PagesResult{Wait: again}, done("labels", 1))
	require.NoError(t, b.sync())
	b.AssertExpectations(t)
	require.GreaterOrEqual(t, b.Now().Sub(began), 100*time.Minute)
	require.Less(t, b.Now().Sub(began), 110*time.Minute)
}

func TestOneFailingCollectionDoesNotStopTheOthers(t *testing.T) {
	b := setup(t)
	b.planned()
	b.OnActivity(steps.SyncPages, mock.Anything, b.input("pulls")).
		Return(activities.PagesResult{}, temporal.NewNonRetryableApplicationError("The token may not read pulls of o/r.", "github_forbidden", errors.New("internal"))).Once()
	b.pages("labels", more("labels"), done("labels", 1))

	var app *temporal.ApplicationError
	require.ErrorAs(t, b.sync(), &app)
	require.Equal(t, "github_forbidden", app.Type())
	b.AssertExpectations(t)
	require.Len(t, b.finish, 1)
	require.Equal(t, operation.StateFailed, b.finish[0].State)
	require.Equal(t, operation.Failure{Code: "github_forbidden", Message: "The token may not read pulls of o/r."}, *b.finish[0].Failure)
}

func TestAStepThatNeverSucceedsEnds(t *testing.T) {
	b := setup(t)
	b.OnActivity(steps.PlanSync, mock.Anything, ref).Return(activities.Plan{}, temporal.NewApplicationError("GitHub does not answer properly.", "github_unreachable"))
	began := b.Now()
	require.Error(t, b.sync())
	require.Greater(t, b.Now().Sub(began), 3*time.Minute, "it was tried again, later each time")
	require.Len(t, b.finish, 1)
	require.Equal(t, operation.StateFailed, b.finish[0].State)
	require.Equal(t, "github_unreachable", b.finish[0].Failure.Code)
}

func TestCancelInterruptsAWaitAndIsRecorded(t *testing.T) {
	b := setup(t)
	b.planned()
	long := &activities.Wait{Reason: "long", Pause: 24 * time.Hour}
	b.OnActivity(steps.SyncPages, mock.Anything, mock.Anything).Return(activities.PagesResult{Wait: long}, nil)
	b.RegisterDelayedCallback(b.CancelWorkflow, time.Minute)
	began := b.Now()
	require.True(t, temporal.IsCanceledError(b.sync()))
	require.Less(t, b.Now().Sub(began), time.Hour)
	require.Equal(t, []activities.Finish{{OperationRef: ref, State: operation.StateCancelled}}, b.finish)
}

func TestARowThatWasCancelledEndsTheWorkflow(t *testing.T) {
	b := setup(t)
	b.planned()
	b.OnActivity(steps.SyncPages, mock.Anything, mock.Anything).
		Return(activities.PagesResult{}, temporal.NewNonRetryableApplicationError("The operation may not go on.", activities.TypeNotRunning, nil))
	require.True(t, temporal.IsCanceledError(b.sync()))
	require.Equal(t, []activities.Finish{{OperationRef: ref, State: operation.StateCancelled}}, b.finish)
}

func TestALongHistoryContinuesAsNew(t *testing.T) {
	b := setup(t)
	b.planned()
	b.pages("labels", done("labels", 1))
	b.OnActivity(steps.SyncPages, mock.Anything, b.input("pulls")).Return(func(context.Context, activities.Pages) (activities.PagesResult, error) {
		b.SetContinueAsNewSuggested(true)
		return more("pulls"), nil
	}).Once()
	err := b.sync()
	var again *workflow.ContinueAsNewError
	require.ErrorAs(t, err, &again)
	require.Empty(t, b.finish, "the operation goes on")

	var in workflows.SyncRepositoryInput
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(again.Input, &in))
	require.Len(t, in.Finished, 1)
	require.Equal(t, b.plan, *in.Plan)
}

// A credential may be mended after days.
func TestALongWaitForAPlanContinuesAsNew(t *testing.T) {
	t.Parallel()
	in := workflows.SyncRepositoryInput{OperationRef: ref, Subject: "o/r", Lane: 1}
	wait := activities.Plan{Wait: &activities.Wait{Reason: "GitHub does not accept the credential.", Pause: time.Minute}}
	for name, start := range map[string]func(*bundle){
		workflows.SyncRepositoryType: func(b *bundle) {
			b.OnActivity(steps.PlanSync, mock.Anything, ref).Return(wait, nil).Times(3)
			b.ExecuteWorkflow(workflows.SyncRepositoryType, in)
		},
		workflows.SyncOrganizationType: func(b *bundle) {
			b.OnActivity(steps.PlanOrganization, mock.Anything, ref).Return(wait, nil).Times(3)
			b.ExecuteWorkflow(workflows.SyncOrganizationType, workflows.SyncOrganizationInput{SyncRepositoryInput: in})
		},
	} {
		b := setupIn(t)
		b.RegisterDelayedCallback(func() { b.SetContinueAsNewSuggested(true) }, 150*time.Second)
		start(b)
		var again *workflow.ContinueAsNewError
		require.ErrorAs(t, b.GetWorkflowError(), &again, name)
		require.Equal(t, name, again.WorkflowType.Name)
		require.Empty(t, b.finish, "the operation goes on")
		var next workflows.SyncRepositoryInput
		require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(again.Input, &next))
		require.Equal(t, in, next)
		b.AssertExpectations(t)
	}
}

func TestALaterRunGoesOnWithWhatIsLeft(t *testing.T) {
	b := setup(t)
	b.pages("pulls", done("pulls", 0))
	b.pages("reviews", done("reviews", 0))
	b.ExecuteWorkflow(workflows.SyncRepositoryType, workflows.SyncRepositoryInput{
		OperationRef: ref, Subject: "o/r", Plan: &b.plan, Finished: []operation.CollectionWork{done("labels", 1).Work},
	})
	require.NoError(t, b.GetWorkflowError())
	b.AssertExpectations(t)
	require.Equal(t, operation.StateSucceeded, b.finish[0].State)
}
