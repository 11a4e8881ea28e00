package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/client"
	"github.com/holdfast/holdfast/internal/testenv"
)

// keysAPI answers what the commands ask, and keeps what it was asked.
type keysAPI struct {
	env  []string
	mu   sync.Mutex
	asks []string
}

func newKeysAPI(t *testing.T) *keysAPI {
	t.Helper()
	a := &keysAPI{}
	used, gone := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	keys := []client.Key{
		{ID: "id-1", Name: "ci", Hint: "hf_aaaaaaaa", Role: "operator", Repositories: []string{"octo/*"}, ExpiresAt: &gone, LastUsedAt: &used},
		{ID: "id-2", Name: "old", Hint: "hf_bbbbbbbb", Role: "reader", RevokedAt: &gone},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		if r.Method == http.MethodPost {
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
				t.Errorf("read the request: %v", err)
			}
		}
		ask, err := json.Marshal(body)
		if err != nil {
			t.Errorf("encode the request: %v", err)
		}
		a.mu.Lock()
		a.asks = append(a.asks, r.Method+" "+r.URL.Path+" "+string(ask))
		a.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		var answer any = map[string]any{"keys": keys}
		switch r.Method {
		case http.MethodDelete:
			w.WriteHeader(http.StatusNoContent)
			return
		case http.MethodPost:
			w.WriteHeader(http.StatusCreated)
			answer = client.CreatedKey{Key: client.Key{ID: "id-3", Name: "new"}, Secret: "hf_secret"}
		}
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Errorf("answer: %v", err)
		}
	}))
	t.Cleanup(server.Close)
	a.env = []string{"HOLDFAST_API_URL=" + server.URL, "HOLDFAST_TOKEN=t"}
	return a
}

func TestKeysCommands(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]struct{ stdout, stderr, asked string }{
		"list": {
			"NAME  KEY           ROLE      REPOSITORIES  EXPIRES               LAST USED             ID\n" +
				"ci    hf_aaaaaaaa…  operator  octo/*        2026-03-02T12:00:00Z  2026-03-01T12:00:00Z  id-1\n", "", "GET /v1/keys null",
		},
		"list --all": {
			"NAME  KEY           ROLE      REPOSITORIES  EXPIRES               LAST USED             ID\n" +
				"ci    hf_aaaaaaaa…  operator  octo/*        2026-03-02T12:00:00Z  2026-03-01T12:00:00Z  id-1\n" +
				"old   hf_bbbbbbbb…  reader    all           revoked               never                 id-2\n", "", "GET /v1/keys null",
		},
		"create new --role reader --repositories a/*,b/c": {
			"hf_secret\n", "The key new was made: keep it like a password.\n", `POST /v1/keys {"name":"new","repositories":["a/*","b/c"],"role":"reader"}`,
		},
		"revoke ci":   {"", "The key ci was revoked.\n", "DELETE /v1/keys/id-1 null"},
		"revoke id-2": {"", "The key old was revoked.\n", "DELETE /v1/keys/id-2 null"},
	} {
		a := newKeysAPI(t)
		stdout, stderr, err := holdfast(t, a.env, append([]string{"keys"}, strings.Fields(args)...)...)
		require.NoError(t, err, args)
		require.Equal(t, want.stdout, stdout, args)
		require.Equal(t, want.stderr, stderr, args)
		require.Equal(t, want.asked, a.asks[len(a.asks)-1], args)
	}
	a := newKeysAPI(t)
	_, _, err := holdfast(t, a.env, "keys", "revoke", "old")
	require.ErrorContains(t, err, `there is no key "old"`, "a name stands for a key that is not revoked")
}

func TestAdminInitMakesOneKey(t *testing.T) {
	t.Parallel()
	env := []string{"HOLDFAST_DATABASE_URL=" + testenv.DatabaseURL(t)}
	stdout, stderr, err := holdfast(t, env, "admin", "init")
	require.NoError(t, err)
	require.Empty(t, stderr)
	key, err := auth.ParseAPIKey(strings.TrimSuffix(stdout, "\n"))
	require.NoError(t, err)
	_, _, err = holdfast(t, env, "admin", "init")
	require.ErrorContains(t, err, "there is a key with the role admin already: first-admin ("+key.Hint)
}
