package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/holdfast/holdfast/api"
	"github.com/holdfast/holdfast/internal/budget"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/connection"
	"github.com/holdfast/holdfast/internal/github"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/store"
)

// administer adds to an API's options what it needs to administer connections.
func administer(o *api.Options, c config.API, s *services) error {
	asks, err := s.gitHub(c.GitHub)
	if err != nil {
		return err
	}
	connections := &store.Connections{Store: s.store, Sealer: asks.connections.Sealer}
	o.Connections = connections
	o.ConnectionChecker = &checks{connections: asks.connections, pool: asks.pool, checkNew: asks.checkNew, now: time.Now}
	o.ConnectionRules = api.ConnectionRules{
		BaseURL: c.NormalizeGitHubURL,
		PrivateKey: func(pem string) error {
			_, err := github.ParsePrivateKey(pem)
			return err
		},
	}
	o.Budgets = &budgets{connections: connections, redis: s.redis}
	return nil
}

// checks asks GitHub about connections, for the API.
type checks struct {
	connections interface {
		Connections(ctx context.Context, workspaceID string) ([]connection.Held, error)
	}
	pool interface {
		Check(ctx context.Context, workspaceID, id string) (github.Check, error)
	}
	checkNew func(ctx context.Context, n connection.New) (github.Check, error)
	now      func() time.Time
}

// Check asks GitHub about a connection now. That it refuses the credential, or cannot be
// asked, is no error. CodeNotFound; the error of ctx when GitHub did not answer by then.
func (c *checks) Check(ctx context.Context, workspaceID, id string) (connection.Check, error) {
	all, err := c.connections.Connections(ctx, workspaceID)
	if err != nil {
		return connection.Check{}, err
	}
	i := slices.IndexFunc(all, func(h connection.Held) bool { return h.ID == id })
	if i < 0 {
		return connection.Check{}, errNoConnection()
	}
	if why := all[i].Unreadable; why != "" {
		// Other processes may read it: nothing is known of the credential.
		return c.unchecked(why), nil
	}
	return c.ask(ctx, workspaceID, func(ctx context.Context) (github.Check, error) { return c.pool.Check(ctx, workspaceID, id) })
}

// CheckNew asks GitHub the same about a connection that nobody keeps yet.
func (c *checks) CheckNew(ctx context.Context, n connection.New) (connection.Check, error) {
	return c.ask(ctx, n.WorkspaceID, func(ctx context.Context) (github.Check, error) { return c.checkNew(ctx, n) })
}

// ask asks for somebody who waits, and says what the failure to learn something means.
func (c *checks) ask(ctx context.Context, workspaceID string, check func(context.Context) (github.Check, error)) (connection.Check, error) {
	ctx = budget.WithFlow(ctx, budget.Flow{Lane: budget.LaneInteractive, Workspace: workspaceID})
	said, err := check(ctx)
	var limit *budget.LimitError
	var answer *github.Error
	switch {
	case err == nil:
		return toCheck(said), nil
	case errors.Is(err, github.ErrNoConnection): // deleted since
		return connection.Check{}, errNoConnection()
	case ctx.Err() != nil:
		return connection.Check{}, fmt.Errorf("ask GitHub about a connection: %w", ctx.Err())
	case errors.As(err, &limit):
		return c.unchecked(limit.Reason()), nil
	case errors.As(err, &answer):
		return c.unchecked(unanswered(answer)), nil
	default:
		return connection.Check{}, err
	}
}

func errNoConnection() error { return operation.NotFound("There is no such connection.") }

func (c *checks) unchecked(reason string) connection.Check {
	return connection.Check{State: connection.StateUnchecked, Reason: reason, At: c.now()}
}

// unanswered is why an answer of GitHub's says nothing of a credential.
func unanswered(e *github.Error) string {
	switch {
	case e.Status == 0:
		return "GitHub cannot be reached."
	case e.Message == "":
		return fmt.Sprintf("GitHub answered with the status %d.", e.Status)
	default:
		return fmt.Sprintf("GitHub answered with the status %d: %s", e.Status, e.Message)
	}
}

// toCheck is c without the types of those who made it.
func toCheck(c github.Check) connection.Check {
	out := connection.Check{
		State: c.State, Reason: c.Reason, At: c.At, Account: c.Account, Login: c.Login, App: c.App,
		Scopes: c.Scopes, ScopesKnown: c.ScopesKnown, Permissions: c.Permissions, ExpiresAt: c.ExpiresAt,
		RepositorySelection: c.RepositorySelection, Repositories: c.Repositories, Notes: c.Notes,
	}
	for _, name := range []budget.Resource{budget.Core, budget.GraphQL} {
		if r, ok := c.Rates[name]; ok {
			out.Rates = append(out.Rates, connection.Rate{Resource: string(name), Limit: r.Limit, Left: r.Left, ResetAt: c.At.Add(r.Reset)})
		}
	}
	for _, u := range c.Unreadable {
		out.Unreadable = append(out.Unreadable, connection.Unreadable(u))
	}
	return out
}

// budgetsAtOnce is how many accounts are read at the same time.
const budgetsAtOnce = 8

// budgets tells how the accounts stand that connections spend, for the API.
type budgets struct {
	connections interface {
		Connections(ctx context.Context, workspaceID string) ([]connection.Connection, error)
	}
	redis redis.UniversalClient
}

// Budgets are those of a workspace's connections, by the first of their names.
// CodeUnavailable when Redis cannot be reached.
func (b *budgets) Budgets(ctx context.Context, workspaceID string) ([]connection.Budget, error) {
	all, err := b.connections.Connections(ctx, workspaceID)
	if err != nil {
		return nil, err
	}
	var out []connection.Budget
	for _, c := range all {
		account := github.AccountOf(c)
		i := slices.IndexFunc(out, func(one connection.Budget) bool { return one.Account == account })
		if i < 0 {
			i, out = len(out), append(out, connection.Budget{Account: account})
		}
		out[i].Connections = append(out[i].Connections, c.ID)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(budgetsAtOnce)
	for i := range out {
		group.Go(func() error {
			report, err := budget.Read(ctx, b.redis, out[i].Account)
			if err == nil && report.Known {
				addReport(&out[i], report, workspaceID)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, &operation.Error{Code: operation.CodeUnavailable, Message: "Redis cannot be reached.", Err: err}
	}
	return out, nil
}

// addReport adds what a report says, of operations those of the workspace only: an
// account may be spent by several workspaces.
func addReport(to *connection.Budget, r budget.Report, workspaceID string) {
	to.Known, to.At, to.InFlight, to.Most, to.Processes = true, r.At, r.InFlight, r.Most, r.Processes
	for _, hourly := range r.Resources {
		h := connection.Hour{
			Rate:    connection.Rate{Resource: string(hourly.Resource), Limit: hourly.Limit, Left: hourly.Left, ResetAt: hourly.Reset},
			Reserve: hourly.Reserve, Others: hourly.Others,
		}
		for _, lane := range budget.Lanes() {
			if spent := hourly.Lanes[lane]; spent > 0 {
				h.Lanes = append(h.Lanes, connection.Portion{Name: lane.String(), Spent: spent})
			}
		}
		for _, op := range hourly.Operations {
			if op.Workspace == workspaceID && op.Operation != "" {
				h.Operations = append(h.Operations, connection.Portion{Name: op.Operation, Spent: op.Spent})
			}
		}
		to.Hours = append(to.Hours, h)
	}
	for _, s := range r.Spendings {
		to.Windows = append(to.Windows, connection.Window{Limit: string(s.Limit), Resource: string(s.Of), Span: s.Span, Spent: s.Spent, Most: s.Most})
	}
	for _, hold := range r.Holds {
		why := budget.LimitError(hold)
		to.Holds = append(to.Holds, connection.Hold{Limit: string(hold.Limit), Reason: why.Reason(), Until: hold.Until})
	}
	to.Waiting = make(map[string]int, len(r.Waiting))
	for lane, n := range r.Waiting {
		to.Waiting[lane.String()] = n
	}
}
