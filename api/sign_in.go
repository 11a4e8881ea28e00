package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/operation"
)

const (
	// signInCookie binds a sign-in to the browser that began it. Its prefix has browsers keep it
	// only from this host and over TLS (draft-ietf-httpbis-rfc6265bis section 4.1.3).
	signInCookie = "__Host-holdfast-signin"
	// signInTime is how long somebody may be at GitHub's page, in seconds.
	signInTime = 600
)

// SignIn finds out who somebody is; *signin.GitHub does.
type SignIn interface {
	// Begin starts a sign-in: the browser is to keep cookie and go to address. CodeUnavailable.
	Begin(ctx context.Context, workspace, login string) (address, cookie string, err error)
	// Finish ends one with what the browser brings back, and says who it is and which
	// workspace is to be entered. CodeUnauthorized; CodeUnavailable.
	Finish(ctx context.Context, state, cookie, code string) (person operation.Person, workspace string, err error)
}

type beginSignInInput struct {
	Workspace string `query:"workspace" format:"uuid" doc:"Which workspace to enter. Leave it out for the one that let the person in first."`
	Login     string `query:"login" maxLength:"100" pattern:"^[A-Za-z0-9-]+$" example:"ada" doc:"Which account to suggest on GitHub's page."`
}

type beginSignInOutput struct {
	Status    int         `json:"-"`
	Location  string      `header:"Location" doc:"GitHub's page."`
	SetCookie http.Cookie `header:"Set-Cookie" doc:"Binds the sign-in to this browser."`
}

func beginSignInSpec() huma.Operation {
	return huma.Operation{
		OperationID: "begin-sign-in", Summary: "Sign in with GitHub", Tags: []string{"members"},
		Description: "For browsers. Sends them to GitHub's page, which sends them back to the callback. GitHub is asked for nothing but who it is. " +
			"404 where no sign-in with GitHub is set up.",
		DefaultStatus: http.StatusFound,
		Errors:        []int{http.StatusNotFound, http.StatusTooManyRequests, http.StatusServiceUnavailable},
	}
}

func (a *API) beginSignIn(ctx context.Context, in *beginSignInInput) (*beginSignInOutput, error) {
	if a.opts.SignIn == nil || a.opts.Issuer == nil {
		return nil, noSignIn(ctx)
	}
	address, cookie, err := a.opts.SignIn.Begin(ctx, in.Workspace, in.Login)
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	return &beginSignInOutput{Status: http.StatusFound, Location: address, SetCookie: signInCookieOf(cookie, signInTime)}, nil
}

// signInCookieOf is the cookie. It goes along when GitHub's page sends the browser back, as
// that is a top-level navigation, and with no other request of another site.
func signInCookieOf(value string, seconds int) http.Cookie {
	return http.Cookie{
		Name: signInCookie, Value: value, Path: "/", MaxAge: seconds, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

type finishSignInInput struct {
	State            string `query:"state" maxLength:"255" doc:"As it was given to GitHub's page."`
	Code             string `query:"code" maxLength:"255" doc:"By which GitHub says who it is; absent where it was told not to."`
	Error            string `query:"error" maxLength:"255" example:"access_denied" doc:"Why there is no code."`
	ErrorDescription string `query:"error_description" maxLength:"1024"`
	ErrorURI         string `query:"error_uri" maxLength:"1024"`
	Cookie           string `cookie:"__Host-holdfast-signin" maxLength:"255"`
}

type finishSignInOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie" doc:"Takes the cookie away."`
	Body      TokenPair
}

func finishSignInSpec() huma.Operation {
	return huma.Operation{
		OperationID: "finish-sign-in", Summary: "Come back from GitHub's page", Tags: []string{"members"},
		Description: "Answers the tokens of a new session to a member whose GitHub account it is. Who was added by a login is bound to the account that first signs in with it. " +
			"Nobody is let in whom no admin has added: 403.",
		Errors: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusTooManyRequests, http.StatusServiceUnavailable},
	}
}

func (a *API) finishSignIn(ctx context.Context, in *finishSignInInput) (*finishSignInOutput, error) {
	if a.opts.SignIn == nil || a.opts.Issuer == nil {
		return nil, noSignIn(ctx)
	}
	code := in.Code
	if in.Error != "" {
		code = ""
	}
	person, workspace, err := a.opts.SignIn.Finish(ctx, in.State, in.Cookie, code)
	if operation.CodeOf(err) == operation.CodeUnauthorized {
		a.logger(ctx).InfoContext(ctx, "a sign-in was refused", "github_error", in.Error, "error", err)
		return nil, a.refuseEntrance(ctx, sentenceOf(err))
	}
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	refresh := auth.NewRefreshToken()
	e, ok, err := a.opts.Sessions.SignIn(ctx, person, workspace, a.opts.NewID(), refresh.Hash[:])
	switch {
	case err != nil:
		return nil, a.fail(ctx, err)
	case !ok:
		why := fmt.Sprintf("GitHub says that you are %s, whom nobody has let in here. Ask an admin to add %s as a member.", person.Login, person.Login)
		a.recordRefusal(ctx, why)
		return nil, newProblem(ctx, http.StatusForbidden, "forbidden", why)
	case e.Refused():
		return nil, a.refuseEntrance(ctx, "This person is let in no more.")
	}
	pair, err := a.tokenPair(e, refresh)
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	a.auditEntrance(ctx, e, "")
	return &finishSignInOutput{SetCookie: signInCookieOf("", -1), Body: pair}, nil
}

func noSignIn(ctx context.Context) *Problem {
	return newProblem(ctx, http.StatusNotFound, "not_found", "Nobody signs in with GitHub here: it is not set up.")
}
