package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/collection"
)

// written counts what a page's items did to their table.
type written struct {
	rows       int64 // inserted, changed or refreshed
	added      int64 // of these, rows that the mirror did not have
	unstorable bool  // the exact JSON of some is kept as bytes
	changes    []change

	// What a full check finds: items that only GitHub, only the mirror had, and that differ.
	missing, extra, different int64
}

// check counts an item that differs from the mirror as overlooked by earlier passes.
func (w *written) check(p Page, item collection.Item, known bool) {
	at := item.UpdatedAt
	if at.IsZero() {
		at = item.CreatedAt
	}
	switch {
	case !p.Check || !p.Before.IsZero() && !at.IsZero() && !at.Before(p.Before):
	case known:
		w.different++
	default:
		w.missing++
	}
}

// writeItems upserts the items that differ from what the mirror holds. Comparing
// hashes first spares Postgres the unchanged ones, which in a later pass are most.
func (s *Store) writeItems(ctx context.Context, tx pgx.Tx, p Page) (written, error) {
	items := lastOfEachKey(p.Items)
	if len(items) == 0 {
		return written{}, nil
	}
	known, err := knownHashes(ctx, tx, p, items)
	if err != nil {
		return written{}, fmt.Errorf("compare with the mirror: %w", err)
	}
	var w written
	differ := items[:0]
	for _, item := range items {
		old, ok := known[item.Key]
		if ok && !old.deleted && old.hash == item.Hash && old.rawHash == item.RawHash {
			continue
		}
		if !ok || old.deleted {
			w.added++
		}
		if !ok || old.deleted || old.hash != item.Hash {
			w.check(p, item, ok && !old.deleted)
		}
		differ = append(differ, item)
	}
	if len(differ) == 0 {
		return w, nil
	}
	if w.changes, err = differences(ctx, tx, p, differ, known); err != nil {
		return w, err
	}
	if err := upsert(ctx, tx, p, differ); err != nil {
		return w, fmt.Errorf("write items: %w", err)
	}
	w.rows = int64(len(differ))
	for _, item := range differ {
		w.unstorable = w.unstorable || item.RawBytes != nil
	}
	return w, nil
}

// lastOfEachKey drops all but the last item of each key: a list that shifts while
// it is read may show one twice.
func lastOfEachKey(items []collection.Item) []collection.Item {
	at := make(map[string]int, len(items))
	out := make([]collection.Item, 0, len(items))
	for _, item := range items {
		if i, ok := at[item.Key]; ok {
			out[i] = item
			continue
		}
		at[item.Key] = len(out)
		out = append(out, item)
	}
	return out
}

type knownHash struct {
	hash, rawHash [32]byte
	deleted       bool
}

func knownHashes(ctx context.Context, tx pgx.Tx, p Page, items []collection.Item) (map[string]knownHash, error) {
	keys := make([]string, len(items))
	for i, item := range items {
		keys[i] = item.Key
	}
	// The lateral keeps Postgres on the primary key: while a first pass fills the
	// table there are no statistics yet, and it would read all of it for each page.
	rows, err := tx.Query(ctx, `select t.key, t.hash, t.raw_hash, t.deleted_at is not null
		from unnest($3::text[]) as u (key)
		cross join lateral (
			select * from `+table(p.Collection)+` where workspace_id = $1 and `+p.Collection.ScopeColumn()+` = $2 and key = u.key offset 0
		) as t`, p.Key.WorkspaceID, p.Key.RepositoryID, keys)
	if err != nil {
		return nil, err
	}
	known := make(map[string]knownHash, len(items))
	var (
		key           string
		hash, rawHash []byte
		deleted       bool
	)
	_, err = pgx.ForEachRow(rows, []any{&key, &hash, &rawHash, &deleted}, func() error {
		k := knownHash{deleted: deleted}
		copy(k.hash[:], hash)
		copy(k.rawHash[:], rawHash)
		known[key] = k
		return nil
	})
	return known, err
}

// refused stands for JSON that Postgres refused, which is kept as bytes.
const refused = "{}"

// upsert writes a page's items in one statement. Should Postgres refuse a value
// in it, each item is written alone, and those it refuses are kept as bytes, so
// that one item never blocks its page.
func upsert(ctx context.Context, tx pgx.Tx, p Page, items []collection.Item) error {
	sql := upsertSQL(p.Collection)
	err := pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error { return exec(ctx, tx, sql, p, items) })
	if !unstorable(err) {
		return err
	}
	for i := range items {
		one := items[i : i+1]
		err := pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error { return exec(ctx, tx, sql, p, one) })
		if unstorable(err) {
			if one[0].RawBytes == nil {
				one[0].RawBytes = one[0].Raw
			}
			one[0].Raw = []byte(refused)
			err = exec(ctx, tx, sql, p, one)
		}
		if err != nil {
			return fmt.Errorf("item %s: %w", one[0].Key, err)
		}
	}
	return nil
}

func exec(ctx context.Context, tx pgx.Tx, sql string, p Page, items []collection.Item) error {
	keys := make([]string, len(items))
	parents := make([]string, len(items))
	raws := make([][]byte, len(items))
	rawBytes := make([][]byte, len(items))
	hashes := make([][]byte, len(items))
	rawHashes := make([][]byte, len(items))
	for i := range items {
		keys[i], parents[i], raws[i], rawBytes[i] = items[i].Key, items[i].Parent, items[i].Raw, items[i].RawBytes
		hashes[i], rawHashes[i] = items[i].Hash[:], items[i].RawHash[:]
	}
	args := []any{p.Key.WorkspaceID, p.Key.RepositoryID, keys, raws, rawBytes, hashes, rawHashes}
	if p.Collection.Parents != nil {
		args = append(args, parents)
	}
	_, err := tx.Exec(ctx, sql, args...)
	return err
}

// upsertSQL is the one statement that is not generated: its columns are those of
// the collection's definition. Names and expressions come from the code, never
// from input.
func upsertSQL(c collection.Collection) string {
	var columns, values, updates strings.Builder
	parents, parent := "", ""
	if c.Parents != nil {
		parents, parent = ", $8::text[]", ", parent_key"
		columns.WriteString(parent)
		values.WriteString(parent)
		updates.WriteString(", parent_key = excluded.parent_key")
	}
	scope := c.ScopeColumn()
	for _, column := range c.Columns {
		columns.WriteString(", " + column.Name)
		values.WriteString(", " + column.Expr)
		updates.WriteString(", " + column.Name + " = excluded." + column.Name)
	}
	// "offset 0" keeps Postgres from parsing a document once for each column.
	return `insert into ` + table(c) + ` as t (workspace_id, ` + scope + `, key, raw, raw_bytes, hash, raw_hash, observed_at, changed_at` + columns.String() + `)
select $1, $2, key, raw, raw_bytes, hash, raw_hash, now(), now()` + values.String() + `
from (select u.key, u.raw::jsonb as raw, u.raw_bytes, u.hash, u.raw_hash` + parent + `
      from unnest($3::text[], $4::text[], $5::bytea[], $6::bytea[], $7::bytea[]` + parents + `) as u (key, raw, raw_bytes, hash, raw_hash` + parent + `)
      offset 0) as i
on conflict (workspace_id, ` + scope + `, key) do update set
    raw = excluded.raw, raw_bytes = excluded.raw_bytes, hash = excluded.hash, raw_hash = excluded.raw_hash,
    observed_at = excluded.observed_at, deleted_at = null,
    changed_at = case when t.hash = excluded.hash and t.deleted_at is null then t.changed_at else excluded.changed_at end` + updates.String()
}

func table(c collection.Collection) string { return pgx.Identifier{c.Table}.Sanitize() }
