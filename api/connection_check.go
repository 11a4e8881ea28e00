package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/connection"
)

// checkTime is how long GitHub may take to answer what a check asks.
const checkTime = 15 * time.Second

// ConnectionCheck is what GitHub says of a connection's credential now.
type ConnectionCheck struct {
	State               connection.State  `json:"state" enum:"ok,refused,unchecked" doc:"unchecked: GitHub could not be asked."`
	Reason              string            `json:"reason,omitempty" doc:"Why it is not ok, in words."`
	CheckedAt           time.Time         `json:"checked_at"`
	Account             string            `json:"account,omitempty" example:"user:583231@api.github.com" doc:"What GitHub's limits are counted on."`
	Login               string            `json:"login,omitempty" example:"octocat" doc:"Of the user, or of the account in which the App is installed."`
	App                 string            `json:"app,omitempty" doc:"The App's name."`
	Scopes              []string          `json:"scopes,omitempty" nullable:"false" example:"[\"repo\",\"read:org\"]" doc:"Of a classic token."`
	ScopesKnown         bool              `json:"scopes_known" doc:"Whether GitHub tells the token's scopes: it does not of fine-grained tokens and Apps."`
	Permissions         map[string]string `json:"permissions,omitempty" example:"{\"issues\":\"read\",\"metadata\":\"read\"}" doc:"Of an App's installation."`
	ExpiresAt           *time.Time        `json:"expires_at,omitempty" doc:"When the token expires; absent where GitHub names no time."`
	RepositorySelection string            `json:"repository_selection,omitempty" doc:"Of an App's installation: all or selected."`
	Repositories        *int64            `json:"repositories,omitempty" doc:"How many repositories an App's installation sees."`
	Limits              []Rate            `json:"limits" nullable:"false" doc:"GitHub's hourly limits now; none where GitHub has none."`
	Unreadable          []Unreadable      `json:"unreadable" nullable:"false" doc:"Collections that it cannot read, or of which it is shown a part only."`
	Notes               []string          `json:"notes,omitempty" nullable:"false" doc:"What else a person should know: what GitHub does not tell, for one."`
}

// Rate is one of GitHub's hourly limits.
type Rate struct {
	Resource  string     `json:"resource" enum:"core,graphql" doc:"core counts requests of the REST API, graphql points of queries."`
	Limit     int64      `json:"limit" example:"5000"`
	Remaining int64      `json:"remaining" example:"4872"`
	ResetAt   *time.Time `json:"reset_at,omitempty" doc:"When all of it is there again; absent where that has passed."`
}

// Unreadable is a collection that a credential cannot read whole.
type Unreadable struct {
	Collection string `json:"collection" example:"teams"`
	Reason     string `json:"reason" doc:"Why, in words."`
}

// fromCheck is c as clients see it.
func fromCheck(c connection.Check) ConnectionCheck {
	out := ConnectionCheck{
		State: c.State, Reason: short(c.Reason), CheckedAt: c.At.UTC(), Account: c.Account, Login: c.Login, App: c.App,
		Scopes: c.Scopes, ScopesKnown: c.ScopesKnown, Permissions: c.Permissions, ExpiresAt: inUTC(c.ExpiresAt),
		RepositorySelection: c.RepositorySelection, Repositories: c.Repositories,
		Limits: make([]Rate, len(c.Rates)), Unreadable: make([]Unreadable, len(c.Unreadable)), Notes: c.Notes,
	}
	for i, r := range c.Rates {
		out.Limits[i] = fromRate(r)
	}
	for i, u := range c.Unreadable {
		out.Unreadable[i] = Unreadable(u)
	}
	return out
}

func fromRate(r connection.Rate) Rate {
	out := Rate{Resource: r.Resource, Limit: r.Limit, Remaining: r.Left}
	if !r.ResetAt.IsZero() {
		at := r.ResetAt.UTC()
		out.ResetAt = &at
	}
	return out
}

type createConnectionInput struct {
	RawBody []byte
	Body    connectionRequest
}

type createConnectionOutput struct {
	Location string `header:"Location" doc:"Where the connection is found."`
	Body     CreatedConnection
}

// CreatedConnection is a new connection, with what GitHub says of it.
type CreatedConnection struct {
	Connection
	Check *ConnectionCheck `json:"check,omitempty" doc:"Absent where it was not asked for."`
}

func createConnectionSpec() huma.Operation {
	return huma.Operation{
		OperationID: "create-connection", Summary: "Add a GitHub credential", Tags: []string{"connections"}, Security: needsToken(),
		Description: "Asks GitHub about the credential, and keeps it, encrypted, if GitHub accepts it: otherwise 422 says why not. " +
			"When GitHub cannot be asked it is kept as `unchecked`, and tried by the first operation that needs it.",
		DefaultStatus: http.StatusCreated,
		Errors:        []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusConflict, http.StatusServiceUnavailable},
	}
}

func (a *API) createConnection(ctx context.Context, in *createConnectionInput) (*createConnectionOutput, error) {
	n, fields := a.newConnection(workspaceOf(ctx), in.Body)
	if len(fields) > 0 {
		return nil, invalid(ctx, fields...)
	}
	out := &createConnectionOutput{}
	if in.Body.Check == nil || *in.Body.Check {
		check, err := a.firstCheck(ctx, n)
		if err != nil {
			return nil, a.fail(ctx, err)
		}
		if check.State == connection.StateRefused {
			return nil, a.refuseConnection(ctx, n, check.Reason)
		}
		n.Accepted, n.Account, n.Login = check.State == connection.StateOK, check.Account, check.Login
		checked := fromCheck(check)
		out.Body.Check = &checked
	}
	c, err := a.opts.Connections.CreateConnection(ctx, n)
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	a.connectionLog(ctx, c).InfoContext(ctx, "connection created")
	out.Location, out.Body.Connection = "/v1/connections/"+c.ID, fromConnection(c)
	return out, nil
}

// firstCheck checks a connection that is to be made. Nobody keeps it meanwhile, so that
// nobody uses it and nothing is left of it if GitHub refuses it or this process ends. That
// the check fails does not keep it from being made: it can be checked again.
func (a *API) firstCheck(ctx context.Context, n connection.New) (connection.Check, error) {
	if err := a.opts.Connections.AdmitConnection(ctx, n); err != nil {
		return connection.Check{}, err //nolint:wrapcheck // it has a code to decide on
	}
	check, err := a.inTime(ctx, func(ctx context.Context) (connection.Check, error) { return a.opts.ConnectionChecker.CheckNew(ctx, n) })
	if err == nil || ctx.Err() != nil {
		return check, err
	}
	a.logger(ctx).ErrorContext(ctx, "new connection could not be checked", "connection", n.ID, "name", n.Name, "error", err)
	return a.unchecked("The check failed on our side; it has been logged under this request's id."), nil
}

// refuseConnection says why a connection is not made.
func (a *API) refuseConnection(ctx context.Context, n connection.New, reason string) *Problem {
	a.logger(ctx).InfoContext(ctx, "connection was refused by GitHub and not kept", "name", n.Name, "by", subjectOf(ctx))
	location := "body.token"
	if n.Kind == connection.KindApp {
		location = "body.app"
	}
	return newProblem(ctx, http.StatusUnprocessableEntity, "credential_refused",
		"GitHub does not accept the credential, so it was not kept.", Field{Location: location, Message: cmp.Or(reason, "is not accepted by GitHub")})
}

type checkConnectionOutput struct{ Body ConnectionCheck }

func checkConnectionSpec() huma.Operation {
	return huma.Operation{
		OperationID: "check-connection", Summary: "Ask GitHub about a credential", Tags: []string{"connections"}, Security: needsToken(),
		Description: "Says whose it is, its scopes or permissions, GitHub's limits for it now, and which collections it cannot read and why. " +
			"A credential that GitHub refuses is an answer, not an error: its `state` is `refused`. Operations that waited for it go on once it is `ok`.",
		Errors: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusServiceUnavailable},
	}
}

func (a *API) checkConnection(ctx context.Context, in *ConnectionPath) (*checkConnectionOutput, error) {
	check, err := a.inTime(ctx, func(ctx context.Context) (connection.Check, error) {
		return a.opts.ConnectionChecker.Check(ctx, workspaceOf(ctx), in.id())
	})
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	return &checkConnectionOutput{Body: fromCheck(check)}, nil
}

// inTime asks GitHub about a connection, for as long as somebody waits for an answer.
func (a *API) inTime(ctx context.Context, ask func(context.Context) (connection.Check, error)) (connection.Check, error) {
	asking, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	check, err := ask(asking)
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return a.unchecked("GitHub did not answer in time."), nil
	}
	return check, err
}

func (a *API) unchecked(reason string) connection.Check {
	return connection.Check{State: connection.StateUnchecked, Reason: reason, At: a.opts.Now()}
}
