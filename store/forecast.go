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

// Planned is one collection of an operation's plan, and what is expected of it.
type Planned struct {
	Name             string
	Total            int64 // items; 0: unknown
	ExpectedRequests int64 // in all; 0: unknown
	Requests         int64 // that were made already to learn this
}

func planned(names []string) []Planned {
	plan := make([]Planned, len(names))
	for i, name := range names {
		plan[i].Name = name
	}
	return plan
}

// insertPlan records an operation's collections. Those that are there already stay.
func (s *Store) insertPlan(ctx context.Context, tx pgx.Tx, workspaceID, id string, plan []Planned) error {
	expect := dbsqlc.ExpectCollectionsParams{WorkspaceID: workspaceID, OperationID: id}
	for _, p := range plan {
		expect.Names = append(expect.Names, p.Name)
		expect.Totals = append(expect.Totals, p.Total)
		expect.Expected = append(expect.Expected, p.ExpectedRequests)
		expect.Requests = append(expect.Requests, p.Requests)
	}
	err := s.q.InsertOperationCollections(ctx, tx, dbsqlc.InsertOperationCollectionsParams{
		WorkspaceID: workspaceID, OperationID: id, Names: expect.Names,
	})
	if err != nil {
		return fmt.Errorf("record the plan: %w", err)
	}
	if err := s.q.ExpectCollections(ctx, tx, expect); err != nil {
		return fmt.Errorf("record what the plan expects: %w", err)
	}
	return nil
}

func (s *Store) putForecast(ctx context.Context, tx pgx.Tx, workspaceID, id string, forecast *operation.Forecast) error {
	if forecast == nil {
		return nil
	}
	raw, err := json.Marshal(forecast)
	if err != nil {
		return fmt.Errorf("write a forecast: %w", err)
	}
	return s.q.PutForecast(ctx, tx, dbsqlc.PutForecastParams{WorkspaceID: workspaceID, ID: id, Forecast: raw})
}

// RenewForecast replaces the forecast of a running operation, unless it has one that
// was made less than age before this one. The event is nil then.
func (s *Store) RenewForecast(ctx context.Context, workspaceID, id string, forecast operation.Forecast, age time.Duration) (*operation.Event, error) {
	raw, err := json.Marshal(forecast)
	if err != nil {
		return nil, fmt.Errorf("write a forecast: %w", err)
	}
	return s.waiting(ctx, workspaceID, func(tx pgx.Tx) ([]dbsqlc.Operation, error) {
		return s.q.RenewForecast(ctx, tx, dbsqlc.RenewForecastParams{
			WorkspaceID: workspaceID, ID: id, Forecast: raw, OlderThan: forecast.At.Add(-age),
		})
	})
}

// PastPace is what an earlier operation measured.
type PastPace struct {
	Latency        time.Duration // of a request
	ItemsPerSecond float64
}

// PastPaces lists what the last operations of a workspace measured that had enough to
// do for it, newest first.
func (s *Store) PastPaces(ctx context.Context, workspaceID string, limit int32) ([]PastPace, error) {
	rows, err := s.q.PastPaces(ctx, s.in(workspaceID), dbsqlc.PastPacesParams{WorkspaceID: workspaceID, RowLimit: limit})
	if err != nil {
		return nil, translate("list what earlier operations measured", err)
	}
	past := make([]PastPace, len(rows))
	for i, row := range rows {
		past[i] = PastPace{Latency: seconds(row.LatencyMs / 1000), ItemsPerSecond: row.ItemsPerSecond}
	}
	return past, nil
}

// PassState is where the pass of one collection stands.
type PassState struct {
	Collection string
	Items      int64           // in the mirror
	Cursor     json.RawMessage // nil: no pass runs
	Bookmark   json.RawMessage
}

// PassStates lists the passes of one repository, by collection.
func (s *Store) PassStates(ctx context.Context, workspaceID string, repositoryID int64) (map[string]PassState, error) {
	rows, err := s.q.ListPasses(ctx, s.in(workspaceID), dbsqlc.ListPassesParams{WorkspaceID: workspaceID, RepositoryIds: []int64{repositoryID}})
	if err != nil {
		return nil, translate("list passes", err)
	}
	states := make(map[string]PassState, len(rows))
	for _, row := range rows {
		states[row.Collection] = PassState{Collection: row.Collection, Items: row.Items, Cursor: row.Cursor, Bookmark: row.Bookmark}
	}
	return states, nil
}
