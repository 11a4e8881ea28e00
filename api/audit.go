package api

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/holdfast/holdfast/internal/operation"
)

const (
	// auditTime bounds what is recorded after a request, whose own time may be over.
	auditTime = 5 * time.Second
	// refusalsAMinute bounds how many refused tokens are recorded: the log has all of them.
	refusalsAMinute = 60
)

// AuditEvent is a request to change something, or one whose token or key was refused.
type AuditEvent struct {
	ID        string    `json:"id" format:"uuid"`
	At        time.Time `json:"at"`
	Subject   string    `json:"subject,omitempty" example:"key:0190a6c8-7e3b-7c3a-9d10-3f2a4b5c6d7e" doc:"Of the token, or key: and the key's id; absent where it was refused."`
	Action    string    `json:"action" example:"POST /v1/connections/{id}/check" doc:"Method and route."`
	Path      string    `json:"path" example:"/v1/connections/default/check"`
	Remote    string    `json:"remote" example:"203.0.113.7" doc:"The address that it came from: the proxy's, where there is one."`
	RequestID string    `json:"request_id" doc:"As in the log."`
	Refused   string    `json:"refused,omitempty" doc:"Why nobody was let in; absent where somebody was."`
	Status    int       `json:"status,omitempty" example:"202" doc:"How it was answered; absent where the server ended before it had."`
	Location  string    `json:"location,omitempty" doc:"What was made."`
}

type listAuditInput struct {
	Page
	Subject string `query:"subject" maxLength:"255" doc:"Only what this subject asked for."`
	Action  string `query:"action" maxLength:"255" doc:"Only this method and route." example:"POST /v1/syncs"`
}

type listAuditOutput struct {
	Link string `header:"Link" doc:"The next page, rel=next; absent from the last."`
	Body struct {
		Events     []AuditEvent `json:"events" nullable:"false"`
		NextCursor string       `json:"next_cursor,omitempty" doc:"Absent from the last page."`
	}
}

func listAuditSpec() huma.Operation {
	return huma.Operation{
		OperationID: "list-audit", Summary: "Tell who did what, from where", Tags: []string{"audit"}, Security: needsToken(),
		Description: "Every request to change something, newest first, whether or not it was carried out, and tokens and keys that were refused. " +
			"An event is kept before the request is carried out, and never changed.",
		Errors: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusServiceUnavailable},
	}
}

func (a *API) listAudit(ctx context.Context, in *listAuditInput) (*listAuditOutput, error) {
	events, next, err := a.opts.Audit.AuditEvents(ctx, workspaceOf(ctx), operation.AuditFilter{
		Subject: in.Subject, Action: in.Action, Cursor: in.Cursor, Limit: in.Limit,
	})
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	out := &listAuditOutput{Link: in.next("/v1/audit", next, map[string]string{"subject": in.Subject, "action": in.Action})}
	out.Body.NextCursor = next
	out.Body.Events = make([]AuditEvent, len(events))
	for i, e := range events {
		out.Body.Events[i] = AuditEvent{
			ID: e.ID, At: e.At.UTC(), Subject: e.Subject, Action: e.Action, Path: e.Path, Remote: e.Remote, RequestID: e.RequestID,
			Refused: e.Refused, Status: e.Status, Location: e.Location,
		}
	}
	return out, nil
}

// audited keeps who asks for a change before it is made, and how that was answered
// behind it. What cannot be kept is not made.
func (a *API) audited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		ctx := r.Context()
		event := a.auditEvent(r, workspaceOf(ctx))
		event.Subject = subjectOf(ctx)
		if err := a.opts.Audit.RecordAudit(ctx, event); err != nil {
			a.fail(ctx, err).write(w)
			return
		}
		wrapped := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		next.ServeHTTP(wrapped, r)
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditTime)
		defer cancel()
		if err := a.opts.Audit.RecordAuditOutcome(late, event.WorkspaceID, event.ID, wrapped.Status(), short(w.Header().Get("Location"))); err != nil {
			a.logger(ctx).WarnContext(ctx, "the outcome of a request was not recorded", "audit_event", event.ID, "error", err)
		}
	})
}

// auditRefusal keeps that a token or key was refused, in the installation's own
// workspace: nobody knows whose it was meant to be.
func (a *API) auditRefusal(r *http.Request, why string) {
	if a.opts.InstallationWorkspace == "" || !a.refusals.take(a.opts.Now()) {
		return
	}
	event := a.auditEvent(r, a.opts.InstallationWorkspace)
	event.Refused = why
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), auditTime)
	defer cancel()
	if err := a.opts.Audit.RecordAudit(ctx, event); err != nil {
		a.logger(ctx).WarnContext(ctx, "a refusal was not recorded", "error", err)
	}
}

func (a *API) auditEvent(r *http.Request, workspaceID string) operation.AuditEvent {
	e := operation.AuditEvent{
		ID: a.opts.NewID(), WorkspaceID: workspaceID, Action: r.Method + " " + chi.RouteContext(r.Context()).RoutePattern(),
		Path: short(r.URL.EscapedPath()), Remote: r.RemoteAddr,
	}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		e.Remote = host
	}
	if info := requestOf(r.Context()); info != nil {
		e.RequestID = info.id
	}
	return e
}

// minutely allows some of a kind in each minute.
type minutely struct {
	mu     sync.Mutex
	minute time.Time
	taken  int
}

func (m *minutely) take(now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if minute := now.Truncate(time.Minute); !minute.Equal(m.minute) {
		m.minute, m.taken = minute, 0
	}
	m.taken++
	return m.taken <= refusalsAMinute
}
