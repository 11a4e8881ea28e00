package workflows

import (
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/workflow"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/internal/operation"
)

const (
	// firstGap and longestGap are how far apart the passes of a burst are: 2, 4, 8 s and
	// then 8 s, for as long as deliveries keep coming. While GitHub allows much more than
	// that they are at most ampleGap apart.
	firstGap   = 2 * time.Second
	longestGap = 8 * time.Second
	ampleGap   = 4 * time.Second
	// watchIdle is how long a watch without work waits for more before it ends. The
	// next delivery starts it anew.
	watchIdle = time.Minute
	// passPoll is how long to wait before looking again whether a pass has ended that
	// somebody else has started.
	passPoll = 5 * time.Second
)

// WatchRepositoryInput starts WatchRepository. Gap is set when it continues as new in
// the middle of a burst.
type WatchRepositoryInput struct {
	activities.Watched
	Gap time.Duration `json:"gap,omitempty"` // in nanoseconds
}

// WatchRepository works the webhook deliveries of one repository. The first one of a
// burst is worked at once, and what comes after it together, at a growing distance:
// each pass reads the touched collections once, however many deliveries nominate them.
// A delivery counts as processed when the mirror shows what it was about; where GitHub
// still answers an older state it is looked at again. Without work the watch ends.
func WatchRepository(ctx workflow.Context, in WatchRepositoryInput) error {
	w := &watch{in: in, nominated: workflow.GetSignalChannel(ctx, SignalNominated)}
	for {
		w.drain()
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return workflow.NewContinueAsNewError(ctx, WatchRepositoryType, w.in)
		}
		claimed, err := w.claim(ctx)
		if err != nil {
			return err
		}
		if claimed.OperationID != "" {
			if err := w.work(ctx, claimed); err != nil {
				return err
			}
			continue
		}
		w.in.Gap = 0
		pause, why := watchIdle, "Nothing to do; ends then"
		if claimed.Waiting > 0 {
			pause, why = claimed.Pause, fmt.Sprintf("%d deliveries are looked at again: GitHub answered an older state", claimed.Waiting)
		}
		told, err := w.await(ctx, pause, why)
		if err != nil {
			return err
		}
		if !told && claimed.Waiting == 0 && !w.drain() {
			return nil
		}
	}
}

// watch is one run of WatchRepository.
type watch struct {
	in        WatchRepositoryInput
	nominated workflow.ReceiveChannel
	steps     *activities.Deliveries // nil: only its methods' names are used
	passes    int
}

// drain takes the signals that have come, and tells whether any had: what they tell of
// is claimed together.
func (w *watch) drain() bool {
	came := false
	for w.nominated.ReceiveAsync(nil) {
		came = true
	}
	return came
}

func (w *watch) claim(ctx workflow.Context) (activities.Claimed, error) {
	var claimed activities.Claimed
	w.passes++
	in := activities.WatchPass{Watched: w.in.Watched, Pass: w.passes}
	err := workflow.ExecuteActivity(w.databaseStep(ctx, "Claim deliveries"), w.steps.ClaimDeliveries, in).Get(ctx, &claimed)
	return claimed, err
}

// work makes a pass and settles its deliveries. Then it lets some time pass, in which
// more may come.
func (w *watch) work(ctx workflow.Context, claimed activities.Claimed) error {
	if err := w.pass(ctx, claimed); err != nil {
		return err
	}
	ample, err := w.settle(ctx, claimed.OperationID)
	if err != nil {
		return err
	}
	longest := longestGap
	if ample {
		longest = ampleGap
	}
	w.in.Gap = min(max(2*w.in.Gap, firstGap), longest)
	return workflow.NewTimerWithOptions(ctx, w.in.Gap, workflow.TimerOptions{Summary: "Gathers what comes meanwhile"}).Get(ctx, nil)
}

// pass runs the operation that reads the nominated collections. How it ended stands in
// its row; that it failed is no reason to watch no more.
func (w *watch) pass(ctx workflow.Context, claimed activities.Claimed) error {
	err := childSync{
		OperationRef: activities.OperationRef{WorkspaceID: w.in.WorkspaceID, OperationID: claimed.OperationID},
		kind:         operation.KindSyncRepository, subject: claimed.Subject, lane: laneIncremental, close: enumspb.PARENT_CLOSE_POLICY_ABANDON,
	}.run(ctx)
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		workflow.GetLogger(ctx).Info("a pass for deliveries did not succeed", "operation_id", claimed.OperationID, "error", err)
	}
	return nil
}

// settle marks what was worked, and tells whether GitHub allows much more. A pass that
// somebody else has started, the sweeper of the operations, may not have ended yet.
func (w *watch) settle(ctx workflow.Context, operationID string) (ample bool, err error) {
	in := activities.WatchPassEnd{Watched: w.in.Watched, OperationID: operationID}
	for {
		var settled activities.Settled
		stepCtx := w.databaseStep(ctx, "Settle deliveries")
		if err := workflow.ExecuteActivity(stepCtx, w.steps.SettleDeliveries, in).Get(ctx, &settled); err != nil {
			return false, err
		}
		workflow.SetCurrentDetails(ctx, fmt.Sprintf("After pass %d, operation `%s`: %d deliveries processed, %d looked at again, %d left to the sweep.",
			w.passes, operationID, settled.Processed, settled.Again, settled.Left))
		if !settled.Open {
			return settled.Ample, nil
		}
		if _, err := w.await(ctx, passPoll, "The pass has not ended"); err != nil {
			return false, err
		}
	}
}

// await waits for a signal, at most that long, and tells whether there was one.
func (w *watch) await(ctx workflow.Context, pause time.Duration, why string) (told bool, err error) {
	timerCtx, cancel := workflow.WithCancel(ctx)
	defer cancel()
	timer := workflow.NewTimerWithOptions(timerCtx, max(pause, shortestPause), workflow.TimerOptions{Summary: why})
	selector := workflow.NewSelector(ctx)
	selector.AddReceive(w.nominated, func(c workflow.ReceiveChannel, _ bool) {
		c.ReceiveAsync(nil)
		told = true
	})
	selector.AddFuture(timer, func(f workflow.Future) { err = f.Get(ctx, nil) })
	selector.Select(ctx)
	return told, err
}

// databaseStep is for the watch's own steps. They are repeated until the database is
// back: deliveries wait for it in any case.
func (w *watch) databaseStep(ctx workflow.Context, summary string) workflow.Context {
	return stepOptions{queue: TaskQueue, summary: summary, workspace: w.in.WorkspaceID, lane: laneIncremental, timeout: time.Minute}.in(ctx)
}
