package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// What pages of the origins that are named may ask and see, beyond what the Fetch
// standard allows every page. Answers never allow credentials: keys and tokens are sent by
// the page itself, and nothing here looks at cookies but the codec, which has rules of its own.
const (
	crossMethods = "DELETE, GET, HEAD, PATCH, POST, PUT"
	crossAsks    = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Prefer, Traceparent, Tracestate, X-Request-Id"
	crossSees    = "Allow, ETag, Idempotency-Replayed, Link, Location, Preference-Applied, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-Request-Id"
)

// crossOrigin lets the browser hand answers to pages of other origins: of the codec to
// the Temporal UI's, of everything else to those of Options.Origins, and to no other. None
// are named by default: then a browser keeps every other page from asking.
func (a *API) crossOrigin(next http.Handler) http.Handler {
	codec := a.codecCrossOrigin(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, codecPath+"/"):
			codec.ServeHTTP(w, r)
		case len(a.opts.Origins) == 0:
			next.ServeHTTP(w, r)
		default:
			a.shareWithOrigins(w, r, next)
		}
	})
}

// shareWithOrigins answers preflights, and says of all other answers which page may read
// them. Caches keep them apart by origin, also where there was none.
func (a *API) shareWithOrigins(w http.ResponseWriter, r *http.Request, next http.Handler) {
	h := w.Header()
	h.Add("Vary", "Origin")
	origin := r.Header.Values("Origin")
	allowed := len(origin) == 1 && slices.Contains(a.opts.Origins, origin[0])
	if allowed {
		h.Set("Access-Control-Allow-Origin", origin[0])
		h.Set("Access-Control-Expose-Headers", crossSees)
	}
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		next.ServeHTTP(w, r)
		return
	}
	if !allowed {
		newProblem(r.Context(), http.StatusForbidden, "forbidden_origin", "Pages of this origin may not ask: it is none of those that HOLDFAST_CORS_ORIGINS names.").write(w)
		return
	}
	h.Del("Access-Control-Expose-Headers")
	h.Set("Access-Control-Allow-Methods", crossMethods)
	h.Set("Access-Control-Allow-Headers", crossAsks)
	h.Set("Access-Control-Max-Age", fmt.Sprintf("%.0f", preflightAge.Seconds()))
	w.WriteHeader(http.StatusNoContent)
}
