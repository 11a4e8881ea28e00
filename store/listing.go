package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/dbsqlc"
	"github.com/holdfast/holdfast/internal/operation"
)

// ErrMirrorDiffers says that GitHub calls a page unchanged, but the mirror does not
// hold what it showed: it must be read anew. Nothing was written.
var ErrMirrorDiffers = errors.New("the mirror does not hold what the unchanged page showed")

// ListedPage is a page of a list of everything there is.
type ListedPage struct {
	Number     int    // its place in the list, from 1
	URL        string // that it was asked at
	ETag       string // empty where GitHub gave none
	Next       string // the link to the next page; empty on the last
	Last       int    // number of the last page; 0 unknown
	Unchanged  bool   // GitHub says so: the page has no items, and the mirror must hold them
	SecondLook bool   // the list is read a second time in this pass
}

// KnownPage is a page as it was read last.
type KnownPage struct {
	URL, ETag, Next string
	Last            int
	Items           int64
	Shown           string // stands for the keys of its items in their order, as walk.Shown makes it
}

// KnownPages lists, by their numbers, at most limit pages from a number on that GitHub
// can be asked about, whether they are still the same.
func (s *Store) KnownPages(ctx context.Context, key PassKey, from, limit int) (map[int]KnownPage, error) {
	rows, err := s.q.ListListingPages(ctx, s.in(key.WorkspaceID), dbsqlc.ListListingPagesParams{
		WorkspaceID: key.WorkspaceID, RepositoryID: key.RepositoryID, Collection: key.Collection,
		Page: int32(from), RowLimit: int32(limit), //nolint:gosec // both are small
	})
	if err != nil {
		return nil, translate("look at the pages that are known", err)
	}
	known := make(map[int]KnownPage, len(rows))
	for _, row := range rows {
		known[int(row.Page)] = KnownPage{URL: row.Url, ETag: row.Etag, Next: row.Next, Last: int(row.Last), Items: row.Items, Shown: row.Shown}
	}
	return known, nil
}

// keepListing records what a page of a whole list showed. The keys tell at the end
// which items no page showed.
func (s *Store) keepListing(ctx context.Context, tx pgx.Tx, p Page) error {
	l := p.Listing
	if l == nil {
		return nil
	}
	if l.Number == 1 {
		err := s.q.RaiseListing(ctx, tx, dbsqlc.RaiseListingParams{
			WorkspaceID: p.Key.WorkspaceID, RepositoryID: p.Key.RepositoryID, Collection: p.Key.Collection, SecondLook: l.SecondLook,
		})
		if err != nil {
			return fmt.Errorf("begin a listing: %w", err)
		}
	}
	if l.Unchanged {
		return s.keepUnchanged(ctx, tx, p)
	}
	keys := make([]string, len(p.Items))
	digest := sha256.New()
	for i, item := range p.Items {
		keys[i] = item.Key
		digest.Write(item.Hash[:])
	}
	err := s.q.UpsertListingPage(ctx, tx, dbsqlc.UpsertListingPageParams{
		WorkspaceID: p.Key.WorkspaceID, RepositoryID: p.Key.RepositoryID, Collection: p.Key.Collection,
		Page: int32(l.Number), Url: l.URL, Etag: l.ETag, Next: l.Next, Last: int32(l.Last), //nolint:gosec // numbers of pages
		Digest: digest.Sum(nil), Keys: keys,
	})
	if err != nil {
		return fmt.Errorf("record a page of the listing: %w", err)
	}
	return nil
}

// keepUnchanged records that a page is as it was, once the mirror is seen to hold
// what it showed: an entity tag proves what GitHub has, not what we have.
func (s *Store) keepUnchanged(ctx context.Context, tx pgx.Tx, p Page) error {
	page := int32(p.Listing.Number) //nolint:gosec // number of a page
	known, err := s.q.ListingPage(ctx, tx, dbsqlc.ListingPageParams{
		WorkspaceID: p.Key.WorkspaceID, RepositoryID: p.Key.RepositoryID, Collection: p.Key.Collection, Page: page,
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrMirrorDiffers
	}
	if err != nil {
		return fmt.Errorf("look at the page as it was: %w", err)
	}
	var digest []byte
	err = tx.QueryRow(ctx, `select coalesce(sha256(string_agg(t.hash, ''::bytea order by u.place)), sha256(''))
		from unnest($3::text[]) with ordinality as u (key, place)
		cross join lateral (
			select hash from `+table(p.Collection)+`
			where workspace_id = $1 and `+p.Collection.ScopeColumn()+` = $2 and key = u.key and deleted_at is null offset 0
		) as t`, p.Key.WorkspaceID, p.Key.RepositoryID, known.Keys).Scan(&digest)
	if err != nil {
		return fmt.Errorf("compare an unchanged page with the mirror: %w", err)
	}
	if !bytes.Equal(digest, known.Digest) {
		return ErrMirrorDiffers
	}
	_, err = s.q.KeepListingPage(ctx, tx, dbsqlc.KeepListingPageParams{
		WorkspaceID: p.Key.WorkspaceID, RepositoryID: p.Key.RepositoryID, Collection: p.Key.Collection, Page: page,
		Next: p.Listing.Next, Last: int32(p.Listing.Last), //nolint:gosec // number of a page
	})
	if err != nil {
		return fmt.Errorf("record an unchanged page: %w", err)
	}
	return nil
}

// Suspect is an item that a whole list did not show.
type Suspect struct {
	Key    string
	Number int64 // 0 where it has none
}

// Suspects lists at most limit items that the pass's list did not show, by their
// keys, and how many there are in all.
func (s *Store) Suspects(ctx context.Context, key PassKey, limit int) ([]Suspect, int64, error) {
	n, err := s.q.CountSuspects(ctx, s.in(key.WorkspaceID), dbsqlc.CountSuspectsParams(key))
	if err != nil {
		return nil, 0, translate("count the items that were not listed", err)
	}
	rows, err := s.q.ListSuspects(ctx, s.in(key.WorkspaceID), dbsqlc.ListSuspectsParams{
		WorkspaceID: key.WorkspaceID, RepositoryID: key.RepositoryID, Collection: key.Collection, RowLimit: int32(limit), //nolint:gosec // small
	})
	if err != nil {
		return nil, 0, translate("list the items that were not listed", err)
	}
	suspects := make([]Suspect, len(rows))
	for i, row := range rows {
		suspects[i] = Suspect(row)
	}
	return suspects, n, nil
}

// suspect finds the items that the pass's listing did not show and that no page has
// written since the pass began. It tells whether there are any.
func (s *Store) suspect(ctx context.Context, tx pgx.Tx, p Page) (bool, error) {
	if err := s.q.DropAllSuspects(ctx, tx, dbsqlc.DropAllSuspectsParams(p.Key)); err != nil {
		return false, err
	}
	tag, err := tx.Exec(ctx, `insert into suspects (workspace_id, repository_id, collection, key, number)
		select $1, $2, $3, t.key, github_bigint(t.raw->>'number')
		from `+table(p.Collection)+` t
		join collection_passes p on p.workspace_id = $1 and p.repository_id = $2 and p.collection = $3
		left join (
			select distinct unnest(l.keys) as key from listing_pages l
			join collection_passes p using (workspace_id, repository_id, collection)
			where l.workspace_id = $1 and l.repository_id = $2 and l.collection = $3 and l.listing = p.listing
		) as shown on shown.key = t.key
		where t.workspace_id = $1 and t.`+p.Collection.ScopeColumn()+` = $2 and t.deleted_at is null
		  and t.observed_at < p.started_at and shown.key is null`,
		p.Key.WorkspaceID, p.Key.RepositoryID, p.Key.Collection)
	if err != nil {
		return false, fmt.Errorf("find the items that were not listed: %w", err)
	}
	return tag.RowsAffected() > 0, nil
}

// tombstone marks items as deleted. The changes are those that were not before.
func (s *Store) tombstone(ctx context.Context, tx pgx.Tx, p Page, keys []string) ([]change, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	rows, err := tx.Query(ctx, `update `+table(p.Collection)+` set deleted_at = now(), changed_at = now(), observed_at = now()
		where workspace_id = $1 and `+p.Collection.ScopeColumn()+` = $2 and key = any ($3::text[]) and deleted_at is null
		returning key, coalesce(github_bigint(raw->>'number'), 0), raw::text, raw_bytes`, p.Key.WorkspaceID, p.Key.RepositoryID, keys)
	if err != nil {
		return nil, fmt.Errorf("mark items as deleted: %w", err)
	}
	deleted, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (change, error) {
		c := change{kind: operation.ChangeDeleted}
		err := row.Scan(&c.key, &c.number, &c.before, &c.beforeBytes)
		return c, err
	})
	if err != nil {
		return nil, fmt.Errorf("mark items as deleted: %w", err)
	}
	return deleted, nil
}

// orphans are the items whose parent is deleted: nobody lists them any more.
func (s *Store) orphans(ctx context.Context, tx pgx.Tx, p Page, parents collection.Collection) ([]string, error) {
	rows, err := tx.Query(ctx, `select c.key from `+table(p.Collection)+` c
		join `+table(parents)+` p on p.workspace_id = c.workspace_id and p.`+parents.ScopeColumn()+` = c.`+p.Collection.ScopeColumn()+` and p.key = c.parent_key
		where c.workspace_id = $1 and c.`+p.Collection.ScopeColumn()+` = $2 and c.deleted_at is null and p.deleted_at is not null`,
		p.Key.WorkspaceID, p.Key.RepositoryID)
	if err != nil {
		return nil, fmt.Errorf("find the items of deleted parents: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
