package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/connection"
	"github.com/holdfast/holdfast/internal/operation"
)

// ConnectionRules judge what a connection is to be made of. The errors are sentences for
// whoever asks, and hold nothing secret.
type ConnectionRules struct {
	// BaseURL is a base URL in the one form in which it is kept; empty: the default one.
	// It fails for one that this server may not send credentials to.
	BaseURL func(given string) (string, error)
	// PrivateKey fails for what is not the private key of a GitHub App.
	PrivateKey func(pem string) error
}

// connectionRequest is the body of POST /v1/connections.
type connectionRequest struct {
	Name         string          `json:"name" minLength:"1" maxLength:"63" pattern:"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$" patternDescription:"lower-case letters, digits and inner hyphens" example:"octo-ci" doc:"Yours to choose, once in the workspace."`
	Token        string          `json:"token,omitempty" minLength:"1" maxLength:"255" writeOnly:"true" example:"github_pat_EXAMPLE" doc:"A personal access token, fine-grained or classic. Either this or app. It is never shown again."`
	App          *appCredential  `json:"app,omitempty" doc:"An installation of a GitHub App. Either this or token."`
	BaseURL      string          `json:"base_url,omitempty" minLength:"1" maxLength:"255" example:"https://github.example.com/api/v3" doc:"Of GitHub's API, where it is not the server's default: for GitHub Enterprise Server https://HOST/api/v3."`
	Repositories []string        `json:"repositories,omitempty" maxItems:"100" nullable:"false" example:"[\"octo-corp/*\"]" doc:"For which repositories it is used, as patterns owner/name in which * stands for any characters. Leave it out for all."`
	Reserve      *Reserve        `json:"reserve,omitempty" doc:"What to leave untouched for other tools: either percent or requests."`
	InFlight     int             `json:"in_flight,omitempty" minimum:"1" maximum:"100" example:"10" doc:"How many requests to make at once; 10 if absent."`
	Webhook      *webhookSetting `json:"webhook,omitempty" doc:"How deliveries to /v1/webhooks/{connection} are verified."`
	Check        *bool           `json:"check,omitempty" doc:"false: keep it without asking GitHub about it first. Leave it out otherwise."`
}

// appCredential is an installation of a GitHub App, as it is made.
type appCredential struct {
	ID             int64  `json:"id" minimum:"1" example:"48213" doc:"The App's id."`
	InstallationID int64  `json:"installation_id" minimum:"1" example:"3310577" doc:"The installation's id."`
	PrivateKey     string `json:"private_key" minLength:"1" maxLength:"16384" writeOnly:"true" example:"-----BEGIN RSA PRIVATE KEY-----\n…" doc:"The App's private key, in PEM. It is never shown again."`
}

// webhookSetting is how deliveries are verified, as it is made and changed.
type webhookSetting struct {
	Hook           *string `json:"hook,omitempty" maxLength:"255" example:"orgs/octo-corp/hooks/1" doc:"The hook's path in GitHub's API, so that deliveries that were lost are asked for. Empty: none."`
	Secret         *string `json:"secret,omitempty" maxLength:"255" writeOnly:"true" doc:"What GitHub signs deliveries with. Empty: none, and nothing is accepted. It is never shown again."`
	PreviousSecret *string `json:"previous_secret,omitempty" maxLength:"255" writeOnly:"true" doc:"Accepted as well, while the secret is exchanged. Empty: none."`
}

// connectionChange is the body of PATCH /v1/connections/{id}.
type connectionChange struct {
	Name         *string         `json:"name,omitempty" minLength:"1" maxLength:"63" pattern:"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$" patternDescription:"lower-case letters, digits and inner hyphens" example:"octo-ci"`
	Token        *string         `json:"token,omitempty" minLength:"1" maxLength:"255" writeOnly:"true" example:"github_pat_EXAMPLE" doc:"Replaces the token. It is never shown again."`
	App          *appChange      `json:"app,omitempty"`
	Repositories *[]string       `json:"repositories,omitempty" maxItems:"100" nullable:"false" example:"[\"octo-corp/*\"]" doc:"Replaces the patterns; empty: for all repositories."`
	Reserve      *Reserve        `json:"reserve,omitempty" doc:"Replaces the reserve; {\"percent\": 0}: none."`
	InFlight     *int            `json:"in_flight,omitempty" minimum:"1" maximum:"100"`
	Webhook      *webhookSetting `json:"webhook,omitempty" doc:"What it leaves out stays as it is."`
	Disabled     *bool           `json:"disabled,omitempty" doc:"true: do not use it until this is set to false."`
}

// appChange is what of an App's installation may be replaced.
type appChange struct {
	InstallationID *int64  `json:"installation_id,omitempty" minimum:"1"`
	PrivateKey     *string `json:"private_key,omitempty" minLength:"1" maxLength:"16384" writeOnly:"true" doc:"Replaces the private key. It is never shown again."`
}

// Resolve refuses null, which would be taken for something that was left out.
func (in *createConnectionInput) Resolve(huma.Context) []error { return nullErrors(in.RawBody) }

// Resolve refuses null: nobody knows whether it means to leave something as it is.
func (in *changeConnectionInput) Resolve(huma.Context) []error { return nullErrors(in.RawBody) }

var (
	_ huma.Resolver = (*createConnectionInput)(nil)
	_ huma.Resolver = (*changeConnectionInput)(nil)
)

// nullErrors are the members of a body that are null.
func nullErrors(body []byte) (errs []error) {
	for _, location := range nulls("body", body) {
		errs = append(errs, &huma.ErrorDetail{Location: location, Message: "is null; leave it out where it is not needed"})
	}
	return errs
}

// nulls are the places of members of an object that are null, in the order of their names.
func nulls(at string, value []byte) (found []string) {
	if bytes.Equal(value, []byte("null")) {
		return []string{at}
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(value, &members); err != nil {
		return nil // no object: whether it may be another value is for the schema
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		found = append(found, nulls(at+"."+name, members[name])...)
	}
	return found
}

// newConnection is the connection that a request asks for, or what is wrong with it.
func (a *API) newConnection(workspaceID string, r connectionRequest) (connection.New, []Field) {
	n := connection.New{
		ID: a.opts.NewID(), WorkspaceID: workspaceID, Name: r.Name, Kind: connection.KindToken, Repositories: r.Repositories, InFlight: r.InFlight,
		Secrets: connection.Secrets{Token: r.Token},
	}
	fields := nameFields(r.Name)
	switch {
	case (r.Token == "") == (r.App == nil):
		fields = append(fields, Field{Location: "body", Message: "must have either token or app"})
	case r.App != nil:
		n.Kind, n.AppID, n.InstallationID, n.Secrets.PrivateKey = connection.KindApp, r.App.ID, r.App.InstallationID, r.App.PrivateKey
		fields = append(fields, a.keyFields(r.App.PrivateKey)...)
	default:
		fields = append(fields, tokenFields(r.Token)...)
	}
	var err error
	if n.BaseURL, err = a.opts.ConnectionRules.BaseURL(r.BaseURL); err != nil {
		fields = append(fields, Field{Location: "body.base_url", Message: err.Error()})
	}
	fields = append(fields, repositoryFields(r.Repositories)...)
	fields = append(fields, r.Reserve.fields()...)
	n.Reserve = r.Reserve.domain()
	if w := r.Webhook; w != nil {
		fields = append(fields, w.fields(false)...)
		n.Hook, n.Secrets.WebhookSecret, n.Secrets.PreviousWebhookSecret = deref(w.Hook), deref(w.Secret), deref(w.PreviousSecret)
	}
	return n, fields
}

// connectionChange is the change that a request asks for of a connection, or what is
// wrong with it.
func (a *API) connectionChange(r connectionChange, before connection.Connection) (connection.Change, []Field) {
	c := connection.Change{Name: r.Name, Repositories: r.Repositories, InFlight: r.InFlight, Disabled: r.Disabled}
	fields := nameFields(deref(r.Name))
	if r.Token != nil {
		c.Secrets.Token = *r.Token
		fields = append(fields, tokenFields(*r.Token)...)
		if before.Kind == connection.KindApp {
			fields = append(fields, Field{Location: "body.token", Message: "is given, and this connection is of a GitHub App: make another one"})
		}
	}
	if r.App != nil {
		c.InstallationID = r.App.InstallationID
		if key := r.App.PrivateKey; key != nil {
			c.Secrets.PrivateKey = *key
			fields = append(fields, a.keyFields(*key)...)
		}
		if before.Kind == connection.KindToken {
			fields = append(fields, Field{Location: "body.app", Message: "is given, and this connection is a token: make another one"})
		}
	}
	if r.Repositories != nil {
		fields = append(fields, repositoryFields(*r.Repositories)...)
	}
	if r.Reserve != nil {
		fields = append(fields, r.Reserve.fields()...)
		reserve := r.Reserve.domain()
		c.Reserve = &reserve
	}
	if w := r.Webhook; w != nil {
		fields = append(fields, w.fields(before.Webhook.HasSecret)...)
		c.Hook, c.Secrets.WebhookSecret, c.Secrets.PreviousWebhookSecret = w.Hook, deref(w.Secret), deref(w.PreviousSecret)
		c.WithoutWebhookSecret = w.Secret != nil && *w.Secret == ""
		c.WithoutPreviousWebhookSecret = w.PreviousSecret != nil && *w.PreviousSecret == ""
	}
	return c, fields
}

// environmentsName is the name of the connection that the environment describes. A worker
// that is the first to start could not describe it if another had the name.
const environmentsName = "default"

func nameFields(name string) []Field {
	if name == environmentsName {
		return []Field{{Location: "body.name", Message: "is kept for the connection that the server's environment describes"}}
	}
	return nil
}

// tokenFields are what is wrong with a token. The token itself is not repeated.
func tokenFields(token string) []Field {
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return []Field{{Location: "body.token", Message: "has a character that no token has, such as a space or a line break"}}
	}
	return nil
}

func (a *API) keyFields(pem string) []Field {
	if err := a.opts.ConnectionRules.PrivateKey(pem); err != nil {
		return []Field{{Location: "body.app.private_key", Message: err.Error()}}
	}
	return nil
}

func repositoryFields(patterns []string) (fields []Field) {
	for i, pattern := range patterns {
		if !operation.ValidPattern(pattern) {
			fields = append(fields, Field{
				Location: fmt.Sprintf("body.repositories[%d]", i),
				Message:  "must be owner/name, in which * stands for any characters, such as octo-corp/*",
			})
		}
	}
	return fields
}

func (r *Reserve) fields() []Field {
	if r != nil && (r.Percent == nil) == (r.Requests == nil) {
		return []Field{{Location: "body.reserve", Message: "must have either percent or requests"}}
	}
	return nil
}

func (r *Reserve) domain() connection.Reserve {
	if r == nil {
		return connection.Reserve{}
	}
	return connection.Reserve{Percent: deref(r.Percent), Requests: deref(r.Requests)}
}

// hookPaths are hooks as GitHub's API names them. Sources: docs.github.com/rest/orgs/webhooks,
// docs.github.com/rest/repos/webhooks.
var hookPaths = regexp.MustCompile(`^(orgs/[A-Za-z0-9_.-]+|repos/[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+)/hooks/[0-9]+$`)

// fields are what is wrong with a setting; secret is whether there is a secret before.
func (w *webhookSetting) fields(secret bool) (fields []Field) {
	if hook := deref(w.Hook); hook != "" && !hookPaths.MatchString(hook) {
		fields = append(fields, Field{Location: "body.webhook.hook", Message: "must be a path such as orgs/octo-corp/hooks/1 or repos/octo-corp/service/hooks/1"})
	}
	if w.Secret != nil {
		secret = *w.Secret != ""
	}
	if deref(w.PreviousSecret) != "" && !secret {
		fields = append(fields, Field{Location: "body.webhook.previous_secret", Message: "is given, and there is no secret beside it"})
	}
	return fields
}

// deref is what v points to, and the zero value of nil.
func deref[T any](v *T) (out T) {
	if v != nil {
		out = *v
	}
	return out
}
