package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/connection"
)

// Budget is how one account of GitHub stands.
type Budget struct {
	Account     string         `json:"account" example:"user:583231@api.github.com" doc:"What GitHub's limits are counted on."`
	Connections []string       `json:"connections" nullable:"false" doc:"Ids of the connections that spend it."`
	Known       bool           `json:"known" doc:"false: no worker has used it lately, and how it stands is asked of GitHub when one does."`
	At          *time.Time     `json:"at,omitempty" doc:"When it stood like that; absent where it is not known."`
	Resources   []Resource     `json:"resources" nullable:"false" doc:"The hourly limits that GitHub has reported."`
	InFlight    int            `json:"in_flight" doc:"Requests that are on their way."`
	MaxInFlight int            `json:"max_in_flight" doc:"That may be."`
	Windows     []Window       `json:"windows" nullable:"false" doc:"Limits over shorter times, counted in what Holdfast sent."`
	Holds       []Hold         `json:"holds" nullable:"false" doc:"Why nothing is sent at the moment."`
	Waiting     map[string]int `json:"waiting" nullable:"false" doc:"Requests that wait for their turn, by lane; absent lanes have none."`
	Processes   int            `json:"processes" doc:"Workers and servers that use it."`
}

// Resource is one hourly limit of an account.
type Resource struct {
	Rate
	Reserve int64 `json:"reserve" example:"1500" doc:"What is left untouched for other tools."`
	Spent   Spent `json:"spent" doc:"In this window."`
}

// Spent is who spent how much, in requests or points.
type Spent struct {
	Lanes      map[string]int64 `json:"lanes" nullable:"false" example:"{\"interactive\":12,\"backfill\":1830}" doc:"Of all workspaces, by lane."`
	Operations []OperationSpent `json:"operations" nullable:"false" doc:"The workspace's operations among the fifty that spent the most, the largest first."`
	Others     int64            `json:"others" doc:"By other tools, and by Holdfast before it kept count."`
}

// OperationSpent is what one operation spent.
type OperationSpent struct {
	OperationID string `json:"operation_id"`
	Spent       int64  `json:"spent"`
}

// Window is how much of a limit over a shorter time is used.
type Window struct {
	Limit    string  `json:"limit" example:"github_points_per_minute" doc:"The limit's code."`
	Resource string  `json:"resource,omitempty" doc:"core or graphql; absent where both count."`
	Seconds  float64 `json:"seconds" example:"60" doc:"How long the time is that ends now."`
	Spent    int64   `json:"spent"`
	Most     int64   `json:"most" doc:"That may be spent in such a time."`
}

// Hold is a limit by which nothing is sent.
type Hold struct {
	Limit  string    `json:"limit" example:"github_secondary_limit" doc:"The limit's code, as in an operation's waiting.for."`
	Reason string    `json:"reason" doc:"In words."`
	Until  time.Time `json:"until"`
}

type budgetsOutput struct {
	Body struct {
		Budgets []Budget `json:"budgets" nullable:"false" doc:"One for each account, by the first of its connections' names."`
	}
}

func budgetsSpec() huma.Operation {
	return huma.Operation{
		OperationID: "list-budgets", Summary: "Tell what is left of GitHub's limits, and who spends them", Tags: []string{"connections"}, Security: needsToken(),
		Description: "As all workers together know it; GitHub is not asked.",
		Errors:      []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusServiceUnavailable},
	}
}

func (a *API) budgets(ctx context.Context, _ *struct{}) (*budgetsOutput, error) {
	list, err := a.opts.Budgets.Budgets(ctx, workspaceOf(ctx))
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	out := &budgetsOutput{}
	out.Body.Budgets = make([]Budget, len(list))
	for i, b := range list {
		out.Body.Budgets[i] = fromBudget(b)
	}
	return out, nil
}

// fromBudget is b as clients see it.
func fromBudget(b connection.Budget) Budget {
	out := Budget{
		Account: b.Account, Connections: append([]string{}, b.Connections...), Known: b.Known, Resources: make([]Resource, len(b.Hours)),
		InFlight: b.InFlight, MaxInFlight: b.Most, Windows: make([]Window, len(b.Windows)), Holds: make([]Hold, len(b.Holds)),
		Waiting: map[string]int{}, Processes: b.Processes,
	}
	if !b.At.IsZero() {
		at := b.At.UTC()
		out.At = &at
	}
	for i, h := range b.Hours {
		out.Resources[i] = Resource{Rate: fromRate(h.Rate), Reserve: h.Reserve, Spent: fromSpent(h)}
	}
	for i, w := range b.Windows {
		out.Windows[i] = Window{Limit: w.Limit, Resource: w.Resource, Seconds: w.Span.Seconds(), Spent: w.Spent, Most: w.Most}
	}
	for i, h := range b.Holds {
		out.Holds[i] = Hold{Limit: h.Limit, Reason: h.Reason, Until: h.Until.UTC()}
	}
	for lane, n := range b.Waiting {
		out.Waiting[lane] = n
	}
	return out
}

func fromSpent(h connection.Hour) Spent {
	out := Spent{Lanes: make(map[string]int64, len(h.Lanes)), Operations: make([]OperationSpent, len(h.Operations)), Others: h.Others}
	for _, lane := range h.Lanes {
		out.Lanes[lane.Name] = lane.Spent
	}
	for i, op := range h.Operations {
		out.Operations[i] = OperationSpent{OperationID: op.Name, Spent: op.Spent}
	}
	return out
}
