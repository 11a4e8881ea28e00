package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/operation"
)

// Repository is a mirrored repository.
type Repository struct {
	ID            int64                  `json:"id" doc:"GitHub's id: it stays when the name changes."`
	FullName      string                 `json:"full_name" doc:"owner/name, as GitHub last said." example:"octocat/hello-world"`
	DefaultBranch string                 `json:"default_branch"`
	Private       bool                   `json:"private"`
	Archived      bool                   `json:"archived"`
	SyncedAt      *time.Time             `json:"synced_at,omitempty" doc:"When the least recently read of its collections was last read to its end; absent while one never was."`
	Collections   []RepositoryCollection `json:"collections" nullable:"false"`
}

// RepositoryCollection is what the mirror holds of one collection.
type RepositoryCollection struct {
	Name     string     `json:"name" example:"issues"`
	Items    int64      `json:"items" doc:"Items that are not deleted."`
	SyncedAt *time.Time `json:"synced_at,omitempty" doc:"When its last pass completed; absent before the first."`
}

type listRepositoriesInput struct {
	Page
	Name string `query:"name" maxLength:"250" doc:"Only the repository of this owner/name."`
}

type listRepositoriesOutput struct {
	Link string `header:"Link" doc:"The next page, rel=next; absent from the last."`
	Body struct {
		Repositories []Repository `json:"repositories" nullable:"false"`
		NextCursor   string       `json:"next_cursor,omitempty" doc:"Absent from the last page."`
	}
}

func listRepositoriesSpec() huma.Operation {
	return huma.Operation{
		OperationID: "list-repositories", Summary: "List mirrored repositories", Tags: []string{"repositories"}, Security: needsToken(),
		Description: "By id, with what is mirrored of each and when it was last complete. A key that is limited to repositories sees those.",
		Errors:      []int{http.StatusUnauthorized, http.StatusServiceUnavailable},
	}
}

func (a *API) listRepositories(ctx context.Context, in *listRepositoriesInput) (*listRepositoriesOutput, error) {
	if in.Name != "" {
		if err := parseRepository(in.Name); err != nil {
			return nil, invalid(ctx, Field{Location: "query.name", Message: err.Error()})
		}
	}
	list, next, err := a.opts.Repositories.Repositories(ctx, workspaceOf(ctx), operation.RepositoryFilter{
		FullName: in.Name, Cursor: in.Cursor, Limit: in.Limit, Visible: visibleTo(ctx),
	})
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	out := &listRepositoriesOutput{Link: in.next("/v1/repositories", next, map[string]string{"name": in.Name})}
	out.Body.NextCursor = next
	out.Body.Repositories = make([]Repository, len(list))
	for i, r := range list {
		out.Body.Repositories[i] = fromRepository(r)
	}
	return out, nil
}

// fromRepository is r as clients see it.
func fromRepository(r operation.Repository) Repository {
	out := Repository{
		ID: r.ID, FullName: r.FullName, DefaultBranch: r.DefaultBranch, Private: r.Private, Archived: r.Archived,
		SyncedAt: r.SyncedAt, Collections: make([]RepositoryCollection, len(r.Collections)),
	}
	for i, c := range r.Collections {
		out.Collections[i] = RepositoryCollection(c)
	}
	return out
}
