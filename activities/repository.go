package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/github"
	"github.com/holdfast/holdfast/internal/operation"
)

// find asks for the repository that an operation is about. A repository is its id:
// where its name leads nowhere, the id under which it is mirrored may, and a name that
// another repository has taken over is that one's. GitHub redirects requests that use
// an old name, as long as nobody has taken it.
// Source: docs.github.com/repositories/creating-and-managing-repositories/renaming-a-repository.
func (a *asking) find(ctx context.Context, op operation.Operation, c collection.Collection, fullName string) (github.Page, error) {
	owner, name, _ := strings.Cut(fullName, "/")
	page, err := a.client.Object(ctx, c.ListPath(owner, name, ""))
	if err == nil || !hidden(err) {
		return page, err
	}
	known, storeErr := a.Store.RepositoriesNamed(ctx, op.WorkspaceID, fullName)
	if storeErr != nil {
		return page, retryable(storeErr)
	}
	for _, named := range known {
		byID, idErr := a.byID(ctx, op.WorkspaceID, named.ID)
		byID.Requests += page.Requests
		if idErr == nil || !hidden(idErr) {
			return byID, idErr
		}
		page.Requests = byID.Requests
	}
	return page, err
}

// byID asks for a mirrored repository by its id. One that GitHub does not show is
// recorded as unreachable, and never emptied: it may be private by now, or the token
// may have lost its access.
func (a *asking) byID(ctx context.Context, workspaceID string, id int64) (github.Page, error) {
	page, err := a.client.Object(ctx, fmt.Sprintf("repositories/%d", id))
	if err == nil || !hidden(err) {
		return page, err
	}
	kind := github.KindOf(err)
	if storeErr := a.Store.NoteUnreachable(ctx, workspaceID, id, string(kind), refusal(kind, "this repository")); storeErr != nil {
		return page, retryable(storeErr)
	}
	return page, err
}

// hidden tells that GitHub does not show something to this credential.
func hidden(err error) bool {
	return slices.Contains([]github.Kind{github.KindNotFound, github.KindForbidden, github.KindBlocked, github.KindGone}, github.KindOf(err))
}

// identify records which repository the answer was about: that GitHub shows it, its
// name, and what has become of others that are mirrored under that name.
func (a *asking) identify(ctx context.Context, op operation.Operation, c collection.Collection, plan Plan) error {
	fullName := plan.Owner + "/" + plan.Name
	renamed, err := a.Store.NoticeRename(ctx, op.WorkspaceID, plan.RepositoryID, fullName)
	if err != nil {
		return retryable(err)
	}
	if renamed {
		a.Logger.InfoContext(ctx, "the repository has a new name; it is read anew", "operation_id", op.ID, "repository_id", plan.RepositoryID)
	}
	if err := a.Store.NoteRepository(ctx, op.WorkspaceID, plan.RepositoryID, fullName); err != nil {
		return retryable(err)
	}
	known, err := a.Store.RepositoriesNamed(ctx, op.WorkspaceID, fullName)
	if err != nil {
		return retryable(err)
	}
	for _, named := range known {
		if named.ID == plan.RepositoryID || named.Unreachable {
			continue // what is unreachable is asked for by its own syncs
		}
		if err := a.displaced(ctx, op, c, named.ID); err != nil {
			return err
		}
	}
	return nil
}

// displaced looks after a repository whose name another one has now: it has a new name,
// or GitHub shows it no more.
func (a *asking) displaced(ctx context.Context, op operation.Operation, c collection.Collection, id int64) error {
	page, err := a.byID(ctx, op.WorkspaceID, id)
	switch {
	case err != nil && hidden(err):
		return nil
	case err != nil:
		// The repository that this operation is about can be read all the same.
		a.Logger.WarnContext(ctx, "what became of a repository whose name was taken over is not known", "repository_id", id, "error", err)
		return nil
	}
	item, err := c.Prepare(page.Items[0])
	if err != nil {
		return fatal("github_unexpected", "GitHub's answer is no repository.", err)
	}
	var repo struct {
		FullName string `json:"full_name"`
	}
	if err := json.Unmarshal(page.Items[0], &repo); err != nil {
		return fatal("github_unexpected", "GitHub's answer is no repository.", err)
	}
	if _, err := a.Store.NoticeRename(ctx, op.WorkspaceID, id, repo.FullName); err != nil {
		return retryable(err)
	}
	if err := a.Store.NoteRepository(ctx, op.WorkspaceID, id, repo.FullName); err != nil {
		return retryable(err)
	}
	return a.mirrorRepository(ctx, op, c, id, item, page.Requests)
}
