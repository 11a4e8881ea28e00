package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/operation"
)

// RepositoryStatus is how far the mirror of a repository can be trusted.
type RepositoryStatus struct {
	ID          int64              `json:"id" doc:"GitHub's id: it stays when the name changes."`
	FullName    string             `json:"full_name" doc:"owner/name, as GitHub last said." example:"octocat/hello-world"`
	Unreachable *Unreachable       `json:"unreachable,omitempty" doc:"Absent while GitHub shows the repository. Its mirror is kept when GitHub does not."`
	LastSweepAt *time.Time         `json:"last_sweep_at,omitempty" doc:"When the last complete sweep began; absent before the first."`
	NextSweepAt *time.Time         `json:"next_sweep_at,omitempty" doc:"When the next sweep is due; absent where sweeps are off, and until it is planned."`
	Overdue     bool               `json:"overdue" doc:"The next sweep should have been long ago."`
	Drift       Drift              `json:"drift" doc:"What the last full checks of all its collections found together. It is repaired."`
	Collections []CollectionStatus `json:"collections" nullable:"false" doc:"In the order in which a sync reads them."`
}

// Unreachable says that GitHub does not show a repository any more.
type Unreachable struct {
	Since   time.Time `json:"since"`
	Reason  string    `json:"reason" doc:"Stable code: github_not_found, github_forbidden or github_blocked, among others."`
	Message string    `json:"message" doc:"The reason as a sentence for people."`
}

// Drift is by how much mirror and GitHub differed when they were last compared whole.
type Drift struct {
	Missing   int64 `json:"missing" doc:"Items that only GitHub had, though earlier passes should have brought them."`
	Extra     int64 `json:"extra" doc:"Items that only the mirror had."`
	Different int64 `json:"different" doc:"Items that differed."`
}

// CollectionStatus is what is known of one collection of a repository.
type CollectionStatus struct {
	Name        string       `json:"name" example:"issues"`
	Items       int64        `json:"items" doc:"Items that are not deleted."`
	Transferred int64        `json:"transferred,omitempty" doc:"Items that have gone to other repositories; they count as deleted here."`
	FreshAt     *time.Time   `json:"fresh_at,omitempty" doc:"When the last complete pass began: what GitHub had then is mirrored. Absent before the first."`
	AgeSeconds  *float64     `json:"age_seconds,omitempty" doc:"How long ago that was."`
	SyncedAt    *time.Time   `json:"synced_at,omitempty" doc:"When the last complete pass ended."`
	Cursor      *RunningPass `json:"cursor,omitempty" doc:"How far the running pass is; absent while none runs."`
	Check       *DriftCheck  `json:"check,omitempty" doc:"The last full check; absent before the first."`
	NextCheckAt *time.Time   `json:"next_check_at,omitempty" doc:"When the next full check is due: with the repository's next sweep."`
	Notes       []string     `json:"notes,omitempty" doc:"What of it cannot be had, for people."`
}

// RunningPass is how far a pass is that is not complete.
type RunningPass struct {
	OperationID string     `json:"operation_id,omitempty" format:"uuid" doc:"The operation that reads it; absent when it was left behind. The next one goes on with it."`
	StartedAt   *time.Time `json:"started_at,omitempty"`
	Phase       string     `json:"phase,omitempty" doc:"What it reads: list, catch_up, check, verify, relist, compare or dropped; absent before the first page."`
	Page        int        `json:"page,omitempty" doc:"Number of the next page."`
	LastPage    int        `json:"last_page,omitempty" doc:"Number of the last page, as GitHub said; absent while unknown."`
	Since       *time.Time `json:"since,omitempty" doc:"In catch_up: what was updated since then is asked for."`
	AfterParent string     `json:"after_parent,omitempty" doc:"Of lists that are read for each of other items: the last one whose list was read."`
}

// DriftCheck is the last full check of a collection.
type DriftCheck struct {
	Drift
	OperationID string    `json:"operation_id" format:"uuid" doc:"The operation that made it."`
	StartedAt   time.Time `json:"started_at"`
	CheckedAt   time.Time `json:"checked_at" doc:"When it was complete, and what it found repaired."`
	Items       int64     `json:"items" doc:"Items in the mirror afterwards."`
}

// RepositoryPath is the path of everything that is about one repository. Huma reads
// embedded parameters of exported types only.
type RepositoryPath struct {
	Owner string `path:"owner" maxLength:"100" doc:"The repository's owner." example:"octocat"`
	Name  string `path:"name" maxLength:"100" doc:"Its name, without the owner." example:"hello-world"`
}

// fullName is the repository's name with its owner.
func (p *RepositoryPath) fullName() string { return p.Owner + "/" + p.Name }

// Resolve refuses what cannot be the name of a repository.
func (p *RepositoryPath) Resolve(huma.Context) []error {
	if err := parseRepository(p.fullName()); err != nil {
		return []error{&huma.ErrorDetail{Location: "path", Message: err.Error()}}
	}
	return nil
}

var _ huma.Resolver = (*RepositoryPath)(nil)

// visible fails where whoever asks may not see the repository: to them it is not there.
func (p *RepositoryPath) visible(ctx context.Context) error {
	if visibleTo(ctx).MatchSubject(p.fullName()) {
		return nil
	}
	return operation.NotFound("No repository of this name is mirrored.")
}

type repositoryStatusOutput struct{ Body RepositoryStatus }

func repositoryStatusSpec() huma.Operation {
	return huma.Operation{
		OperationID: "get-repository-status", Summary: "Tell how far a repository's mirror can be trusted", Tags: []string{"repositories"}, Security: needsToken(),
		Description: "For each collection: what is mirrored, how old that is, how far a running pass is, and by how much mirror and GitHub differed when they were last compared whole.",
		Errors:      []int{http.StatusUnauthorized, http.StatusNotFound, http.StatusServiceUnavailable},
	}
}

func (a *API) repositoryStatus(ctx context.Context, in *RepositoryPath) (*repositoryStatusOutput, error) {
	if err := in.visible(ctx); err != nil {
		return nil, a.fail(ctx, err)
	}
	status, err := a.opts.Statuses.RepositoryStatus(ctx, workspaceOf(ctx), in.fullName())
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	return &repositoryStatusOutput{Body: a.fromStatus(status)}, nil
}

// fromStatus is s as clients see it.
func (a *API) fromStatus(s operation.RepositoryStatus) RepositoryStatus {
	out := RepositoryStatus{
		ID: s.ID, FullName: s.FullName, Unreachable: fromUnreachable(s.Unreachable), LastSweepAt: inUTC(s.LastSweepAt),
		NextSweepAt: inUTC(s.NextSweepAt), Overdue: s.Overdue, Collections: make([]CollectionStatus, len(s.Collections)),
	}
	for i, c := range s.Collections {
		out.Collections[i] = a.fromCollection(c)
		out.Collections[i].NextCheckAt = out.NextSweepAt
		if c.Check != nil {
			out.Drift.Missing += c.Check.Missing
			out.Drift.Extra += c.Check.Extra
			out.Drift.Different += c.Check.Different
		}
	}
	return out
}

func (a *API) fromCollection(c operation.CollectionStatus) CollectionStatus {
	out := CollectionStatus{
		Name: c.Name, Items: c.Items, Transferred: c.Transferred, FreshAt: inUTC(c.FreshAt), SyncedAt: inUTC(c.SyncedAt), Notes: c.Notes,
	}
	if c.FreshAt != nil {
		age := max(a.opts.Now().Sub(*c.FreshAt), 0).Seconds()
		out.AgeSeconds = &age
	}
	if r := c.Running; r != nil {
		out.Cursor = &RunningPass{
			OperationID: r.OperationID, StartedAt: inUTC(r.StartedAt), Phase: r.Cursor.Phase, Page: r.Cursor.Page,
			LastPage: r.Cursor.Last, AfterParent: r.Cursor.Parent,
		}
		if !r.Cursor.Since.IsZero() {
			out.Cursor.Since = inUTC(&r.Cursor.Since)
		}
	}
	if k := c.Check; k != nil {
		out.Check = &DriftCheck{
			Drift: Drift(k.Drift), OperationID: k.OperationID, StartedAt: k.StartedAt.UTC(), CheckedAt: k.CheckedAt.UTC(), Items: k.Items,
		}
	}
	return out
}

func fromUnreachable(u *operation.Unreachable) *Unreachable {
	if u == nil {
		return nil
	}
	return &Unreachable{Since: u.Since.UTC(), Reason: u.Reason, Message: u.Message}
}

// inUTC is t in the one zone that clients see.
func inUTC(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}
