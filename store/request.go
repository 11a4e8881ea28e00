package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/dbsqlc"
	"github.com/holdfast/holdfast/internal/operation"
)

// What is asked of an operation is written to its row, and works from there: each page's
// transaction reads it, whether or not a worker can be told. Asking twice is as good as
// asking once, and what its state does not allow is CodeConflict with a sentence.

// RequestCancel asks an operation to stop, and those that are parts of it. It takes
// effect with the next page.
func (s *Store) RequestCancel(ctx context.Context, workspaceID, id string) (operation.Operation, error) {
	op, _, err := s.SetState(ctx, workspaceID, id, operation.StateCancelling, nil)
	if code := operation.CodeOf(err); code == "" || code == operation.CodeConflict {
		// After its own row: from then on it gets no more of them.
		if _, cancelErr := s.CancelChildren(ctx, workspaceID, id); cancelErr != nil {
			return op, cancelErr
		}
	}
	return s.settleRequest(ctx, workspaceID, op, id, err, "cancel", func(op operation.Operation) bool {
		return op.State == operation.StateCancelling || op.State == operation.StateCancelled
	})
}

// RequestPause asks an operation to wait, and those that are parts of it. It takes
// effect with the next page.
func (s *Store) RequestPause(ctx context.Context, workspaceID, id string) (operation.Operation, error) {
	op, _, err := s.SetState(ctx, workspaceID, id, operation.StatePaused, nil)
	paused := func(op operation.Operation) bool { return op.State == operation.StatePaused }
	op, err = s.settleRequest(ctx, workspaceID, op, id, err, "pause", paused)
	if err != nil {
		return op, err
	}
	_, err = s.PauseChildren(ctx, workspaceID, id)
	return op, err
}

// RequestResume lets a paused operation go on, and those that are parts of it. Where it
// is part of a paused one, that one has to be resumed.
func (s *Store) RequestResume(ctx context.Context, workspaceID, id string) (operation.Operation, error) {
	op, err := s.Operation(ctx, workspaceID, id)
	if err != nil {
		return op, err
	}
	if op.State == operation.StatePaused && op.ParentID != "" {
		parent, err := s.Operation(ctx, workspaceID, op.ParentID)
		if err != nil {
			return op, err
		}
		if parent.State == operation.StatePaused {
			return op, operation.Conflict("The operation is part of operation " + parent.ID + ", which is paused: resume that one.")
		}
	}
	to := operation.StateRunning
	if op.StartedAt == nil {
		to = operation.StatePending
	}
	op, err = s.resume(ctx, workspaceID, id, to)
	return s.settleRequest(ctx, workspaceID, op, id, err, "resume", func(op operation.Operation) bool {
		return op.State == operation.StatePending || op.State == operation.StateRunning
	})
}

// resume moves a paused operation and its parts together, the parts first as everywhere.
func (s *Store) resume(ctx context.Context, workspaceID, id string, to operation.State) (op operation.Operation, err error) {
	var parts []dbsqlc.Operation
	err = s.tx(ctx, workspaceID, "resume an operation", func(tx pgx.Tx) error {
		if parts, err = s.q.ResumeChildren(ctx, tx, dbsqlc.ResumeChildrenParams{WorkspaceID: workspaceID, ParentID: id}); err != nil {
			return err
		}
		if _, err := s.insertStateEvents(ctx, tx, workspaceID, parts); err != nil {
			return err
		}
		op, _, err = s.setState(ctx, tx, workspaceID, id, move{to: to, from: []operation.State{operation.StatePaused}})
		return err
	})
	if err == nil {
		s.transitions.add(ctx, op.Kind, op.State)
		s.countTransitions(ctx, parts)
	}
	return op, err
}

// Approve lets an operation begin that awaits approval.
func (s *Store) Approve(ctx context.Context, workspaceID, id string) (operation.Operation, error) {
	op, _, err := s.move(ctx, workspaceID, id, move{to: operation.StateRunning, from: []operation.State{operation.StateAwaitingApproval}})
	return s.settleRequest(ctx, workspaceID, op, id, err, "approve", func(op operation.Operation) bool {
		return op.NeedsApproval() && op.StartedAt != nil
	})
}

// Reject ends an operation that awaits approval, for a reason that people read.
func (s *Store) Reject(ctx context.Context, workspaceID, id string, failure operation.Failure) (operation.Operation, error) {
	op, _, err := s.SetState(ctx, workspaceID, id, operation.StateRejected, &failure)
	return s.settleRequest(ctx, workspaceID, op, id, err, "reject", func(op operation.Operation) bool {
		return op.State == operation.StateRejected
	})
}

// settleRequest decides on a request that came to err: what its state does not allow
// may be what was asked for already.
func (s *Store) settleRequest(ctx context.Context, workspaceID string, op operation.Operation, id string, err error, verb string, already func(operation.Operation) bool) (operation.Operation, error) {
	if operation.CodeOf(err) != operation.CodeConflict {
		return op, err
	}
	op, readErr := s.Operation(ctx, workspaceID, id)
	if readErr != nil {
		return op, readErr
	}
	if already(op) {
		return op, nil
	}
	return op, operation.Conflict(fmt.Sprintf("The operation %s; there is nothing to %s.", op.State.Phrase(), verb))
}
