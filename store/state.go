package store

import (
	"context"

	"github.com/holdfast/holdfast/internal/dbsqlc"
	"github.com/holdfast/holdfast/internal/operation"
)

// Named is a mirrored repository that has a name.
type Named struct {
	ID          int64
	Unreachable bool // GitHub did not show it when it was last asked for
}

// RepositoriesNamed lists the mirrored repositories with a name, "owner/name" in any
// case: more than one where another has taken over the name of one that GitHub shows no
// more, which then stands behind it.
func (s *Store) RepositoriesNamed(ctx context.Context, workspaceID, fullName string) ([]Named, error) {
	rows, err := s.q.RepositoriesNamed(ctx, s.in(workspaceID), dbsqlc.RepositoriesNamedParams{WorkspaceID: workspaceID, FullName: fullName})
	named := make([]Named, len(rows))
	for i, row := range rows {
		named[i] = Named{ID: row.RepositoryID, Unreachable: row.Unreachable}
	}
	return named, translate("find a repository by its name", err)
}

// repositoryID is the repository that a name stands for now. CodeNotFound when none is mirrored.
func (s *Store) repositoryID(ctx context.Context, db dbsqlc.DBTX, workspaceID, fullName string) (int64, error) {
	rows, err := s.q.RepositoriesNamed(ctx, db, dbsqlc.RepositoriesNamedParams{WorkspaceID: workspaceID, FullName: fullName})
	if err != nil {
		return 0, translate("find a repository by its name", err)
	}
	if len(rows) == 0 {
		return 0, operation.NotFound("No repository of this name is mirrored.")
	}
	return rows[0].RepositoryID, nil
}

// NoteRepository records that GitHub shows a repository, and its name.
func (s *Store) NoteRepository(ctx context.Context, workspaceID string, repositoryID int64, fullName string) error {
	err := s.q.NoteRepository(ctx, s.in(workspaceID), dbsqlc.NoteRepositoryParams{WorkspaceID: workspaceID, RepositoryID: repositoryID, FullName: fullName})
	return translate("record that a repository is reachable", err)
}

// NoteUnreachable records that GitHub does not show a mirrored repository: why, as a
// code and as a sentence. What is mirrored of it stays.
func (s *Store) NoteUnreachable(ctx context.Context, workspaceID string, repositoryID int64, reason, message string) error {
	err := s.q.NoteUnreachable(ctx, s.in(workspaceID), dbsqlc.NoteUnreachableParams{
		WorkspaceID: workspaceID, RepositoryID: repositoryID, Reason: &reason, Message: &message,
	})
	return translate("record that a repository is unreachable", err)
}
