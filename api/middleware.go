package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
)

// maxBody bounds a request's body, in bytes. The largest that makes sense names a
// repository and a dozen collections.
const maxBody = 64 << 10

// logAccess writes one line for each request that was served. Of the URL it logs
// the path alone.
func (a *API) logAccess(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		wrapped := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		defer func() {
			level := slog.LevelInfo
			if r.URL.Path == "/healthz" || r.URL.Path == "/readyz" {
				level = slog.LevelDebug // probes would drown the rest
			}
			attrs := []slog.Attr{
				slog.String("method", short(r.Method)), slog.String("path", short(r.URL.EscapedPath())),
				slog.String("route", chi.RouteContext(r.Context()).RoutePattern()),
				slog.Int("status", wrapped.Status()), slog.Int("bytes", wrapped.BytesWritten()),
				slog.Float64("duration_ms", float64(time.Since(start).Microseconds())/1000),
				slog.String("remote", r.RemoteAddr),
			}
			if info := requestOf(r.Context()); info != nil && info.identity.Subject != "" {
				attrs = append(attrs, slog.String("subject", info.identity.Subject), slog.String("workspace_id", info.identity.WorkspaceID))
			}
			a.logger(r.Context()).LogAttrs(r.Context(), level, "request", attrs...)
		}()
		next.ServeHTTP(wrapped, r)
	})
}

// recoverPanic answers a panic with a problem, and logs where it came from.
func (a *API) recoverPanic(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler { //nolint:errorlint // the very value, as net/http compares it
				panic(cause)
			}
			ctx := r.Context()
			a.logger(ctx).ErrorContext(ctx, "handler panicked", "panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
			if ww, ok := w.(middleware.WrapResponseWriter); ok && ww.Status() != 0 {
				return // the answer has begun
			}
			newProblem(ctx, http.StatusInternalServerError, "internal", internalDetail).write(w)
		}()
		next.ServeHTTP(w, r)
	})
}

// secure sets the headers that keep browsers from doing anything with an answer
// but reading it. /docs loosens the policy for itself.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		next.ServeHTTP(w, r)
	})
}

// noStore keeps answers that need a token out of caches.
func noStore(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// limitTime ends the work for a request that takes too long.
func (a *API) limitTime(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), a.opts.RequestTimeout)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// keepablePath refuses paths that nothing can have, before anybody looks for it.
func (a *API) keepablePath(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !keepable(r.URL.Path) {
			a.notFound(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// notFound answers for paths that there are not.
func (a *API) notFound(w http.ResponseWriter, r *http.Request) {
	newProblem(r.Context(), http.StatusNotFound, "not_found", "There is nothing at this path. /docs describes what there is.").write(w)
}

// methodNotAllowed answers for methods that a path of routes does not have, and
// says which it has, as RFC 9110 section 15.5.6 demands.
func (a *API) methodNotAllowed(routes chi.Routes) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var allowed []string
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			match := method
			if method == http.MethodHead {
				match = http.MethodGet // GetHead serves it
			}
			if routes.Match(chi.NewRouteContext(), match, r.URL.Path) {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) == 0 { // the method is not one that HTTP knows, and neither is the path ours
			a.notFound(w, r)
			return
		}
		slices.Sort(allowed)
		list := strings.Join(allowed, ", ")
		newProblem(r.Context(), http.StatusMethodNotAllowed, "method_not_allowed",
			fmt.Sprintf("%s is not possible here; this path takes %s.", short(r.Method), list)).
			with("Allow", list).write(w)
	}
}
