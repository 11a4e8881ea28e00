// Package mirror compares what Holdfast stored with what the simulated GitHub
// holds. It reads the mirror's tables with SQL of its own and the source from the
// simulator's memory, so that neither the sync nor the API has a say in the result.
package mirror

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/githubsim"
)

// keysTold bounds how many keys a difference names.
const keysTold = 5

// Collection is how a collection's mirror compares with its source.
//
// GitHub lists pull requests among the issues. The figures of issues leave those
// out, as people count; the differences do not.
type Collection struct {
	Source    int64 // items on GitHub
	Mirrored  int64 // of these, how many are stored and equal
	Missing   Keys  // on GitHub and not stored
	Different Keys  // stored and not equal
	Extra     Keys  // stored and not on GitHub
}

// Keys counts items and names the first of them.
type Keys struct {
	Count int64
	First []string
}

func (k *Keys) add(key string) {
	if k.Count++; len(k.First) < keysTold {
		k.First = append(k.First, key)
	}
}

// Equal tells whether the mirror holds the source and nothing else.
func (c Collection) Equal() bool {
	return c.Missing.Count == 0 && c.Different.Count == 0 && c.Extra.Count == 0
}

// Difference says what is not equal, in words; empty when all is.
func (c Collection) Difference() string {
	if c.Equal() {
		return ""
	}
	return fmt.Sprintf("%d missing %v, %d different %v, %d that GitHub does not have %v",
		c.Missing.Count, c.Missing.First, c.Different.Count, c.Different.First, c.Extra.Count, c.Extra.First)
}

// Compare compares every item of a repository, by collection: of those that every sync
// reads, and of those that one has read.
func Compare(ctx context.Context, pool *pgxpool.Pool, sim *githubsim.Server, workspaceID string, repository *githubsim.Repository) (map[string]Collection, error) {
	owner, name, _ := strings.Cut(repository.FullName(), "/")
	return compareAll(ctx, pool, collection.ScopeRepository, workspaceID, repository.ID(), func(c collection.Collection) iter.Seq2[string, json.RawMessage] {
		return sim.Items(owner, name, c.Name)
	})
}

// CompareOrganization compares every item of an organization itself, by collection, as
// Compare does.
func CompareOrganization(ctx context.Context, pool *pgxpool.Pool, sim *githubsim.Server, workspaceID string, o *githubsim.Organization) (map[string]Collection, error) {
	return compareAll(ctx, pool, collection.ScopeOrganization, workspaceID, o.ID(), func(c collection.Collection) iter.Seq2[string, json.RawMessage] {
		return sim.OrganizationItems(o.Login(), c.Name)
	})
}

func compareAll(ctx context.Context, pool *pgxpool.Pool, scope collection.Scope, workspaceID string, id int64, source func(collection.Collection) iter.Seq2[string, json.RawMessage]) (map[string]Collection, error) {
	result := map[string]Collection{}
	all, err := kept(ctx, pool, scope, workspaceID, id)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		stored, err := storedHashes(ctx, pool, c, workspaceID, id)
		if err != nil {
			return nil, err
		}
		compared := Collection{}
		for key, raw := range source(c) {
			if err := compared.compare(c, key, raw, stored); err != nil {
				return nil, err
			}
		}
		for key := range stored {
			compared.Extra.add(key)
		}
		result[c.Name] = compared
	}
	return result, nil
}

// kept are the collections of which there should be a mirror: those that every sync
// reads, and those that one was asked to read.
func kept(ctx context.Context, pool *pgxpool.Pool, scope collection.Scope, workspaceID string, id int64) ([]collection.Collection, error) {
	rows, err := pool.Query(ctx, `select collection from collection_passes where workspace_id = $1 and repository_id = $2`, workspaceID, id)
	if err != nil {
		return nil, fmt.Errorf("read which collections are mirrored: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read which collections are mirrored: %w", err)
	}
	return slices.DeleteFunc(collection.All(), func(c collection.Collection) bool {
		return c.Scope != scope || !c.Core && !slices.Contains(names, c.Name)
	}), nil
}

// compare takes the item's stored counterpart out of stored.
func (c *Collection) compare(of collection.Collection, key string, raw json.RawMessage, stored map[string][32]byte) error {
	parent, _, _ := strings.Cut(key, "/")
	source, err := of.PrepareOf(parent, raw)
	if err != nil {
		return fmt.Errorf("read the source's %s %s: %w", of.Name, key, err)
	}
	counts := !isPullAmongIssues(of, raw)
	if counts {
		c.Source++
	}
	hash, ok := stored[source.Key]
	delete(stored, source.Key)
	switch {
	case !ok:
		c.Missing.add(key)
	case hash != source.Hash:
		c.Different.add(key)
	case counts:
		c.Mirrored++
	}
	return nil
}

func isPullAmongIssues(c collection.Collection, raw json.RawMessage) bool {
	if c.Name != "issues" {
		return false
	}
	var item struct {
		PullRequest json.RawMessage `json:"pull_request"`
	}
	return json.Unmarshal(raw, &item) == nil && item.PullRequest != nil
}

// storedHashes reads a collection's table: the hash of what is stored now, not the
// one that the product noted beside it.
func storedHashes(ctx context.Context, pool *pgxpool.Pool, c collection.Collection, workspaceID string, id int64) (map[string][32]byte, error) {
	rows, err := pool.Query(ctx, `select key, coalesce(raw_bytes, convert_to(raw::text, 'UTF8')) from `+pgx.Identifier{c.Table}.Sanitize()+`
		where workspace_id = $1 and `+c.ScopeColumn()+` = $2 and deleted_at is null`, workspaceID, id)
	if err != nil {
		return nil, fmt.Errorf("read the mirror's %s: %w", c.Name, err)
	}
	stored := map[string][32]byte{}
	var key string
	var raw []byte
	_, err = pgx.ForEachRow(rows, []any{&key, &raw}, func() error {
		hash, err := c.Hash(raw)
		if err != nil {
			return fmt.Errorf("read the mirror's %s %s: %w", c.Name, key, err)
		}
		stored[key] = hash
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the mirror's %s: %w", c.Name, err)
	}
	return stored, nil
}

// Count counts the rows of a repository, by collection, where there is no source
// at hand to compare with.
func Count(ctx context.Context, pool *pgxpool.Pool, workspaceID string, repositoryID int64) (map[string]int64, error) {
	counts := map[string]int64{}
	all, err := kept(ctx, pool, collection.ScopeRepository, workspaceID, repositoryID)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		query := `select count(*) from ` + pgx.Identifier{c.Table}.Sanitize() + `
			where workspace_id = $1 and repository_id = $2 and deleted_at is null`
		if c.Name == "issues" {
			query += ` and is_pull_request is not true`
		}
		var n int64
		if err := pool.QueryRow(ctx, query, workspaceID, repositoryID).Scan(&n); err != nil {
			return nil, fmt.Errorf("count the mirror's %s: %w", c.Name, err)
		}
		counts[c.Name] = n
	}
	return counts, nil
}
