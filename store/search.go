package store

import (
	"context"
	"strings"

	"github.com/holdfast/holdfast/internal/collection"
)

// searchedCharacters bounds the text of one expression: a tsvector may hold 1 MB
// (PostgreSQL manual, 12.11).
const searchedCharacters = "200000"

// IndexSearch makes the search vectors of at most limit items after a key that
// changed since theirs was made, in order of their keys. It returns the last key,
// empty when there is nothing left.
func (s *Store) IndexSearch(ctx context.Context, key PassKey, c collection.Collection, after string, limit int) (last string, err error) {
	row := s.in(key.WorkspaceID).QueryRow(ctx, indexSearchSQL(c), key.WorkspaceID, key.RepositoryID, key.Collection, after, limit)
	if err := row.Scan(&last); err != nil {
		return "", translate("index "+c.Name+" for search", err)
	}
	return last, nil
}

func indexSearchSQL(c collection.Collection) string {
	// The lateral keeps Postgres on the primary key while there are no statistics yet.
	return `with moved as (
    select t.key, t.raw, t.changed_at
    from ` + table(c) + ` t
    left join lateral (
        select changed_at from search_documents
        where workspace_id = $1 and repository_id = $2 and collection = $3 and key = t.key offset 0
    ) d on true
    where t.workspace_id = $1 and t.` + c.ScopeColumn() + ` = $2 and t.key > $4 and d.changed_at is distinct from t.changed_at
    order by t.key
    limit $5
), indexed as (
    insert into search_documents (workspace_id, repository_id, collection, key, document, changed_at)
    select $1, $2, $3, key, ` + vector(c) + `, changed_at from moved
    on conflict (workspace_id, repository_id, collection, key) do update set
        document = excluded.document, changed_at = excluded.changed_at
)
select coalesce(max(key), '') from moved`
}

// indexOneSQL makes the search vector of one item.
func indexOneSQL(c collection.Collection) string {
	return `insert into search_documents (workspace_id, repository_id, collection, key, document, changed_at)
select $1, $2, $3, key, ` + vector(c) + `, changed_at from ` + table(c) + `
where workspace_id = $1 and ` + c.ScopeColumn() + ` = $2 and key = $4
on conflict (workspace_id, repository_id, collection, key) do update set
    document = excluded.document, changed_at = excluded.changed_at`
}

// vector is an expression over an item's row.
func vector(c collection.Collection) string {
	var vectors []string
	for i, expr := range c.Search {
		weight := string("ABCD"[min(i, 3)])
		vectors = append(vectors, `setweight(to_tsvector('english', left(coalesce(`+expr+`, ''), `+searchedCharacters+`)), '`+weight+`')`)
	}
	return strings.Join(vectors, " || ")
}
