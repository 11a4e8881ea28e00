package operation

import (
	"context"
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

// SweepStore is what a sweep needs of the operations' rows, of all workspaces.
type SweepStore interface {
	// Unstarted lists pending operations older than age, oldest first.
	Unstarted(ctx context.Context, age time.Duration, limit int32) ([]Operation, error)
	// Open lists running and cancelling operations by creation, after one of them.
	Open(ctx context.Context, afterAt time.Time, afterID string, limit int32) ([]Operation, error)
	// SetState moves an operation; CodeConflict when its state does not allow it.
	SetState(ctx context.Context, workspaceID, id string, to State, failure *Failure) (Operation, Event, error)
}

// SweepWorkflows is what a sweep needs of the workflows.
type SweepWorkflows interface {
	// Start starts an operation's workflow unless it was started before.
	Start(ctx context.Context, op Operation) error
	// Running tells whether it is there and has not ended.
	Running(ctx context.Context, op Operation) (bool, error)
}

// Sweeper mends what a process that died between a row and its workflow left
// behind: rows without a workflow are started, rows whose workflow ended without
// them are ended. Any number of sweepers may run at once.
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
				s.Logger.WarnContext(ctx, "a sweep of the operations did not finish", "error", err)
			}
		}
	}
}

// Sweep looks once at every open operation.
func (s *Sweeper) Sweep(ctx context.Context) error {
	unstarted, err := s.Store.Unstarted(ctx, unstartedAge, sweepPage)
	if err != nil {
		return fmt.Errorf("list operations that were not started: %w", err)
	}
	for _, op := range unstarted {
		if err := s.Workflows.Start(ctx, op); err != nil {
			return fmt.Errorf("start operation %s: %w", op.ID, err)
		}
		s.Logger.InfoContext(ctx, "started an operation that had no workflow", "operation_id", op.ID)
	}
	var last Operation
	for {
		open, err := s.Store.Open(ctx, last.CreatedAt, last.ID, sweepPage)
		if err != nil {
			return fmt.Errorf("list open operations: %w", err)
		}
		for _, op := range open {
			if err := s.end(ctx, op); err != nil {
				return err
			}
		}
		if len(open) < sweepPage {
			return nil
		}
		last = open[len(open)-1]
	}
}

// end ends an operation whose workflow has ended. A workflow writes its
// operation's end before its own, so one that is over with an open row did not
// get to it: it was terminated, or never started.
func (s *Sweeper) end(ctx context.Context, op Operation) error {
	running, err := s.Workflows.Running(ctx, op)
	if err != nil {
		return fmt.Errorf("look at the workflow of operation %s: %w", op.ID, err)
	}
	if running {
		return nil
	}
	to, failure := StateFailed, &Failure{Code: "workflow_ended", Message: "The workflow was ended from outside before the operation was complete."}
	if op.State == StateCancelling {
		to, failure = StateCancelled, nil
	}
	_, event, err := s.Store.SetState(ctx, op.WorkspaceID, op.ID, to, failure)
	if CodeOf(err) == CodeConflict {
		return nil // it ended by itself meanwhile
	}
	if err != nil {
		return fmt.Errorf("end operation %s: %w", op.ID, err)
	}
	s.Publish(ctx, event)
	s.Logger.WarnContext(ctx, "ended an operation whose workflow is gone", "operation_id", op.ID, "state", to)
	return nil
}
