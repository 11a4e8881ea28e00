package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/operation"
)

// accessTime is how long an access token of a session is good. What a session allows is
// looked up with each request all the same.
const accessTime = 15 * time.Minute

// SessionStore keeps the sessions of members, and the hashes of what continues them.
type SessionStore interface {
	// FindSession is what an access token of a session allows now. ok is false where there
	// is no such session.
	FindSession(ctx context.Context, workspaceID, id string) (known operation.KnownSession, ok bool, err error)
	// AcceptInvitation exchanges a code for a session and its first refresh token, once. ok
	// is false where there is no such code.
	AcceptInvitation(ctx context.Context, hash []byte, sessionID string, refresh []byte) (e operation.Exchange, ok bool, err error)
	// RefreshSession exchanges a refresh token for the next one, and ends the session of
	// one that was used before. ok is false where there is no such token.
	RefreshSession(ctx context.Context, hash, refresh []byte) (e operation.Exchange, ok bool, err error)
	// EndSession ends the session of a refresh token. ok is false where there is none to end.
	EndSession(ctx context.Context, hash []byte) (e operation.Exchange, ok bool, err error)
	// SignIn begins a session of the member whose GitHub account it is. ok is false where
	// nobody has let the person in.
	SignIn(ctx context.Context, person operation.Person, workspaceID, sessionID string, refresh []byte) (e operation.Exchange, ok bool, err error)
}

// inSession is what a token of a session allows now, whatever its claims say. Errors are
// auth.ErrSessionOver, auth.ErrInvalid and *operation.Error.
func (a *API) inSession(ctx context.Context, identity auth.Identity) (auth.Identity, error) {
	known, ok, err := a.opts.Sessions.FindSession(ctx, identity.WorkspaceID, identity.SessionID)
	if err != nil {
		return auth.Identity{}, &operation.Error{Code: operation.CodeOf(err), Message: "The session cannot be looked for now.", Err: err}
	}
	if !ok || known.Ended || !a.opts.Now().Before(known.ExpiresAt) {
		return auth.Identity{}, auth.ErrSessionOver
	}
	identity.Subject, identity.Role, identity.Repositories = known.Login, auth.Role(known.Role), known.Repositories
	if !identity.Role.Valid() {
		return auth.Identity{}, auth.ErrInvalid
	}
	return identity, nil
}

// refused is the answer to a token or key that is not accepted.
func refused(ctx context.Context, err error) *Problem {
	if errors.Is(err, auth.ErrSessionOver) {
		return newProblem(ctx, http.StatusUnauthorized, "session_ended", refusal(err)).with("WWW-Authenticate", challenge(refusal(err), "invalid_token"))
	}
	return unauthorized(ctx, refusal(err), "invalid_token")
}

// noSessions says that this server cannot sign tokens.
func noSessions(ctx context.Context) *Problem {
	return newProblem(ctx, http.StatusServiceUnavailable, string(operation.CodeUnavailable),
		"This server signs no tokens, so nobody can sign in: it has no HOLDFAST_JWT_PRIVATE_KEY.")
}
