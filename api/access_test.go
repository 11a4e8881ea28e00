package api_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/api"
	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/operation"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	b := setup(t)
	good := b.token(t, auth.RoleReader)
	expired := b.grant(t, auth.Grant{Subject: "tester", WorkspaceID: workspace, Role: auth.RoleReader, TTL: time.Minute})
	b.advance(time.Minute + auth.Leeway)
	early, err := auth.NewIssuer(key, func() time.Time { return start.Add(time.Hour) }).
		Issue(auth.Grant{Subject: "tester", WorkspaceID: workspace, Role: auth.RoleReader, TTL: time.Hour})
	require.NoError(t, err)
	parts := strings.Split(good, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + parts[1] + "."
	tests := []struct {
		name, header string
		status       int
		says         string
	}{
		{"none", "", 401, "needs a token"},
		{"empty", "Bearer ", 401, "needs a token"},
		{"another scheme", "Basic dXNlcjpwYXNz", 401, "needs a token"},
		{"not a token", "Bearer hello", 401, "neither a JSON Web Token"},
		{"expired", "Bearer " + expired, 401, "has expired"},
		{"not yet valid", "Bearer " + early, 401, "not valid yet"},
		{"unsigned", "Bearer " + none, 401, "not signed by a key"},
		{"signature of another", "Bearer " + parts[0] + "." + parts[1] + "." + strings.Split(expired, ".")[2], 401, "not signed by a key"},
		{"good", "Bearer " + good, 200, ""},
		{"good, lower case", "bearer " + good, 200, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, path := range []string{"/v1/operations", "/v1/repositories"} {
				got := b.do(t, http.MethodGet, path, "", nil, "Authorization: "+tt.header)
				require.Equal(t, tt.status, got.StatusCode, got.body)
				if tt.status == http.StatusOK {
					continue
				}
				require.Contains(t, got.problem(t).Detail, tt.says)
				challenge := got.Header.Get("WWW-Authenticate")
				require.Contains(t, challenge, `Bearer realm="holdfast"`)
				require.Equal(t, !strings.Contains(tt.says, "needs"), strings.Contains(challenge, `error="invalid_token"`))
			}
		})
	}
	inURL := b.do(t, http.MethodGet, "/v1/operations?access_token="+good, "", nil)
	require.Equal(t, http.StatusUnauthorized, inURL.StatusCode, "a token in the URL is not looked at")
	require.NotContains(t, b.log.String(), parts[2], "no token is logged")
}

func TestRoles(t *testing.T) {
	t.Parallel()
	b := setup(t)
	op := b.operation(t)
	allowed := map[auth.Role]bool{auth.RoleReader: false, auth.RoleOperator: true, auth.RoleAdmin: true}
	for role, may := range allowed {
		for path, body := range map[string]string{"/v1/syncs": `{"repository":"octo/mirror"}`, "/v1/operations/" + op.ID + "/cancel": ""} {
			got := b.do(t, http.MethodPost, path, b.token(t, role), strings.NewReader(body))
			if may {
				require.Equal(t, http.StatusAccepted, got.StatusCode, got.body)
				continue
			}
			require.Equal(t, http.StatusForbidden, got.StatusCode, got.body)
			require.Contains(t, got.problem(t).Detail, "role operator")
		}
		require.Equal(t, http.StatusOK, b.do(t, http.MethodGet, "/v1/operations", b.token(t, role), nil).StatusCode)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, path := range []string{"/healthz", "/readyz"} {
		got := b.do(t, http.MethodGet, path, "", nil)
		require.Equal(t, http.StatusOK, got.StatusCode)
		require.JSONEq(t, `{"status":"ok"}`, got.body)
		require.Equal(t, http.StatusOK, b.do(t, http.MethodHead, path, "", nil).StatusCode)
	}
	b.health["temporal"] = errors.New("dial tcp 10.0.0.9:7233: refused")
	require.Equal(t, http.StatusOK, b.do(t, http.MethodGet, "/healthz", "", nil).StatusCode, "the process itself is up")
	got := b.do(t, http.MethodGet, "/readyz", "", nil)
	require.Equal(t, http.StatusServiceUnavailable, got.StatusCode)
	require.Equal(t, "Not ready; cannot be reached: temporal.", got.problem(t).Detail)
	require.NotContains(t, got.body, "10.0.0.9")
}

func TestRequestIDs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.Equal(t, "from-the-proxy.1", b.do(t, http.MethodGet, "/healthz", "", nil, "X-Request-Id: from-the-proxy.1").Header.Get("X-Request-Id"))
	for _, odd := range []string{"", `"},{"level":"ERROR`, strings.Repeat("a", 129)} {
		id := b.do(t, http.MethodGet, "/healthz", "", nil, "X-Request-Id: "+odd).Header.Get("X-Request-Id")
		require.Equal(t, uuid.Version(7), uuid.MustParse(id).Version())
	}
}

func TestAccessLog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	op := b.operation(t)
	b.do(t, http.MethodGet, "/v1/operations/"+op.ID+"?", b.token(t, auth.RoleReader), nil, "X-Request-Id: one")
	var line struct {
		Level, Msg, Method, Path, Route, Subject string
		Status                                   int
		RequestID                                string  `json:"request_id"`
		OperationID                              string  `json:"operation_id"`
		WorkspaceID                              string  `json:"workspace_id"`
		Duration                                 float64 `json:"duration_ms"`
	}
	require.Eventually(t, func() bool { return strings.Contains(b.log.String(), `"msg":"request"`) }, 5*time.Second, time.Millisecond)
	for raw := range strings.Lines(b.log.String()) {
		if strings.Contains(raw, `"msg":"request"`) {
			require.NoError(t, json.Unmarshal([]byte(raw), &line))
		}
	}
	require.Positive(t, line.Duration)
	line.Duration = 0
	require.Equal(t, "INFO GET /v1/operations/{id} 200 one tester", strings.Join([]string{line.Level, line.Method, line.Route, "200", line.RequestID, line.Subject}, " "))
	require.Equal(t, http.StatusOK, line.Status)
	require.Equal(t, op.ID, line.OperationID)
	require.Equal(t, workspace, line.WorkspaceID)
	require.Equal(t, "/v1/operations/"+op.ID, line.Path)
}

// panicking is a store with a bug.
type panicking struct{ api.OperationStore }

func (panicking) Operations(context.Context, string, operation.Filter) ([]operation.Operation, string, error) {
	panic("index out of range: secret")
}

func TestPanicIsAProblem(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) { o.Operations = panicking{o.Operations} })
	got := b.do(t, http.MethodGet, "/v1/operations", b.token(t, auth.RoleReader), nil)
	require.Equal(t, http.StatusInternalServerError, got.StatusCode)
	got.problem(t)
	require.NotContains(t, got.body, "secret")
	require.Contains(t, b.log.String(), "index out of range: secret")
	require.Contains(t, b.log.String(), "access_test.go", "with its stack")
}

// hanging is a store whose database does not answer.
type hanging struct{ api.OperationStore }

func (hanging) Operations(ctx context.Context, _ string, _ operation.Filter) ([]operation.Operation, string, error) {
	<-ctx.Done()
	return nil, "", ctx.Err()
}

func TestSlowRequestIsEnded(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) { o.Operations, o.RequestTimeout = hanging{o.Operations}, 20*time.Millisecond })
	got := b.do(t, http.MethodGet, "/v1/operations", b.token(t, auth.RoleReader), nil)
	require.Equal(t, http.StatusServiceUnavailable, got.StatusCode)
	got.problem(t)
}

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, path := range []string{"/healthz", "/nothing", "/v1/operations", "/docs"} {
		h := b.do(t, http.MethodGet, path, "", nil).Header
		require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"), path)
		require.Contains(t, h.Get("Content-Security-Policy"), "default-src 'none'", path)
		require.Contains(t, h.Get("Content-Security-Policy"), "frame-ancestors 'none'", path)
	}
}

func TestServerIsBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.api.Server(":0")
	for _, d := range []time.Duration{s.ReadHeaderTimeout, s.ReadTimeout, s.WriteTimeout, s.IdleTimeout} {
		require.Positive(t, d)
	}
	rec := httptest.NewRecorder()
	s.Handler.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/healthz", nil))
	require.Equal(t, http.StatusOK, rec.Code)
}
