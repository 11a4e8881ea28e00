package workflows

import (
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/internal/schedule"
)

// RunSchedule is one run of a schedule: it has the operation's row written, runs the
// operation as its child and ends when that has ended, so that what overlaps is what
// really goes on. When it is cancelled, the operation is by its row, as a request does it.
func RunSchedule(ctx workflow.Context, in schedule.Definition) error {
	id := schedule.OperationID(workflow.GetInfo(ctx).WorkflowExecution.RunID)
	r := &scheduledRun{in: in, ref: activities.OperationRef{WorkspaceID: in.WorkspaceID, OperationID: id}, lane: laneFor(in.Lane, in.Source)}
	return r.run(ctx)
}

// scheduledRun is one run of RunSchedule.
type scheduledRun struct {
	in    schedule.Definition
	ref   activities.OperationRef
	lane  int
	steps *activities.Sync // nil: only its methods' names are used
}

// run lives on when it is cancelled until the operation has ended: nothing must go on
// that nobody awaits, and no row stay that nobody works on.
func (r *scheduledRun) run(ctx workflow.Context) error {
	lasting, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	begin := activities.Scheduled{OperationID: r.ref.OperationID, Schedule: r.in}
	if err := workflow.ExecuteActivity(r.step(lasting, "Begin "+r.in.Subject), r.steps.BeginScheduled, begin).Get(lasting, nil); err != nil {
		return err
	}
	workflow.SetCurrentDetails(ctx, "Runs the operation "+r.ref.OperationID+".")
	child := childSync{
		OperationRef: r.ref, kind: r.in.Kind, subject: r.in.Subject, lane: r.lane, close: enumspb.PARENT_CLOSE_POLICY_ABANDON, awaited: true,
	}
	childCtx, stop := workflow.WithCancel(lasting)
	end, ended := workflow.NewFuture(ctx)
	workflow.Go(childCtx, func(ctx workflow.Context) { ended.Set(nil, child.run(ctx)) })
	if workflow.Await(ctx, end.IsReady) != nil {
		if err := workflow.ExecuteActivity(r.step(lasting, "Cancel "+r.in.Subject), r.steps.CancelScheduled, r.ref).Get(lasting, nil); err != nil {
			return err
		}
		stop()
	}
	err := end.Get(lasting, nil)
	if temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		err = r.follow(ctx, lasting)
	}
	return err
}

// follow waits for the end of an operation that somebody else has started: what lay in
// wait for long is.
func (r *scheduledRun) follow(ctx, lasting workflow.Context) error {
	for asked := false; ; {
		var at activities.Standing
		if err := workflow.ExecuteActivity(r.step(lasting, "See where "+r.in.Subject+" stands"), r.steps.LookAtOperation, r.ref).Get(lasting, &at); err != nil {
			return err
		}
		if at.State.Terminal() {
			return nil
		}
		if ctx.Err() != nil && !asked {
			asked = true
			if err := workflow.ExecuteActivity(r.step(lasting, "Cancel "+r.in.Subject), r.steps.CancelScheduled, r.ref).Get(lasting, nil); err != nil {
				return err
			}
			if err := workflow.RequestCancelExternalWorkflow(lasting, r.ref.OperationID, "").Get(lasting, nil); err != nil {
				workflow.GetLogger(ctx).Info("the operation's workflow could not be cancelled; its row says so", "error", err)
			}
		}
		waiting := ctx
		if asked {
			waiting = lasting
		}
		if err := workflow.Sleep(waiting, followPause); err != nil && asked {
			return err
		}
	}
}

// followPause is how often follow looks.
const followPause = 30 * time.Second

// step is for the run's own steps, which are repeated until the database is back.
func (r *scheduledRun) step(ctx workflow.Context, summary string) workflow.Context {
	return stepOptions{queue: TaskQueue, summary: summary, workspace: r.in.WorkspaceID, lane: laneInteractive, timeout: time.Minute}.in(ctx)
}
