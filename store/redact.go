package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/dbsqlc"
)

// redactItem makes a field null in an item's row, its columns, its search vector and
// its earlier states, and tells in how many of these it was not null.
func (s *Store) redactItem(ctx context.Context, tx pgx.Tx, workspaceID string, it *item, field string) (int64, error) {
	if err := redactRow(ctx, tx, workspaceID, it, field); err != nil {
		return 0, fmt.Errorf("redact an item: %w", err)
	}
	var redacted int64
	for after := int64(0); ; {
		rows, err := s.q.ListBefores(ctx, tx, dbsqlc.ListBeforesParams{
			WorkspaceID: workspaceID, RepositoryID: it.repositoryID, Collection: it.collection.Name, Key: it.key,
			After: after, RowLimit: redactedAtOnce,
		})
		if err != nil {
			return redacted, fmt.Errorf("list an item's earlier states: %w", err)
		}
		if len(rows) == 0 {
			return redacted, nil
		}
		n, err := s.redactBefores(ctx, tx, workspaceID, it.collection, rows, field)
		if err != nil {
			return redacted, fmt.Errorf("redact an item's earlier states: %w", err)
		}
		redacted += n
		after = rows[len(rows)-1].Seq
	}
}

// redactRow writes the row as if GitHub had sent the field as null. Whether it is
// deleted and when it was observed stay as they are; its search vector is made anew.
func redactRow(ctx context.Context, tx pgx.Tx, workspaceID string, it *item, field string) error {
	parent := "''"
	if it.collection.Parents != nil {
		parent = "coalesce(parent_key, '')"
	}
	where := ` where workspace_id = $1 and repository_id = $2 and key = $3`
	var was collection.Item
	var raw string
	var observedAt time.Time
	var deletedAt *time.Time
	err := tx.QueryRow(ctx, `select raw::text, raw_bytes, observed_at, deleted_at, `+parent+` from `+table(it.collection)+where,
		workspaceID, it.repositoryID, it.key).Scan(&raw, &was.RawBytes, &observedAt, &deletedAt, &was.Parent)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	was.Raw = []byte(raw)
	now, redacted, err := it.collection.Redacted(was, field)
	if err != nil || !redacted {
		return err
	}
	now.Key = it.key // as it is stored
	p := Page{Key: it.pass(workspaceID), Collection: it.collection}
	if err := upsert(ctx, tx, p, []collection.Item{now}); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `update `+table(it.collection)+` set observed_at = $4, deleted_at = $5, changed_at = now()`+where,
		workspaceID, it.repositoryID, it.key, observedAt, deletedAt)
	if err != nil || len(it.collection.Search) == 0 {
		return err
	}
	_, err = tx.Exec(ctx, indexOneSQL(it.collection), workspaceID, it.repositoryID, it.collection.Name, it.key)
	return err
}

// redactBefores redacts some of an item's earlier states.
func (s *Store) redactBefores(ctx context.Context, tx pgx.Tx, workspaceID string, c collection.Collection, rows []dbsqlc.ListBeforesRow, field string) (int64, error) {
	arg := dbsqlc.RedactBeforesParams{WorkspaceID: workspaceID}
	for _, row := range rows {
		was := collection.Item{Raw: []byte(row.Before), RawBytes: row.BeforeBytes}
		now, redacted, err := c.Redacted(was, field)
		if err != nil {
			return 0, fmt.Errorf("change %d: %w", row.Seq, err)
		}
		if !redacted {
			continue
		}
		before := string(now.Raw)
		if row.Before == refused {
			before = refused
		}
		arg.Seqs, arg.Ats = append(arg.Seqs, row.Seq), append(arg.Ats, row.At)
		arg.Befores, arg.BeforeBytes = append(arg.Befores, before), append(arg.BeforeBytes, now.RawBytes)
	}
	return int64(len(arg.Seqs)), s.q.RedactBefores(ctx, tx, arg)
}

// withoutPurged is a page's items without what was purged: an item that was is not
// stored again, and a field that was is null. The pass is locked: a purge is either
// seen here, or waits and finds what the page wrote.
func (s *Store) withoutPurged(ctx context.Context, tx pgx.Tx, p Page) ([]collection.Item, error) {
	if len(p.Items) == 0 {
		return p.Items, nil
	}
	purges, err := s.q.ListPurges(ctx, tx, dbsqlc.ListPurgesParams(p.Key))
	if err != nil {
		return nil, fmt.Errorf("look at what was purged: %w", err)
	}
	if len(purges) == 0 {
		return p.Items, nil
	}
	fields := map[string][]string{}
	for _, purge := range purges {
		fields[purge.Key] = append(fields[purge.Key], purge.Field)
	}
	out := make([]collection.Item, 0, len(p.Items))
	for _, item := range p.Items {
		switch purged := fields[item.Key]; {
		case purged == nil:
		case purged[0] == "": // they come in the order of their fields
			continue
		default:
			if item, _, err = p.Collection.Redacted(item, purged...); err != nil {
				return nil, fmt.Errorf("redact an item: %w", err)
			}
		}
		out = append(out, item)
	}
	return out, nil
}
