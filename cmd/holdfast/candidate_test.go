package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/api"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/connection"
	"github.com/holdfast/holdfast/internal/githubsim"
)

// held is a GitHub that answers once it is let go.
type held struct {
	asked chan struct{} // receives for each request
	let   chan struct{} // closed when they may be answered
}

func newHeld(t *testing.T, answer http.HandlerFunc) (*held, *httptest.Server) {
	t.Helper()
	h := &held{asked: make(chan struct{}, 100), let: make(chan struct{})}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.asked <- struct{}{}
		select {
		case <-h.let:
			answer(w, r)
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(server.Close)
	return h, server
}

// Until GitHub has said that it accepts a credential nothing of it is stored: nobody can
// use it, and nothing is left of it when whoever asked, or the API, goes away meanwhile.
func TestACredentialIsStoredOnceGitHubHasAcceptedIt(t *testing.T) {
	t.Parallel()
	slow, server := newHeld(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/user" {
			if _, err := w.Write([]byte(`{"id":7,"login":"ada"}`)); err != nil {
				t.Error(err)
			}
			return
		}
		w.WriteHeader(http.StatusNotFound)
	})
	a := setupAdministered(t, func(c *config.API) { c.GitHubURL = server.URL })
	stored := func() (n int) {
		require.NoError(t, a.pool.QueryRow(t.Context(), `select count(*) from connections`).Scan(&n))
		return n
	}
	const body = `{"name":"ada","token":"ghp_hidden"}`
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url+"/v1/connections", strings.NewReader(body))
		if err == nil {
			r.Header.Set("Authorization", "Bearer "+a.token)
			r.Header.Set("Content-Type", "application/json")
			_, err = http.DefaultTransport.RoundTrip(r) //nolint:bodyclose // it is broken off
		}
		gone <- err
	}()
	<-slow.asked
	require.Zero(t, stored(), "GitHub has not answered")
	cancel()
	require.ErrorIs(t, <-gone, context.Canceled)
	require.Eventually(t, func() bool { return a.said.find("request", "route") == "/v1/connections" }, 10*time.Second, 5*time.Millisecond)
	require.Zero(t, stored(), "whoever asked is gone")

	close(slow.let)
	var made api.CreatedConnection
	status, answer := a.ask(http.MethodPost, "/v1/connections", body, &made)
	require.Equal(t, http.StatusCreated, status, answer)
	require.Equal(t, connection.StateOK, made.State)
	require.Equal(t, "ada", made.Login)
	require.Contains(t, made.Account, "user:7@")
	require.NotNil(t, made.CheckedAt)
	require.Equal(t, 1, stored())
}

// What cannot be kept is said before a credential leaves for GitHub.
func TestACredentialThatCannotBeKeptIsNotShownToGitHub(t *testing.T) {
	t.Parallel()
	slow, server := newHeld(t, http.NotFound)
	close(slow.let)
	a := setupAdministered(t, func(c *config.API) { c.GitHubURL = server.URL })
	status, answer := a.ask(http.MethodPost, "/v1/connections", `{"name":"ada","token":"ghp_hidden","check":false}`, nil)
	require.Equal(t, http.StatusCreated, status, answer)
	status, answer = a.ask(http.MethodPost, "/v1/connections", `{"name":"ada","token":"ghp_hidden"}`, nil)
	require.Equal(t, http.StatusConflict, status, answer)
	require.Contains(t, answer, "of this name")
	require.Empty(t, slow.asked)
}

// An installation's credential is tried with a token that nobody keeps.
func TestAnInstallationIsStoredOnceGitHubHasAcceptedIt(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	sim := httptest.NewServer(githubsim.New(githubsim.Options{
		Apps: []githubsim.App{{ID: 7, Name: "Mirror", PublicKey: &key.PublicKey, Installations: []githubsim.Installation{
			{ID: 8, Account: "octo", Permissions: map[string]string{"metadata": "read"}},
		}}},
	}))
	t.Cleanup(sim.Close)
	a := setupAdministered(t, func(c *config.API) { c.GitHubURL = sim.URL })
	privateKey, err := json.Marshal(string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})))
	require.NoError(t, err)
	request := func(name string, installation int) string {
		return fmt.Sprintf(`{"name":%q,"reserve":{"percent":100},"app":{"id":7,"installation_id":%d,"private_key":%s}}`, name, installation, privateKey)
	}
	status, answer := a.ask(http.MethodPost, "/v1/connections", request("gone", 9), nil)
	require.Equal(t, http.StatusUnprocessableEntity, status, answer)
	require.Contains(t, answer, `"location":"body.app"`)
	require.Contains(t, answer, "GitHub knows no such installation")
	var made api.CreatedConnection
	status, answer = a.ask(http.MethodPost, "/v1/connections", request("app", 8), &made)
	require.Equal(t, http.StatusCreated, status, answer)
	require.Equal(t, connection.StateOK, made.State)
	require.Equal(t, "octo", made.Login)
	require.Contains(t, made.Account, "installation:8@")
	require.Equal(t, "Mirror", made.Check.App)
	var kept int
	require.NoError(t, a.pool.QueryRow(t.Context(), `select (select count(*) from connections) + (select count(*) from connection_tokens)`).Scan(&kept))
	require.Equal(t, 1, kept)
}
