package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/auth"
)

// Me is whoever asks.
type Me struct {
	Subject      string     `json:"subject" example:"ada"`
	Kind         string     `json:"kind" enum:"session,key,token" doc:"What was shown: the token of a member's session, a key, or a token that was issued otherwise."`
	WorkspaceID  string     `json:"workspace_id" format:"uuid"`
	Role         auth.Role  `json:"role" enum:"reader,operator,admin"`
	Repositories []string   `json:"repositories" nullable:"false" example:"[\"octo-corp/*\"]" doc:"What may be seen, as patterns owner/name; empty: all of the workspace."`
	SessionID    string     `json:"session_id,omitempty" format:"uuid" doc:"Of a member's session only."`
	ExpiresAt    *time.Time `json:"expires_at,omitempty" doc:"Of what was shown; absent: never."`
}

type meOutput struct{ Body Me }

func meSpec() huma.Operation {
	return huma.Operation{
		OperationID: "get-me", Summary: "Tell who asks, and what they may do", Tags: []string{"members"}, Security: needsToken(),
		Description: "As it is now: a member's role and repositories are those of the membership, whatever the token says.",
		Errors:      []int{http.StatusUnauthorized, http.StatusServiceUnavailable},
	}
}

func (a *API) me(ctx context.Context, _ *struct{}) (*meOutput, error) {
	info := requestOf(ctx)
	if info == nil {
		return nil, unauthorized(ctx, "This needs a token.", "")
	}
	i := info.identity
	out := &meOutput{Body: Me{
		Subject: i.Subject, Kind: "token", WorkspaceID: i.WorkspaceID, Role: i.Role, Repositories: append([]string{}, i.Repositories...), SessionID: i.SessionID,
	}}
	switch {
	case i.SessionID != "":
		out.Body.Kind = "session"
	case auth.IsAPIKey(info.shown):
		out.Body.Kind = "key"
	}
	if !i.ExpiresAt.IsZero() {
		at := i.ExpiresAt.UTC()
		out.Body.ExpiresAt = &at
	}
	return out, nil
}
