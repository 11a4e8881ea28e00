package workflows

import (
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/internal/operation"
)

// sweepsAtOnce is how many repositories of a round are read at once: it has time.
const sweepsAtOnce = 2

// SweepRepositoriesInput starts SweepRepositories.
type SweepRepositoriesInput struct {
	activities.Rounds
}

// Swept counts what a round did.
type Swept struct {
	Due       int `json:"due"`
	Succeeded int `json:"succeeded"`
	Failed    int `json:"failed"`
	Cancelled int `json:"cancelled"`
}

// SweepRepositories reads the repositories whose turn it is, a few at once, each by an
// operation of its own, and waits for them. A schedule starts it: while a round goes on
// no other begins, and a repository that fails is due again later.
func SweepRepositories(ctx workflow.Context, in SweepRepositoriesInput) (Swept, error) {
	r := &round{in: in}
	var due []activities.DueRepository
	run := activities.Round{Rounds: in.Rounds, Run: workflow.GetInfo(ctx).WorkflowExecution.RunID}
	if err := workflow.ExecuteActivity(r.step(ctx, "Find what is due"), r.steps.DueRepositories, run).Get(ctx, &due); err != nil {
		return r.swept, err
	}
	r.swept.Due = len(due)
	r.describe(ctx)
	slots, running := workflow.NewSemaphore(ctx, sweepsAtOnce), workflow.NewWaitGroup(ctx)
	var err error
	for _, one := range due {
		if err = slots.Acquire(ctx, 1); err != nil {
			break
		}
		running.Add(1)
		workflow.GoNamed(ctx, one.Subject, func(ctx workflow.Context) {
			defer running.Done()
			defer slots.Release(1)
			r.read(ctx, one)
		})
	}
	running.Wait(ctx)
	return r.swept, err
}

// round is one run of SweepRepositories.
type round struct {
	in    SweepRepositoriesInput
	steps *activities.Sync // nil: only its methods' names are used
	swept Swept
}

func (r *round) kind() operation.Kind {
	if r.in.Full {
		return operation.KindReconcileRepository
	}
	return operation.KindSyncRepository
}

// read runs one repository's operation. How it ended stands in its row, here it is only
// counted. The row is written just before: what no workflow is started for the sweeper
// of the operations starts, and a whole round at once would come to that.
func (r *round) read(ctx workflow.Context, one activities.DueRepository) {
	begin := activities.Begin{WorkspaceID: r.in.WorkspaceID, Full: r.in.Full, DueRepository: one}
	err := workflow.ExecuteActivity(r.step(ctx, "Begin "+one.Subject), r.steps.BeginRepository, begin).Get(ctx, nil)
	if err == nil {
		err = r.runChild(ctx, one)
	}
	switch {
	case err == nil:
		r.swept.Succeeded++
	case temporal.IsCanceledError(err):
		r.swept.Cancelled++
	default:
		r.swept.Failed++
		workflow.GetLogger(ctx).Info("a repository of a round did not succeed", "operation_id", one.OperationID, "error", err)
	}
	r.describe(ctx)
}

func (r *round) runChild(ctx workflow.Context, one activities.DueRepository) error {
	return childSync{
		OperationRef: activities.OperationRef{WorkspaceID: r.in.WorkspaceID, OperationID: one.OperationID},
		kind:         r.kind(), subject: one.Subject, lane: laneSweep, close: enumspb.PARENT_CLOSE_POLICY_ABANDON, awaited: true,
	}.run(ctx)
}

// describe shows the progress in Temporal's UI.
func (r *round) describe(ctx workflow.Context) {
	s := r.swept
	workflow.SetCurrentDetails(ctx, fmt.Sprintf("%d repositories were due: %d succeeded, %d failed, %d were cancelled.", s.Due, s.Succeeded, s.Failed, s.Cancelled))
}

// step is for the round's own steps. They are repeated until the database is back:
// nobody waits for them.
func (r *round) step(ctx workflow.Context, summary string) workflow.Context {
	return stepOptions{queue: TaskQueue, summary: summary, workspace: r.in.WorkspaceID, lane: laneSweep, timeout: time.Minute}.in(ctx)
}
