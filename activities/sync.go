// Package activities holds the steps of Holdfast's workflows: each is one
// idempotent step that may be repeated at any time, by any worker.
package activities

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/github"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/store"
)

// Publisher tells listeners about committed events. It never fails the work.
type Publisher interface {
	Publish(ctx context.Context, events ...operation.Event)
}

// Sync holds what the steps of a repository's sync need.
type Sync struct {
	Store       *store.Store
	Clients     Clients
	Collections *collection.Registry
	Publisher   Publisher
	Logger      *slog.Logger
	Now         func() time.Time
	Bounds      Bounds
	Metrics     *Metrics // nil: nothing is counted
	Scale       float64  // of pauses that no limit of GitHub's sets; 0 means 1
}

// Bounds limit one SyncPages step.
type Bounds struct {
	Window int           // requests of one collection in flight
	Pages  int           // at most, of one step
	Time   time.Duration // after which a step asks for nothing more
}

// DefaultBounds keep a step short enough to be repeated and long enough to be
// worth its cost of about 50 ms in Temporal.
func DefaultBounds() Bounds { return Bounds{Window: 6, Pages: 40, Time: 45 * time.Second} }

// OperationRef names an operation.
type OperationRef struct {
	WorkspaceID string `json:"workspace_id"`
	OperationID string `json:"operation_id"`
}

// Plan is what a sync will do. It is fixed when the sync starts, so that a deploy
// changes no running workflow.
type Plan struct {
	RepositoryID int64         `json:"repository_id"`
	Owner        string        `json:"owner"`
	Name         string        `json:"name"`
	Collections  []PlannedStep `json:"collections"`
	Forecast     string        `json:"forecast,omitempty"` // for people
	Wait         *Wait         `json:"wait,omitempty"`     // there is no plan yet: plan again then
	Hold         *Hold         `json:"hold,omitempty"`     // with Wait: why
}

// PlannedStep is one collection of a plan.
type PlannedStep struct {
	Name   string `json:"name"`
	Parent string `json:"parent,omitempty"` // that must be mirrored before
	Search bool   `json:"search,omitempty"` // its texts are indexed afterwards
}

// Wait says that a step cannot go on before a time.
type Wait struct {
	Reason string `json:"reason"` // for people
	// Pause is how long, in nanoseconds: a time would be read on another clock.
	Pause time.Duration `json:"pause"`
}

// PlanSync finds the repository, makes the operation run and mirrors the
// repository itself, since everything else hangs on its id.
func (a *Sync) PlanSync(ctx context.Context, ref OperationRef) (Plan, error) {
	return a.planned(ctx, ref, a.planSync)
}

// planned runs a step that plans, and tells where the operation is held instead.
func (a *Sync) planned(ctx context.Context, ref OperationRef, step func(context.Context, OperationRef) (Plan, error)) (Plan, error) {
	stop := heartbeat(ctx)
	defer stop()
	plan, err := step(ctx, ref)
	if err == nil {
		return plan, nil
	}
	hold, wait, err := a.held(ctx, ref, err)
	return Plan{Hold: hold, Wait: wait}, err
}

func (a *Sync) planSync(ctx context.Context, ref OperationRef) (Plan, error) {
	op, input, err := a.input(ctx, ref)
	if err != nil {
		return Plan{}, err
	}
	c, ok := a.Collections.ByName("repository")
	if !ok {
		return Plan{}, fatal("unknown_collection", "The repository's own collection is not known.", nil)
	}
	owner, name, _ := strings.Cut(input.Repository, "/")
	s, wait, err := a.ask(ctx, op, c, owner, name)
	if s == nil {
		return Plan{Wait: wait}, err
	}
	page, err := s.find(ctx, op, c, input.Repository)
	var ours *temporal.ApplicationError
	if errors.As(err, &ours) {
		return Plan{}, err
	}
	if err != nil {
		wait, err := s.refused(ctx, op, err, c.Name, "repository "+input.Repository)
		return Plan{Wait: wait}, err
	}
	plan, item, err := a.plan(c, input, page)
	if err != nil {
		return Plan{}, err
	}
	return s.begin(ctx, op, c, plan, item, page.Requests)
}

// begin makes the operation run, unless an earlier attempt did, and mirrors the
// repository, or the organization. One that must be approved awaits that first, and is
// planned again then.
func (a *asking) begin(ctx context.Context, op operation.Operation, c collection.Collection, plan Plan, item collection.Item, requests int64) (Plan, error) {
	if op.State == operation.StatePending {
		var err error
		if op, err = a.start(ctx, op, plan); err != nil {
			return plan, err
		}
	} else if err := a.goOn(ctx, op, c, plan); err != nil {
		return plan, err
	}
	if op.State == operation.StateAwaitingApproval {
		refused := fatal(TypeNotRunning, "The operation awaits approval.", nil)
		hold, wait, err := a.held(ctx, OperationRef{WorkspaceID: op.WorkspaceID, OperationID: op.ID}, refused)
		return Plan{Hold: hold, Wait: wait, Forecast: ForecastLine(op.Forecast)}, err
	}
	if c.Scope == collection.ScopeRepository {
		if err := a.identify(ctx, op, c, plan); err != nil {
			return plan, err
		}
	}
	plan.Forecast = ForecastLine(op.Forecast)
	return plan, a.mirrorRepository(ctx, op, c, plan.RepositoryID, item, requests)
}

// goOn takes up an operation that runs already: after an earlier attempt, or since it was
// approved. Its plan may have grown since it was made.
func (a *asking) goOn(ctx context.Context, op operation.Operation, c collection.Collection, plan Plan) error {
	if op.NeedsApproval() {
		names := make([]string, len(plan.Collections))
		for i, step := range plan.Collections {
			names[i] = step.Name
		}
		if err := a.Store.ExtendPlan(ctx, op.WorkspaceID, op.ID, names); err != nil {
			return retryable(err)
		}
	}
	return a.goesOn(ctx, op, c.Name)
}

// input reads the operation and what was asked of it.
func (a *Sync) input(ctx context.Context, ref OperationRef) (op operation.Operation, in operation.SyncInput, err error) {
	op, err = a.Store.Operation(ctx, ref.WorkspaceID, ref.OperationID)
	if operation.CodeOf(err) == operation.CodeNotFound {
		return op, in, fatal(TypeNotRunning, "The operation does not exist.", err)
	}
	if err != nil {
		return op, in, retryable(err)
	}
	if op.State == operation.StateRejected {
		return op, in, fatal(TypeRejected, "The operation was rejected.", nil)
	}
	if op.State != operation.StatePending && op.State != operation.StateRunning {
		return op, in, fatal(TypeNotRunning, "The operation is "+string(op.State)+".", nil)
	}
	if err := json.Unmarshal(op.Input, &in); err != nil {
		return op, in, fatal("invalid_input", "The operation's input cannot be read.", err)
	}
	return op, in, nil
}

func (a *Sync) plan(c collection.Collection, in operation.SyncInput, page github.Page) (Plan, collection.Item, error) {
	item, err := c.Prepare(page.Items[0])
	if err != nil {
		return Plan{}, item, fatal("github_unexpected", "GitHub's answer is no repository.", err)
	}
	var repo struct {
		ID       int64  `json:"id"`
		FullName string `json:"full_name"`
	}
	if err := json.Unmarshal(page.Items[0], &repo); err != nil {
		return Plan{}, item, fatal("github_unexpected", "GitHub's answer is no repository.", err)
	}
	plan := Plan{RepositoryID: repo.ID}
	plan.Owner, plan.Name, _ = strings.Cut(repo.FullName, "/")
	for _, name := range a.Collections.Expand(collection.ScopeRepository, in.Collections) {
		if c, ok := a.Collections.ByName(name); ok {
			plan.Collections = append(plan.Collections, PlannedStep{Name: c.Name, Parent: c.ParentName(), Search: len(c.Search) > 0})
		}
	}
	return plan, item, nil
}

func (a *Sync) mirrorRepository(ctx context.Context, op operation.Operation, c collection.Collection, id int64, item collection.Item, requests int64) error {
	key := store.PassKey{WorkspaceID: op.WorkspaceID, RepositoryID: id, Collection: c.Name}
	page := store.Page{
		Key: key, OperationID: op.ID, Source: op.Source, Collection: c, Take: true,
		Items: []collection.Item{item}, Listed: 1, Pages: 1, Requests: requests, Total: 1,
		Done: true, Bookmark: json.RawMessage("{}"),
	}
	committed, err := a.Store.CommitPage(ctx, page)
	if err != nil {
		return commitError(err)
	}
	a.Metrics.countPage(ctx, page, committed.Rows)
	a.Publisher.Publish(ctx, committed.Event)
	return nil
}

// fresh records that a collection needs no work, unless that is known already.
func (a *Sync) fresh(ctx context.Context, op operation.Operation, key store.PassKey) (PagesResult, error) {
	if err := a.goesOn(ctx, op, key.Collection); err != nil {
		return PagesResult{}, err
	}
	for _, w := range op.Collections {
		if w.Name == key.Collection && w.FinishedAt != nil {
			return PagesResult{Done: true, Index: true, Work: w}, nil
		}
	}
	event, err := a.Store.Fresh(ctx, key, op.ID)
	if err != nil {
		return PagesResult{}, commitError(err)
	}
	a.Publisher.Publish(ctx, event)
	return PagesResult{Done: true, Index: true, Work: *event.Collection}, nil
}

// Finish is how an operation ends.
type Finish struct {
	OperationRef
	State   operation.State    `json:"state"`
	Failure *operation.Failure `json:"failure,omitempty"`
}

// FinishOperation writes an operation's final state. One that has ended already
// keeps its end.
func (a *Sync) FinishOperation(ctx context.Context, f Finish) error {
	op, events, err := a.Store.SetState(ctx, f.WorkspaceID, f.OperationID, f.State, f.Failure)
	switch operation.CodeOf(err) {
	case "":
		a.Publisher.Publish(ctx, events...)
		return a.recordSweep(ctx, op)
	case operation.CodeConflict, operation.CodeNotFound:
		a.Logger.WarnContext(ctx, "the operation had ended already", "operation_id", f.OperationID, "wanted", f.State, "error", err)
		return nil
	default:
		return retryable(err)
	}
}
