package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/dbsqlc"
	"github.com/holdfast/holdfast/internal/operation"
)

// Page is what one step of a pass learned from GitHub, committed as a whole.
type Page struct {
	Key         PassKey
	OperationID string
	Source      operation.Source // what asked for the operation; empty: SourceSync
	Collection  collection.Collection
	Fence       int64
	Take        bool // take the pass with this page, whoever holds it, instead of comparing Fence

	Items    []collection.Item
	Parents  []Parent // whose lists the items complete
	Listed   int64    // items that GitHub listed, unreadable ones included
	Pages    int64
	Requests int64
	Total    int64  // an estimate of the items in all; 0: none
	Left     int64  // an estimate of the requests that are left; 0: none
	Note     string // for people; empty: none

	Cursor   json.RawMessage // where the pass goes on
	Done     bool            // the pass is complete: Bookmark replaces the cursor
	Skipped  bool            // with Done: GitHub has nothing to list here
	Again    bool            // with Done: the operation needs one more pass
	Bookmark json.RawMessage

	Listing   *ListedPage // set for a page of a list of everything there is
	Gone      []string    // keys of items that GitHub was seen to have no more, in two looks
	Present   []string    // keys of suspects that GitHub does have
	Transfers []Transfer  // of those that are gone, where to
	// Settle says that with this page everything there is was read. With Done: unless
	// the mirror has items that no page showed. Then the pass goes on from Cursor.
	Settle bool
	// Confirm says that with this page everything was read a second time: suspects
	// that it did not show either are gone.
	Confirm bool
	// Check says that what differs was overlooked by earlier passes, unless it is of
	// this time or later. The zero time makes no exception.
	Check  bool
	Before time.Time
	// Whole says that the pass, complete with this page, has compared everything there is.
	Whole bool
	// ParentCollection is set with the last page of lists that are read per parent:
	// items whose parent is deleted are gone with it.
	ParentCollection *collection.Collection
}

// Transfer is where an item has gone that left its repository.
type Transfer struct {
	Key    string
	Number int64
	ToURL  string // of GitHub's API
}

// Committed is what came of a page.
type Committed struct {
	Event operation.Event
	Rows  int64 // inserted, changed, refreshed or marked as deleted by this page
	// Suspects says that the pass is not complete: the mirror has items that no page showed.
	Suspects bool
}

// CommitPage writes a page in one transaction: the fence is checked, items that
// differ are written, the cursor moves and the operation's progress is recorded.
// ErrStaleFence and ErrNotRunning say that nothing was written and nothing more may
// be, ErrMirrorDiffers that the page must be asked for whole.
func (s *Store) CommitPage(ctx context.Context, p Page) (c Committed, err error) {
	err = s.tx(ctx, p.Key.WorkspaceID, "commit a page of "+p.Key.Collection, func(tx pgx.Tx) error {
		if err := s.checkFence(ctx, tx, p); err != nil {
			return err
		}
		var err error
		if p.Items, err = s.withoutPurged(ctx, tx, p); err != nil {
			return err
		}
		wrote, err := s.writeItems(ctx, tx, p)
		if err != nil {
			return err
		}
		if err := s.keepListing(ctx, tx, p); err != nil {
			return err
		}
		if err := s.remove(ctx, tx, p, &wrote); err != nil {
			return err
		}
		if p.Settle {
			if c.Suspects, err = s.suspect(ctx, tx, p); err != nil {
				return err
			}
			p.Done = p.Done && !c.Suspects
		}
		if err := s.movePass(ctx, tx, p, wrote); err != nil {
			return err
		}
		c.Rows = wrote.rows
		if c.Event, err = s.recordWork(ctx, tx, p, p.state(), wrote); err != nil {
			return err
		}
		return s.recordChanges(ctx, tx, p, wrote.changes)
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

// remove marks what is gone as deleted, with what hung on it.
func (s *Store) remove(ctx context.Context, tx pgx.Tx, p Page, wrote *written) error {
	gone := p.Gone
	if p.Confirm {
		keys, err := s.q.SuspectsNotListed(ctx, tx, dbsqlc.SuspectsNotListedParams(p.Key))
		if err != nil {
			return fmt.Errorf("find what was not listed twice: %w", err)
		}
		gone = append(gone, keys...)
	}
	if p.ParentCollection != nil {
		keys, err := s.orphans(ctx, tx, p, *p.ParentCollection)
		if err != nil {
			return err
		}
		gone = append(gone, keys...)
	}
	deleted, err := s.tombstone(ctx, tx, p, gone)
	if err != nil {
		return err
	}
	n := int64(len(deleted))
	wrote.rows, wrote.added, wrote.extra = wrote.rows+n, wrote.added-n, n
	wrote.changes = append(wrote.changes, deleted...)
	if len(p.Transfers) > 0 {
		arg := dbsqlc.InsertTransfersParams{WorkspaceID: p.Key.WorkspaceID, RepositoryID: p.Key.RepositoryID, Collection: p.Key.Collection}
		for _, t := range p.Transfers {
			arg.Keys, arg.Numbers, arg.ToUrls = append(arg.Keys, t.Key), append(arg.Numbers, t.Number), append(arg.ToUrls, t.ToURL)
		}
		if err := s.q.InsertTransfers(ctx, tx, arg); err != nil {
			return fmt.Errorf("record where items have gone: %w", err)
		}
	}
	if len(p.Gone)+len(p.Present) == 0 {
		return nil
	}
	err = s.q.DropSuspects(ctx, tx, dbsqlc.DropSuspectsParams{
		WorkspaceID: p.Key.WorkspaceID, RepositoryID: p.Key.RepositoryID, Collection: p.Key.Collection,
		Keys: slices.Concat(p.Gone, p.Present),
	})
	if err != nil {
		return fmt.Errorf("forget suspects: %w", err)
	}
	return nil
}

func (s *Store) movePass(ctx context.Context, tx pgx.Tx, p Page, wrote written) error {
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
	if p.Check && wrote.missing+wrote.extra+wrote.different > 0 {
		err := s.q.AddFound(ctx, tx, dbsqlc.AddFoundParams{
			WorkspaceID: p.Key.WorkspaceID, RepositoryID: p.Key.RepositoryID, Collection: p.Key.Collection,
			Missing: wrote.missing, Extra: wrote.extra, Different: wrote.different,
		})
		if err != nil {
			return fmt.Errorf("record what a full check found: %w", err)
		}
	}
	if p.Done {
		return s.completePass(ctx, tx, p, wrote.added)
	}
	return s.q.AdvancePass(ctx, tx, dbsqlc.AdvancePassParams{
		WorkspaceID: p.Key.WorkspaceID, RepositoryID: p.Key.RepositoryID, Collection: p.Key.Collection,
		Cursor: p.Cursor, Added: wrote.added,
	})
}

func (s *Store) completePass(ctx context.Context, tx pgx.Tx, p Page, added int64) error {
	err := s.q.CompletePass(ctx, tx, dbsqlc.CompletePassParams{
		WorkspaceID: p.Key.WorkspaceID, RepositoryID: p.Key.RepositoryID, Collection: p.Key.Collection,
		Bookmark: p.Bookmark, Added: added,
	})
	if err != nil || !p.Whole {
		return err
	}
	if err := s.q.DropAllSuspects(ctx, tx, dbsqlc.DropAllSuspectsParams(p.Key)); err != nil {
		return fmt.Errorf("forget suspects: %w", err)
	}
	if err := s.q.DropListingPages(ctx, tx, dbsqlc.DropListingPagesParams(p.Key)); err != nil {
		return fmt.Errorf("forget pages that are no more: %w", err)
	}
	err = s.q.RecordCheck(ctx, tx, dbsqlc.RecordCheckParams{
		WorkspaceID: p.Key.WorkspaceID, RepositoryID: p.Key.RepositoryID, Collection: p.Key.Collection, OperationID: p.OperationID,
	})
	if err != nil {
		return fmt.Errorf("record a full check: %w", err)
	}
	return nil
}
