package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/githubsim"
)

// A person whom an admin has added signs in on GitHub's page, and nobody else does.
func TestSomebodySignsInWithGitHub(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close()) // the API's callback has to be known before it listens
	callback := "http://" + address + "/v1/sign-in/github/callback"
	sim := githubsim.New(githubsim.Options{
		Users:     []githubsim.User{{Login: "ada"}, {Login: "mallory"}},
		OAuthApps: []githubsim.OAuthApp{{ClientID: "holdfast", ClientSecret: "s3cret", Callback: callback}},
	})
	web, gitHub := httptest.NewServer(sim.Web()), httptest.NewServer(sim)
	t.Cleanup(web.Close)
	t.Cleanup(gitHub.Close)
	s := serve(t, "HOLDFAST_LISTEN="+address, "HOLDFAST_SIGN_IN_CLIENT_ID=holdfast", "HOLDFAST_SIGN_IN_CLIENT_SECRET=s3cret",
		"HOLDFAST_SIGN_IN_CALLBACK="+callback, "HOLDFAST_SIGN_IN_GITHUB_URL="+web.URL, "GITHUB_API_URL="+gitHub.URL+"/")
	status, answer := s.do(http.MethodPost, "/v1/members", s.ours, `{"login":"ada","role":"reader"}`)
	require.Equal(t, http.StatusCreated, status, answer)

	status, answer = s.visit("ada")
	require.Equal(t, http.StatusOK, status, answer)
	var pair struct {
		AccessToken string `json:"access_token"`
	}
	require.NoError(t, json.Unmarshal([]byte(answer), &pair))
	status, answer = s.do(http.MethodGet, "/v1/operations", pair.AccessToken, "")
	require.Equal(t, http.StatusOK, status, answer)
	status, answer = s.do(http.MethodGet, "/v1/keys", pair.AccessToken, "")
	require.Equal(t, http.StatusForbidden, status, answer)

	status, answer = s.visit("mallory")
	require.Equal(t, http.StatusForbidden, status, answer)
	status, answer = s.visit("nobody")
	require.Equal(t, http.StatusUnauthorized, status, answer)
	_, events := s.do(http.MethodGet, "/v1/audit?action=GET%20/v1/sign-in/github/callback", s.ours, "")
	require.Contains(t, events, "whom nobody has let in here")
}

// visit is a browser that goes where it is sent, and what it sees in the end. It keeps the
// cookie by itself: the standard library's jar, as a browser's, wants TLS for it.
func (s *served) visit(login string) (status int, answer string) {
	s.t.Helper()
	url, cookie := s.url+"/v1/sign-in/github?login="+login, ""
	for range 5 {
		r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, url, http.NoBody)
		require.NoError(s.t, err)
		if cookie != "" {
			r.Header.Set("Cookie", cookie)
		}
		resp, err := http.DefaultTransport.RoundTrip(r)
		require.NoError(s.t, err)
		read, err := io.ReadAll(resp.Body)
		require.NoError(s.t, err)
		require.NoError(s.t, resp.Body.Close())
		for _, c := range resp.Cookies() {
			cookie = c.Name + "=" + c.Value
		}
		if resp.StatusCode != http.StatusFound {
			return resp.StatusCode, string(read)
		}
		url = resp.Header.Get("Location")
	}
	require.Fail(s.t, "it is sent on and on")
	return 0, ""
}
