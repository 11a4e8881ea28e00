package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/dbsqlc"
	"github.com/holdfast/holdfast/internal/operation"
)

// CreateChildren writes pending operations that are parts of a running one and have
// its source; those that were written before stay as they are. ErrNotRunning says that
// the parent may not work any more, and that nothing was written. Of a child only ID,
// Subject and Input count.
func (s *Store) CreateChildren(ctx context.Context, workspaceID, parentID string, kind operation.Kind, children []operation.New) error {
	arg := dbsqlc.InsertChildrenParams{WorkspaceID: workspaceID, ParentID: parentID, Kind: string(kind)}
	for _, c := range children {
		arg.Ids, arg.Subjects, arg.Inputs = append(arg.Ids, c.ID), append(arg.Subjects, c.Subject), append(arg.Inputs, string(c.Input))
	}
	var made []string
	err := s.tx(ctx, workspaceID, "create the parts of an operation", func(tx pgx.Tx) error {
		parent, err := s.q.LockRunningOperation(ctx, tx, dbsqlc.LockRunningOperationParams{WorkspaceID: workspaceID, ID: parentID})
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNotRunning
		}
		if err != nil {
			return err
		}
		arg.Source = parent.Source
		made, err = s.q.InsertChildren(ctx, tx, arg)
		return err
	})
	if err == nil {
		s.transitions.addMany(ctx, kind, operation.StatePending, len(made))
	}
	return err
}

// SetRepositoriesTotal records how many children an operation will have; fewer than it
// has already count as those. The event is nil when that is known.
func (s *Store) SetRepositoriesTotal(ctx context.Context, workspaceID, id string, total int) (event *operation.Event, err error) {
	err = s.tx(ctx, workspaceID, "record how many repositories there are", func(tx pgx.Tx) error {
		rows, err := s.q.SetRepositoriesTotal(ctx, tx, dbsqlc.SetRepositoriesTotalParams{
			WorkspaceID: workspaceID, ID: id, Total: int32(total), //nolint:gosec // an organization has fewer
		})
		if err != nil || len(rows) == 0 {
			return err
		}
		event, err = s.parentEvent(ctx, tx, rows[0])
		return err
	})
	return event, err
}

// CountChildren counts the operations that are parts of another.
func (s *Store) CountChildren(ctx context.Context, workspaceID, parentID string) (int, error) {
	n, err := s.q.CountChildren(ctx, s.in(workspaceID), dbsqlc.CountChildrenParams{WorkspaceID: workspaceID, ParentID: parentID})
	return int(n), translate("count the parts of an operation", err)
}

// CancelChildren asks the parts of an operation to stop: none of them commits a page
// any more. The events are for listeners.
func (s *Store) CancelChildren(ctx context.Context, workspaceID, parentID string) (events []operation.Event, err error) {
	return s.moveChildren(ctx, workspaceID, "cancel the parts of an operation", func(tx pgx.Tx) ([]dbsqlc.Operation, error) {
		return s.q.CancelChildren(ctx, tx, dbsqlc.CancelChildrenParams{WorkspaceID: workspaceID, ParentID: parentID})
	})
}

// PauseChildren asks the parts of an operation to wait: none of them commits a page
// until it is resumed. The events are for listeners.
func (s *Store) PauseChildren(ctx context.Context, workspaceID, parentID string) (events []operation.Event, err error) {
	return s.moveChildren(ctx, workspaceID, "pause the parts of an operation", func(tx pgx.Tx) ([]dbsqlc.Operation, error) {
		return s.q.PauseChildren(ctx, tx, dbsqlc.PauseChildrenParams{WorkspaceID: workspaceID, ParentID: parentID})
	})
}

func (s *Store) moveChildren(ctx context.Context, workspaceID, what string, update func(pgx.Tx) ([]dbsqlc.Operation, error)) (events []operation.Event, err error) {
	var rows []dbsqlc.Operation
	err = s.tx(ctx, workspaceID, what, func(tx pgx.Tx) error {
		if rows, err = update(tx); err != nil {
			return err
		}
		events, err = s.insertStateEvents(ctx, tx, workspaceID, rows)
		return err
	})
	if err == nil {
		s.countTransitions(ctx, rows)
	}
	return events, err
}

// EndChildren ends the parts of an operation that have no workflow any more, or never
// had one: those that ran as failed, the others as cancelled. Only who knows that none
// of their workflows is open may call it.
func (s *Store) EndChildren(ctx context.Context, workspaceID, parentID string) (events []operation.Event, err error) {
	failure, err := json.Marshal(operation.EndedOutside())
	if err != nil {
		return nil, fmt.Errorf("write a failure: %w", err)
	}
	var rows []dbsqlc.Operation
	err = s.tx(ctx, workspaceID, "end the parts of an operation", func(tx pgx.Tx) error {
		rows, err = s.q.EndChildren(ctx, tx, dbsqlc.EndChildrenParams{WorkspaceID: workspaceID, ParentID: parentID, Failure: failure})
		if err != nil || len(rows) == 0 {
			return err
		}
		if events, err = s.insertStateEvents(ctx, tx, workspaceID, rows); err != nil {
			return err
		}
		event, err := s.countEnded(ctx, tx, rows)
		if event != nil {
			events = append(events, *event)
		}
		return err
	})
	if err == nil {
		s.countTransitions(ctx, rows)
	}
	return events, err
}

// FirstFailure is the part of an operation that failed first, or if none did, that was
// cancelled first; ok is false where there is neither.
func (s *Store) FirstFailure(ctx context.Context, workspaceID, parentID string) (op operation.Operation, ok bool, err error) {
	const what = "find the first part of an operation that failed"
	rows, err := s.q.FirstFailedChild(ctx, s.in(workspaceID), dbsqlc.FirstFailedChildParams{WorkspaceID: workspaceID, ParentID: parentID})
	if err != nil || len(rows) == 0 {
		return op, false, translate(what, err)
	}
	op, err = toOperation(rows[0], nil)
	return op, true, translate(what, err)
}

// countEnded adds children of one parent that have just ended to its figures. The
// event is nil when the parent has ended before them. It takes the parent's row, so it
// comes last in the transaction.
func (s *Store) countEnded(ctx context.Context, tx pgx.Tx, rows []dbsqlc.Operation) (*operation.Event, error) {
	arg := dbsqlc.CountEndedChildrenParams{WorkspaceID: rows[0].WorkspaceID, ID: deref(rows[0].ParentID)}
	for _, row := range rows {
		switch operation.State(row.State) {
		case operation.StateSucceeded:
			arg.Done++
		case operation.StateFailed:
			arg.Failed++
		case operation.StateCancelled:
			arg.Cancelled++
		case operation.StatePending, operation.StateAwaitingApproval, operation.StateRunning, operation.StatePaused,
			operation.StateCancelling, operation.StateRejected:
		}
	}
	parents, err := s.q.CountEndedChildren(ctx, tx, arg)
	if err != nil || len(parents) == 0 {
		return nil, err
	}
	return s.parentEvent(ctx, tx, parents[0])
}

func (s *Store) parentEvent(ctx context.Context, tx pgx.Tx, row dbsqlc.Operation) (*operation.Event, error) {
	op, err := toOperation(row, nil)
	if err != nil {
		return nil, err
	}
	event, err := s.insertStateEvent(ctx, tx, op)
	return &event, err
}

// insertStateEvents records the states of several operations of a workspace at once.
func (s *Store) insertStateEvents(ctx context.Context, tx pgx.Tx, workspaceID string, rows []dbsqlc.Operation) ([]operation.Event, error) {
	arg := dbsqlc.InsertStateEventsParams{WorkspaceID: workspaceID}
	ops, err := toOperations(rows, nil)
	if err != nil || len(ops) == 0 {
		return nil, err
	}
	byID := make(map[string]int, len(ops))
	for i := range ops {
		raw, err := json.Marshal(stateOf(ops[i]))
		if err != nil {
			return nil, fmt.Errorf("write a state: %w", err)
		}
		byID[ops[i].ID] = i
		arg.OperationIds, arg.Seqs, arg.Data = append(arg.OperationIds, ops[i].ID), append(arg.Seqs, ops[i].Seq), append(arg.Data, string(raw))
	}
	written, err := s.q.InsertStateEvents(ctx, tx, arg)
	if err != nil {
		return nil, fmt.Errorf("write events: %w", err)
	}
	events := make([]operation.Event, 0, len(written))
	for _, row := range written {
		op := &ops[byID[row.OperationID]]
		op.Collections = nil
		events = append(events, operation.Event{WorkspaceID: workspaceID, OperationID: op.ID, Seq: op.Seq, Type: operation.EventState, At: row.At, Operation: op})
	}
	return events, nil
}

func (s *Store) countTransitions(ctx context.Context, rows []dbsqlc.Operation) {
	for _, row := range rows {
		s.transitions.add(ctx, operation.Kind(row.Kind), operation.State(row.State))
	}
}

// toRepositories is the progress of an operation's children, nil where it has none.
func toRepositories(row dbsqlc.Operation) *operation.RepositoryWork {
	if row.RepositoriesTotal == nil {
		return nil
	}
	return &operation.RepositoryWork{
		Total: int(*row.RepositoriesTotal), Done: int(row.RepositoriesDone),
		Failed: int(row.RepositoriesFailed), Cancelled: int(row.RepositoriesCancelled),
	}
}
