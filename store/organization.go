package store

import (
	"context"

	"github.com/holdfast/holdfast/internal/dbsqlc"
)

// ListedRepository is a repository in the list of its organization.
type ListedRepository struct {
	Key      string // GitHub's id in decimal
	FullName string // owner/name, as GitHub last said
	Name     string
}

// ListedRepositories asks for repositories of an organization.
type ListedRepositories struct {
	WorkspaceID     string
	OrganizationID  int64
	Archived, Forks bool   // those as well
	After           string // a key: only those behind it; empty: from the beginning
	Limit           int32
}

// OrganizationRepositories lists, by key, repositories that the list of an
// organization showed when it was last read.
func (s *Store) OrganizationRepositories(ctx context.Context, l ListedRepositories) ([]ListedRepository, error) {
	rows, err := s.q.ListOrganizationRepositories(ctx, s.in(l.WorkspaceID), dbsqlc.ListOrganizationRepositoriesParams{
		WorkspaceID: l.WorkspaceID, OrganizationID: l.OrganizationID, After: l.After,
		Archived: l.Archived, Forks: l.Forks, RowLimit: l.Limit,
	})
	if err != nil {
		return nil, translate("list an organization's repositories", err)
	}
	out := make([]ListedRepository, len(rows))
	for i, row := range rows {
		out[i] = ListedRepository{Key: row.Key, FullName: deref(row.FullName), Name: deref(row.Name)}
	}
	return out, nil
}
