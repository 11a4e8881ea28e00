package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/config"
)

const clientOpID = "0190a6c8-0000-7000-8000-000000000001"

// clientAPI answers as the API does, with one operation that ends as told.
func clientAPI(t *testing.T, end string) (env []string) {
	t.Helper()
	operation := func(state, more string) string {
		return fmt.Sprintf(`{"id":%q,"kind":"sync_repository","subject":"octo/mirror","state":%q,"seq":1,"created_at":"2026-03-01T12:00:00Z"%s}`, clientOpID, state, more)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/syncs", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprint(w, operation("pending", ""))
	})
	mux.HandleFunc("GET /v1/operations", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"operations":[%s],"next_cursor":"more"}`, operation("succeeded",
			`,"started_at":"2026-03-01T12:00:01Z","finished_at":"2026-03-01T12:00:03.5Z","collections":[{"name":"issues","items":86,"requests":2},{"name":"labels","items":11,"requests":1}]`))
	})
	mux.HandleFunc("GET /v1/operations/{id}/stream", func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		more := ""
		if end == "failed" {
			more = `,"failure":{"code":"repository_not_found","message":"GitHub does not know this repository."}`
		}
		message := `{"type":"snapshot","seq":1,"operation":` + operation(end, more) + `}`
		if err := conn.Write(r.Context(), websocket.MessageText, []byte(message)); err != nil {
			t.Error(err)
		}
		if err := conn.Close(websocket.StatusNormalClosure, ""); err != nil {
			t.Error(err)
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return []string{"HOLDFAST_API_URL=" + server.URL, "HOLDFAST_TOKEN=secret"}
}

// holdfast runs the program and returns what it wrote.
func holdfast(t *testing.T, env []string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	err = run(t.Context(), args, env, &out, &errs)
	return out.String(), errs.String(), err
}

func TestSyncCommand(t *testing.T) {
	t.Parallel()
	env := clientAPI(t, "succeeded")
	stdout, stderr, err := holdfast(t, env, "sync", "octo/mirror")
	require.NoError(t, err)
	require.Equal(t, clientOpID+"\n", stdout)
	require.Contains(t, stderr, "holdfast watch "+clientOpID)
	stdout, stderr, err = holdfast(t, env, "sync", "octo/mirror", "--watch", "--collections", "issues,labels")
	require.NoError(t, err)
	require.Equal(t, clientOpID+"\n", stdout)
	require.Equal(t, "succeeded\n", stderr)
	_, _, err = holdfast(t, env, "sync", "octo/mirror", "--collections", "")
	require.EqualError(t, err, "--collections has nothing in it; leave it out")
}

func TestSyncCommandOfAnOrganization(t *testing.T) {
	t.Parallel()
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprintf(w, `{"id":%q,"kind":"sync_organization","subject":"octo","state":"pending","seq":0,"created_at":"2026-03-01T12:00:00Z"}`, clientOpID)
	}))
	t.Cleanup(server.Close)
	env := []string{"HOLDFAST_API_URL=" + server.URL, "HOLDFAST_TOKEN=secret"}
	stdout, stderr, err := holdfast(t, env, "sync", "octo", "--include", "a*,b?", "--exclude", "*-old", "--archived", "--forks", "--collections", "core,teams", "--lane", "interactive")
	require.NoError(t, err)
	require.Equal(t, clientOpID+"\n", stdout)
	require.Contains(t, stderr, "The sync of octo has begun.")
	require.JSONEq(t, `{"organization":"octo","include":["a*","b?"],"exclude":["*-old"],"archived":true,"forks":true,"collections":["core","teams"],"lane":"interactive"}`, string(body))
	_, _, err = holdfast(t, env, "sync", "octo", "--include", "")
	require.EqualError(t, err, "--include has nothing in it; leave it out")
}

func TestWatchCommand(t *testing.T) {
	t.Parallel()
	for end, want := range map[string]string{
		"succeeded": "",
		"failed":    "operation " + clientOpID + " failed: GitHub does not know this repository.",
		"cancelled": "operation " + clientOpID + " was cancelled",
	} {
		_, _, err := holdfast(t, clientAPI(t, end), "watch", clientOpID)
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.EqualError(t, err, want)
	}
}

func TestWatchCommandInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	err := run(ctx, []string{"watch", clientOpID}, clientAPI(t, "succeeded"), &out, &out)
	require.EqualError(t, err, "stopped watching; operation "+clientOpID+" goes on")
}

func TestOperationsCommand(t *testing.T) {
	t.Parallel()
	env := clientAPI(t, "succeeded")
	stdout, stderr, err := holdfast(t, env, "operations")
	require.NoError(t, err)
	require.Equal(t, `ID                                    STATE      SUBJECT      CREATED               TOOK  ITEMS  REQUESTS
0190a6c8-0000-7000-8000-000000000001  succeeded  octo/mirror  2026-03-01 12:00:00Z  2.5s  97     3
`, stdout)
	require.Contains(t, stderr, "--cursor more")
	stdout, _, err = holdfast(t, env, "operations", "--json")
	require.NoError(t, err)
	require.Contains(t, stdout, `"next_cursor": "more"`)
	require.Contains(t, stdout, `"subject": "octo/mirror"`)
}

func TestClientCommandsNeedTheirVariables(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"sync", "a/b"}, {"operations"}, {"watch", clientOpID}, {"connections", "list"}, {"connections", "show", "a"}, {"connections", "create", "a"}, {"budgets"}} {
		_, _, err := holdfast(t, nil, args...)
		require.ErrorContains(t, err, "HOLDFAST_TOKEN must be set: ")
		_, _, err = holdfast(t, []string{"HOLDFAST_TOKEN=x", "HOLDFAST_API_URL=localhost"}, args...)
		require.ErrorContains(t, err, "HOLDFAST_API_URL: ")
	}
}

func TestTokenCommand(t *testing.T) {
	t.Parallel()
	seed := bytes.Repeat([]byte{7}, ed25519.SeedSize)
	env := []string{"HOLDFAST_JWT_PRIVATE_KEY=" + base64.StdEncoding.EncodeToString(seed)}
	stdout, stderr, err := holdfast(t, env, "token", "create", "--role", "admin", "--ttl", "1h", "--subject", "ops")
	require.NoError(t, err)
	require.Empty(t, stderr)
	verifier, err := auth.NewVerifier(time.Now, auth.PublicKey(ed25519.NewKeyFromSeed(seed)))
	require.NoError(t, err)
	who, err := verifier.Verify(strings.TrimSuffix(stdout, "\n"))
	require.NoError(t, err)
	require.Equal(t, auth.RoleAdmin, who.Role)
	require.Equal(t, "ops", who.Subject)
	require.Equal(t, config.DefaultWorkspace, who.WorkspaceID)
	require.WithinDuration(t, time.Now().Add(time.Hour), who.ExpiresAt, time.Minute)

	for want, bad := range map[string][]string{
		"--role":         {"token", "create", "--role", "root"},
		"cannot live":    {"token", "create", "--ttl", "0s"},
		"not a UUID":     {"token", "create", "--workspace", "default"},
		"has no subject": {"token", "create", "--subject", ""},
	} {
		_, _, err := holdfast(t, env, bad...)
		require.ErrorContains(t, err, want)
	}
	_, _, err = holdfast(t, nil, "token", "create")
	require.ErrorContains(t, err, "HOLDFAST_JWT_PRIVATE_KEY must be set: ")
	_, _, err = holdfast(t, []string{"HOLDFAST_JWT_PRIVATE_KEY=secret!"}, "token", "create")
	require.ErrorContains(t, err, "HOLDFAST_JWT_PRIVATE_KEY: ")
	require.NotContains(t, err.Error(), "secret")
}
