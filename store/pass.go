package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/dbsqlc"
	"github.com/holdfast/holdfast/internal/operation"
)

// PassKey names the pass of one collection of one repository.
type PassKey struct {
	WorkspaceID  string
	RepositoryID int64
	Collection   string
}

// Pass is a taken pass: its fence belongs to whoever took it last.
type Pass struct {
	Fence int64
	// StartedAt is when the pass began; before the operation was created when it
	// goes on with a pass that another one left.
	StartedAt time.Time
	Cursor    json.RawMessage // nil: at the beginning
	Bookmark  json.RawMessage // what the last completed pass left for this one
	// Fresh says that a pass which started after the operation was created has
	// completed already: there is nothing left to do, and nothing was taken.
	Fresh bool
}

// TakePass makes op the one that may write the collection, raising the fence so
// that whoever held it before, an earlier attempt of op included, cannot write any
// more. A *HeldError says that another open operation holds it. With reuse, a
// pass that started after op was created and is complete is as good as a new one:
// not so for a collection whose passes depend on what another one holds.
func (s *Store) TakePass(ctx context.Context, key PassKey, op operation.Operation, reuse bool) (pass Pass, err error) {
	err = s.tx(ctx, key.WorkspaceID, "take a pass", func(tx pgx.Tx) error {
		if err := s.q.EnsurePass(ctx, tx, dbsqlc.EnsurePassParams(key)); err != nil {
			return err
		}
		row, err := s.q.LockPassForTake(ctx, tx, dbsqlc.LockPassForTakeParams(key))
		if err != nil {
			return err
		}
		if row.Holder != nil && *row.Holder != op.ID {
			open, err := s.q.HolderIsOpen(ctx, tx, dbsqlc.HolderIsOpenParams{WorkspaceID: key.WorkspaceID, ID: *row.Holder})
			if err != nil {
				return err
			}
			if open {
				return &HeldError{Holder: *row.Holder}
			}
		}
		mine := row.Holder != nil && *row.Holder == op.ID
		if reuse && !mine && row.FreshAt != nil && row.FreshAt.After(op.CreatedAt) {
			pass.Fresh = true
			return nil
		}
		pass.Cursor, pass.Bookmark = row.Cursor, row.Bookmark
		taken, err := s.q.TakePass(ctx, tx, dbsqlc.TakePassParams{
			WorkspaceID: key.WorkspaceID, RepositoryID: key.RepositoryID, Collection: key.Collection, Holder: op.ID,
		})
		pass.Fence, pass.StartedAt = taken.Fence, taken.StartedAt
		return err
	})
	return pass, err
}

// FailPass gives up a pass that its operation cannot go on with, so that others
// need not wait for it, and records why. Restart makes the next pass begin anew.
func (s *Store) FailPass(ctx context.Context, key PassKey, operationID string, fence int64, restart bool, note string) (event operation.Event, err error) {
	err = s.tx(ctx, key.WorkspaceID, "give up a pass", func(tx pgx.Tx) error {
		n, err := s.q.ReleasePass(ctx, tx, dbsqlc.ReleasePassParams{
			WorkspaceID: key.WorkspaceID, RepositoryID: key.RepositoryID, Collection: key.Collection,
			Fence: fence, Holder: operationID, Restart: restart,
		})
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrStaleFence
		}
		event, err = s.recordWork(ctx, tx, Page{Key: key, OperationID: operationID, Note: note}, operation.CollectionFailed, written{})
		return err
	})
	return event, err
}
