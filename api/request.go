package api

import (
	"context"
	"log/slog"
	"net/http"
	"regexp"

	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/operation"
)

// request is what is known of a request while it is served. It is one value for
// the whole request, so that the access log sees what the handler learned.
type request struct {
	id       string
	path     string
	log      *slog.Logger
	identity auth.Identity // who asks; zero where no token is needed
	shown    string        // the token or key by which that is known
	entering *http.Request // by which somebody signs in or out; nil: none
	secret   bool          // the answer holds what must be kept nowhere
	ids      operation.IDs // what is known of it by name, for everything that its context reaches
}

// requestKey is the context's key of the request.
type requestKey struct{}

// requestOf is the request that ctx belongs to, nil outside of one.
func requestOf(ctx context.Context) *request {
	r, _ := ctx.Value(requestKey{}).(*request)
	return r
}

// workspaceOf is the workspace of whoever asks; authenticate has run before.
func workspaceOf(ctx context.Context) string {
	if r := requestOf(ctx); r != nil {
		return r.identity.WorkspaceID
	}
	return ""
}

// subjectOf is the subject of the token of whoever asks.
func subjectOf(ctx context.Context) string {
	if r := requestOf(ctx); r != nil {
		return r.identity.Subject
	}
	return ""
}

// visibleTo are the repositories that whoever asks may see; none: all.
func visibleTo(ctx context.Context) operation.Patterns {
	if r := requestOf(ctx); r != nil {
		return r.identity.Repositories
	}
	return nil
}

// about notes which operation the request is about.
func about(ctx context.Context, operationID string) {
	if r := requestOf(ctx); r != nil {
		r.ids.Operation = operationID
	}
}

// logOf is the logger of the request that ctx belongs to.
func logOf(ctx context.Context) *slog.Logger {
	r := requestOf(ctx)
	if r == nil {
		return slog.New(slog.DiscardHandler)
	}
	log := r.log.With("request_id", r.id)
	if r.ids.Operation != "" {
		log = log.With("operation_id", r.ids.Operation)
	}
	return log
}

// logger is logOf, and the API's own outside of a request.
func (a *API) logger(ctx context.Context) *slog.Logger {
	if requestOf(ctx) == nil {
		return a.log
	}
	return logOf(ctx)
}

// requestIDs are the ids that are taken over from a client or a proxy: nothing
// that could forge a line of the log.
var requestIDs = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

// identify gives the request its id: the one it came with, or a new one.
func (a *API) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("X-Request-Id")
		if !requestIDs.MatchString(id) {
			id = a.opts.NewID()
		}
		w.Header().Set("X-Request-Id", id)
		info := &request{id: id, path: short(r.URL.EscapedPath()), log: a.log, ids: operation.IDs{Request: id}}
		ctx := operation.WithIDs(context.WithValue(r.Context(), requestKey{}, info), &info.ids)
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}
