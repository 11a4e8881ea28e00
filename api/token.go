package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/operation"
)

// The grants that are exchanged for tokens.
const (
	grantInvitation = "invitation"
	grantRefresh    = "refresh_token"
)

// entryRequest is the body of POST /v1/token.
type entryRequest struct {
	GrantType    string `json:"grant_type" enum:"invitation,refresh_token" example:"refresh_token" doc:"What is shown."`
	Code         string `json:"code,omitempty" maxLength:"255" writeOnly:"true" example:"hfi_…" doc:"An invitation's code, with the grant invitation."`
	RefreshToken string `json:"refresh_token,omitempty" maxLength:"255" writeOnly:"true" example:"hfr_…" doc:"With the grant refresh_token."`
}

type tokenInput struct {
	RawBody []byte
	Body    entryRequest
}

// Resolve refuses null.
func (in *tokenInput) Resolve(huma.Context) []error { return nullErrors(in.RawBody) }

var _ huma.Resolver = (*tokenInput)(nil)

// TokenPair is what a session goes on with.
type TokenPair struct {
	AccessToken      string    `json:"access_token" example:"eyJhbGciOiJFZERTQSJ9.…" doc:"Send it as Authorization: Bearer."`
	TokenType        string    `json:"token_type" enum:"Bearer"`
	ExpiresIn        int       `json:"expires_in" example:"900" doc:"For how many seconds the access token is good."`
	RefreshToken     string    `json:"refresh_token" example:"hfr_…" doc:"Good once, for the next pair. A second use ends the session."`
	SessionID        string    `json:"session_id" format:"uuid"`
	SessionExpiresAt time.Time `json:"session_expires_at" doc:"When to sign in again, however often it is refreshed."`
	WorkspaceID      string    `json:"workspace_id" format:"uuid"`
	Subject          string    `json:"subject" example:"ada" doc:"The login."`
	Role             auth.Role `json:"role" enum:"reader,operator,admin" doc:"As it is now: what the access token allows is looked up with each request."`
}

type tokenOutput struct{ Body TokenPair }

func tokenSpec() huma.Operation {
	return huma.Operation{
		OperationID: "exchange-token", Summary: "Sign in with an invitation, or go on with a refresh token", Tags: []string{"members"},
		Description: "Answers an access token for fifteen minutes and a new refresh token. Each code and each refresh token is good once: " +
			"a refresh token that is shown a second time ends its session at once, for one of the two who showed it has stolen it.",
		Errors: []int{http.StatusUnauthorized, http.StatusTooManyRequests, http.StatusServiceUnavailable},
	}
}

func (a *API) exchangeToken(ctx context.Context, in *tokenInput) (*tokenOutput, error) {
	if a.opts.Issuer == nil {
		return nil, noSessions(ctx)
	}
	b := in.Body
	if (b.Code != "") != (b.GrantType == grantInvitation) || (b.RefreshToken != "") != (b.GrantType == grantRefresh) {
		return nil, invalid(ctx, Field{Location: "body", Message: "must have code with the grant invitation, and refresh_token with the grant refresh_token"})
	}
	next := auth.NewRefreshToken()
	e, problem := a.exchange(ctx, b, next)
	if problem != nil {
		return nil, problem
	}
	pair, err := a.tokenPair(e, next)
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	if b.GrantType == grantInvitation {
		a.auditEntrance(ctx, e, "")
	}
	return &tokenOutput{Body: pair}, nil
}

// exchange has a session begin or go on with the next refresh token.
func (a *API) exchange(ctx context.Context, b entryRequest, next auth.Code) (operation.Exchange, *Problem) {
	parse, noSuch := auth.ParseRefreshToken, "There is no such refresh token. Sign in again."
	if b.GrantType == grantInvitation {
		parse, noSuch = auth.ParseInvitation, "There is no such code: it was used, replaced by a newer one, or cut off. Ask for another."
	}
	shown, err := parse(b.Code + b.RefreshToken)
	if err != nil {
		return operation.Exchange{}, a.refuseEntrance(ctx, noSuch)
	}
	var e operation.Exchange
	var ok bool
	if b.GrantType == grantInvitation {
		e, ok, err = a.opts.Sessions.AcceptInvitation(ctx, shown.Hash[:], a.opts.NewID(), next.Hash[:])
	} else {
		e, ok, err = a.opts.Sessions.RefreshSession(ctx, shown.Hash[:], next.Hash[:])
	}
	switch {
	case err != nil:
		return e, a.fail(ctx, err)
	case !ok:
		return e, a.refuseEntrance(ctx, noSuch)
	case e.Refused():
		return e, a.refuseExchange(ctx, b.GrantType, e)
	}
	return e, nil
}

// refuseExchange is the answer to a code or token that is known and good no more.
func (a *API) refuseExchange(ctx context.Context, grant string, e operation.Exchange) *Problem {
	switch {
	case e.Reused:
		if e.Ended {
			a.logger(ctx).WarnContext(ctx, "a refresh token was used twice: its session is ended", "session", e.SessionID, "login", e.Login)
			a.auditEntrance(ctx, e, "A refresh token of "+e.Login+" was used a second time: the session "+e.SessionID+" was ended.")
		}
		return newProblem(ctx, http.StatusUnauthorized, "refresh_reused",
			"This refresh token was used before, so its session was ended: sign in again. Where it was not you who used it, somebody else has it.").
			with("WWW-Authenticate", challenge("", ""))
	case e.Revoked:
		return newProblem(ctx, http.StatusUnauthorized, "session_ended", "The session was ended. Sign in again.").with("WWW-Authenticate", challenge("", ""))
	case e.Disabled:
		return a.refuseEntrance(ctx, "This person is let in no more.")
	case grant == grantInvitation:
		return a.refuseEntrance(ctx, "The code has expired. Ask for another.")
	default:
		return newProblem(ctx, http.StatusUnauthorized, "session_ended", "The session has expired. Sign in again.").with("WWW-Authenticate", challenge("", ""))
	}
}

// tokenPair is what a session goes on with.
func (a *API) tokenPair(e operation.Exchange, refresh auth.Code) (TokenPair, error) {
	ttl := min(accessTime, max(e.ExpiresAt.Sub(a.opts.Now()), time.Second))
	access, err := a.opts.Issuer.Issue(auth.Grant{
		Subject: e.Login, WorkspaceID: e.WorkspaceID, Role: auth.Role(e.Role), TTL: ttl, SessionID: e.SessionID,
	})
	if err != nil {
		return TokenPair{}, err //nolint:wrapcheck // it says what was being done
	}
	return TokenPair{
		AccessToken: access, TokenType: "Bearer", ExpiresIn: int(ttl.Seconds()), RefreshToken: refresh.Reveal(), SessionID: e.SessionID,
		SessionExpiresAt: e.ExpiresAt.UTC(), WorkspaceID: e.WorkspaceID, Subject: e.Login, Role: auth.Role(e.Role),
	}, nil
}

type revokeTokenInput struct {
	Body struct {
		RefreshToken string `json:"refresh_token" minLength:"1" maxLength:"255" writeOnly:"true" example:"hfr_…" doc:"Any of the session, used or not."`
	}
}

func revokeTokenSpec() huma.Operation {
	return huma.Operation{
		OperationID: "revoke-token", Summary: "Sign out", Tags: []string{"members"},
		Description:   "Ends the session of a refresh token: its access tokens are refused from now on, and streams that they opened end within a heartbeat. A token that is not known changes nothing (RFC 7009 section 2.2).",
		DefaultStatus: http.StatusNoContent,
		Errors:        []int{http.StatusTooManyRequests, http.StatusServiceUnavailable},
	}
}

func (a *API) revokeToken(ctx context.Context, in *revokeTokenInput) (*struct{}, error) {
	token, err := auth.ParseRefreshToken(in.Body.RefreshToken)
	if err != nil {
		return nil, nil //nolint:nilerr // as RFC 7009 section 2.2 asks
	}
	e, ok, err := a.opts.Sessions.EndSession(ctx, token.Hash[:])
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	if ok {
		a.auditEntrance(ctx, e, "")
	}
	return nil, nil
}
