package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/collection"
)

// Parent is an item whose list of a nested collection is to be read.
type Parent struct {
	Key     string
	Arg     string    // what stands for it in the list's path
	Version time.Time // moves when its list may have; zero where nothing tells
}

// Moved asks for the parents whose lists of a nested collection are to be read.
type Moved struct {
	Key     PassKey
	Nested  collection.Collection
	Parents collection.Collection
	Full    bool   // those that did not move as well
	After   string // a key: only parents behind it
}

// MovedParents lists, in order of their keys, at most limit parents that moved since
// their list was read.
func (s *Store) MovedParents(ctx context.Context, m Moved, limit int) ([]Parent, error) {
	rows, err := s.in(m.Key.WorkspaceID).Query(ctx, `select p.key, `+m.Nested.Parents.Arg+`, `+version(m.Nested)+` from `+moved(m)+`
		and p.key collate "C" > $5 order by p.key collate "C" limit $6`,
		m.Key.WorkspaceID, m.Key.RepositoryID, m.Key.Collection, m.Full, m.After, limit)
	if err != nil {
		return nil, translate("list parents that moved", err)
	}
	parents, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p Parent, err error) {
		var version *time.Time
		if err = row.Scan(&p.Key, &p.Arg, &version); err == nil && version != nil {
			p.Version = *version
		}
		return p, err
	})
	return parents, translate("list parents that moved", err)
}

// CountMovedParents counts what MovedParents would list in all.
func (s *Store) CountMovedParents(ctx context.Context, m Moved) (n int64, err error) {
	err = s.in(m.Key.WorkspaceID).QueryRow(ctx, `select count(*) from `+moved(m), m.Key.WorkspaceID, m.Key.RepositoryID, m.Key.Collection, m.Full).Scan(&n)
	return n, translate("count parents that moved", err)
}

// moved is the part that both have in common. The lateral keeps Postgres on the
// primary key while there are no statistics yet.
func moved(m Moved) string {
	where := m.Nested.Parents.Where
	if where == "" {
		where = "true"
	}
	// A list whose parent tells nothing of it is read in every pass.
	changed := "$4 or true"
	if m.Nested.Parents.Version != "" {
		changed = `$4 or c.parent_key is null or c.version is distinct from ` + version(m.Nested)
	}
	return table(m.Parents) + ` p
		left join lateral (
			select c.parent_key, c.version from collection_parents c
			where c.workspace_id = $1 and c.repository_id = $2 and c.collection = $3 and c.parent_key = p.key
			offset 0
		) c on true
		where p.workspace_id = $1 and p.` + m.Parents.ScopeColumn() + ` = $2 and p.deleted_at is null
		  and (` + where + `) and (` + changed + `) and (` + m.Nested.Parents.Arg + `) is not null`
}

func version(c collection.Collection) string {
	if c.Parents.Version == "" {
		return "null::timestamptz"
	}
	return c.Parents.Version
}

// Children lists the keys of the items that the mirror has of some parents, by the
// parent's key.
func (s *Store) Children(ctx context.Context, key PassKey, c collection.Collection, parents []Parent) (map[string][]string, error) {
	keys := make([]string, len(parents))
	for i, p := range parents {
		keys[i] = p.Key
	}
	const what = "list the items of some parents"
	rows, err := s.in(key.WorkspaceID).Query(ctx, `select u.parent_key, t.key from unnest($3::text[]) as u (parent_key)
		cross join lateral (
			select key from `+table(c)+` t
			where t.parent_key = u.parent_key and t.`+c.ScopeColumn()+` = $2 and t.workspace_id = $1 and t.deleted_at is null offset 0
		) as t`, key.WorkspaceID, key.RepositoryID, keys)
	if err != nil {
		return nil, translate(what, err)
	}
	children := map[string][]string{}
	var parent, child string
	_, err = pgx.ForEachRow(rows, []any{&parent, &child}, func() error {
		children[parent] = append(children[parent], child)
		return nil
	})
	return children, translate(what, err)
}
