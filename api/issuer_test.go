package api_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/api"
	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/operation"
)

// issuers knows some tokens by heart.
type issuers map[string]struct {
	identity auth.Identity
	err      error
}

func (i issuers) Verify(_ context.Context, token string) (auth.Identity, bool, error) {
	known, mine := i[token]
	return known.identity, mine, known.err
}

func TestTokensOfOtherIssuers(t *testing.T) {
	t.Parallel()
	known := issuers{}
	b := setup(t, func(o *api.Options) { o.Issuers = known })
	reader := auth.Identity{Subject: "corp:ada", WorkspaceID: workspace, Role: auth.RoleReader, TokenID: "1", ExpiresAt: start.Add(time.Hour)}
	limited := reader
	limited.Repositories = operation.Patterns{"octo/mirror"}
	for token, answer := range map[string]struct {
		identity auth.Identity
		err      error
	}{
		"a.reader.x": {identity: reader}, "a.limited.x": {identity: limited}, "an.expired.x": {err: auth.ErrExpired},
		"one.away.x":      {err: auth.ErrIssuerAway},
		"a.workspacele.s": {err: &operation.Error{Code: operation.CodeUnavailable, Message: "Postgres is away."}},
	} {
		known[token] = answer
	}
	for name, tt := range map[string]struct {
		token, method, path string
		status              int
		code                string
	}{
		"a reader reads":                 {"a.reader.x", http.MethodGet, "/v1/operations", 200, ""},
		"and changes nothing":            {"a.reader.x", http.MethodPost, "/v1/syncs", 403, "forbidden"},
		"and sees all of it":             {"a.reader.x", http.MethodGet, "/v1/drift", 200, ""},
		"but who is limited does not":    {"a.limited.x", http.MethodGet, "/v1/drift", 403, "forbidden"},
		"an expired one":                 {"an.expired.x", http.MethodGet, "/v1/operations", 401, "unauthorized"},
		"while its issuer is away":       {"one.away.x", http.MethodGet, "/v1/operations", 503, "unavailable"},
		"while Postgres is":              {"a.workspacele.s", http.MethodGet, "/v1/operations", 503, "unavailable"},
		"a token of nobody":              {"a.token.x", http.MethodGet, "/v1/operations", 401, "unauthorized"},
		"a token of our own, as without": {b.token(t, auth.RoleReader), http.MethodGet, "/v1/operations", 200, ""},
	} {
		got := b.do(t, tt.method, tt.path, tt.token, nil)
		require.Equal(t, tt.status, got.StatusCode, "%s: %s", name, got.body)
		if tt.code != "" {
			require.Equal(t, tt.code, got.problem(t).Code, name)
		}
	}
	away := b.do(t, http.MethodGet, "/v1/operations", "one.away.x", nil)
	require.Equal(t, "30", away.Header.Get("Retry-After"))
	require.Contains(t, away.problem(t).Detail, "keys of the token's issuer")
	require.NotContains(t, b.log.String(), "one.away.x")
}

// withdrawn knows one identity until its key is withdrawn.
type withdrawn struct {
	gone     atomic.Bool
	away     atomic.Int32 // how often its issuer was found away
	identity auth.Identity
}

func (w *withdrawn) Verify(context.Context, string) (auth.Identity, bool, error) {
	if w.gone.Load() {
		return auth.Identity{}, true, auth.ErrSignature
	}
	if w.away.Load() > 0 {
		w.away.Add(1)
		return auth.Identity{}, true, auth.ErrIssuerAway
	}
	return w.identity, true, nil
}

func TestAStreamEndsWhenItsTokensKeyIsWithdrawn(t *testing.T) {
	t.Parallel()
	known := &withdrawn{identity: auth.Identity{Subject: "corp:ada", WorkspaceID: workspace, Role: auth.RoleReader, TokenID: "1", ExpiresAt: start.Add(time.Hour)}}
	b := setup(t, func(o *api.Options) { o.Heartbeat, o.Issuers = 20*time.Millisecond, known })
	op := b.operation(t)
	conn, _, err := websocket.Dial(t.Context(), strings.Replace(b.server.URL, "http", "ws", 1)+"/v1/operations/"+op.ID+"/stream",
		&websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer a.reader.x"}}})
	require.NoError(t, err)
	defer func() { _ = conn.CloseNow() }() // it is closed by then
	_, _, err = conn.Read(t.Context())
	require.NoError(t, err, "the snapshot")
	ended := make(chan error, 1)
	go func() {
		_, _, err := conn.Read(t.Context())
		ended <- err
	}()
	known.away.Store(1)
	require.Eventually(t, func() bool { return known.away.Load() > 3 }, patience, time.Millisecond, "an issuer that is away ends no stream")
	require.Empty(t, ended)
	known.gone.Store(true)
	var closed websocket.CloseError
	require.ErrorAs(t, <-ended, &closed)
	require.Equal(t, websocket.StatusPolicyViolation, closed.Code)
	require.Contains(t, closed.Reason, "not accepted any more")
}
