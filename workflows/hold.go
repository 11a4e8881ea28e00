package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/internal/operation"
)

// lookAgain is how often a workflow that is held looks at its operation's row by
// itself: a signal that was lost delays it by no more.
const lookAgain = 5 * time.Minute

// holdChange names the change that taught workflows of holds. One that met a hold with
// an earlier version waits for it as that one did, until it continues as new.
const holdChange = "hold"

// row is what a workflow knows of its operation's row besides what its steps do.
type row struct {
	state    operation.State // as it was seen last; empty: it was not looked at
	told     int             // how often the workflow was told that the row changed
	doubted  bool            // it should be looked at
	awaited  bool            // somebody waits with a timer for the hold's end
	parts    []string        // operations that the workflow runs by children of its own
	heldLine string          // for people; empty while it is not held
}

// heed looks at the operation's row whenever the workflow is told that it changed, and
// passes that on to the workflows that it runs. The row is the truth; what is told is
// only that there is something to see.
func (s *syncRun) heed(ctx workflow.Context) {
	changed := workflow.GetSignalChannel(ctx, SignalChanged)
	workflow.GoNamed(ctx, "row", func(ctx workflow.Context) {
		for workflow.Await(ctx, func() bool { return s.row.doubted || changed.Len() > 0 }) == nil {
			if s.drain(changed) {
				for _, id := range s.row.parts {
					workflow.SignalExternalWorkflow(ctx, id, "", SignalChanged, nil)
				}
			}
			s.row.doubted = false
			var at activities.Standing
			stepCtx := s.databaseStep(ctx, "See where the operation stands")
			if err := workflow.ExecuteActivity(stepCtx, s.steps.LookAtOperation, s.in.OperationRef).Get(ctx, &at); err != nil {
				workflow.GetLogger(ctx).Info("the operation could not be looked at", "error", err)
				continue // its next step says why
			}
			s.see(ctx, at.State)
		}
	})
}

// drain takes the signals that have come, and tells whether any had.
func (s *syncRun) drain(changed workflow.ReceiveChannel) bool {
	before := s.row.told
	for changed.ReceiveAsync(nil) {
		s.row.told++
	}
	return s.row.told > before
}

// see notes where the operation stands, and shows when it is held and when it is let go
// on. Its end is shown when it is recorded.
func (s *syncRun) see(ctx workflow.Context, state operation.State) {
	was := s.row.state
	s.row.state = state
	s.row.heldLine = ""
	switch state {
	case operation.StatePaused:
		s.row.heldLine = "**Paused**: nothing is read until somebody resumes it."
	case operation.StateAwaitingApproval:
		s.row.heldLine = "**Awaits approval**: nothing is read before."
	case operation.StatePending, operation.StateRunning:
	case operation.StateCancelling, operation.StateSucceeded, operation.StateFailed, operation.StateCancelled, operation.StateRejected:
		return
	}
	if state == was || !state.Held() && !was.Held() {
		return
	}
	if err := workflow.UpsertTypedSearchAttributes(ctx, AttributeState.ValueSet(string(state))); err != nil {
		workflow.GetLogger(ctx).Warn("the search attribute of the state was not set", "error", err)
	}
	s.describe(ctx)
}

// standBy waits until the operation may go on, or the workflow is to continue as new.
// Told is how often the workflow had been told of changes when the step began that
// found it held: what it saw may be past.
func (s *syncRun) standBy(ctx workflow.Context, hold activities.Hold, wait *activities.Wait, told int) error {
	if workflow.GetVersion(ctx, holdChange, workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		return s.wait(ctx, "operation", wait)
	}
	if s.row.told == told {
		s.see(ctx, hold.State)
	}
	if s.row.awaited {
		return workflow.Await(ctx, func() bool { return !s.row.awaited })
	}
	s.row.awaited = true
	defer func() { s.row.awaited = false }()
	for s.row.state.Held() && !workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
		timer := workflow.AwaitOptions{Timeout: lookAgain, TimerOptions: workflow.TimerOptions{Summary: hold.Reason + " Looks again then"}}
		told, err := workflow.AwaitWithOptions(ctx, timer, func() bool { return !s.row.state.Held() })
		if err != nil {
			return err
		}
		s.row.doubted = s.row.doubted || !told
	}
	return nil
}
