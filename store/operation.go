package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/dbsqlc"
	"github.com/holdfast/holdfast/internal/operation"
)

// CreateOperation writes a pending operation. When its idempotency key was used
// before with the same request, the operation of that time is returned and created
// is false; with another request the error's code is CodeIdempotencyMismatch.
func (s *Store) CreateOperation(ctx context.Context, n operation.New) (op operation.Operation, created bool, err error) {
	const what = "create an operation"
	key := optional(n.IdempotencyKey)
	rows, err := s.q.InsertOperation(ctx, s.in(n.WorkspaceID), dbsqlc.InsertOperationParams{
		WorkspaceID: n.WorkspaceID, ID: n.ID, Kind: string(n.Kind), Source: string(cmp.Or(n.Source, operation.SourceSync)),
		ParentID: optional(n.ParentID), Subject: n.Subject, Input: n.Input, IdempotencyKey: key, RequestHash: n.RequestHash,
	})
	if err != nil {
		return op, false, translate(what, err)
	}
	if len(rows) == 1 {
		s.transitions.add(ctx, n.Kind, operation.StatePending)
		op, err = toOperation(rows[0], nil)
		return op, true, err
	}
	if key == nil {
		return op, false, operation.Conflict("An operation with this id exists already.")
	}
	row, err := s.q.OperationByKey(ctx, s.in(n.WorkspaceID), dbsqlc.OperationByKeyParams{WorkspaceID: n.WorkspaceID, IdempotencyKey: *key})
	if err != nil {
		return op, false, translate(what, err)
	}
	if string(row.RequestHash) != string(n.RequestHash) {
		return op, false, &operation.Error{
			Code:    operation.CodeIdempotencyMismatch,
			Message: "This Idempotency-Key was used with another request. Use a new key for a new request.",
		}
	}
	op, err = s.Operation(ctx, row.WorkspaceID, row.ID)
	return op, false, err
}

// Operation is one operation with its progress and the number of its last event,
// all of one moment.
func (s *Store) Operation(ctx context.Context, workspaceID, id string) (op operation.Operation, err error) {
	err = s.snapshot(ctx, workspaceID, "read an operation", func(tx pgx.Tx) error {
		row, err := s.q.GetOperation(ctx, tx, dbsqlc.GetOperationParams{WorkspaceID: workspaceID, ID: id})
		if err != nil {
			return err
		}
		ops, err := s.withCollections(ctx, tx, workspaceID, []dbsqlc.Operation{row})
		if err != nil {
			return err
		}
		op = ops[0]
		return nil
	})
	return op, err
}

// Operations lists a workspace's operations, newest first, with the cursor of the
// next page; it is empty on the last.
func (s *Store) Operations(ctx context.Context, workspaceID string, f operation.Filter) ([]operation.Operation, string, error) {
	const what = "list operations"
	arg := dbsqlc.ListOperationsParams{
		WorkspaceID: workspaceID, RowLimit: int32(f.Limit) + 1, //nolint:gosec // at most 100
		State: optional(string(f.State)), Kind: optional(string(f.Kind)), ParentID: optional(f.Parent), Visible: f.Visible.Likes(),
	}
	if f.Cursor != "" {
		at, id, err := readCursor(f.Cursor)
		if err != nil {
			return nil, "", err
		}
		arg.BeforeAt, arg.BeforeID = &at, &id
	}
	rows, err := s.q.ListOperations(ctx, s.in(workspaceID), arg)
	if err != nil {
		return nil, "", translate(what, err)
	}
	next := ""
	if len(rows) > f.Limit {
		rows = rows[:f.Limit]
		next = writeCursor(rows[f.Limit-1].CreatedAt, rows[f.Limit-1].ID)
	}
	ops, err := s.withCollections(ctx, s.in(workspaceID), workspaceID, rows)
	return ops, next, translate(what, err)
}

// RequestCancel asks an operation to stop, and those that are parts of it. It takes
// effect with the next page, whether or not a worker can be told. Asking twice is as
// good as asking once.
func (s *Store) RequestCancel(ctx context.Context, workspaceID, id string) (operation.Operation, error) {
	op, _, err := s.SetState(ctx, workspaceID, id, operation.StateCancelling, nil)
	if code := operation.CodeOf(err); code == "" || code == operation.CodeConflict {
		// After its own row: from then on it gets no more of them.
		if _, cancelErr := s.CancelChildren(ctx, workspaceID, id); cancelErr != nil {
			return op, cancelErr
		}
	}
	if operation.CodeOf(err) != operation.CodeConflict {
		return op, err
	}
	op, readErr := s.Operation(ctx, workspaceID, id)
	if readErr != nil {
		return op, readErr
	}
	if op.State == operation.StateCancelling || op.State == operation.StateCancelled {
		return op, nil
	}
	return op, operation.Conflict(fmt.Sprintf("The operation has already %s; there is nothing to cancel.", op.State))
}

// SetState moves an operation to a state that may follow its present one, and
// records the event, and that of its parent where it ends. The error's code is
// CodeConflict when the state may not follow, and CodeNotFound when there is no such
// operation.
func (s *Store) SetState(ctx context.Context, workspaceID, id string, to operation.State, failure *operation.Failure) (op operation.Operation, events []operation.Event, err error) {
	err = s.tx(ctx, workspaceID, "set an operation's state", func(tx pgx.Tx) error {
		op, events, err = s.setState(ctx, tx, workspaceID, id, to, failure)
		return err
	})
	if err == nil {
		s.transitions.add(ctx, op.Kind, op.State)
	}
	return op, events, err
}

func (s *Store) setState(ctx context.Context, tx pgx.Tx, workspaceID, id string, to operation.State, failure *operation.Failure) (op operation.Operation, events []operation.Event, err error) {
	arg := dbsqlc.SetOperationStateParams{WorkspaceID: workspaceID, ID: id, State: string(to), Terminal: to.Terminal()}
	for _, from := range operation.Before(to) {
		arg.Allowed = append(arg.Allowed, string(from))
	}
	if failure != nil {
		if arg.Failure, err = json.Marshal(failure); err != nil {
			return op, nil, err
		}
	}
	row, err := s.q.SetOperationState(ctx, tx, arg)
	if errors.Is(err, pgx.ErrNoRows) {
		if _, err := s.q.GetOperation(ctx, tx, dbsqlc.GetOperationParams{WorkspaceID: workspaceID, ID: id}); err != nil {
			return op, nil, err
		}
		return op, nil, operation.Conflict(fmt.Sprintf("The operation's state does not allow it to become %s.", to))
	}
	if err != nil {
		return op, nil, err
	}
	if op, err = toOperation(row, nil); err != nil {
		return op, nil, err
	}
	event, err := s.insertStateEvent(ctx, tx, op)
	if err != nil {
		return op, nil, err
	}
	events = []operation.Event{event}
	collections, err := s.q.ListOperationCollections(ctx, tx, dbsqlc.ListOperationCollectionsParams{WorkspaceID: workspaceID, OperationIds: []string{id}})
	if err != nil {
		return op, events, err
	}
	op.Collections = toCollections(collections)
	if !to.Terminal() || row.ParentID == nil {
		return op, events, nil
	}
	parent, err := s.countEnded(ctx, tx, []dbsqlc.Operation{row})
	if parent != nil {
		events = append(events, *parent)
	}
	return op, events, err
}

// SetWaiting says what a collection of an operation waits for. The event is nil
// when that is known already or another one waits longer.
func (s *Store) SetWaiting(ctx context.Context, workspaceID, id string, waiting operation.Waiting) (*operation.Event, error) {
	raw, err := json.Marshal(waiting)
	if err != nil {
		return nil, fmt.Errorf("write what an operation waits for: %w", err)
	}
	return s.waiting(ctx, workspaceID, func(tx pgx.Tx) ([]dbsqlc.Operation, error) {
		return s.q.SetOperationWaiting(ctx, tx, dbsqlc.SetOperationWaitingParams{WorkspaceID: workspaceID, ID: id, Waiting: raw})
	})
}

// ClearWaiting says that a collection goes on. The event is nil when it was not
// the one whose wait was shown.
func (s *Store) ClearWaiting(ctx context.Context, workspaceID, id, collection string) (*operation.Event, error) {
	return s.waiting(ctx, workspaceID, func(tx pgx.Tx) ([]dbsqlc.Operation, error) {
		return s.q.ClearOperationWaiting(ctx, tx, dbsqlc.ClearOperationWaitingParams{WorkspaceID: workspaceID, ID: id, Collection: collection})
	})
}

func (s *Store) waiting(ctx context.Context, workspaceID string, update func(pgx.Tx) ([]dbsqlc.Operation, error)) (event *operation.Event, err error) {
	err = s.tx(ctx, workspaceID, "set what an operation waits for", func(tx pgx.Tx) error {
		rows, err := update(tx)
		if err != nil || len(rows) == 0 {
			return err
		}
		op, err := toOperation(rows[0], nil)
		if err != nil {
			return err
		}
		e, err := s.insertStateEvent(ctx, tx, op)
		event = &e
		return err
	})
	return event, err
}

// Open lists the operations of all workspaces that have not ended, in the order of
// their creation, after the given one (zero values: from the oldest). Pending ones
// younger than age are left out.
func (s *Store) Open(ctx context.Context, age time.Duration, afterAt time.Time, afterID string, limit int32) ([]operation.Operation, error) {
	if afterID == "" {
		afterID = "00000000-0000-0000-0000-000000000000"
	}
	rows, err := s.q.ListOpenOperations(ctx, s.pool, dbsqlc.ListOpenOperationsParams{OlderThan: age, AfterAt: afterAt, AfterID: afterID, RowLimit: limit})
	if err != nil {
		return nil, translate("list open operations", err)
	}
	open := make([]dbsqlc.Operation, len(rows))
	for i, row := range rows {
		open[i] = dbsqlc.Operation(row)
	}
	return toOperations(open, nil)
}
