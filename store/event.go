package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/dbsqlc"
	"github.com/holdfast/holdfast/internal/operation"
)

// stateData is what an event keeps of an operation; the rest never changes.
type stateData struct {
	State      operation.State    `json:"state"`
	Waiting    *operation.Waiting `json:"waiting,omitempty"`
	Failure    *operation.Failure `json:"failure,omitempty"`
	StartedAt  *time.Time         `json:"started_at,omitempty"`
	FinishedAt *time.Time         `json:"finished_at,omitempty"`

	Forecast     *operation.Forecast       `json:"forecast,omitempty"`
	Repositories *operation.RepositoryWork `json:"repositories,omitempty"`
}

func stateOf(op operation.Operation) stateData {
	return stateData{
		State: op.State, Waiting: op.Waiting, Failure: op.Failure,
		StartedAt: op.StartedAt, FinishedAt: op.FinishedAt, Forecast: op.Forecast, Repositories: op.Repositories,
	}
}

// Events lists an operation's events after a sequence number, in order.
func (s *Store) Events(ctx context.Context, workspaceID, id string, after int64, limit int) ([]operation.Event, error) {
	const what = "list an operation's events"
	row, err := s.q.GetOperation(ctx, s.in(workspaceID), dbsqlc.GetOperationParams{WorkspaceID: workspaceID, ID: id})
	if err != nil {
		return nil, translate(what, err)
	}
	op, err := toOperation(row, nil)
	if err != nil {
		return nil, err
	}
	rows, err := s.q.ListEvents(ctx, s.in(workspaceID), dbsqlc.ListEventsParams{
		WorkspaceID: workspaceID, OperationID: id, After: after, RowLimit: int32(min(limit, 10_000)), //nolint:gosec // bounded here
	})
	if err != nil {
		return nil, translate(what, err)
	}
	events := make([]operation.Event, len(rows))
	for i, row := range rows {
		if events[i], err = toEvent(row, op); err != nil {
			return nil, err
		}
	}
	return events, nil
}

func toEvent(row dbsqlc.OperationEvent, op operation.Operation) (operation.Event, error) {
	e := operation.Event{WorkspaceID: row.WorkspaceID, OperationID: row.OperationID, Seq: row.Seq, Type: operation.EventType(row.Type), At: row.At}
	var err error
	if e.Type == operation.EventCollection {
		err = readJSON(row.Data, &e.Collection)
	} else {
		var d stateData
		err = json.Unmarshal(row.Data, &d)
		op.State, op.Waiting, op.Failure, op.StartedAt, op.FinishedAt = d.State, d.Waiting, d.Failure, d.StartedAt, d.FinishedAt
		op.Seq, op.Collections, op.Forecast, op.Repositories = row.Seq, nil, d.Forecast, d.Repositories
		e.Operation = &op
	}
	if err != nil {
		return e, fmt.Errorf("read event %d of operation %s: %w", row.Seq, row.OperationID, err)
	}
	return e, nil
}

func (s *Store) insertStateEvent(ctx context.Context, tx pgx.Tx, op operation.Operation) (operation.Event, error) {
	data := stateOf(op)
	op.Collections = nil
	e := operation.Event{WorkspaceID: op.WorkspaceID, OperationID: op.ID, Seq: op.Seq, Type: operation.EventState, Operation: &op}
	return e, s.insertEvent(ctx, tx, op.WorkspaceID, &e, data)
}

func (s *Store) insertEvent(ctx context.Context, tx pgx.Tx, workspaceID string, e *operation.Event, data any) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return err
	}
	e.At, err = s.q.InsertEvent(ctx, tx, dbsqlc.InsertEventParams{
		WorkspaceID: workspaceID, OperationID: e.OperationID, Seq: e.Seq, Type: string(e.Type), Data: raw,
	})
	return err
}
