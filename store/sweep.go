package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/dbsqlc"
)

// Due is a repository that is to be read.
type Due struct {
	RepositoryID int64
	FullName     string   // "owner/name"
	Collections  []string // that are mirrored
}

// DueSweeps lists at most limit repositories of a workspace whose sweep is due, those
// that wait longest first, and plans the first sweep of those that were never planned.
func (s *Store) DueSweeps(ctx context.Context, workspaceID string, every time.Duration, limit int32) (due []Due, err error) {
	err = s.tx(ctx, workspaceID, "list the sweeps that are due", func(tx pgx.Tx) error {
		if err := s.q.PlanSweeps(ctx, tx, dbsqlc.PlanSweepsParams{WorkspaceID: workspaceID, Every: every}); err != nil {
			return err
		}
		rows, err := s.q.DueSweeps(ctx, tx, dbsqlc.DueSweepsParams{WorkspaceID: workspaceID, Every: every, RowLimit: limit})
		for _, row := range rows {
			due = append(due, Due(row))
		}
		return err
	})
	return due, err
}

// DueRefreshes lists at most limit repositories of a workspace in which something was
// last read to its end longer ago than every, the stalest first.
func (s *Store) DueRefreshes(ctx context.Context, workspaceID string, every time.Duration, limit int32) ([]Due, error) {
	rows, err := s.q.DueRefreshes(ctx, s.in(workspaceID), dbsqlc.DueRefreshesParams{WorkspaceID: workspaceID, Every: every, RowLimit: limit})
	if err != nil {
		return nil, translate("list the repositories that are stale", err)
	}
	due := make([]Due, len(rows))
	for i, row := range rows {
		due[i] = Due(row)
	}
	return due, nil
}

// RecordSweep notes how an operation has ended, if it was a sweep of all that is
// mirrored: one that succeeded counts from its start, one that did not is due again
// after that time.
func (s *Store) RecordSweep(ctx context.Context, workspaceID, operationID string, succeeded bool, again time.Duration) error {
	err := s.q.RecordSweep(ctx, s.in(workspaceID), dbsqlc.RecordSweepParams{WorkspaceID: workspaceID, OperationID: operationID, Succeeded: succeeded, Again: again})
	return translate("record a sweep", err)
}
