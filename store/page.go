package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/dbsqlc"
	"github.com/holdfast/holdfast/internal/operation"
)

// Page is what one step of a pass learned from GitHub, committed as a whole.
type Page struct {
	Key         PassKey
	OperationID string
	Collection  collection.Collection
	Fence       int64
	Take        bool // take the pass with this page, whoever holds it, instead of comparing Fence

	Items    []collection.Item
	Parents  []Parent // whose lists the items complete
	Listed   int64    // items that GitHub listed, unreadable ones included
	Pages    int64
	Requests int64
	Total    int64  // an estimate of the items in all; 0: none
	Note     string // for people; empty: none

	Cursor   json.RawMessage // where the pass goes on
	Done     bool            // the pass is complete: Bookmark replaces the cursor
	Skipped  bool            // with Done: GitHub has nothing to list here
	Again    bool            // with Done: the operation needs one more pass
	Bookmark json.RawMessage
}

// Committed is what came of a page.
type Committed struct {
	Event operation.Event
	Rows  int64 // inserted, changed or refreshed by this page
}

// CommitPage writes a page in one transaction: the fence is checked, items that
// differ are written, the cursor moves and the operation's progress is recorded.
// ErrStaleFence and ErrNotRunning say that nothing was written and nothing more may be.
func (s *Store) CommitPage(ctx context.Context, p Page) (c Committed, err error) {
	err = s.tx(ctx, "commit a page of "+p.Key.Collection, func(tx pgx.Tx) error {
		if err := s.checkFence(ctx, tx, p); err != nil {
			return err
		}
		wrote, err := s.writeItems(ctx, tx, p)
		if err != nil {
			return err
		}
		if err := s.movePass(ctx, tx, p, wrote.added); err != nil {
			return err
		}
		c.Rows = wrote.rows
		c.Event, err = s.recordWork(ctx, tx, p, p.state(), wrote)
		return err
	})
	return c, err
}

// checkFence locks the pass and compares its fence with the page's. A page that
// takes its pass raises the fence instead.
func (s *Store) checkFence(ctx context.Context, tx pgx.Tx, p Page) error {
	if p.Take {
		if err := s.q.EnsurePass(ctx, tx, dbsqlc.EnsurePassParams(p.Key)); err != nil {
			return err
		}
		_, err := s.q.TakePass(ctx, tx, dbsqlc.TakePassParams{
			WorkspaceID: p.Key.WorkspaceID, RepositoryID: p.Key.RepositoryID, Collection: p.Key.Collection, Holder: p.OperationID,
		})
		return err
	}
	fence, err := s.q.LockPass(ctx, tx, dbsqlc.LockPassParams(p.Key))
	if err == nil && fence != p.Fence {
		return ErrStaleFence
	}
	return err
}

// state is the collection's state once the page is committed.
func (p Page) state() operation.CollectionState {
	switch {
	case p.Done && p.Again, !p.Done:
		return operation.CollectionRunning
	case p.Skipped:
		return operation.CollectionSkipped
	default:
		return operation.CollectionDone
	}
}

func (s *Store) movePass(ctx context.Context, tx pgx.Tx, p Page, added int64) error {
	if len(p.Parents) > 0 {
		arg := dbsqlc.UpsertParentsParams{WorkspaceID: p.Key.WorkspaceID, RepositoryID: p.Key.RepositoryID, Collection: p.Key.Collection}
		for _, parent := range p.Parents {
			arg.ParentKeys = append(arg.ParentKeys, parent.Key)
			arg.Versions = append(arg.Versions, parent.Version)
		}
		if err := s.q.UpsertParents(ctx, tx, arg); err != nil {
			return fmt.Errorf("record whose lists were read: %w", err)
		}
	}
	if p.Done {
		return s.q.CompletePass(ctx, tx, dbsqlc.CompletePassParams{
			WorkspaceID: p.Key.WorkspaceID, RepositoryID: p.Key.RepositoryID, Collection: p.Key.Collection,
			Bookmark: p.Bookmark, Added: added,
		})
	}
	return s.q.AdvancePass(ctx, tx, dbsqlc.AdvancePassParams{
		WorkspaceID: p.Key.WorkspaceID, RepositoryID: p.Key.RepositoryID, Collection: p.Key.Collection,
		Cursor: p.Cursor, Added: added,
	})
}

// recordWork comes last in the transaction, since it takes the operation's row,
// which the pages of the operation's other collections wait for.
func (s *Store) recordWork(ctx context.Context, tx pgx.Tx, p Page, state operation.CollectionState, wrote written) (operation.Event, error) {
	e := operation.Event{OperationID: p.OperationID, Type: operation.EventCollection}
	note := p.Note
	if wrote.unstorable {
		note = strings.TrimSpace(note + " Some items hold what jsonb cannot; their exact bytes are in raw_bytes.")
	}
	row, err := s.q.AddCollectionWork(ctx, tx, dbsqlc.AddCollectionWorkParams{
		WorkspaceID: p.Key.WorkspaceID, OperationID: p.OperationID, Collection: p.Key.Collection,
		State: string(state), Items: p.Listed, Total: p.Total, Written: wrote.rows,
		Pages: p.Pages, Requests: p.Requests, Note: note,
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
	err = s.tx(ctx, "record a collection that is fresh already", func(tx pgx.Tx) error {
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
	err = s.tx(ctx, "start an operation", func(tx pgx.Tx) error {
		err := s.q.InsertOperationCollections(ctx, tx, dbsqlc.InsertOperationCollectionsParams{
			WorkspaceID: workspaceID, OperationID: id, Names: collections,
		})
		if err != nil {
			return err
		}
		op, event, err = s.setState(ctx, tx, workspaceID, id, operation.StateRunning, nil)
		return err
	})
	if err == nil {
		s.transitions.add(ctx, op.Kind, op.State)
	}
	return op, event, err
}
