package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/operation"
)

// Issuers verifies tokens of other issuers; *oidc.Verifier does.
type Issuers interface {
	// Verify is whose a token is. mine is false for one of none of the issuers. Errors are
	// those of package auth, or an *operation.Error.
	Verify(ctx context.Context, token string) (identity auth.Identity, mine bool, err error)
}

// refusals words why a token is refused. The order does not matter: an error
// wraps one of them.
var refusals = []struct {
	err      error
	sentence string
}{
	{auth.ErrExpired, "The token has expired; get a new one."},
	{auth.ErrNotYetValid, "The token is not valid yet; compare the clocks of its issuer and of this server."},
	{auth.ErrSignature, "The token was not signed by a key that this server trusts."},
	{auth.ErrMalformed, "The token is neither a JSON Web Token nor a key of this API."},
	{auth.ErrUnknownKey, "There is no such key."},
	{auth.ErrRevoked, "The key was revoked."},
	{auth.ErrSessionOver, "The session has ended. Sign in again."},
	{auth.ErrInvalid, "The token is not meant for this API: its issuer, audience, workspace or role is not acceptable."},
}

// issuerAway is said of a token that may be good: nobody can tell without its issuer's keys.
const issuerAway = "The keys of the token's issuer could not be fetched yet, so the token cannot be verified. Try again in a moment."

// authenticate lets in who shows a token that is valid now, and notes who it is.
func (a *API) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		token, ok := bearer(r)
		if !ok {
			unauthorized(ctx, "This needs a token: send Authorization: Bearer followed by it, once.", "").write(w)
			return
		}
		identity, err := a.identityOf(ctx, token)
		if failure := new(operation.Error); errors.As(err, &failure) {
			a.fail(ctx, err).write(w)
			return
		}
		if errors.Is(err, auth.ErrIssuerAway) {
			a.logger(ctx).WarnContext(ctx, "a token could not be verified", "error", err)
			newProblem(ctx, http.StatusServiceUnavailable, string(operation.CodeUnavailable), issuerAway).with("Retry-After", "30").write(w)
			return
		}
		if err != nil {
			a.logger(ctx).InfoContext(ctx, "token refused", "error", err)
			a.auditRefusal(r, refusal(err))
			refused(ctx, err).write(w)
			return
		}
		if info := requestOf(ctx); info != nil {
			// A stream keeps the token for as long as it is open, and would keep all headers with it.
			info.identity, info.ids.Workspace, info.shown = identity, identity.WorkspaceID, strings.Clone(token)
		}
		next.ServeHTTP(w, r)
	})
}

// identityOf is who shows a token or a key; of a token of a session, as that is now. Errors are those of package auth, and where
// keys cannot be looked for now an *operation.Error.
func (a *API) identityOf(ctx context.Context, token string) (auth.Identity, error) {
	if !auth.IsAPIKey(token) {
		if a.opts.Issuers != nil {
			if identity, mine, err := a.opts.Issuers.Verify(ctx, token); mine {
				return identity, err //nolint:wrapcheck // compared with package auth's
			}
		}
		identity, err := a.opts.Verifier.Verify(token)
		if err != nil || identity.SessionID == "" {
			return identity, err //nolint:wrapcheck // compared with package auth's
		}
		return a.inSession(ctx, identity)
	}
	key, err := auth.ParseAPIKey(token)
	if err != nil {
		return auth.Identity{}, err //nolint:wrapcheck // compared with package auth's
	}
	known, ok, err := a.opts.Keys.FindAPIKey(ctx, key.Hash[:])
	if err != nil {
		return auth.Identity{}, &operation.Error{Code: operation.CodeOf(err), Message: "The key cannot be looked for now.", Err: err}
	}
	if !ok {
		return auth.Identity{}, auth.ErrUnknownKey
	}
	return key.Identity(known, a.opts.Now()) //nolint:wrapcheck // compared with package auth's
}

// wholeWorkspace lets in who may see all of the workspace. A route is open to the others
// only if it holds what it shows against what they may see.
func wholeWorkspace(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		if info := requestOf(ctx); info == nil || info.identity.Limited() {
			newProblem(ctx, http.StatusForbidden, "forbidden", "This key is limited to some repositories, and this is about the whole workspace.").
				with("WWW-Authenticate", `Bearer realm="holdfast", error="insufficient_scope"`).write(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// bearer is the token that r shows. A token in the URL would end in logs and
// histories: it is not looked for there. Of two tokens nobody knows which one a proxy
// has looked at.
func bearer(r *http.Request) (string, bool) {
	shown := r.Header.Values("Authorization")
	if len(shown) != 1 {
		return "", false
	}
	scheme, token, found := strings.Cut(shown[0], " ")
	token = strings.TrimSpace(token)
	return token, found && strings.EqualFold(scheme, "Bearer") && token != ""
}

// refusal is the sentence for why a token is refused.
func refusal(err error) string {
	for _, r := range refusals {
		if errors.Is(err, r.err) {
			return r.sentence
		}
	}
	return "The token is not acceptable."
}

// unauthorized is a 401 with the challenge of RFC 6750. Without a token shown the
// challenge carries no error code, as section 3 of it asks.
func unauthorized(ctx context.Context, detail, code string) *Problem {
	return newProblem(ctx, http.StatusUnauthorized, "unauthorized", detail).with("WWW-Authenticate", challenge(detail, code))
}

// challenge is what a 401 must say of how to be let in (RFC 9110 section 15.5.2).
func challenge(detail, code string) string {
	text := `Bearer realm="holdfast"`
	if code != "" {
		text += fmt.Sprintf(`, error=%q, error_description=%q`, code, detail)
	}
	return text
}

// requireRole lets in who has at least that role.
func requireRole(role auth.Role) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx := r.Context()
			info := requestOf(ctx)
			if info == nil || !info.identity.Role.Includes(role) {
				detail := fmt.Sprintf("This needs a token with the role %s or more.", role)
				newProblem(ctx, http.StatusForbidden, "forbidden", detail).
					with("WWW-Authenticate", `Bearer realm="holdfast", error="insufficient_scope"`).write(w)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}
