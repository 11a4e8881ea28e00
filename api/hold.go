package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/operation"
)

// steering describes a request that changes where an operation stands.
func steering(id, summary, description string) huma.Operation {
	return huma.Operation{
		OperationID: id, Summary: summary, Description: description, Tags: []string{"operations"}, Security: needsToken(),
		DefaultStatus: http.StatusAccepted,
		Errors:        []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable},
	}
}

func cancelOperationSpec() huma.Operation {
	return steering("cancel-operation", "Stop an operation",
		"Asks the operation to stop and answers before it has: no page is committed after that. "+
			"Asking again changes nothing and answers 202, also after it was cancelled. An operation that has already succeeded or failed answers 409, and so does a rejected one.")
}

func pauseOperationSpec() huma.Operation {
	return steering("pause-operation", "Have an operation wait",
		"Asks the operation, and those that are parts of it, to wait until it is resumed. No page is committed after that, also while no worker runs: "+
			"a page that is being read is read again later. What it has mirrored so far stays. Asking again changes nothing.")
}

func resumeOperationSpec() huma.Operation {
	return steering("resume-operation", "Let a paused operation go on",
		"Lets the operation go on where it was, and those that are parts of it. One that is part of a paused operation goes on with that one.")
}

func approveOperationSpec() huma.Operation {
	return steering("approve-operation", "Let an operation begin that awaits approval",
		"An operation that was asked for with `approval` `required` makes its plan, shows its forecast and reads nothing before somebody approves it.")
}

func rejectOperationSpec() huma.Operation {
	return steering("reject-operation", "End an operation that awaits approval",
		"The operation ends as rejected, with the reason as its failure. One that nobody decides on in 7 days is rejected by itself.")
}

func (a *API) cancelOperation(ctx context.Context, in *IDPath) (*accepted, error) {
	return a.steer(ctx, in.ID, a.opts.Operations.RequestCancel, a.opts.Starter.Cancel)
}

func (a *API) pauseOperation(ctx context.Context, in *IDPath) (*accepted, error) {
	return a.steer(ctx, in.ID, a.opts.Operations.RequestPause, a.opts.Starter.Tell)
}

func (a *API) resumeOperation(ctx context.Context, in *IDPath) (*accepted, error) {
	return a.steer(ctx, in.ID, a.opts.Operations.RequestResume, a.goOn)
}

func (a *API) approveOperation(ctx context.Context, in *IDPath) (*accepted, error) {
	return a.steer(ctx, in.ID, a.opts.Operations.Approve, a.opts.Starter.Tell)
}

// rejection is the body of POST /v1/operations/{id}/reject, which may be left out.
type rejection struct {
	Reason string `json:"reason,omitempty" maxLength:"500" example:"Not during the release." doc:"Why, for people: it becomes the operation's failure."`
}

type rejectInput struct {
	IDPath
	Body *rejection
}

func (a *API) rejectOperation(ctx context.Context, in *rejectInput) (*accepted, error) {
	var reason string
	if in.Body != nil {
		reason = in.Body.Reason
	}
	reject := func(ctx context.Context, workspaceID, id string) (operation.Operation, error) {
		return a.opts.Operations.Reject(ctx, workspaceID, id, operation.Rejected(reason))
	}
	return a.steer(ctx, in.ID, reject, a.opts.Starter.Tell)
}

// goOn tells the workflow of an operation that was resumed, or starts it: the operation
// may have been paused before it had one.
func (a *API) goOn(ctx context.Context, op operation.Operation) error {
	if op.State == operation.StatePending {
		if err := a.opts.Starter.Start(ctx, op); err != nil {
			return err //nolint:wrapcheck // it has a code to decide on
		}
	}
	return a.opts.Starter.Tell(ctx, op) //nolint:wrapcheck // as above
}

// steer writes to an operation's row what is asked of it, and tells its workflow.
func (a *API) steer(ctx context.Context, id string,
	ask func(ctx context.Context, workspaceID, id string) (operation.Operation, error), tell func(context.Context, operation.Operation) error,
) (*accepted, error) {
	about(ctx, id)
	if err := a.mustSee(ctx, id); err != nil {
		return nil, a.fail(ctx, err)
	}
	op, err := ask(ctx, workspaceOf(ctx), id)
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	a.opts.Waker.Wake(ctx, op.WorkspaceID, op.ID)
	if op.State.Terminal() && op.State != operation.StateRejected { // there is nobody to tell
		return accept(op), nil
	}
	if err := tell(ctx, op); err != nil {
		// The row is what counts: each page's transaction reads it, and the sweeper tells again.
		a.logger(ctx).WarnContext(ctx, "workflow was not told; it will see it in its row", "state", op.State, "error", err)
	}
	return accept(op), nil
}
