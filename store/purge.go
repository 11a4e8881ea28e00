package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/dbsqlc"
	"github.com/holdfast/holdfast/internal/operation"
)

const (
	// redactedAtOnce is how many earlier states of an item are redacted by one statement.
	redactedAtOnce = 100
	// erasedAtOnce is how many deliveries one statement looks at.
	erasedAtOnce = 1000
)

// Purge erases the content of an item, or makes a field of it null, for good: in its
// row, its search vector, its earlier states, and the payloads of deliveries that
// mention it. Pages do not bring it back. What shows the same object under the same
// number is purged with it. Erasing it again changes nothing more; where an attempt
// was broken off, payloads may be left and are erased by the next. CodeNotFound,
// CodeInvalid.
func (s *Store) Purge(ctx context.Context, workspaceID string, p operation.Purge) ([]operation.Purged, error) {
	items, err := s.purgeItems(ctx, workspaceID, p)
	if err != nil {
		return nil, err
	}
	out := make([]operation.Purged, len(items))
	err = s.tx(ctx, workspaceID, "purge an item", func(tx pgx.Tx) error { return s.purge(ctx, tx, workspaceID, p, items, out) })
	if err != nil {
		return nil, err
	}
	for i := range items {
		if out[i].Deliveries, err = s.eraseDeliveries(ctx, workspaceID, items[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// purgeItems finds what a purge is about: the item, and its twin where there is one.
// They come in the order of their collections, which is that in which passes are locked.
func (s *Store) purgeItems(ctx context.Context, workspaceID string, p operation.Purge) ([]*item, error) {
	c, ok := s.collections.ByName(p.Collection)
	if !ok || c.Scope != collection.ScopeRepository {
		return nil, invalidPurge("Repositories have no collection of this name.")
	}
	switch {
	case p.Number > 0 && !c.Numbered():
		return nil, invalidPurge("Items of " + c.Name + " have no numbers; name one by its key.")
	case p.Field == "" && c.Mode == collection.Single:
		return nil, invalidPurge("Everything hangs on the item of " + c.Name + ". Only fields of it can be purged.")
	case p.Field != "" && !c.Redactable(p.Field):
		return nil, invalidPurge("This field identifies the item, or is no path to a field.")
	}
	repositoryID, err := s.repositoryID(ctx, s.in(workspaceID), workspaceID, p.Repository)
	if err != nil {
		return nil, err
	}
	it := &item{collection: c, repositoryID: repositoryID, key: p.Key, number: p.Number}
	if err := s.resolve(ctx, s.in(workspaceID), workspaceID, it); err != nil {
		return nil, err
	}
	twin, ok := s.collections.ByName(c.Twin)
	if !ok || it.number == 0 {
		return []*item{it}, nil
	}
	other := &item{collection: twin, repositoryID: repositoryID, number: it.number}
	err = s.resolve(ctx, s.in(workspaceID), workspaceID, other)
	if operation.CodeOf(err) == operation.CodeNotFound {
		return []*item{it}, nil
	}
	items := []*item{it, other}
	slices.SortFunc(items, func(a, b *item) int { return strings.Compare(a.collection.Name, b.collection.Name) })
	return items, err
}

func invalidPurge(message string) error {
	return &operation.Error{Code: operation.CodeInvalid, Message: message}
}

// purge erases what stands in the items' own tables. Their passes are locked, as by a
// page: one that is being committed is waited for, and the next sees the purge.
func (s *Store) purge(ctx context.Context, tx pgx.Tx, workspaceID string, p operation.Purge, items []*item, out []operation.Purged) error {
	changes := make([][]change, len(items))
	for _, it := range items {
		key := it.pass(workspaceID)
		if err := s.q.EnsurePass(ctx, tx, dbsqlc.EnsurePassParams(key)); err != nil {
			return fmt.Errorf("make the pass of %s: %w", it.collection.Name, err)
		}
		if _, err := s.q.LockPass(ctx, tx, dbsqlc.LockPassParams(key)); err != nil {
			return fmt.Errorf("lock the pass of %s: %w", it.collection.Name, err)
		}
	}
	for i, it := range items {
		row, err := s.q.InsertPurge(ctx, tx, dbsqlc.InsertPurgeParams{
			WorkspaceID: workspaceID, RepositoryID: it.repositoryID, Collection: it.collection.Name,
			Key: it.key, Number: it.number, Field: p.Field, Mention: it.mention(), PurgedBy: p.By,
		})
		if err != nil {
			return fmt.Errorf("record a purge: %w", err)
		}
		out[i] = operation.Purged{
			Collection: it.collection.Name, Key: it.key, Number: it.number, Field: p.Field, At: row.PurgedAt, By: row.PurgedBy,
		}
		told := change{key: it.key, number: it.number, kind: operation.ChangeDeleted}
		if p.Field == "" {
			out[i].Changes, err = s.eraseItem(ctx, tx, workspaceID, it)
		} else {
			told.kind, told.fields = operation.ChangeUpdated, []string{strings.Split(p.Field, ".")[0]}
			out[i].Changes, err = s.redactItem(ctx, tx, workspaceID, it, p.Field)
		}
		if err != nil {
			return err
		}
		if row.First { // whoever follows the changes shall forget it as well
			changes[i] = []change{told}
		}
	}
	for i, it := range items {
		if err := s.recordChanges(ctx, tx, Page{Key: it.pass(workspaceID), Source: operation.SourceEdit}, changes[i]); err != nil {
			return err
		}
	}
	return nil
}

// pass is the pass of the item's collection.
func (it *item) pass(workspaceID string) PassKey {
	return PassKey{WorkspaceID: workspaceID, RepositoryID: it.repositoryID, Collection: it.collection.Name}
}

// mention is what identifies the item in the payload of a delivery.
func (it *item) mention() string {
	if it.collection.KeyWithParent {
		_, field, _ := strings.Cut(it.key, "/")
		return field
	}
	return it.key
}

// eraseItem removes an item's row and what it was, and tells how many earlier states
// there were.
func (s *Store) eraseItem(ctx context.Context, tx pgx.Tx, workspaceID string, it *item) (int64, error) {
	var alive bool
	err := tx.QueryRow(ctx, `delete from `+table(it.collection)+` where workspace_id = $1 and repository_id = $2 and key = $3
		returning deleted_at is null`, workspaceID, it.repositoryID, it.key).Scan(&alive)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return 0, fmt.Errorf("erase an item: %w", err)
	}
	if alive {
		if err := s.q.CountItemLess(ctx, tx, dbsqlc.CountItemLessParams(it.pass(workspaceID))); err != nil {
			return 0, fmt.Errorf("count an item less: %w", err)
		}
	}
	if err := s.forget(ctx, tx, workspaceID, it); err != nil {
		return 0, err
	}
	n, err := s.q.EraseBefores(ctx, tx, dbsqlc.EraseBeforesParams{
		WorkspaceID: workspaceID, RepositoryID: it.repositoryID, Collection: it.collection.Name, Key: it.key,
	})
	if err != nil {
		return 0, fmt.Errorf("erase an item's earlier states: %w", err)
	}
	return n, nil
}

func (s *Store) forget(ctx context.Context, tx pgx.Tx, workspaceID string, it *item) error {
	err := s.q.ForgetItem(ctx, tx, dbsqlc.ForgetItemParams{
		WorkspaceID: workspaceID, RepositoryID: it.repositoryID, Collection: it.collection.Name, Key: it.key,
	})
	if err != nil {
		return fmt.Errorf("forget what hangs on an item: %w", err)
	}
	return nil
}

// eraseDeliveries empties the payloads of a repository's deliveries that mention the
// item by what identifies it. A payload that mentions the same digits by chance is
// emptied with them: it has been worked, and is kept for looking at only.
func (s *Store) eraseDeliveries(ctx context.Context, workspaceID string, it *item) (int64, error) {
	var erased int64
	for after := ""; ; {
		row, err := s.q.EraseDeliveries(ctx, s.in(workspaceID), dbsqlc.EraseDeliveriesParams{
			WorkspaceID: workspaceID, RepositoryID: it.repositoryID, Mention: it.mention(), After: after, Scan: erasedAtOnce,
		})
		if err != nil {
			return erased, translate("erase the payloads of deliveries", err)
		}
		erased += row.Erased
		if row.Last == "" {
			return erased, nil
		}
		after = row.Last
	}
}
