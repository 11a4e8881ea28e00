package api

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/auth"
)

const (
	codecPath   = "/v1/codec"
	sessionPath = codecPath + "/session"
	// sessionCookie holds a sealed token. The browser cannot read it, and it is good for
	// the codec only: nothing else looks at cookies.
	sessionCookie = "holdfast_codec"
	// sessionScheme is its name in the OpenAPI document.
	sessionScheme = "codec-session"
	// preflightAge is how long a browser may remember a preflight's answer.
	preflightAge = 10 * time.Minute
)

// asksCodec tells whether a path is one that the Temporal UI asks from its own origin.
// A session is begun at /docs, which is of this one.
func asksCodec(path string) bool {
	return strings.HasPrefix(path, codecPath+"/") && path != sessionPath
}

// codecCrossOrigin lets the browser hand answers of the codec to the Temporal UI, whose
// origin is configured, and to no other.
func (a *API) codecCrossOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !asksCodec(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Add("Vary", "Origin")
		allowed := a.fromTemporalUI(r)
		if allowed {
			h.Set("Access-Control-Allow-Origin", a.opts.TemporalUIOrigin)
			h.Set("Access-Control-Allow-Credentials", "true")
		}
		if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
			next.ServeHTTP(w, r)
			return
		}
		if !allowed {
			forbidden(r, "This is not the origin of the Temporal UI that HOLDFAST_TEMPORAL_UI_ORIGIN names.").write(w)
			return
		}
		h.Set("Access-Control-Allow-Methods", http.MethodPost)
		h.Set("Access-Control-Allow-Headers", "authorization, authorization-extras, content-type, x-namespace")
		h.Set("Access-Control-Max-Age", fmt.Sprintf("%.0f", preflightAge.Seconds()))
		w.WriteHeader(http.StatusNoContent)
	})
}

// longestSession is of a key that does not expire.
const longestSession = 12 * time.Hour

// fromTemporalUI tells whether a page of the Temporal UI sent the request. Browsers
// set the header, and no page can.
func (a *API) fromTemporalUI(r *http.Request) bool {
	return a.opts.TemporalUIOrigin != "" && r.Header.Get("Origin") == a.opts.TemporalUIOrigin
}

func forbidden(r *http.Request, detail string) *Problem {
	return newProblem(r.Context(), http.StatusForbidden, "forbidden", detail)
}

// resumeSession shows the token that the session's cookie holds, where the request
// shows none itself. A page of another origin must not use the cookie.
func (a *API) resumeSession(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie(sessionCookie)
		if _, shown := bearer(r); shown || err != nil {
			next.ServeHTTP(w, r)
			return
		}
		if !a.fromTemporalUI(r) {
			forbidden(r, "The session is good for requests of the Temporal UI only, whose origin HOLDFAST_TEMPORAL_UI_ORIGIN names.").write(w)
			return
		}
		if token, err := a.opts.Codec.Open(cookie.Value); err == nil {
			r = r.Clone(r.Context())
			r.Header.Set("Authorization", "Bearer "+token)
		}
		next.ServeHTTP(w, r)
	})
}

// requireInstallation lets in whose workspace is the installation's own, and tells the
// others why not. A payload does not tell whose it is, so nobody else may read any.
func (a *API) requireInstallation(why string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if a.opts.InstallationWorkspace == "" || workspaceOf(r.Context()) != a.opts.InstallationWorkspace {
				forbidden(r, why).write(w)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

func sessionSpec(config huma.Config, id, summary, description string) huma.Operation {
	responses := problems(config, http.StatusUnauthorized, http.StatusForbidden, http.StatusConflict,
		http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable)
	responses["204"] = &huma.Response{Description: "Done"}
	return huma.Operation{
		OperationID: id, Summary: summary, Description: description, Tags: []string{"codec"}, Security: needsToken(), Responses: responses,
	}
}

func startSessionSpec(config huma.Config) huma.Operation {
	return sessionSpec(config, "start-codec-session", "Let this browser's Temporal UI read payloads",
		"Sets a cookie that lasts no longer than the token. Switch on \"include cross-origin credentials\" in the UI's codec settings. "+
			"The UI and this API have to be of one site: the same host, or hosts below the same registered domain, with the same scheme.")
}

func endSessionSpec(config huma.Config) huma.Operation {
	return sessionSpec(config, "end-codec-session", "End it", "Takes the cookie away from this browser.")
}

// startSession gives the browser a cookie that holds the token it shows.
func (a *API) startSession(w http.ResponseWriter, r *http.Request) {
	token, _ := bearer(r) // authenticate has seen it
	sealed, err := a.opts.Codec.Seal(token)
	if err != nil {
		a.fail(r.Context(), err).write(w)
		return
	}
	var who auth.Identity
	if info := requestOf(r.Context()); info != nil {
		who = info.identity
	}
	// The verifier allows for clocks that differ; a cookie needs no such leeway.
	left := int(longestSession.Seconds())
	if !who.ExpiresAt.IsZero() {
		left = max(1, int(who.ExpiresAt.Sub(a.opts.Now()).Seconds()))
	}
	http.SetCookie(w, a.cookie(r, sealed, left))
	w.WriteHeader(http.StatusNoContent)
}

// endSession takes the cookie back.
func (a *API) endSession(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, a.cookie(r, "", -1))
	w.WriteHeader(http.StatusNoContent)
}

// cookie is the session's. It is marked Secure wherever the browser speaks HTTPS with
// either end: a UI that is served by HTTPS may not ask an API that is not.
func (a *API) cookie(r *http.Request, value string, seconds int) *http.Cookie {
	secure := r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" || strings.HasPrefix(a.opts.TemporalUIOrigin, "https://")
	return &http.Cookie{ //nolint:gosec // Secure is decided above
		Name: sessionCookie, Value: value, Path: codecPath, MaxAge: seconds,
		HttpOnly: true, Secure: secure, SameSite: http.SameSiteStrictMode,
	}
}
