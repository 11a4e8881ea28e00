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

// move is a change of an operation's state.
type move struct {
	to      operation.State
	from    []operation.State  // nil: every state that to may follow
	failure *operation.Failure // of one that failed or was rejected
	waiting *operation.Waiting // what it waits for from now on
}

// SetState moves an operation to a state that may follow its present one, and
// records the event, and that of its parent where it ends. The error's code is
// CodeConflict when the state may not follow, and CodeNotFound when there is no such
// operation.
func (s *Store) SetState(ctx context.Context, workspaceID, id string, to operation.State, failure *operation.Failure) (op operation.Operation, events []operation.Event, err error) {
	return s.move(ctx, workspaceID, id, move{to: to, failure: failure})
}

func (s *Store) move(ctx context.Context, workspaceID, id string, m move) (op operation.Operation, events []operation.Event, err error) {
	err = s.tx(ctx, workspaceID, "set an operation's state", func(tx pgx.Tx) error {
		op, events, err = s.setState(ctx, tx, workspaceID, id, m)
		return err
	})
	if err == nil {
		s.transitions.add(ctx, op.Kind, op.State)
	}
	return op, events, err
}

func (s *Store) setState(ctx context.Context, tx pgx.Tx, workspaceID, id string, m move) (op operation.Operation, events []operation.Event, err error) {
	arg, err := m.params(workspaceID, id)
	if err != nil {
		return op, nil, err
	}
	row, err := s.q.SetOperationState(ctx, tx, arg)
	if errors.Is(err, pgx.ErrNoRows) {
		if _, err := s.q.GetOperation(ctx, tx, dbsqlc.GetOperationParams{WorkspaceID: workspaceID, ID: id}); err != nil {
			return op, nil, err
		}
		return op, nil, operation.Conflict(fmt.Sprintf("The operation's state does not allow it to become %s.", m.to))
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
	if !m.to.Terminal() || row.ParentID == nil {
		return op, events, nil
	}
	parent, err := s.countEnded(ctx, tx, []dbsqlc.Operation{row})
	if parent != nil {
		events = append(events, *parent)
	}
	return op, events, err
}

// params are m for its query.
func (m move) params(workspaceID, id string) (dbsqlc.SetOperationStateParams, error) {
	arg := dbsqlc.SetOperationStateParams{WorkspaceID: workspaceID, ID: id, State: string(m.to), Terminal: m.to.Terminal()}
	from := m.from
	if from == nil {
		from = operation.Before(m.to)
	}
	for _, state := range from {
		arg.Allowed = append(arg.Allowed, string(state))
	}
	var err error
	if m.failure != nil {
		if arg.Failure, err = json.Marshal(m.failure); err != nil {
			return arg, fmt.Errorf("write a failure: %w", err)
		}
	}
	if m.waiting != nil {
		if arg.Waiting, err = json.Marshal(m.waiting); err != nil {
			return arg, fmt.Errorf("write what an operation waits for: %w", err)
		}
	}
	return arg, nil
}
