package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/testenv"
	"github.com/holdfast/holdfast/store"
)

const strangers = "00000000-0000-7000-8000-000000000002" // another workspace than the default one

// served is the real API on a real database with two workspaces.
type served struct {
	t     *testing.T
	url   string
	env   []string
	ours  string // an admin's token
	owned map[string]string
	made  int // how often something was made
}

func serve(t *testing.T, env ...string) *served {
	t.Helper()
	sim, keyset := adasGitHub(t)
	pool := testenv.Database(t)
	s := &served{t: t, owned: map[string]string{"owner": "octo", "name": "mirror", "collection": "labels", "item": "1", "file": "docs.js", "connection": "default", "code": "not_found"}}
	s.env = []string{
		"HOLDFAST_DATABASE_URL=" + pool.Config().ConnString(), "HOLDFAST_REDIS_URL=" + testenv.RedisURL(t), "HOLDFAST_SECRETS_KEYSET=" + keyset,
		"HOLDFAST_JWT_PRIVATE_KEY=" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, ed25519.SeedSize)),
		"TEMPORAL_ADDRESS=127.0.0.1:1", "GITHUB_API_URL=" + sim, "HOLDFAST_LISTEN=127.0.0.1:0", "HOLDFAST_METRICS_LISTEN=127.0.0.1:0",
	}
	s.env = append(s.env, env...)
	ctx, cancel := context.WithCancel(context.Background())
	ended, said := make(chan error, 1), &log{}
	go func() { ended <- run(ctx, []string{"api"}, s.env, io.Discard, said) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	require.Eventually(t, func() bool { return said.find("the API is ready", "address") != "" }, 10*time.Second, time.Millisecond)
	s.url = "http://" + said.find("the API is ready", "address")
	s.ours = s.token("admin")

	_, err := pool.Exec(t.Context(), `insert into workspaces (id, name) values ($1, 'strangers')`, strangers)
	require.NoError(t, err)
	_, err = pool.Exec(t.Context(), `insert into repositories (workspace_id, repository_id, key, raw, hash, raw_hash, observed_at, changed_at, full_name)
		values ('00000000-0000-7000-8000-000000000001', 42, '42', '{}', '', '', now(), now(), 'octo/mirror')`)
	require.NoError(t, err)
	require.NoError(t, store.New(pool).Ping(t.Context()))
	return s
}

func (s *served) token(role string, args ...string) string {
	s.t.Helper()
	token, _, err := holdfast(s.t, s.env, append([]string{"token", "create", "--role", role}, args...)...)
	require.NoError(s.t, err)
	return strings.TrimSpace(token)
}

func (s *served) do(method, path, token, body string) (status int, answer string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	require.NoError(s.t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(s.t, err)
	defer resp.Body.Close()
	read, err := io.ReadAll(resp.Body)
	require.NoError(s.t, err)
	return resp.StatusCode, string(read)
}

// own makes something of each kind in our workspace.
func (s *served) own() {
	s.t.Helper()
	s.made++
	name := fmt.Sprintf("ours-%d", s.made)
	for kind, ask := range map[string]struct{ path, body string }{
		"operations": {"/v1/syncs", `{"repository":"octo/mirror"}`}, "keys": {"/v1/keys", `{"name":"` + name + `","role":"reader"}`},
		"members":     {"/v1/members", `{"login":"` + name + `","role":"reader"}`},
		"connections": {"/v1/connections", `{"name":"` + name + `","token":"ghp_hidden"}`},
		"schedules":   {"/v1/schedules", `{"name":"` + name + `","operation":{"repository":"octo/mirror"},"cron":["0 3 1 1 *"],"paused":true}`},
	} {
		status, answer := s.do(http.MethodPost, ask.path, s.ours, ask.body)
		require.Contains(s.t, []int{201, 202}, status, answer)
		var made struct{ ID string }
		require.NoError(s.t, json.Unmarshal([]byte(answer), &made))
		s.owned[kind] = made.ID
	}
}

// routes are all that the document describes, with what is ours in the places of parameters.
func (s *served) routes() map[string][]string {
	s.t.Helper()
	_, text := s.do(http.MethodGet, "/openapi.json", s.ours, "")
	var document struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	require.NoError(s.t, json.Unmarshal([]byte(text), &document))
	require.Greater(s.t, len(document.Paths), 20)
	routes := map[string][]string{}
	for template, methods := range document.Paths {
		path := template
		for kind, value := range s.owned {
			path = strings.ReplaceAll(path, "{"+kind+"}", value)
			if strings.HasPrefix(template, "/v1/"+kind+"/") {
				path = strings.ReplaceAll(path, "{id}", value)
			}
		}
		require.NotContains(s.t, path, "{", "say what stands for the parameter")
		for method := range methods {
			if method != "parameters" {
				routes[strings.ToUpper(method)] = append(routes[strings.ToUpper(method)], path)
			}
		}
	}
	return routes
}

// With another workspace's rights no route shows or changes anything of ours: what is
// asked for by its id or name is not there. Every route of the document is asked.
func TestNoRouteShowsAnotherWorkspace(t *testing.T) {
	t.Parallel()
	address, namespace := testenv.Temporal(t)
	s := serve(t, "TEMPORAL_ADDRESS="+address, "TEMPORAL_NAMESPACE="+namespace)
	s.own()
	everything := func() string {
		var all strings.Builder
		for _, path := range []string{"/v1/operations", "/v1/operations/" + s.owned["operations"], "/v1/keys", "/v1/connections", "/v1/schedules/" + s.owned["schedules"], "/v1/repositories", "/v1/changes"} {
			status, answer := s.do(http.MethodGet, path, s.ours, "")
			require.Equal(t, http.StatusOK, status, answer)
			all.WriteString(answer)
		}
		return all.String()
	}
	before := everything()
	require.Contains(t, before, "octo/mirror")
	kept := map[string]string{} // ids of ours
	for _, kind := range []string{"operations", "keys", "members", "connections", "schedules"} {
		kept[kind] = s.owned[kind]
	}
	theirs := s.token("admin", "--workspace", strangers)
	for method, paths := range s.routes() {
		for _, path := range paths {
			if !strings.HasPrefix(path, "/v1/") || strings.HasPrefix(path, "/v1/webhooks/") { // open to everybody, or signed
				continue
			}
			body := ""
			if method == http.MethodPost || method == http.MethodPatch {
				body = `{"in_flight":5}`
				if strings.HasSuffix(path, "/cancel") || strings.HasSuffix(path, "/check") || strings.HasSuffix(path, "/invitations") {
					body = ""
				}
			}
			status, answer := s.do(method, path, theirs, body)
			require.Less(t, status, 500, "%s %s: %s", method, path, answer)
			for _, secret := range append(slices.Collect(maps.Values(kept)), `octo/mirror"`) {
				// A refusal repeats the path, and so does what they were seen to ask for.
				if !strings.Contains(path, secret) && path != "/v1/audit" {
					require.NotContains(t, answer, secret, "%s %s", method, path)
				}
			}
			for _, id := range kept {
				if strings.Contains(path, id) {
					require.Contains(t, []int{404, 422, 426}, status, "%s %s: %s", method, path, answer)
				}
			}
		}
	}
	require.Equal(t, before, everything(), "nothing of ours has changed")
}
