package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/holdfast/holdfast/internal/dbsqlc"
	"github.com/holdfast/holdfast/internal/operation"
)

func (s *Store) withCollections(ctx context.Context, db dbsqlc.DBTX, workspaceID string, rows []dbsqlc.Operation) ([]operation.Operation, error) {
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	all, err := s.q.ListOperationCollections(ctx, db, dbsqlc.ListOperationCollectionsParams{WorkspaceID: workspaceID, OperationIds: ids})
	if err != nil {
		return nil, fmt.Errorf("list the progress of operations: %w", err)
	}
	byOperation := make(map[string][]dbsqlc.OperationCollection, len(rows))
	for _, c := range all {
		byOperation[c.OperationID] = append(byOperation[c.OperationID], c)
	}
	return toOperations(rows, byOperation)
}

func toOperations(rows []dbsqlc.Operation, collections map[string][]dbsqlc.OperationCollection) ([]operation.Operation, error) {
	ops := make([]operation.Operation, len(rows))
	for i, row := range rows {
		var err error
		if ops[i], err = toOperation(row, collections[row.ID]); err != nil {
			return nil, err
		}
	}
	return ops, nil
}

func toOperation(row dbsqlc.Operation, collections []dbsqlc.OperationCollection) (operation.Operation, error) {
	op := operation.Operation{
		ID: row.ID, WorkspaceID: row.WorkspaceID, Kind: operation.Kind(row.Kind), Subject: row.Subject, Input: row.Input,
		Source: operation.Source(row.Source), ParentID: deref(row.ParentID), RetryOf: deref(row.RetryOf), State: operation.State(row.State), Seq: row.Seq,
		Collections: toCollections(collections), Repositories: toRepositories(row),
		CreatedAt: row.CreatedAt, StartedAt: row.StartedAt, FinishedAt: row.FinishedAt,
	}
	if err := readJSON(row.Waiting, &op.Waiting); err != nil {
		return op, fmt.Errorf("read what operation %s waits for: %w", row.ID, err)
	}
	if err := readJSON(row.Forecast, &op.Forecast); err != nil {
		return op, fmt.Errorf("read the forecast of operation %s: %w", row.ID, err)
	}
	if err := readJSON(row.Failure, &op.Failure); err != nil {
		return op, fmt.Errorf("read the failure of operation %s: %w", row.ID, err)
	}
	return op, nil
}

func toCollections(rows []dbsqlc.OperationCollection) []operation.CollectionWork {
	out := make([]operation.CollectionWork, len(rows))
	for i, c := range rows {
		out[i] = operation.CollectionWork{
			Name: c.Collection, State: operation.CollectionState(c.State),
			Items: c.Items, Total: c.Total, Written: c.Written, Pages: c.Pages, Requests: c.Requests,
			ExpectedRequests: c.ExpectedRequests, Note: c.Note,
			StartedAt: c.StartedAt, FinishedAt: c.FinishedAt,
		}
	}
	return out
}

func readJSON[T any](raw json.RawMessage, into **T) error {
	if len(raw) == 0 {
		return nil
	}
	*into = new(T)
	return json.Unmarshal(raw, *into)
}

// optional is v, nil when it is empty: NULL to Postgres.
func optional(v string) *string {
	if v == "" {
		return nil
	}
	return &v
}

func deref(v *string) string {
	if v == nil {
		return ""
	}
	return *v
}
