package api

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/connection"
	"github.com/holdfast/holdfast/internal/operation"
)

// Connection is a GitHub credential of a workspace. Its secrets are never shown.
type Connection struct {
	ID             string             `json:"id" example:"0190a6c8-7e3b-7c3a-9d10-3f2a4b5c6d7e" doc:"A UUID, or default for the one that the server's environment describes."`
	Name           string             `json:"name" example:"octo-ci"`
	Kind           connection.Kind    `json:"kind" enum:"token,app,anonymous" doc:"token: a personal access token; app: an installation of a GitHub App; anonymous: no credential."`
	Source         string             `json:"source" enum:"api,environment" doc:"Where it comes from. What the environment describes is changed there."`
	BaseURL        string             `json:"base_url" format:"uri" example:"https://api.github.com/" doc:"Of GitHub's API. It is the same for all connections of a workspace."`
	Repositories   []string           `json:"repositories" nullable:"false" example:"[\"octo-corp/*\"]" doc:"For which repositories it is used, as patterns owner/name; empty: for all."`
	AppID          int64              `json:"app_id,omitempty" example:"48213" doc:"Of an App."`
	InstallationID int64              `json:"installation_id,omitempty" example:"3310577" doc:"Of an App."`
	Reserve        *Reserve           `json:"reserve,omitempty" doc:"What is left untouched for other tools; absent: nothing."`
	InFlight       int                `json:"in_flight,omitempty" example:"10" doc:"How many requests are made at once; absent: 10."`
	Account        string             `json:"account,omitempty" example:"user:583231@api.github.com" doc:"What GitHub's limits are counted on: connections of one account share one budget. Absent until GitHub has said whose it is."`
	Login          string             `json:"login,omitempty" example:"octocat" doc:"Of that user, or of the account in which the App is installed."`
	State          connection.State   `json:"state" enum:"ok,unchecked,refused,disabled" doc:"unchecked: GitHub was not asked since it was made or changed; refused: GitHub does not accept it, and nothing is read with it."`
	StateReason    string             `json:"state_reason,omitempty" doc:"Why, in words."`
	StateSince     time.Time          `json:"state_since"`
	CheckedAt      *time.Time         `json:"checked_at,omitempty" doc:"When GitHub was last asked about it; absent before."`
	Webhook        *ConnectionWebhook `json:"webhook,omitempty" doc:"Absent where nothing is kept; the secret of the environment's connection is in the environment."`
	Version        int64              `json:"version" doc:"Raised by every change."`
	CreatedAt      time.Time          `json:"created_at"`
	UpdatedAt      time.Time          `json:"updated_at"`
}

// ConnectionWebhook is how deliveries are verified and recovered.
type ConnectionWebhook struct {
	Hook      string `json:"hook,omitempty" example:"orgs/octo-corp/hooks/1" doc:"The hook's path in GitHub's API, which is asked for deliveries that were lost."`
	HasSecret bool   `json:"has_secret" doc:"Whether there is a secret to verify deliveries with."`
}

// Reserve is what is left of each hourly limit for other tools: one of both.
type Reserve struct {
	Percent  *float64 `json:"percent,omitempty" minimum:"0" maximum:"100" example:"30" doc:"Of the limit."`
	Requests *int64   `json:"requests,omitempty" minimum:"0" maximum:"1000000" doc:"Requests; of GraphQL, points."`
}

// fromConnection is c as clients see it.
func fromConnection(c connection.Connection) Connection {
	out := Connection{
		ID: c.ID, Name: c.Name, Kind: c.Kind, Source: c.Source, BaseURL: c.BaseURL, Repositories: append([]string{}, c.Repositories...),
		AppID: c.AppID, InstallationID: c.InstallationID, InFlight: c.InFlight, Account: c.Account, Login: c.Login,
		State: c.State, StateReason: c.StateReason, StateSince: c.StateSince.UTC(), CheckedAt: inUTC(c.CheckedAt),
		Version: c.Version, CreatedAt: c.CreatedAt.UTC(), UpdatedAt: c.UpdatedAt.UTC(),
	}
	if c.Webhook.Hook != "" || c.Webhook.HasSecret {
		out.Webhook = &ConnectionWebhook{Hook: c.Webhook.Hook, HasSecret: c.Webhook.HasSecret}
	}
	switch r := c.Reserve; {
	case r.Percent > 0:
		out.Reserve = &Reserve{Percent: &r.Percent}
	case r.Requests > 0:
		out.Reserve = &Reserve{Requests: &r.Requests}
	}
	return out
}

// ConnectionPath is the path parameter of everything that is about one connection.
type ConnectionPath struct {
	ID string `path:"id" minLength:"1" maxLength:"64" pattern:"^[A-Za-z0-9-]+$" patternDescription:"letters, digits and hyphens" doc:"The connection's id: a UUID, or default."`
}

// id is the id in the one form in which it is kept.
func (p *ConnectionPath) id() string { return strings.ToLower(p.ID) }

type connectionOutput struct {
	ETag string `header:"ETag" doc:"For If-Match of a change."`
	Body Connection
}

// describeConnection is an answer with one connection.
func describeConnection(c connection.Connection) *connectionOutput {
	out := &connectionOutput{Body: fromConnection(c)}
	out.ETag = tagOf(out.Body)
	return out
}

type connectionsOutput struct {
	Body struct {
		Connections []Connection `json:"connections" nullable:"false" doc:"All, by name."`
	}
}

func listConnectionsSpec() huma.Operation {
	return huma.Operation{
		OperationID: "list-connections", Summary: "List the GitHub credentials", Tags: []string{"connections"}, Security: needsToken(),
		Description: "All of the workspace, without their secrets.",
		Errors:      []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusServiceUnavailable},
	}
}

func (a *API) listConnections(ctx context.Context, _ *struct{}) (*connectionsOutput, error) {
	list, err := a.opts.Connections.Connections(ctx, workspaceOf(ctx))
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	out := &connectionsOutput{}
	out.Body.Connections = make([]Connection, len(list))
	for i, c := range list {
		out.Body.Connections[i] = fromConnection(c)
	}
	return out, nil
}

func getConnectionSpec() huma.Operation {
	return huma.Operation{
		OperationID: "get-connection", Summary: "Read a GitHub credential's settings and state", Tags: []string{"connections"}, Security: needsToken(),
		Description: "Without its secrets.",
		Errors:      []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusServiceUnavailable},
	}
}

func (a *API) getConnection(ctx context.Context, in *ConnectionPath) (*connectionOutput, error) {
	c, err := a.opts.Connections.Connection(ctx, workspaceOf(ctx), in.id())
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	return describeConnection(c), nil
}

type changeConnectionInput struct {
	ConnectionPath
	IfMatch string `header:"If-Match" maxLength:"512" doc:"The ETag of what is to be changed: 412 if somebody has changed it meanwhile. Leave it out to change whatever there is."`
	RawBody []byte
	Body    connectionChange
}

func changeConnectionSpec() huma.Operation {
	return huma.Operation{
		OperationID: "change-connection", Summary: "Change a GitHub credential or its settings", Tags: []string{"connections"}, Security: needsToken(),
		Description: "What is left out stays as it is. A new credential is used within seconds: the connection is unchecked, and operations that waited for it go on within a minute. " +
			"`POST /v1/connections/{id}/check` tells whether GitHub accepts it. The connection that the server's environment describes is changed there: 409.",
		Errors: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed, http.StatusServiceUnavailable},
	}
}

func (a *API) changeConnection(ctx context.Context, in *changeConnectionInput) (*connectionOutput, error) {
	before, err := a.opts.Connections.Connection(ctx, workspaceOf(ctx), in.id())
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	change, fields := a.connectionChange(in.Body, before)
	if len(fields) > 0 {
		return nil, invalid(ctx, fields...)
	}
	if in.IfMatch != "" {
		if !matchesTag(in.IfMatch, tagOf(fromConnection(before))) {
			return nil, a.fail(ctx, operation.Changed("The connection is not what If-Match names. Read it again."))
		}
		change.IfVersion = before.Version // as far as is known; the store compares it once more
	}
	c, err := a.opts.Connections.ChangeConnection(ctx, workspaceOf(ctx), in.id(), change)
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	a.connectionLog(ctx, c).InfoContext(ctx, "connection changed")
	return describeConnection(c), nil
}

func deleteConnectionSpec() huma.Operation {
	return huma.Operation{
		OperationID: "delete-connection", Summary: "Forget a GitHub credential", Tags: []string{"connections"}, Security: needsToken(),
		Description: "Its secrets are erased with it. What was mirrored with it stays. On GitHub the credential stays valid until it is revoked there. " +
			"The connection that the server's environment describes is removed there: 409.",
		DefaultStatus: http.StatusNoContent,
		Errors:        []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable},
	}
}

func (a *API) deleteConnection(ctx context.Context, in *ConnectionPath) (*struct{}, error) {
	if err := a.opts.Connections.DeleteConnection(ctx, workspaceOf(ctx), in.id()); err != nil {
		return nil, a.fail(ctx, err)
	}
	a.connectionLog(ctx, connection.Connection{ID: in.id()}).InfoContext(ctx, "connection deleted")
	return nil, nil
}

// connectionLog is for who did what to which connection.
func (a *API) connectionLog(ctx context.Context, c connection.Connection) *slog.Logger {
	return a.logger(ctx).With("connection", c.ID, "name", c.Name, "by", subjectOf(ctx))
}
