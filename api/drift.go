package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/operation"
)

// DriftReport is how far the mirror of a workspace can be trusted.
type DriftReport struct {
	Drift        Drift             `json:"drift" doc:"What the last full checks of all collections of all repositories found together. It is repaired."`
	Counts       DriftCounts       `json:"counts"`
	Collections  []CollectionDrift `json:"collections" nullable:"false" doc:"By collection; those that were never checked are absent."`
	Repositories []RepositoryDrift `json:"repositories" nullable:"false" doc:"A page of the repositories to look at: whose last checks found something, whose sweep is overdue, or that GitHub does not show any more; by id."`
	NextCursor   string            `json:"next_cursor,omitempty" doc:"Absent from the last page."`
}

// DriftCounts are how many repositories there are.
type DriftCounts struct {
	Repositories int64 `json:"repositories" doc:"That are mirrored."`
	Drifted      int64 `json:"drifted" doc:"Whose last full checks found something."`
	Overdue      int64 `json:"overdue" doc:"Whose sweep should have been long ago."`
	Unreachable  int64 `json:"unreachable" doc:"That GitHub does not show any more."`
}

// CollectionDrift is what the last full checks of one collection found in all repositories.
type CollectionDrift struct {
	Drift
	Name          string    `json:"name" example:"issues"`
	Checked       int64     `json:"checked" doc:"Repositories in which it was checked."`
	OldestCheckAt time.Time `json:"oldest_check_at" doc:"When the longest past of these checks began."`
}

// RepositoryDrift is what the last full checks of one repository found.
type RepositoryDrift struct {
	Drift
	ID          int64        `json:"id"`
	FullName    string       `json:"full_name" example:"octocat/hello-world"`
	Unreachable *Unreachable `json:"unreachable,omitempty"`
	LastSweepAt *time.Time   `json:"last_sweep_at,omitempty" doc:"Absent before the first."`
	NextSweepAt *time.Time   `json:"next_sweep_at,omitempty" doc:"Absent where sweeps are off, and until it is planned."`
	Overdue     bool         `json:"overdue"`
}

type driftInput struct{ Page }

type driftOutput struct {
	Link string `header:"Link" doc:"The next page, rel=next; absent from the last."`
	Body DriftReport
}

func driftSpec() huma.Operation {
	return huma.Operation{
		OperationID: "get-drift", Summary: "Tell by how much the mirror differed from GitHub", Tags: []string{"repositories"}, Security: needsToken(),
		Description: "Sums up the last full check of every collection. What a check finds is repaired with it: these are the differences that there were. " +
			"A full check is made by the scheduled sweep, and by `POST /v1/syncs` with `full`.",
		Errors: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusServiceUnavailable},
	}
}

func (a *API) drift(ctx context.Context, in *driftInput) (*driftOutput, error) {
	r, err := a.opts.Statuses.Drift(ctx, workspaceOf(ctx), in.Cursor, in.Limit)
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	return &driftOutput{Link: in.next("/v1/drift", r.NextCursor, nil), Body: fromDrift(r)}, nil
}

// fromDrift is r as clients see it.
func fromDrift(r operation.DriftReport) DriftReport {
	out := DriftReport{
		Drift:       Drift(r.Drift),
		Counts:      DriftCounts{Repositories: r.Repositories, Drifted: r.Drifted, Overdue: r.Overdue, Unreachable: r.UnreachableOfThem},
		Collections: make([]CollectionDrift, len(r.Collections)), Repositories: make([]RepositoryDrift, len(r.Conspicuous)), NextCursor: r.NextCursor,
	}
	for i, c := range r.Collections {
		out.Collections[i] = CollectionDrift{Drift: Drift(c.Drift), Name: c.Name, Checked: c.Checked, OldestCheckAt: c.Oldest.UTC()}
	}
	for i, one := range r.Conspicuous {
		out.Repositories[i] = RepositoryDrift{
			Drift: Drift(one.Drift), ID: one.ID, FullName: one.FullName, Unreachable: fromUnreachable(one.Unreachable),
			LastSweepAt: inUTC(one.LastSweepAt), NextSweepAt: inUTC(one.NextSweepAt), Overdue: one.Overdue,
		}
	}
	return out
}
