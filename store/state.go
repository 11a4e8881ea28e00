package store

import (
	"context"

	"github.com/holdfast/holdfast/internal/dbsqlc"
)

// RepositoriesNamed lists the ids of the mirrored repositories with a name, "owner/name"
// in any case: more than one where another has taken over the name of one that GitHub
// shows no more, which then stands behind it.
func (s *Store) RepositoriesNamed(ctx context.Context, workspaceID, fullName string) ([]int64, error) {
	ids, err := s.q.RepositoriesNamed(ctx, s.pool, dbsqlc.RepositoriesNamedParams{WorkspaceID: workspaceID, FullName: fullName})
	return ids, translate("find a repository by its name", err)
}

// NoteRepository records that GitHub shows a repository, and its name.
func (s *Store) NoteRepository(ctx context.Context, workspaceID string, repositoryID int64, fullName string) error {
	err := s.q.NoteRepository(ctx, s.pool, dbsqlc.NoteRepositoryParams{WorkspaceID: workspaceID, RepositoryID: repositoryID, FullName: fullName})
	return translate("record that a repository is reachable", err)
}

// NoteUnreachable records that GitHub does not show a mirrored repository: why, as a
// code and as a sentence. What is mirrored of it stays.
func (s *Store) NoteUnreachable(ctx context.Context, workspaceID string, repositoryID int64, reason, message string) error {
	err := s.q.NoteUnreachable(ctx, s.pool, dbsqlc.NoteUnreachableParams{
		WorkspaceID: workspaceID, RepositoryID: repositoryID, Reason: &reason, Message: &message,
	})
	return translate("record that a repository is unreachable", err)
}
