package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/dbsqlc"
	"github.com/holdfast/holdfast/internal/operation"
)

// recordWork comes last in the transaction, since it takes the operation's row,
// which the pages of the operation's other collections wait for.
func (s *Store) recordWork(ctx context.Context, tx pgx.Tx, p Page, state operation.CollectionState, wrote written) (operation.Event, error) {
	e := operation.Event{WorkspaceID: p.Key.WorkspaceID, OperationID: p.OperationID, Type: operation.EventCollection}
	note := p.Note
	if wrote.unstorable {
		note = strings.TrimSpace(note + " Some items hold what jsonb cannot; their exact bytes are in raw_bytes.")
	}
	row, err := s.q.AddCollectionWork(ctx, tx, dbsqlc.AddCollectionWorkParams{
		WorkspaceID: p.Key.WorkspaceID, OperationID: p.OperationID, Collection: p.Key.Collection,
		State: string(state), Items: p.Listed, Total: p.Total, Written: wrote.rows,
		Pages: p.Pages, Requests: p.Requests, Remaining: p.Left, Note: note,
	})
	if err != nil {
		return e, fmt.Errorf("record progress: %w", err)
	}
	e.Seq, err = s.q.RaiseOperationSeq(ctx, tx, dbsqlc.RaiseOperationSeqParams{WorkspaceID: p.Key.WorkspaceID, ID: p.OperationID})
	if errors.Is(err, pgx.ErrNoRows) {
		return e, ErrNotRunning
	}
	if err != nil {
		return e, fmt.Errorf("number the event: %w", err)
	}
	e.Collection = &toCollections([]dbsqlc.OperationCollection{row})[0]
	return e, s.insertEvent(ctx, tx, p.Key.WorkspaceID, &e, e.Collection)
}

// Fresh records that a collection needed no work: another operation's pass, which
// started after this operation was created, has completed.
func (s *Store) Fresh(ctx context.Context, key PassKey, operationID string) (event operation.Event, err error) {
	err = s.tx(ctx, key.WorkspaceID, "record a collection that is fresh already", func(tx pgx.Tx) error {
		event, err = s.recordWork(ctx, tx, Page{
			Key: key, OperationID: operationID, Done: true,
			Note: "Another operation has just mirrored it.",
		}, operation.CollectionDone, written{})
		return err
	})
	return event, err
}

// StartPlan makes an operation run: its collections are recorded in the plan's order.
func (s *Store) StartPlan(ctx context.Context, workspaceID, id string, collections []string) (op operation.Operation, event operation.Event, err error) {
	return s.StartForecast(ctx, workspaceID, id, planned(collections), nil)
}

// StartForecast is StartPlan with what is expected of the collections and of all of
// it together, where that is known.
func (s *Store) StartForecast(ctx context.Context, workspaceID, id string, plan []Planned, forecast *operation.Forecast) (op operation.Operation, event operation.Event, err error) {
	return s.plan(ctx, workspaceID, id, plan, forecast, move{to: operation.StateRunning})
}

// AwaitApproval records the plan of an operation that must be approved before it begins,
// and what it waits for.
func (s *Store) AwaitApproval(ctx context.Context, workspaceID, id string, plan []Planned, forecast *operation.Forecast, waiting operation.Waiting) (op operation.Operation, event operation.Event, err error) {
	return s.plan(ctx, workspaceID, id, plan, forecast, move{to: operation.StateAwaitingApproval, waiting: &waiting})
}

// plan records the plan of a pending operation. One that was paused meanwhile stays so:
// its error's code is CodeConflict.
func (s *Store) plan(ctx context.Context, workspaceID, id string, plan []Planned, forecast *operation.Forecast, m move) (op operation.Operation, event operation.Event, err error) {
	m.from = []operation.State{operation.StatePending}
	err = s.tx(ctx, workspaceID, "start an operation", func(tx pgx.Tx) error {
		if err := s.insertPlan(ctx, tx, workspaceID, id, plan); err != nil {
			return err
		}
		if err := s.putForecast(ctx, tx, workspaceID, id, forecast); err != nil {
			return err
		}
		var events []operation.Event
		if op, events, err = s.setState(ctx, tx, workspaceID, id, m); err != nil {
			return err
		}
		event = events[0] // one that begins ends nothing of its parent's
		return nil
	})
	if err == nil {
		s.transitions.add(ctx, op.Kind, op.State)
	}
	return op, event, err
}

// ExtendPlan adds collections to an operation's plan; those that are there already stay.
func (s *Store) ExtendPlan(ctx context.Context, workspaceID, id string, collections []string) error {
	err := s.q.InsertOperationCollections(ctx, s.in(workspaceID), dbsqlc.InsertOperationCollectionsParams{
		WorkspaceID: workspaceID, OperationID: id, Names: collections,
	})
	return translate("extend an operation's plan", err)
}
