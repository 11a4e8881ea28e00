package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/dbsqlc"
	"github.com/holdfast/holdfast/internal/operation"
)

// item is an item that a client named, as the mirror has it.
type item struct {
	collection   collection.Collection
	repositoryID int64
	key          string
	number       int64 // 0: none
	raw          json.RawMessage
	alive        bool // neither deleted nor purged
}

// ItemHistory lists at most limit changes of an item, newest first, and the cursor of
// the page after, empty on the last. What is older than the retention is not in it.
func (s *Store) ItemHistory(ctx context.Context, workspaceID string, ref operation.ItemRef, cursor string, limit int) (operation.ItemHistory, string, error) {
	const what = "list an item's changes"
	below := int64(math.MaxInt64)
	if cursor != "" {
		var err error
		if below, err = readIDCursor(cursor); err != nil {
			return operation.ItemHistory{}, "", err
		}
	}
	it, err := s.findItem(ctx, workspaceID, ref)
	if err != nil {
		return operation.ItemHistory{}, "", err
	}
	rows, err := s.q.ListItemChanges(ctx, s.in(workspaceID), dbsqlc.ListItemChangesParams{
		WorkspaceID: workspaceID, RepositoryID: it.repositoryID, Collection: it.collection.Name, Key: it.key,
		Below: below, RowLimit: int32(limit) + 1, //nolint:gosec // at most 100
	})
	if err != nil {
		return operation.ItemHistory{}, "", translate(what, err)
	}
	next := ""
	if len(rows) > limit {
		rows = rows[:limit]
		next = writeIDCursor(rows[limit-1].Seq)
	}
	h := operation.ItemHistory{Key: it.key, Number: it.number, Changes: make([]operation.Change, len(rows))}
	for i, row := range rows {
		h.Changes[i] = toChange(row)
	}
	return h, next, s.nameRepositories(ctx, workspaceID, h.Changes)
}

// ItemAt is an item as the mirror had it at a time: the state before the first change
// after it, or as it is now where there was none. CodeNotFound: the mirror did not have
// it then. CodeGone: changes are not kept that far back, or that state was purged.
func (s *Store) ItemAt(ctx context.Context, workspaceID string, ref operation.ItemRef, at time.Time) (operation.ItemState, error) {
	const what = "read an item as it was"
	it, err := s.findItem(ctx, workspaceID, ref) // before its changes: what changes in between is of later
	if err != nil {
		return operation.ItemState{}, err
	}
	state := operation.ItemState{Key: it.key, Number: it.number, Item: it.raw}
	rows, err := s.q.FirstItemChangeAfter(ctx, s.in(workspaceID), dbsqlc.FirstItemChangeAfterParams{
		WorkspaceID: workspaceID, RepositoryID: it.repositoryID, Collection: it.collection.Name, Key: it.key, Past: at,
	})
	if err != nil {
		return state, translate(what, err)
	}
	counter, err := s.changeCounter(ctx, workspaceID)
	if err != nil {
		return state, translate(what, err)
	}
	if counter.ReachesTo != nil && at.Before(*counter.ReachesTo) {
		return state, operation.Gone("The mirror's history reaches back to " + counter.ReachesTo.UTC().Format(time.RFC3339) + " only.")
	}
	notThen := operation.NotFound("The mirror did not have this item then.")
	if len(rows) == 0 {
		if !it.alive {
			return state, notThen
		}
		return state, nil
	}
	state.Item = rows[0].Before
	switch {
	case operation.ChangeKind(rows[0].Kind) == operation.ChangeCreated:
		return state, notThen
	case state.Item == nil:
		return state, operation.Gone("What the item was then was purged.")
	}
	return state, nil
}

// findItem finds the item that a client named, one that is deleted or purged included.
func (s *Store) findItem(ctx context.Context, workspaceID string, ref operation.ItemRef) (item, error) {
	c, ok := s.collections.ByName(ref.Collection)
	if !ok || c.Scope != collection.ScopeRepository {
		return item{}, operation.NotFound("Repositories have no collection of this name.")
	}
	repositoryID, err := s.repositoryID(ctx, s.in(workspaceID), workspaceID, ref.Repository)
	if err != nil {
		return item{}, err
	}
	it := item{collection: c, repositoryID: repositoryID, key: ref.Item}
	if c.Numbered() {
		if it.number, err = strconv.ParseInt(ref.Item, 10, 64); err != nil || it.number <= 0 {
			return item{}, operation.NotFound("Items of " + c.Name + " are named by their numbers.")
		}
		it.key = ""
	}
	return it, s.resolve(ctx, s.in(workspaceID), workspaceID, &it)
}

// resolve completes an item of which the key or the number is known.
func (s *Store) resolve(ctx context.Context, db dbsqlc.DBTX, workspaceID string, it *item) error {
	number, where, arg := "0", "t.key = $3", any(it.key)
	if it.collection.Numbered() {
		number = "coalesce(t.number, 0)"
	}
	if it.key == "" {
		where, arg = "t.number = $3", it.number
	}
	err := db.QueryRow(ctx, `select t.key, `+number+`, t.raw, t.deleted_at is null from `+table(it.collection)+` t
		where t.workspace_id = $1 and t.repository_id = $2 and `+where+`
		order by t.deleted_at desc nulls first limit 1`, workspaceID, it.repositoryID, arg).Scan(&it.key, &it.number, &it.raw, &it.alive)
	if !errors.Is(err, pgx.ErrNoRows) {
		return translate("find an item", err)
	}
	purged, err := s.q.FindPurged(ctx, db, dbsqlc.FindPurgedParams{
		WorkspaceID: workspaceID, RepositoryID: it.repositoryID, Collection: it.collection.Name, Key: it.key, Number: it.number,
	})
	if err != nil {
		return translate("find a purged item", err)
	}
	if len(purged) == 0 {
		return operation.NotFound(fmt.Sprintf("The mirror has no such item of %s.", it.collection.Name))
	}
	it.key, it.number = purged[0].Key, purged[0].Number
	return nil
}
