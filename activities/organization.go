package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/store"
)

const (
	// repositoriesPerBatch is how many children one step begins: their names and ids
	// stand in the workflow's history.
	repositoriesPerBatch = 100
	// repositoriesPerRead is how many rows are read at once to choose from.
	repositoriesPerRead = 1000
)

// Repositories asks for the next repositories of an organization.
type Repositories struct {
	OperationRef
	OrganizationID int64  `json:"organization_id"`
	After          string `json:"after,omitempty"` // key of the last one that was begun
}

// RepositoryBatch are repositories whose operations were written and are to be run.
type RepositoryBatch struct {
	Children []BegunRepository `json:"children,omitempty"`
	After    string            `json:"after,omitempty"` // where the next batch begins
	Done     bool              `json:"done,omitempty"`  // there are no more
	Total    int               `json:"total,omitempty"` // how many there are in all; 0: not counted again
}

// BegunRepository is one child of an organization's sync.
type BegunRepository struct {
	OperationID string `json:"operation_id"`
	Subject     string `json:"subject"` // owner/name
}

// SettledRepositories are an organization's repositories after all of them have ended.
type SettledRepositories struct {
	operation.RepositoryWork
	Failure *operation.Failure `json:"failure,omitempty"` // set when not all of them are in sync
}

// PlanOrganization finds the organization, makes the operation run and mirrors the
// organization itself, since everything else hangs on its id.
func (a *Sync) PlanOrganization(ctx context.Context, ref OperationRef) (Plan, error) {
	return a.planned(ctx, ref, a.planOrganization)
}

func (a *Sync) planOrganization(ctx context.Context, ref OperationRef) (Plan, error) {
	op, input, err := a.input(ctx, ref)
	if err != nil {
		return Plan{}, err
	}
	c, ok := a.Collections.ByName("organizations")
	if !ok {
		return Plan{}, fatal("unknown_collection", "The organization's own collection is not known.", nil)
	}
	s, wait, err := a.ask(ctx, op, c, input.Organization, "")
	if s == nil {
		return Plan{Wait: wait}, err
	}
	page, err := s.client.Object(ctx, c.ListPath(input.Organization, "", ""))
	if err != nil {
		wait, err := s.refused(ctx, op, err, c.Name, "organization "+input.Organization)
		return Plan{Wait: wait}, err
	}
	item, err := c.Prepare(page.Items[0])
	if err != nil {
		return Plan{}, fatal("github_unexpected", "GitHub's answer is no organization.", err)
	}
	var organization struct {
		ID    int64  `json:"id"`
		Login string `json:"login"`
	}
	if err := json.Unmarshal(page.Items[0], &organization); err != nil {
		return Plan{}, fatal("github_unexpected", "GitHub's answer is no organization.", err)
	}
	plan := Plan{RepositoryID: organization.ID, Owner: organization.Login, Collections: a.organizationSteps(input)}
	return s.begin(ctx, op, c, plan, item, page.Requests)
}

// organizationSteps are the organization's own collections that a sync reads. The list
// of its repositories is always among them: the sync goes through it.
func (a *Sync) organizationSteps(in operation.SyncInput) []PlannedStep {
	names := in.Collections
	if len(names) > 0 {
		names = append(slices.Clone(names), "organization_repositories")
	}
	var steps []PlannedStep
	for _, name := range a.Collections.Expand(collection.ScopeOrganization, names) {
		if c, ok := a.Collections.ByName(name); ok {
			steps = append(steps, PlannedStep{Name: c.Name, Parent: c.ParentName(), Search: len(c.Search) > 0})
		}
	}
	return steps
}

// BeginRepositories writes the operations of the next repositories of an organization,
// as its list was mirrored. Their ids follow from the parent's and the repository's, so
// that beginning twice is beginning once. While the operation is paused the step waits.
func (a *Sync) BeginRepositories(ctx context.Context, in Repositories) (RepositoryBatch, error) {
	batch, err := a.beginRepositories(ctx, in)
	return batch, a.unlessHeld(ctx, in.OperationRef, err)
}

func (a *Sync) beginRepositories(ctx context.Context, in Repositories) (RepositoryBatch, error) {
	op, input, err := a.input(ctx, in.OperationRef)
	if err != nil {
		return RepositoryBatch{}, err
	}
	names, wanted := a.ofRepositories(input.Collections)
	if !wanted {
		return RepositoryBatch{Done: true}, nil
	}
	var batch RepositoryBatch
	if in.After == "" {
		all, _, err := a.chosen(ctx, in, input, 0)
		if err != nil {
			return batch, err
		}
		batch.Total = len(all)
		if err := a.tellTotal(ctx, op, batch.Total); err != nil {
			return batch, err
		}
	}
	chosen, done, err := a.chosen(ctx, in, input, repositoriesPerBatch)
	if err != nil {
		return batch, err
	}
	batch.Done, batch.After = done, in.After
	children := make([]operation.New, len(chosen))
	for i, r := range chosen {
		batch.After = r.Key
		if children[i], err = child(op, input, r, names); err != nil {
			return batch, err
		}
		batch.Children = append(batch.Children, BegunRepository{OperationID: children[i].ID, Subject: r.FullName})
	}
	if err := a.Store.CreateChildren(ctx, op.WorkspaceID, op.ID, operation.KindSyncRepository, children); err != nil {
		return batch, commitError(err)
	}
	if batch.Done {
		batch.Total, err = a.Store.CountChildren(ctx, op.WorkspaceID, op.ID)
		if err != nil {
			return batch, retryable(err)
		}
		return batch, a.tellTotal(ctx, op, batch.Total)
	}
	return batch, nil
}

// tellTotal records how many repositories there are.
func (a *Sync) tellTotal(ctx context.Context, op operation.Operation, total int) error {
	event, err := a.Store.SetRepositoriesTotal(ctx, op.WorkspaceID, op.ID, total)
	return a.told(ctx, event, err)
}

// ofRepositories are the names and presets that concern repositories, and whether
// repositories are to be synced at all: not if only collections of the organization
// were asked for.
func (a *Sync) ofRepositories(names []string) (own []string, wanted bool) {
	for _, name := range names {
		c, known := a.Collections.ByName(name)
		if !known || c.Scope == collection.ScopeRepository {
			own = append(own, name)
		}
	}
	return own, len(names) == 0 || len(own) > 0
}

// child is the operation of one repository. What is asked of it is what was asked of
// its parent.
func child(parent operation.Operation, asked operation.SyncInput, r store.ListedRepository, names []string) (operation.New, error) {
	space, err := uuid.Parse(parent.ID)
	if err != nil {
		return operation.New{}, fatal("invalid_input", "The operation's id cannot be read.", err)
	}
	input, err := json.Marshal(operation.SyncInput{Repository: r.FullName, Collections: names, Lane: asked.Lane})
	if err != nil {
		return operation.New{}, fatal("invalid_input", "The operation's input cannot be written.", err)
	}
	return operation.New{ID: uuid.NewSHA1(space, []byte(r.Key)).String(), Subject: r.FullName, Input: input}, nil
}

// chosen are the repositories behind a key that the input asks for, at most so many
// (0: all), and whether there are no more of them.
func (a *Sync) chosen(ctx context.Context, in Repositories, input operation.SyncInput, limit int) (chosen []store.ListedRepository, done bool, err error) {
	l := store.ListedRepositories{
		WorkspaceID: in.WorkspaceID, OrganizationID: in.OrganizationID,
		Archived: input.Archived, Forks: input.Forks, After: in.After, Limit: repositoriesPerRead,
	}
	for {
		rows, err := a.Store.OrganizationRepositories(ctx, l)
		if err != nil {
			return nil, false, retryable(err)
		}
		for _, r := range rows {
			take, err := selects(input, r.Name)
			if err != nil {
				return nil, false, fatal("invalid_input", err.Error(), err)
			}
			if take && limit > 0 && len(chosen) == limit {
				return chosen, false, nil
			}
			if take {
				chosen = append(chosen, r)
			}
		}
		if len(rows) < repositoriesPerRead {
			return chosen, true, nil
		}
		l.After = rows[len(rows)-1].Key
	}
}

// selects tells whether the patterns choose a repository. GitHub's names ignore case.
func selects(in operation.SyncInput, name string) (bool, error) {
	matches := func(patterns []string) (bool, error) {
		for _, pattern := range patterns {
			ok, err := path.Match(strings.ToLower(pattern), strings.ToLower(name))
			if err != nil {
				return false, fmt.Errorf("the pattern %q cannot be read: %w", pattern, err)
			}
			if ok {
				return true, nil
			}
		}
		return false, nil
	}
	if excluded, err := matches(in.Exclude); excluded || err != nil {
		return false, err
	}
	if len(in.Include) == 0 {
		return true, nil
	}
	return matches(in.Include)
}

// SettleRepositories ends the children that no workflow will end, and says how all of
// them ended. It is called when no workflow of a child is open any more.
func (a *Sync) SettleRepositories(ctx context.Context, ref OperationRef) (SettledRepositories, error) {
	events, err := a.Store.EndChildren(ctx, ref.WorkspaceID, ref.OperationID)
	if err != nil {
		return SettledRepositories{}, retryable(err)
	}
	a.Publisher.Publish(ctx, events...)
	op, err := a.Store.Operation(ctx, ref.WorkspaceID, ref.OperationID)
	if err != nil {
		return SettledRepositories{}, retryable(err)
	}
	var settled SettledRepositories
	if op.Repositories != nil {
		settled.RepositoryWork = *op.Repositories
	}
	first, ok, err := a.Store.FirstFailure(ctx, ref.WorkspaceID, ref.OperationID)
	if err != nil {
		return settled, retryable(err)
	}
	if ok {
		settled.Failure = &operation.Failure{Code: "repositories_failed", Message: notInSync(settled.RepositoryWork, first)}
	}
	return settled, nil
}

// notInSync says which repositories are not in sync.
func notInSync(w operation.RepositoryWork, first operation.Operation) string {
	text := fmt.Sprintf("Of %d repositories %d failed", w.Total, w.Failed)
	switch {
	case w.Cancelled == 1:
		text += " and 1 was cancelled"
	case w.Cancelled > 1:
		text += fmt.Sprintf(" and %d were cancelled", w.Cancelled)
	}
	text += ", " + first.Subject + " first"
	if first.Failure != nil {
		return text + ": " + first.Failure.Message
	}
	return text + "."
}
