package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/dbsqlc"
	"github.com/holdfast/holdfast/internal/operation"
)

// keyKept is how long an idempotency key stands for the request that came with it first.
const keyKept = 24 * time.Hour

// CreateOperation writes a pending operation. When its idempotency key was used
// within a day before by the same client with the same request, the operation of that
// time is returned and created is false; with another request the error's code is
// CodeIdempotencyMismatch.
func (s *Store) CreateOperation(ctx context.Context, n operation.New) (op operation.Operation, created bool, err error) {
	const what = "create an operation"
	key := optional(n.IdempotencyKey)
	arg := dbsqlc.InsertOperationParams{
		WorkspaceID: n.WorkspaceID, ID: n.ID, Kind: string(n.Kind), Source: string(cmp.Or(n.Source, operation.SourceSync)),
		ParentID: optional(n.ParentID), RetryOf: optional(n.RetryOf), Subject: n.Subject, Input: n.Input,
		KeySubject: n.RequestedBy, IdempotencyKey: key, RequestHash: n.RequestHash,
	}
	rows, err := s.q.InsertOperation(ctx, s.in(arg.WorkspaceID), arg)
	if err == nil && len(rows) == 0 && key != nil {
		rows, err = s.insertWithFreedKey(ctx, arg)
	}
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
	row, err := s.q.OperationByKey(ctx, s.in(n.WorkspaceID), dbsqlc.OperationByKeyParams{WorkspaceID: n.WorkspaceID, KeySubject: n.RequestedBy, IdempotencyKey: *key})
	if err != nil {
		return op, false, translate(what, err)
	}
	if string(row.RequestHash) != string(n.RequestHash) {
		return op, false, operation.KeyMismatch()
	}
	op, err = s.Operation(ctx, row.WorkspaceID, row.ID)
	return op, false, err
}

// insertWithFreedKey inserts once more if the operation that has the key is so old
// that its key may be used anew.
func (s *Store) insertWithFreedKey(ctx context.Context, arg dbsqlc.InsertOperationParams) ([]dbsqlc.Operation, error) {
	freed, err := s.q.FreeKey(ctx, s.in(arg.WorkspaceID), dbsqlc.FreeKeyParams{
		WorkspaceID: arg.WorkspaceID, KeySubject: arg.KeySubject, IdempotencyKey: *arg.IdempotencyKey, Kept: keyKept,
	})
	if err != nil || freed == 0 {
		return nil, err
	}
	return s.q.InsertOperation(ctx, s.in(arg.WorkspaceID), arg)
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
		Kind: optional(string(f.Kind)), ParentID: optional(f.Parent), Subject: optional(f.Subject), Visible: f.Visible.Likes(),
		CreatedAfter: f.CreatedAfter, CreatedBefore: f.CreatedBefore,
	}
	for _, state := range f.States {
		arg.States = append(arg.States, string(state))
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

// Unknown are those of the operations, named by workspace and id, that there are not.
func (s *Store) Unknown(ctx context.Context, named []operation.Operation) ([]operation.Operation, error) {
	if len(named) == 0 {
		return nil, nil
	}
	var arg dbsqlc.UnknownOperationsParams
	for _, op := range named {
		arg.WorkspaceIds, arg.Ids = append(arg.WorkspaceIds, op.WorkspaceID), append(arg.Ids, op.ID)
	}
	unknown, err := s.q.UnknownOperations(ctx, s.pool, arg)
	if err != nil {
		return nil, translate("look for operations", err)
	}
	return slices.DeleteFunc(slices.Clone(named), func(op operation.Operation) bool { return !slices.Contains(unknown, op.ID) }), nil
}
