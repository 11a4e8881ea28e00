package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/dbsqlc"
	"github.com/holdfast/holdfast/internal/operation"
)

// Repositories lists a workspace's mirrored repositories by id, with the cursor of
// the next page; it is empty on the last.
func (s *Store) Repositories(ctx context.Context, workspaceID string, f operation.RepositoryFilter) ([]operation.Repository, string, error) {
	const what = "list repositories"
	arg := dbsqlc.ListRepositoriesParams{WorkspaceID: workspaceID, RowLimit: int32(f.Limit) + 1, Visible: f.Visible.Likes()} //nolint:gosec // at most 100
	if f.FullName != "" {
		arg.FullName = &f.FullName
	}
	if f.Cursor != "" {
		after, err := readIDCursor(f.Cursor)
		if err != nil {
			return nil, "", err
		}
		arg.After = after
	}
	rows, err := s.q.ListRepositories(ctx, s.in(workspaceID), arg)
	if err != nil {
		return nil, "", translate(what, err)
	}
	next := ""
	if len(rows) > f.Limit {
		rows = rows[:f.Limit]
		next = writeIDCursor(rows[f.Limit-1].RepositoryID)
	}
	ids := make([]int64, len(rows))
	for i, row := range rows {
		ids[i] = row.RepositoryID
	}
	passes, err := s.q.ListPasses(ctx, s.in(workspaceID), dbsqlc.ListPassesParams{WorkspaceID: workspaceID, RepositoryIds: ids, Ignored: s.ofOrganizations})
	if err != nil {
		return nil, "", translate(what, err)
	}
	out := make([]operation.Repository, len(rows))
	for i, row := range rows {
		out[i] = operation.Repository{
			ID: row.RepositoryID, FullName: row.FullName, DefaultBranch: row.DefaultBranch,
			Private: row.Private, Archived: row.Archived,
		}
		addCollections(&out[i], passes)
	}
	return out, next, nil
}

// addCollections adds a repository's passes to it. It was synced when the oldest
// of its collections was.
func addCollections(r *operation.Repository, passes []dbsqlc.CollectionPass) {
	complete := true
	var oldest *time.Time
	for _, p := range passes {
		if p.RepositoryID != r.ID {
			continue
		}
		r.Collections = append(r.Collections, operation.RepositoryCollection{Name: p.Collection, Items: p.Items, SyncedAt: p.CompletedAt})
		if p.CompletedAt == nil {
			complete = false
		} else if oldest == nil || p.CompletedAt.Before(*oldest) {
			oldest = p.CompletedAt
		}
	}
	if complete {
		r.SyncedAt = oldest
	}
}

// NoticeRename compares a repository's name with the mirrored one. When it has
// another name now, every URL in its items has changed without any updated_at
// saying so: all its passes start over. It tells whether that is so.
func (s *Store) NoticeRename(ctx context.Context, workspaceID string, repositoryID int64, fullName string) (renamed bool, err error) {
	err = s.tx(ctx, workspaceID, "notice a renamed repository", func(tx pgx.Tx) error {
		names, err := s.q.RepositoryName(ctx, tx, dbsqlc.RepositoryNameParams{WorkspaceID: workspaceID, RepositoryID: repositoryID})
		if err != nil || len(names) == 0 || names[0] == fullName {
			return err
		}
		renamed = true
		if err := s.q.RestartPasses(ctx, tx, dbsqlc.RestartPassesParams{WorkspaceID: workspaceID, RepositoryID: repositoryID}); err != nil {
			return err
		}
		return s.q.ForgetParents(ctx, tx, dbsqlc.ForgetParentsParams{WorkspaceID: workspaceID, RepositoryID: repositoryID})
	})
	return renamed, err
}
