package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/operation"
)

// differences are the changes that writing the items makes. It must be asked before
// they are written. An item whose hash differs but none of its members is the same
// under rules that are new: that is no change.
func differences(ctx context.Context, tx pgx.Tx, p Page, items []collection.Item, known map[string]knownHash) ([]change, error) {
	var changed []string
	for _, item := range items {
		if old, ok := known[item.Key]; ok && !old.deleted && old.hash != item.Hash {
			changed = append(changed, item.Key)
		}
	}
	befores, err := stored(ctx, tx, p, changed)
	if err != nil {
		return nil, err
	}
	changes := make([]change, 0, len(items))
	for _, item := range items {
		old, ok := known[item.Key]
		if !ok || old.deleted {
			changes = append(changes, change{key: item.Key, number: item.Number, kind: operation.ChangeCreated})
			continue
		}
		c, ok := befores[item.Key]
		if !ok {
			continue
		}
		c.kind, c.number = operation.ChangeUpdated, item.Number
		if c.fields, err = p.Collection.Diff(exact([]byte(c.before), c.beforeBytes), exact(item.Raw, item.RawBytes)); err != nil {
			return nil, err
		}
		if len(c.fields) > 0 {
			changes = append(changes, c)
		}
	}
	return changes, nil
}

// stored reads what the mirror holds of items, by their keys.
func stored(ctx context.Context, tx pgx.Tx, p Page, keys []string) (map[string]change, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	// The lateral keeps Postgres on the primary key: see knownHashes.
	rows, err := tx.Query(ctx, `select t.key, t.raw::text, t.raw_bytes
		from unnest($3::text[]) as u (key)
		cross join lateral (
			select * from `+table(p.Collection)+` where workspace_id = $1 and `+p.Collection.ScopeColumn()+` = $2 and key = u.key offset 0
		) as t`, p.Key.WorkspaceID, p.Key.RepositoryID, keys)
	if err != nil {
		return nil, fmt.Errorf("read items as they were: %w", err)
	}
	out := make(map[string]change, len(keys))
	var c change
	_, err = pgx.ForEachRow(rows, []any{&c.key, &c.before, &c.beforeBytes}, func() error {
		out[c.key] = c
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read items as they were: %w", err)
	}
	return out, nil
}

// exact is an item as GitHub sent it, where that is kept beside what jsonb holds.
func exact(raw, rawBytes []byte) []byte {
	if rawBytes != nil {
		return rawBytes
	}
	return raw
}
