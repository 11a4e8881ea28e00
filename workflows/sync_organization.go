package workflows

import (
	"fmt"
	"slices"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/internal/operation"
)

const (
	// repositoriesAtOnce is how many repositories of an organization are synced at once.
	repositoriesAtOnce = 8
	// repositoriesPerRun is after how many a run continues as new: a child costs its
	// parent's history about 9 events, and 2,000 must not bloat it.
	repositoriesPerRun = 300
	// listOfRepositories is the collection without which no repository can be synced.
	listOfRepositories = "organization_repositories"
)

// SyncOrganizationInput starts SyncOrganization. The rest is set when it continues as
// new: which repositories are done is in Postgres.
type SyncOrganizationInput struct {
	SyncRepositoryInput
	Read    bool                     `json:"read,omitempty"`    // the organization's own collections were read
	Failure *operation.Failure       `json:"failure,omitempty"` // of one of them
	After   string                   `json:"after,omitempty"`   // key of the last repository that was begun
	Ended   operation.RepositoryWork `json:"ended,omitzero"`    // for people
}

// SyncOrganization mirrors an organization: its own collections as SyncRepository reads
// a repository's, then each of its repositories by a SyncRepository of its own, a few
// at once. A repository that fails does not stop the others.
func SyncOrganization(ctx workflow.Context, in SyncOrganizationInput) error {
	o := &organizationSync{in: in, sync: newSync(in.SyncRepositoryInput)}
	o.sync.heed(ctx)
	err := o.run(ctx)
	if workflow.IsContinueAsNewError(err) {
		return err
	}
	return o.sync.finish(ctx, o.settle(ctx, err))
}

// organizationSync is one run of SyncOrganization.
type organizationSync struct {
	in   SyncOrganizationInput
	sync *syncRun
}

func (o *organizationSync) run(ctx workflow.Context) error {
	s := o.sync
	planned, err := s.makePlan(ctx, s.steps.PlanOrganization)
	if err != nil {
		return err
	}
	if !planned {
		return workflow.NewContinueAsNewError(ctx, SyncOrganizationType, o.in)
	}
	o.describe(ctx)
	if !o.in.Read {
		err := s.syncCollections(ctx)
		if err != nil && (stopped(err) || s.failed[listOfRepositories]) {
			return err
		}
		if err != nil {
			o.in.Failure = failureOf(err)
		}
		if s.left {
			return o.again(ctx)
		}
		o.in.Read = true
	}
	all, err := o.syncRepositories(ctx)
	if err != nil {
		return err
	}
	if !all {
		return o.again(ctx)
	}
	return nil
}

// again continues as new with what is left.
func (o *organizationSync) again(ctx workflow.Context) error {
	next := o.in
	next.Plan, next.Finished = &o.sync.plan, o.sync.finished()
	return workflow.NewContinueAsNewError(ctx, SyncOrganizationType, next)
}

// syncRepositories runs the repositories through a window. It is not all of them when
// the workflow is to continue as new; none of them runs then.
func (o *organizationSync) syncRepositories(ctx workflow.Context) (all bool, err error) {
	slots := workflow.NewSemaphore(ctx, repositoriesAtOnce)
	running := workflow.NewWaitGroup(ctx)
	for begun := 0; begun < repositoriesPerRun && !workflow.GetInfo(ctx).GetContinueAsNewSuggested(); {
		var batch activities.RepositoryBatch
		if batch, err = o.nextBatch(ctx); err != nil {
			break
		}
		for _, begun := range batch.Children {
			if err = slots.Acquire(ctx, 1); err != nil {
				break
			}
			running.Add(1)
			workflow.GoNamed(ctx, begun.Subject, func(ctx workflow.Context) {
				defer running.Done()
				defer slots.Release(1)
				o.syncRepository(ctx, begun)
			})
		}
		begun += len(batch.Children)
		o.in.After = batch.After
		if all = batch.Done; all || err != nil {
			break
		}
	}
	running.Wait(ctx)
	return all, err
}

// nextBatch has the operations of the next repositories written.
func (o *organizationSync) nextBatch(ctx workflow.Context) (activities.RepositoryBatch, error) {
	var batch activities.RepositoryBatch
	in := activities.Repositories{OperationRef: o.in.OperationRef, OrganizationID: o.sync.plan.RepositoryID, After: o.in.After}
	stepCtx := o.sync.databaseStep(ctx, "Begin the next repositories")
	err := workflow.ExecuteActivity(stepCtx, o.sync.steps.BeginRepositories, in).Get(ctx, &batch)
	if batch.Total > 0 {
		o.in.Ended.Total = batch.Total
	}
	return batch, err
}

// syncRepository runs one child. How it ended stands in its operation's row; here it
// only counts for what is shown.
func (o *organizationSync) syncRepository(ctx workflow.Context, begun activities.BegunRepository) {
	row := &o.sync.row
	row.parts = append(row.parts, begun.OperationID)
	defer func() {
		row.parts = slices.DeleteFunc(row.parts, func(id string) bool { return id == begun.OperationID })
	}()
	err := childSync{
		OperationRef: activities.OperationRef{WorkspaceID: o.in.WorkspaceID, OperationID: begun.OperationID},
		kind:         operation.KindSyncRepository, subject: begun.Subject, lane: o.in.lane(), close: enumspb.PARENT_CLOSE_POLICY_REQUEST_CANCEL, awaited: true,
	}.run(ctx)
	switch {
	case err == nil:
		o.in.Ended.Done++
	case temporal.IsCanceledError(err):
		o.in.Ended.Cancelled++
	default:
		o.in.Ended.Failed++
		workflow.GetLogger(ctx).Info("a repository's sync did not succeed", "operation_id", begun.OperationID, "error", err)
	}
	o.describe(ctx)
}

// settle ends the children that no workflow will end, and says why the operation did
// not succeed: cause, a collection, or a repository.
func (o *organizationSync) settle(ctx workflow.Context, cause error) error {
	if o.in.Read {
		ctx, cancel := workflow.NewDisconnectedContext(ctx)
		defer cancel()
		var settled activities.SettledRepositories
		stepCtx := o.sync.databaseStep(ctx, "Count how the repositories ended")
		if err := workflow.ExecuteActivity(stepCtx, o.sync.steps.SettleRepositories, o.in.OperationRef).Get(ctx, &settled); err != nil {
			return err
		}
		o.in.Ended = settled.RepositoryWork
		o.describe(ctx)
		if cause == nil && settled.Failure != nil && o.in.Failure == nil {
			o.in.Failure = settled.Failure
		}
	}
	if cause == nil && o.in.Failure != nil {
		return temporal.NewNonRetryableApplicationError(o.in.Failure.Message, o.in.Failure.Code, nil)
	}
	return cause
}

// describe shows the progress in Temporal's UI.
func (o *organizationSync) describe(ctx workflow.Context) {
	if w := o.in.Ended; w.Total > 0 {
		o.sync.footer = fmt.Sprintf("Repositories: %d of %d in sync, %d failed, %d cancelled.", w.Done, w.Total, w.Failed, w.Cancelled)
	}
	o.sync.describe(ctx)
}
