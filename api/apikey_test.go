package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/api"
	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/operation"
)

const (
	keyID      = "0190a6c8-0000-7000-8000-00000000aaaa"
	spareKeyID = "0190a6c8-0000-7000-8000-00000000bbbb"
)

// someKeys are there from the beginning, so that there is something to read and to revoke.
func someKeys() []operation.APIKey {
	return []operation.APIKey{
		{ID: keyID, WorkspaceID: workspace, Name: "one", Hint: "hf_00000000", Role: "reader", CreatedBy: "ada", CreatedAt: start},
		{ID: spareKeyID, WorkspaceID: workspace, Name: "spare", Hint: "hf_11111111", Role: "admin", Repositories: operation.Patterns{"octo/*"}, CreatedBy: "ada", CreatedAt: start},
	}
}

func (s *store) CreateAPIKey(_ context.Context, n operation.NewAPIKey) (operation.APIKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return operation.APIKey{}, s.err
	}
	if slices.ContainsFunc(s.apiKeys, func(k operation.APIKey) bool { return k.Name == n.Name && k.RevokedAt == nil }) {
		return operation.APIKey{}, operation.Conflict("The workspace has a key of this name.")
	}
	k := operation.APIKey{
		ID: n.ID, WorkspaceID: n.WorkspaceID, Name: n.Name, Hint: n.Hint, Role: n.Role, Repositories: n.Repositories,
		CreatedBy: n.CreatedBy, CreatedAt: start, ExpiresAt: n.ExpiresAt,
	}
	s.apiKeys = append(s.apiKeys, k)
	s.hashes[string(n.Hash)] = n.ID
	return k, nil
}

func (s *store) APIKeys(_ context.Context, workspaceID string) ([]operation.APIKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.apiKeys), func(k operation.APIKey) bool { return k.WorkspaceID != workspaceID }), s.err
}

// keyAt is the place of a key. The lock is held.
func (s *store) keyAt(workspaceID, id string) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	i := slices.IndexFunc(s.apiKeys, func(k operation.APIKey) bool { return k.ID == id && k.WorkspaceID == workspaceID })
	if i < 0 {
		return 0, operation.NotFound("There is no such key.")
	}
	return i, nil
}

func (s *store) APIKey(_ context.Context, workspaceID, id string) (operation.APIKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.keyAt(workspaceID, id)
	if err != nil {
		return operation.APIKey{}, err
	}
	return s.apiKeys[i], nil
}

func (s *store) RevokeAPIKey(_ context.Context, workspaceID, id, by string) (operation.APIKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.keyAt(workspaceID, id)
	if err != nil {
		return operation.APIKey{}, err
	}
	at := start
	s.apiKeys[i].RevokedAt, s.apiKeys[i].RevokedBy = &at, by
	return s.apiKeys[i], nil
}

func (s *store) FindAPIKey(_ context.Context, hash []byte) (operation.KnownKey, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, ok := s.hashes[string(hash)]
	if s.err != nil || !ok {
		return operation.KnownKey{}, false, s.err
	}
	i := slices.IndexFunc(s.apiKeys, func(k operation.APIKey) bool { return k.ID == id })
	k := s.apiKeys[i]
	return operation.KnownKey{WorkspaceID: k.WorkspaceID, ID: k.ID, Role: k.Role, Repositories: k.Repositories, ExpiresAt: k.ExpiresAt, Revoked: k.RevokedAt != nil}, true, nil
}

// makeKey makes a key by the API.
func (b *bundle) makeKey(t *testing.T, body string) api.CreatedKey {
	t.Helper()
	got := b.do(t, http.MethodPost, "/v1/keys", b.token(t, auth.RoleAdmin), strings.NewReader(body))
	require.Equal(t, http.StatusCreated, got.StatusCode, got.body)
	var made api.CreatedKey
	require.NoError(t, json.Unmarshal([]byte(got.body), &made))
	require.Equal(t, "/v1/keys/"+made.ID, got.Header.Get("Location"))
	return made
}

func TestAKeyOpensWhatItsRoleMay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.makeKey(t, `{"name":"ci","role":"operator","expires_at":"2026-03-02T12:00:00Z"}`)
	require.Equal(t, "tester", made.CreatedBy)
	require.True(t, strings.HasPrefix(made.Secret, made.Hint))
	require.Equal(t, http.StatusOK, b.do(t, http.MethodGet, "/v1/operations", made.Secret, nil).StatusCode)
	require.Equal(t, http.StatusAccepted, b.do(t, http.MethodPost, "/v1/syncs", made.Secret, strings.NewReader(`{"repository":"octo/mirror"}`)).StatusCode)
	require.Equal(t, http.StatusForbidden, b.do(t, http.MethodGet, "/v1/keys", made.Secret, nil).StatusCode)
	require.Contains(t, b.log.String(), `"subject":"key:`+made.ID+`"`)

	shown := b.do(t, http.MethodGet, "/v1/keys/"+made.ID, b.token(t, auth.RoleAdmin), nil)
	listed := b.do(t, http.MethodGet, "/v1/keys", b.token(t, auth.RoleAdmin), nil)
	for _, text := range []string{shown.body, listed.body, b.log.String()} {
		require.NotContains(t, text, made.Secret[12:], "it is shown once")
	}
	require.Contains(t, listed.body, made.Hint)
	b.advance(25 * time.Hour)
	got := b.do(t, http.MethodGet, "/v1/operations", made.Secret, nil)
	require.Equal(t, http.StatusUnauthorized, got.StatusCode)
	require.Contains(t, got.problem(t).Detail, "expired")
}

func TestKeysThatAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	revoked := b.makeKey(t, `{"name":"gone","role":"admin"}`)
	require.Equal(t, http.StatusNoContent, b.do(t, http.MethodDelete, "/v1/keys/"+revoked.ID, b.token(t, auth.RoleAdmin), nil).StatusCode)
	for sentence, key := range map[string]string{
		"The key was revoked.":     revoked.Secret,
		"There is no such key.":    auth.NewAPIKey().Reveal(),
		"neither a JSON Web Token": revoked.Secret[:len(revoked.Secret)-1],
		"nor a key of this API":    "hf_",
	} {
		got := b.do(t, http.MethodGet, "/v1/operations", key, nil)
		require.Equal(t, http.StatusUnauthorized, got.StatusCode)
		require.Contains(t, got.problem(t).Detail, sentence)
		require.Contains(t, got.Header.Get("WWW-Authenticate"), `error="invalid_token"`)
	}
	b.store.setErr(&operation.Error{Code: operation.CodeUnavailable, Message: "Postgres is away."})
	require.Equal(t, http.StatusServiceUnavailable, b.do(t, http.MethodGet, "/v1/operations", revoked.Secret, nil).StatusCode, "it is not the key's fault")
}

func TestKeysThatCannotBeMade(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, body := range map[string]string{
		"no role": `{"name":"x"}`, "another role": `{"name":"x","role":"root"}`, "a name with spaces": `{"name":"a b","role":"reader"}`,
		"no pattern": `{"name":"x","role":"reader","repositories":["octo"]}`, "null": `{"name":"x","role":"reader","repositories":null}`,
		"in the past": `{"name":"x","role":"reader","expires_at":"2020-01-01T00:00:00Z"}`, "far ahead": `{"name":"x","role":"reader","expires_at":"2060-01-01T00:00:00Z"}`,
	} {
		got := b.do(t, http.MethodPost, "/v1/keys", b.token(t, auth.RoleAdmin), strings.NewReader(body))
		require.Equal(t, http.StatusUnprocessableEntity, got.StatusCode, "%s: %s", name, got.body)
	}
	b.makeKey(t, `{"name":"twice","role":"reader"}`)
	got := b.do(t, http.MethodPost, "/v1/keys", b.token(t, auth.RoleAdmin), strings.NewReader(`{"name":"twice","role":"reader"}`))
	require.Equal(t, http.StatusConflict, got.StatusCode)
}

// A key that is limited to other repositories is shown nothing of these, by no route: one
// that does not hold what it shows against the key is closed to it.
func TestNoRouteShowsALimitedKeyMore(t *testing.T) {
	t.Parallel()
	b, encrypted := setupCodec(t)
	op := b.operation(t)
	b.store.repos = []operation.Repository{{ID: 1, FullName: "octo/mirror"}}
	limited := b.makeKey(t, `{"name":"limited","role":"admin","repositories":["elsewhere/*"]}`).Secret
	routes := everyRoute(encrypted)
	require.NoError(t, chi.Walk(b.api.Routes(), func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		r, ok := routes[method+" "+route]
		require.True(t, ok, route)
		if r.role == "" {
			return nil
		}
		r.path = strings.ReplaceAll(r.path, "ID", op.ID)
		if route == "/v1/stream" || route == "/v1/stream/tickets" {
			return nil // it is open to all, and holds each topic against the key
		}
		got := b.send(t, method+" "+route, r, limited)
		require.Contains(t, []int{http.StatusForbidden, http.StatusNotFound, http.StatusOK}, got.StatusCode, "%s %s: %s", method, route, got.body)
		if got.StatusCode == http.StatusOK {
			require.NotContains(t, got.body, "octo", "%s %s", method, route)
			require.Contains(t, []string{"/v1/operations", "/v1/repositories", "/v1/changes", "/v1/me", "/v1/schedules"}, route, "a route that shows a part")
		}
		return nil
	}))
	require.Empty(t, b.starter.started)
	require.Empty(t, b.starter.cancelled)
}

func TestALimitedKeySeesItsOwn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	op := b.operation(t)
	b.store.repos = []operation.Repository{{ID: 1, FullName: "octo/mirror"}, {ID: 2, FullName: "elsewhere/x"}}
	limited := b.makeKey(t, `{"name":"limited","role":"operator","repositories":["octo/m*"]}`).Secret
	require.Contains(t, b.do(t, http.MethodGet, "/v1/operations", limited, nil).body, op.ID)
	require.Equal(t, http.StatusOK, b.do(t, http.MethodGet, "/v1/operations/"+op.ID, limited, nil).StatusCode)
	repositories := b.do(t, http.MethodGet, "/v1/repositories", limited, nil).body
	require.Contains(t, repositories, "octo/mirror")
	require.NotContains(t, repositories, "elsewhere")
	require.Equal(t, http.StatusOK, b.do(t, http.MethodGet, "/v1/repositories/octo/mirror/status", limited, nil).StatusCode)
	require.Equal(t, http.StatusAccepted, b.do(t, http.MethodPost, "/v1/syncs", limited, strings.NewReader(`{"repository":"octo/mirror"}`)).StatusCode)
	for _, body := range []string{`{"repository":"octo/other"}`, `{"organization":"octo"}`} {
		got := b.do(t, http.MethodPost, "/v1/syncs", limited, strings.NewReader(body))
		require.Equal(t, http.StatusForbidden, got.StatusCode)
		require.Contains(t, got.problem(t).Detail, "limited to some repositories")
	}
	require.Equal(t, http.StatusAccepted, b.do(t, http.MethodPost, "/v1/operations/"+op.ID+"/cancel", limited, nil).StatusCode)
}

func TestAStreamEndsWhenItsKeyIsRevoked(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) { o.Heartbeat = 20 * time.Millisecond })
	op := b.operation(t)
	made := b.makeKey(t, `{"name":"listener","role":"reader"}`)
	conn, _, err := websocket.Dial(t.Context(), strings.Replace(b.server.URL, "http", "ws", 1)+"/v1/operations/"+op.ID+"/stream",
		&websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + made.Secret}}})
	require.NoError(t, err)
	defer func() { _ = conn.CloseNow() }() // it is closed by then
	_, _, err = conn.Read(t.Context())
	require.NoError(t, err, "the snapshot")
	require.Equal(t, http.StatusNoContent, b.do(t, http.MethodDelete, "/v1/keys/"+made.ID, b.token(t, auth.RoleAdmin), nil).StatusCode)
	_, _, err = conn.Read(t.Context())
	var closed websocket.CloseError
	require.ErrorAs(t, err, &closed)
	require.Equal(t, websocket.StatusPolicyViolation, closed.Code)
	require.Contains(t, closed.Reason, "not accepted any more")
}
