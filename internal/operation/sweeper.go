package operation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

const (
	// unstartedAge is how old a pending operation is when its start is made up
	// for: an API that lives starts it within moments.
	unstartedAge = 10 * time.Second
	sweepPage    = 100
)

// WorkflowStatus is what Temporal knows of an operation's workflow.
type WorkflowStatus string

// The statuses that a sweep decides on.
const (
	WorkflowMissing WorkflowStatus = "missing" // there never was one, or Temporal forgot it
	WorkflowOpen    WorkflowStatus = "open"    // it has not ended
	WorkflowHeld    WorkflowStatus = "held"    // it has not ended, and shows that its operation is held
	WorkflowEnded   WorkflowStatus = "ended"
)

func (s WorkflowStatus) open() bool { return s == WorkflowOpen || s == WorkflowHeld }

// SweepStore is what a sweep needs of the operations' rows, of all workspaces.
type SweepStore interface {
	// Open lists operations that have not ended by creation, after one of them;
	// pending ones younger than age are left out, and those whose parent has not
	// ended: it starts them.
	Open(ctx context.Context, age time.Duration, afterAt time.Time, afterID string, limit int32) ([]Operation, error)
	// SetState moves an operation; CodeConflict when its state does not allow it.
	SetState(ctx context.Context, workspaceID, id string, to State, failure *Failure) (Operation, []Event, error)
	// CancelChildren asks the parts of an operation to stop, PauseChildren to wait.
	CancelChildren(ctx context.Context, workspaceID, parentID string) ([]Event, error)
	PauseChildren(ctx context.Context, workspaceID, parentID string) ([]Event, error)
	// Unknown are those of the operations, named by workspace and id, that there are not.
	Unknown(ctx context.Context, named []Operation) ([]Operation, error)
}

// SweepWorkflows is what a sweep needs of the workflows.
type SweepWorkflows interface {
	// Start starts an operation's workflow unless it was started before.
	Start(ctx context.Context, op Operation) error
	// Cancel asks it to stop.
	Cancel(ctx context.Context, op Operation) error
	// Tell tells it that its operation's row has changed.
	Tell(ctx context.Context, op Operation) error
	// Running names the operations, by workspace and id alone, that have a running
	// workflow, a page at a time; next is empty after the last one.
	Running(ctx context.Context, page []byte) (named []Operation, next []byte, err error)
	// Status tells whether it is there and has not ended.
	Status(ctx context.Context, op Operation) (WorkflowStatus, error)
}

// Sweeper mends what a process that died between a row and its workflow left
// behind: rows without a workflow are started, cancels and resumptions that did not
// arrive are sent again, rows whose workflow ended without them are ended, and so are
// workflows without a row. Any number of sweepers may run at once.
type Sweeper struct {
	Store     SweepStore
	Workflows SweepWorkflows
	Publish   func(ctx context.Context, events ...Event)
	Logger    *slog.Logger
}

// Run sweeps at every tick until ctx ends.
func (s *Sweeper) Run(ctx context.Context, ticks <-chan time.Time) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks:
			if err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
				s.Logger.WarnContext(ctx, "a sweep of the operations did not mend all of them", "error", err)
			}
		}
	}
}

// Sweep looks once at every operation that has not ended. One that cannot be
// mended does not keep it from the others.
func (s *Sweeper) Sweep(ctx context.Context) error {
	var failed []error
	var last Operation
	for {
		open, err := s.Store.Open(ctx, unstartedAge, last.CreatedAt, last.ID, sweepPage)
		if err != nil {
			return errors.Join(append(failed, fmt.Errorf("list open operations: %w", err))...)
		}
		for _, op := range open {
			if err := s.mend(ctx, op); err != nil {
				failed = append(failed, fmt.Errorf("operation %s: %w", op.ID, err))
			}
		}
		if len(open) < sweepPage || ctx.Err() != nil {
			break
		}
		last = open[len(open)-1]
	}
	return errors.Join(append(failed, s.endUnknown(ctx))...)
}

// endUnknown stops the workflows of operations that there are not: somebody started one by
// hand, or the database was restored to a time before it. A row is written before its
// workflow starts, so there is none that is too young for one. At its next step it would find
// that out by itself; but that may be hours away.
func (s *Sweeper) endUnknown(ctx context.Context) error {
	var failed []error
	var page []byte
	for {
		named, next, err := s.Workflows.Running(ctx, page)
		if err != nil {
			return errors.Join(append(failed, fmt.Errorf("list running workflows: %w", err))...)
		}
		unknown, err := s.Store.Unknown(ctx, named)
		if err != nil {
			return errors.Join(append(failed, fmt.Errorf("look for the operations of running workflows: %w", err))...)
		}
		for _, op := range unknown {
			s.Logger.WarnContext(ctx, "stopping a workflow that has no operation", "operation_id", op.ID)
			failed = append(failed, s.Workflows.Cancel(ctx, op))
		}
		if page = next; len(page) == 0 || ctx.Err() != nil {
			return errors.Join(failed...)
		}
	}
}

func (s *Sweeper) mend(ctx context.Context, op Operation) error {
	status, err := s.Workflows.Status(ctx, op)
	switch {
	case err != nil:
		return err
	case status.open() && op.State == StateCancelling:
		// Whoever asked may have died before its parts were asked as well.
		return errors.Join(s.cancelChildren(ctx, op), s.Workflows.Cancel(ctx, op))
	case status.open() && op.State == StatePaused:
		return s.tellChildren(ctx, op, s.Store.PauseChildren)
	case status == WorkflowHeld && !op.State.Held():
		// Whoever let it go on may have died before the workflow was told.
		return s.Workflows.Tell(ctx, op)
	case status.open():
		return nil
	case status == WorkflowMissing && op.State == StatePaused && op.StartedAt == nil && op.ParentID == "":
		return nil // it was paused before it had a workflow, and gets one when it is resumed
	case status == WorkflowMissing && op.State == StatePending && op.ParentID == "":
		s.Logger.InfoContext(ctx, "starting an operation that has no workflow", "operation_id", op.ID)
		return s.Workflows.Start(ctx, op)
	}
	return s.end(ctx, op)
}

// end ends an operation whose workflow has ended. A workflow writes its
// operation's end before its own, so one that is over with an open row did not
// get to it: it was terminated, or never started.
func (s *Sweeper) end(ctx context.Context, op Operation) error {
	to, failure := StateFailed, EndedOutside()
	if op.State == StateCancelling || op.ParentID != "" && op.StartedAt == nil && (op.State == StatePending || op.State == StatePaused) {
		to, failure = StateCancelled, nil
	}
	_, events, err := s.Store.SetState(ctx, op.WorkspaceID, op.ID, to, failure)
	if CodeOf(err) == CodeConflict {
		return nil // it ended by itself meanwhile
	}
	if err != nil {
		return err
	}
	s.Publish(ctx, events...)
	s.Logger.WarnContext(ctx, "ended an operation whose workflow is gone", "operation_id", op.ID, "state", to)
	return s.cancelChildren(ctx, op)
}

// cancelChildren stops the parts of an operation that goes on no more. Those that have
// a workflow end themselves; the others the next sweep ends.
func (s *Sweeper) cancelChildren(ctx context.Context, op Operation) error {
	return s.tellChildren(ctx, op, s.Store.CancelChildren)
}

func (s *Sweeper) tellChildren(ctx context.Context, op Operation, tell func(ctx context.Context, workspaceID, parentID string) ([]Event, error)) error {
	if op.Kind != KindSyncOrganization {
		return nil
	}
	events, err := tell(ctx, op.WorkspaceID, op.ID)
	if err != nil {
		return err
	}
	s.Publish(ctx, events...)
	return nil
}
