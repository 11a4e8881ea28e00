package workflows_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/workflows"
)

// setupOrganization is an environment whose plan is an organization, the list of its
// repositories, and its teams.
func setupOrganization(t *testing.T) *bundle {
	t.Helper()
	b := setup(t)
	b.plan = activities.Plan{RepositoryID: 1, Owner: "o", Collections: []activities.PlannedStep{
		{Name: "organizations"}, {Name: "organization_repositories"}, {Name: "teams"},
	}}
	return b
}

// ofOrganization is the input of a step of one of the organization's collections.
func ofOrganization(name string) activities.Pages {
	return activities.Pages{OperationRef: ref, RepositoryID: 1, Owner: "o", Collection: name}
}

func (b *bundle) read(names ...string) {
	b.OnActivity(steps.PlanOrganization, mock.Anything, ref).Return(b.plan, nil).Once()
	for _, name := range names {
		b.OnActivity(steps.SyncPages, mock.Anything, ofOrganization(name)).Return(done(name, 1), nil).Once()
	}
}

// batches answers BeginRepositories with so many children each, the last time with done.
func (b *bundle) batches(sizes ...int) {
	after, n := "", 0
	for i, size := range sizes {
		batch := activities.RepositoryBatch{Done: i == len(sizes)-1, Total: 1000}
		in := activities.Repositories{OperationRef: ref, OrganizationID: 1, After: after}
		for range size {
			n++
			batch.Children = append(batch.Children, activities.BegunRepository{OperationID: fmt.Sprintf("c%d", n), Subject: fmt.Sprintf("o/r%d", n)})
		}
		after = strconv.Itoa(n)
		batch.After = after
		b.OnActivity(steps.BeginRepositories, mock.Anything, in).Return(batch, nil).Once()
	}
}

func (b *bundle) settled(s activities.SettledRepositories) {
	b.OnActivity(steps.SettleRepositories, mock.Anything, ref).Return(s, nil).Once()
}

// children runs the repositories, each for a minute, and counts those at once.
func (b *bundle) children(end func(in workflows.SyncRepositoryInput) error) (begun, most *int) {
	begun, most = new(int), new(int)
	var mu sync.Mutex
	open := 0
	b.OnWorkflow(workflows.SyncRepositoryType, mock.Anything, mock.Anything).Return(func(ctx workflow.Context, in workflows.SyncRepositoryInput) error {
		mu.Lock()
		*begun++
		open++
		*most = max(*most, open)
		mu.Unlock()
		defer func() {
			mu.Lock()
			defer mu.Unlock()
			open--
		}()
		if err := workflow.Sleep(ctx, time.Minute); err != nil {
			return err
		}
		return end(in)
	})
	return begun, most
}

func succeed(workflows.SyncRepositoryInput) error { return nil }

func (b *bundle) syncOrganization(in workflows.SyncOrganizationInput) error {
	in.OperationRef, in.Subject = ref, "o"
	b.ExecuteWorkflow(workflows.SyncOrganizationType, in)
	return b.GetWorkflowError()
}

func TestAnOrganizationsRepositoriesRunThroughAWindow(t *testing.T) {
	b := setupOrganization(t)
	b.read("organization_repositories", "teams")
	b.batches(20, 13)
	begun, most := b.children(succeed)
	b.settled(activities.SettledRepositories{RepositoryWork: operation.RepositoryWork{Total: 33, Done: 33}})
	began := b.Now()
	require.NoError(t, b.syncOrganization(workflows.SyncOrganizationInput{}))
	b.AssertExpectations(t)
	require.Equal(t, 33, *begun)
	require.Equal(t, 8, *most)
	require.Less(t, b.Now().Sub(began), 6*time.Minute, "a batch does not wait for the end of the one before")
	require.Equal(t, []activities.Finish{{OperationRef: ref, State: operation.StateSucceeded}}, b.finish)
}

func TestAFailedRepositoryDoesNotStopTheOthers(t *testing.T) {
	b := setupOrganization(t)
	b.read("organization_repositories", "teams")
	b.batches(20)
	begun, _ := b.children(func(in workflows.SyncRepositoryInput) error {
		if in.Subject == "o/r2" {
			return temporal.NewNonRetryableApplicationError("GitHub has no repository o/r2.", "github_not_found", nil)
		}
		return nil
	})
	failure := &operation.Failure{Code: "repositories_failed", Message: "Of 20 repositories 1 failed, o/r2 first: GitHub has no repository o/r2."}
	b.settled(activities.SettledRepositories{RepositoryWork: operation.RepositoryWork{Total: 20, Done: 19, Failed: 1}, Failure: failure})
	require.Error(t, b.syncOrganization(workflows.SyncOrganizationInput{}))
	b.AssertExpectations(t)
	require.Equal(t, 20, *begun)
	require.Equal(t, []activities.Finish{{OperationRef: ref, State: operation.StateFailed, Failure: failure}}, b.finish)
}

func TestACollectionThatCannotBeReadDoesNotStopTheRepositories(t *testing.T) {
	b := setupOrganization(t)
	b.read("organization_repositories")
	b.OnActivity(steps.SyncPages, mock.Anything, ofOrganization("teams")).
		Return(activities.PagesResult{}, temporal.NewNonRetryableApplicationError("The token may not read teams of o.", "github_forbidden", nil)).Once()
	b.batches(3)
	begun, _ := b.children(succeed)
	b.settled(activities.SettledRepositories{RepositoryWork: operation.RepositoryWork{Total: 3, Done: 3}})
	require.Error(t, b.syncOrganization(workflows.SyncOrganizationInput{}))
	b.AssertExpectations(t)
	require.Equal(t, 3, *begun)
	require.Equal(t, "github_forbidden", b.finish[0].Failure.Code)
	require.Equal(t, "The token may not read teams of o.", b.finish[0].Failure.Message)
}

func TestWithoutTheListOfRepositoriesNoneIsSynced(t *testing.T) {
	b := setupOrganization(t)
	b.read("teams")
	b.OnActivity(steps.SyncPages, mock.Anything, ofOrganization("organization_repositories")).
		Return(activities.PagesResult{}, temporal.NewNonRetryableApplicationError("No.", "github_forbidden", nil)).Once()
	require.Error(t, b.syncOrganization(workflows.SyncOrganizationInput{}))
	b.AssertExpectations(t)
	require.Equal(t, operation.StateFailed, b.finish[0].State)
}

func TestAnOrganizationThatIsNotThereFails(t *testing.T) {
	b := setupOrganization(t)
	b.OnActivity(steps.PlanOrganization, mock.Anything, ref).
		Return(activities.Plan{}, temporal.NewNonRetryableApplicationError("GitHub has no organization o, or the token may not see it.", "github_not_found", nil)).Once()
	require.Error(t, b.syncOrganization(workflows.SyncOrganizationInput{}))
	require.Equal(t, "github_not_found", b.finish[0].Failure.Code)
}

func TestManyRepositoriesContinueAsNew(t *testing.T) {
	b := setupOrganization(t)
	b.read("organization_repositories", "teams")
	b.batches(100, 100, 100, 1)
	begun, _ := b.children(func(in workflows.SyncRepositoryInput) error {
		if in.Subject == "o/r7" {
			return temporal.NewCanceledError()
		}
		return nil
	})
	var again *workflow.ContinueAsNewError
	require.ErrorAs(t, b.syncOrganization(workflows.SyncOrganizationInput{}), &again)
	require.Equal(t, 300, *begun)
	require.Empty(t, b.finish, "the operation goes on")
	var in workflows.SyncOrganizationInput
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(again.Input, &in))
	require.True(t, in.Read)
	require.Equal(t, "300", in.After)
	require.Equal(t, operation.RepositoryWork{Total: 1000, Done: 299, Cancelled: 1}, in.Ended)
	require.Equal(t, b.plan, *in.Plan)
}

func TestALaterRunGoesOnWithTheRepositoriesThatAreLeft(t *testing.T) {
	b := setupOrganization(t)
	b.OnActivity(steps.BeginRepositories, mock.Anything, activities.Repositories{OperationRef: ref, OrganizationID: 1, After: "300"}).
		Return(activities.RepositoryBatch{Done: true, Children: []activities.BegunRepository{{OperationID: "c", Subject: "o/r"}}}, nil).Once()
	begun, _ := b.children(succeed)
	b.settled(activities.SettledRepositories{})
	in := workflows.SyncOrganizationInput{Read: true, After: "300", Failure: &operation.Failure{Code: "github_forbidden", Message: "No teams."}}
	in.Plan = &b.plan
	require.Error(t, b.syncOrganization(in))
	b.AssertExpectations(t)
	require.Equal(t, 1, *begun)
	require.Equal(t, operation.Failure{Code: "github_forbidden", Message: "No teams."}, *b.finish[0].Failure, "of a collection that an earlier run read")
}

func TestALongReadOfAnOrganizationContinuesAsNew(t *testing.T) {
	b := setupOrganization(t)
	b.read("organization_repositories")
	b.OnActivity(steps.SyncPages, mock.Anything, ofOrganization("teams")).Return(func(context.Context, activities.Pages) (activities.PagesResult, error) {
		b.SetContinueAsNewSuggested(true)
		return more("teams"), nil
	}).Once()
	var again *workflow.ContinueAsNewError
	require.ErrorAs(t, b.syncOrganization(workflows.SyncOrganizationInput{}), &again)
	var in workflows.SyncOrganizationInput
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(again.Input, &in))
	require.False(t, in.Read)
	require.Len(t, in.Finished, 1)
}

func TestCancellingAnOrganizationCancelsItsRepositories(t *testing.T) {
	b := setupOrganization(t)
	b.read("organization_repositories", "teams")
	b.batches(100)
	b.OnActivity(steps.PlanSync, mock.Anything, mock.Anything).
		Return(activities.Plan{RepositoryID: 2, Owner: "o", Name: "r", Collections: []activities.PlannedStep{{Name: "labels"}}}, nil)
	b.OnActivity(steps.SyncPages, mock.Anything, mock.Anything).
		Return(activities.PagesResult{Wait: &activities.Wait{Reason: "long", Pause: 24 * time.Hour}}, nil)
	b.settled(activities.SettledRepositories{RepositoryWork: operation.RepositoryWork{Total: 100, Cancelled: 100}, Failure: &operation.Failure{Code: "repositories_failed"}})
	b.RegisterDelayedCallback(b.CancelWorkflow, time.Hour)
	began := b.Now()
	require.True(t, temporal.IsCanceledError(b.syncOrganization(workflows.SyncOrganizationInput{})))
	b.AssertExpectations(t)
	require.Less(t, b.Now().Sub(began), 2*time.Hour)
	require.Len(t, b.finish, 9, "those that ran, and the organization; the others never began")
	for _, f := range b.finish {
		require.Equal(t, operation.StateCancelled, f.State)
	}
	require.Equal(t, ref, b.finish[8].OperationRef, "it ends after its repositories")
}

func TestAnOrganizationsRowThatWasCancelledEndsTheWorkflow(t *testing.T) {
	b := setupOrganization(t)
	b.read("organization_repositories", "teams")
	b.OnActivity(steps.BeginRepositories, mock.Anything, mock.Anything).
		Return(activities.RepositoryBatch{}, temporal.NewNonRetryableApplicationError("The operation is cancelling.", activities.TypeNotRunning, nil))
	b.settled(activities.SettledRepositories{})
	require.True(t, temporal.IsCanceledError(b.syncOrganization(workflows.SyncOrganizationInput{})))
	require.Equal(t, []activities.Finish{{OperationRef: ref, State: operation.StateCancelled}}, b.finish)
}
