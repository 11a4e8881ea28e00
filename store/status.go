package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/dbsqlc"
	"github.com/holdfast/holdfast/internal/operation"
)

// Statuses tells how far the mirror can be trusted.
type Statuses struct {
	Store       *Store
	Collections *collection.Registry
	Policy      operation.SweepPolicy
	Now         func() time.Time
}

// RepositoryStatus is the status of the mirrored repository of that name, in any
// case, all of it of one moment. CodeNotFound when none is mirrored.
func (s *Statuses) RepositoryStatus(ctx context.Context, workspaceID, fullName string) (status operation.RepositoryStatus, err error) {
	err = s.Store.snapshot(ctx, workspaceID, "read a repository's status", func(tx pgx.Tx) error {
		id, err := s.Store.repositoryID(ctx, tx, workspaceID, fullName)
		if err != nil {
			return err
		}
		row, err := s.Store.q.RepositoryState(ctx, tx, dbsqlc.RepositoryStateParams{WorkspaceID: workspaceID, RepositoryID: id})
		if err != nil {
			return err
		}
		status = operation.RepositoryStatus{
			ID: row.RepositoryID, FullName: row.FullName, LastSweepAt: row.LastSweepAt,
			Unreachable: toUnreachable(row.UnreachableSince, row.Reason, row.Message),
			NextSweepAt: s.Policy.Next(row.LastSweepAt, row.SweepDueAt),
		}
		status.Overdue = s.Policy.Overdue(row.LastSweepAt, row.SweepDueAt, s.Now())
		status.Collections, err = s.collections(ctx, tx, workspaceID, row.RepositoryID)
		return err
	})
	return status, err
}

func (s *Statuses) collections(ctx context.Context, tx pgx.Tx, workspaceID string, repositoryID int64) ([]operation.CollectionStatus, error) {
	q := s.Store.q
	passes, err := q.ListPasses(ctx, tx, dbsqlc.ListPassesParams{WorkspaceID: workspaceID, RepositoryIds: []int64{repositoryID}})
	if err != nil {
		return nil, fmt.Errorf("list passes: %w", err)
	}
	checks, err := q.ListChecks(ctx, tx, dbsqlc.ListChecksParams{WorkspaceID: workspaceID, RepositoryID: repositoryID})
	if err != nil {
		return nil, fmt.Errorf("list full checks: %w", err)
	}
	transfers, err := q.CountTransfers(ctx, tx, dbsqlc.CountTransfersParams{WorkspaceID: workspaceID, RepositoryID: repositoryID})
	if err != nil {
		return nil, fmt.Errorf("count transfers: %w", err)
	}
	checked := make(map[string]dbsqlc.CollectionCheck, len(checks))
	for _, k := range checks {
		checked[k.Collection] = k
	}
	transferred := make(map[string]int64, len(transfers))
	for _, t := range transfers {
		transferred[t.Collection] = t.Items
	}
	byName := make(map[string]dbsqlc.CollectionPass, len(passes))
	for _, p := range passes {
		byName[p.Collection] = p
	}
	list := make([]operation.CollectionStatus, 0, len(passes))
	for _, c := range s.Collections.All() {
		p, ok := byName[c.Name]
		if !ok || c.Scope != collection.ScopeRepository {
			continue
		}
		one := operation.CollectionStatus{
			Name: p.Collection, Items: p.Items, Transferred: transferred[p.Collection],
			FreshAt: p.FreshAt, SyncedAt: p.CompletedAt, Notes: notes(c),
		}
		if one.Running, err = toRunning(p); err != nil {
			return nil, err
		}
		if k, ok := checked[p.Collection]; ok {
			one.Check = &operation.DriftCheck{
				Drift:       operation.Drift{Missing: k.Missing, Extra: k.Extra, Different: k.Different},
				OperationID: k.OperationID, StartedAt: k.StartedAt, CheckedAt: k.CheckedAt, Items: k.Items,
			}
		}
		list = append(list, one)
	}
	return list, nil
}

// notes say what of a collection cannot be had.
func notes(c collection.Collection) []string {
	var list []string
	if c.CapNote != "" {
		list = append(list, c.CapNote)
	}
	if c.Parents != nil && c.Parents.Window != "" {
		list = append(list, c.Parents.Window)
	}
	return list
}

// toRunning is how far a pass is, nil where none has begun.
func toRunning(p dbsqlc.CollectionPass) (*operation.RunningAt, error) {
	if p.Holder == nil && len(p.Cursor) == 0 {
		return nil, nil //nolint:nilnil // no pass runs
	}
	at := &operation.RunningAt{OperationID: deref(p.Holder), StartedAt: p.StartedAt}
	if len(p.Cursor) > 0 {
		if err := json.Unmarshal(p.Cursor, &at.Cursor); err != nil {
			return nil, fmt.Errorf("read the cursor of %s: %w", p.Collection, err)
		}
	}
	return at, nil
}

func toUnreachable(since *time.Time, reason, message *string) *operation.Unreachable {
	if since == nil {
		return nil
	}
	return &operation.Unreachable{Since: *since, Reason: deref(reason), Message: deref(message)}
}

// Drift sums up the last full checks of a workspace, and lists a page of the
// repositories that a person should look at, by id.
func (s *Statuses) Drift(ctx context.Context, workspaceID, cursor string, limit int) (report operation.DriftReport, err error) {
	var after int64
	if cursor != "" {
		if after, err = readIDCursor(cursor); err != nil {
			return report, err
		}
	}
	err = s.Store.snapshot(ctx, workspaceID, "sum up the drift", func(tx pgx.Tx) error {
		counts, err := s.Store.q.CountConspicuous(ctx, tx, dbsqlc.CountConspicuousParams{
			WorkspaceID: workspaceID, Every: s.Policy.Every, Grace: s.Policy.Grace(),
		})
		if err != nil {
			return err
		}
		report.Repositories, report.Drifted = counts.Repositories, counts.Drifted
		report.Overdue, report.UnreachableOfThem = counts.Overdue, counts.Unreachable
		sums, err := s.Store.q.SumDrift(ctx, tx, workspaceID)
		if err != nil {
			return err
		}
		for _, k := range sums {
			d := operation.Drift{Missing: k.Missing, Extra: k.Extra, Different: k.Different}
			report.Missing, report.Extra, report.Different = report.Missing+d.Missing, report.Extra+d.Extra, report.Different+d.Different
			report.Collections = append(report.Collections, operation.CollectionDrift{Drift: d, Name: k.Collection, Checked: k.Checked, Oldest: k.Oldest})
		}
		rows, err := s.Store.q.ListConspicuous(ctx, tx, dbsqlc.ListConspicuousParams{
			WorkspaceID: workspaceID, After: after, Every: s.Policy.Every, Grace: s.Policy.Grace(), RowLimit: int32(limit) + 1, //nolint:gosec // at most 100
		})
		if err != nil {
			return err
		}
		if len(rows) > limit {
			rows = rows[:limit]
			report.NextCursor = writeIDCursor(rows[limit-1].RepositoryID)
		}
		report.Conspicuous = s.toConspicuous(rows)
		return nil
	})
	return report, err
}

func (s *Statuses) toConspicuous(rows []dbsqlc.ListConspicuousRow) []operation.RepositoryDrift {
	list := make([]operation.RepositoryDrift, len(rows))
	for i, row := range rows {
		list[i] = operation.RepositoryDrift{
			Drift: operation.Drift{Missing: row.Missing, Extra: row.Extra, Different: row.Different},
			ID:    row.RepositoryID, FullName: row.FullName,
			Unreachable: toUnreachable(row.UnreachableSince, row.Reason, row.Message),
			LastSweepAt: row.LastSweepAt, NextSweepAt: s.Policy.Next(row.LastSweepAt, row.SweepDueAt),
			Overdue: s.Policy.Overdue(row.LastSweepAt, row.SweepDueAt, s.Now()),
		}
	}
	return list
}
