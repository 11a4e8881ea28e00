package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/api"
	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/operation"
)

func (s *store) RecordAudit(_ context.Context, e operation.AuditEvent) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	e.At = start
	s.audit = append(s.audit, e)
	return nil
}

func (s *store) RecordAuditOutcome(_ context.Context, workspaceID, id string, status int, location string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.audit, func(e operation.AuditEvent) bool { return e.ID == id && e.WorkspaceID == workspaceID })
	s.audit[i].Status, s.audit[i].Location = status, location
	return s.err
}

func (s *store) AuditEvents(_ context.Context, workspaceID string, f operation.AuditFilter) ([]operation.AuditEvent, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []operation.AuditEvent
	for _, e := range slices.Backward(s.audit) {
		if e.WorkspaceID == workspaceID && (f.Subject == "" || f.Subject == e.Subject) && (f.Action == "" || f.Action == e.Action) {
			all = append(all, e)
		}
	}
	if s.err != nil {
		return nil, "", s.err
	}
	from, to, next, err := cut(f.Cursor, f.Limit, len(all))
	if err != nil {
		return nil, "", err
	}
	return all[from:to], next, nil
}

// events are what the API lists.
func (b *bundle) auditEvents(t *testing.T, query string) []api.AuditEvent {
	t.Helper()
	got := b.do(t, http.MethodGet, "/v1/audit"+query, b.token(t, auth.RoleAdmin), nil)
	require.Equal(t, http.StatusOK, got.StatusCode, got.body)
	var page struct{ Events []api.AuditEvent }
	require.NoError(t, json.Unmarshal([]byte(got.body), &page))
	return page.Events
}

func TestChangesAreAudited(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.do(t, http.MethodGet, "/v1/operations", b.token(t, auth.RoleReader), nil)
	got := b.do(t, http.MethodPost, "/v1/syncs", b.token(t, auth.RoleOperator), strings.NewReader(`{"repository":"octo/mirror"}`))
	b.do(t, http.MethodPost, "/v1/syncs", b.token(t, auth.RoleReader), strings.NewReader(`{"repository":"octo/mirror"}`))
	made := b.makeKey(t, `{"name":"ci","role":"operator"}`)
	b.do(t, http.MethodPost, "/v1/operations/"+missingID+"/cancel", made.Secret, nil)

	events := b.auditEvents(t, "")
	require.Len(t, events, 4, "reading is no change")
	require.Equal(t, []string{"POST /v1/operations/{id}/cancel", "POST /v1/keys", "POST /v1/syncs", "POST /v1/syncs"},
		[]string{events[0].Action, events[1].Action, events[2].Action, events[3].Action})
	require.Equal(t, []int{404, 201, 403, 202}, []int{events[0].Status, events[1].Status, events[2].Status, events[3].Status})
	require.Equal(t, "key:"+made.ID, events[0].Subject)
	require.Equal(t, "/v1/operations/"+missingID+"/cancel", events[0].Path)
	require.Equal(t, "/v1/keys/"+made.ID, events[1].Location)
	require.Equal(t, "127.0.0.1", events[3].Remote)
	require.Equal(t, got.Header.Get("X-Request-Id"), events[3].RequestID)
	require.Len(t, b.auditEvents(t, "?subject=key:"+made.ID), 1)
	require.Len(t, b.auditEvents(t, "?action=POST%20%2Fv1%2Fsyncs"), 2)
}

func TestRefusalsAreAudited(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) { o.InstallationWorkspace = workspace })
	b.do(t, http.MethodGet, "/v1/operations", "", nil)
	b.do(t, http.MethodGet, "/v1/operations", "not.a.token", nil)
	b.do(t, http.MethodGet, "/v1/operations", auth.NewAPIKey().Reveal(), nil)
	events := b.auditEvents(t, "")
	require.Len(t, events, 2, "who shows nothing asks for nothing")
	require.Equal(t, "There is no such key.", events[0].Refused)
	require.Contains(t, events[1].Refused, "neither a JSON Web Token")
	require.Empty(t, events[0].Subject)
	require.Zero(t, events[0].Status)
	for range 100 {
		b.do(t, http.MethodGet, "/v1/operations", "not.a.token", nil)
	}
	require.Len(t, b.auditEvents(t, "?limit=100"), 60, "those of a minute are bounded")
	b.advance(time.Minute)
	b.do(t, http.MethodGet, "/v1/operations", "not.a.token", nil)
	require.Len(t, b.auditEvents(t, "?limit=100"), 61)
}

func TestWhatCannotBeAuditedIsNotDone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.store.setErr(&operation.Error{Code: operation.CodeUnavailable, Message: "Postgres is away."})
	got := b.do(t, http.MethodPost, "/v1/syncs", b.token(t, auth.RoleOperator), strings.NewReader(`{"repository":"octo/mirror"}`))
	require.Equal(t, http.StatusServiceUnavailable, got.StatusCode)
	require.Empty(t, b.starter.started)
}

// Every route that changes something is audited, whoever adds one.
func TestEveryChangeIsAudited(t *testing.T) {
	t.Parallel()
	b, encrypted := setupCodec(t)
	op := b.operation(t)
	routes := everyRoute(encrypted)
	require.NoError(t, chi.Walk(b.api.Routes(), func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		r := routes[method+" "+route]
		if method == http.MethodGet || r.role == "" || strings.HasSuffix(route, "/decode") || strings.HasSuffix(route, "/encode") {
			return nil
		}
		r.path = strings.ReplaceAll(r.path, "ID", op.ID)
		b.send(t, method+" "+route, r, b.token(t, r.role))
		events := b.auditEvents(t, "?limit=1")
		require.NotEmpty(t, events, route)
		require.Equal(t, method+" "+route, events[0].Action)
		return nil
	}))
}
