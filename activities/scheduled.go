package activities

import (
	"context"

	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/schedule"
)

// Scheduled is one run of a schedule.
type Scheduled struct {
	OperationID string              `json:"operation_id"`
	Schedule    schedule.Definition `json:"schedule"`
}

// BeginScheduled writes the operation of a schedule's run; its workflow is started at once
// after that. Beginning twice is beginning once.
func (a *Sync) BeginScheduled(ctx context.Context, in Scheduled) error {
	_, _, err := a.Store.CreateOperation(ctx, in.Schedule.Operation(in.OperationID))
	switch operation.CodeOf(err) {
	case "", operation.CodeConflict:
		return nil
	case operation.CodeForbidden:
		return fatal("workspace_not_found", "The schedule's workspace does not exist any more.", err)
	default:
		return retryable(err)
	}
}

// CancelScheduled notes in an operation's row that it shall stop. One that has ended, or
// never began, has nothing to stop.
func (a *Sync) CancelScheduled(ctx context.Context, ref OperationRef) error {
	switch _, err := a.Store.RequestCancel(ctx, ref.WorkspaceID, ref.OperationID); operation.CodeOf(err) {
	case "", operation.CodeConflict, operation.CodeNotFound:
		return nil
	default:
		return retryable(err)
	}
}
