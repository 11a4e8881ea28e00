package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/operation"
)

// WaitApproval is what an operation waits for that must be approved before it begins.
const WaitApproval = "approval"

const (
	// otherPassWait is how long to wait before looking again whether another
	// operation's pass has ended.
	otherPassWait = 5 * time.Second
	// holdPause is how long a workflow of an earlier version, which does not know of
	// holds, waits before it looks again.
	holdPause = time.Minute
	// heldRetry is how long a step that has nothing to tell its workflow waits.
	heldRetry = 10 * time.Second
)

// TypeHeld is the type of the error of a step that waits because its operation is paused.
const TypeHeld = "operation_held"

// Hold says that a step did nothing more since its operation's row does not let it:
// the operation is paused or awaits approval. Where State is neither, it has been let go
// on meanwhile.
type Hold struct {
	State  operation.State `json:"state"`
	Reason string          `json:"reason"` // for people
}

// Standing is where an operation stands, as its row says.
type Standing struct {
	State operation.State `json:"state"`
}

// LookAtOperation tells where an operation stands. One that nobody has approved in time
// is rejected by it.
func (a *Sync) LookAtOperation(ctx context.Context, ref OperationRef) (Standing, error) {
	op, err := a.Store.Operation(ctx, ref.WorkspaceID, ref.OperationID)
	switch {
	case operation.CodeOf(err) == operation.CodeNotFound:
		return Standing{}, fatal(TypeNotRunning, "The operation does not exist.", err)
	case err != nil:
		return Standing{}, retryable(err)
	case op.State != operation.StateAwaitingApproval || op.Waiting == nil || a.Now().Before(op.Waiting.Until):
		return Standing{State: op.State}, nil
	}
	op, events, err := a.Store.SetState(ctx, op.WorkspaceID, op.ID, operation.StateRejected, operation.NotApproved())
	if err != nil { // a conflict too: somebody has just decided
		return Standing{}, retryable(err)
	}
	a.Publisher.Publish(ctx, events...)
	return Standing{State: op.State}, nil
}

// held tells whether a step that was refused was so since its operation is held. Then
// there is no error, but a wait for workflows that do not know of holds.
func (a *Sync) held(ctx context.Context, ref OperationRef, refused error) (*Hold, *Wait, error) {
	var app *temporal.ApplicationError
	if !errors.As(refused, &app) || app.Type() != TypeNotRunning {
		return nil, nil, refused
	}
	op, err := a.Store.Operation(ctx, ref.WorkspaceID, ref.OperationID)
	if operation.CodeOf(err) == operation.CodeNotFound {
		return nil, nil, refused
	}
	if err != nil {
		return nil, nil, retryable(err)
	}
	hold, wait := &Hold{State: op.State}, &Wait{Pause: holdPause}
	switch op.State {
	case operation.StatePaused:
		hold.Reason = "It is paused until somebody resumes it."
	case operation.StateAwaitingApproval:
		hold.Reason = "It awaits approval."
	case operation.StatePending, operation.StateRunning:
		hold.Reason, wait.Pause = "It was paused for a moment.", time.Second
	case operation.StateCancelling, operation.StateSucceeded, operation.StateFailed, operation.StateCancelled, operation.StateRejected:
		return nil, nil, refused
	}
	wait.Reason = hold.Reason
	return hold, wait, nil
}

// unlessHeld is err, but where a step was refused since its operation is held an error
// with which Temporal tries the step again after a moment, however often.
func (a *Sync) unlessHeld(ctx context.Context, ref OperationRef, err error) error {
	if err == nil {
		return nil
	}
	hold, _, err := a.held(ctx, ref, err)
	if hold == nil {
		return err
	}
	return temporal.NewApplicationErrorWithOptions(hold.Reason, TypeHeld, temporal.ApplicationErrorOptions{NextRetryDelay: heldRetry})
}

// approval is what an operation waits for whose plan is known.
func (a *Sync) approval(f *operation.Forecast) operation.Waiting {
	w := operation.Waiting{For: WaitApproval, Reason: "Somebody has to approve it.", Until: a.Now().Add(operation.ApprovalPatience).UTC()}
	if f != nil {
		took := time.Duration(f.Seconds * float64(time.Second)).Round(time.Second)
		w.Reason = fmt.Sprintf("Somebody has to approve it: about %d requests in %s.", f.Requests, took)
	}
	return w
}

// awaitHolder waits for another operation's pass. It says so once, not at each look.
func (a *Sync) awaitHolder(ctx context.Context, op operation.Operation, c collection.Collection, holder string) (PagesResult, error) {
	w := operation.Waiting{
		For: waitOtherPass, Until: a.Now().Add(otherPassWait), Collection: c.Name,
		Reason: fmt.Sprintf("Operation %s is reading %s already.", holder, c.Name),
	}
	result := PagesResult{Wait: &Wait{Reason: w.Reason, Pause: otherPassWait}}
	if op.Waiting != nil && op.Waiting.Reason == w.Reason {
		a.Metrics.countWait(ctx, w.For, otherPassWait)
		return result, nil
	}
	return result, a.waiting(ctx, op, w)
}
