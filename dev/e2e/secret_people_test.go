package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/stretchr/testify/require"
)

// letIn has people sign in, go on, steal from each other and open streams, by everything
// that is shown once.
func (r *secretRun) letIn() {
	t := r.t
	t.Helper()
	member := r.shown(http.MethodPost, "/v1/members", "admin's token", `{"login":"grace","role":"operator"}`, http.StatusCreated)
	id, ok := member["id"].(string)
	require.True(t, ok)
	for i := range 2 { // one session ends because its token is used twice, the other goes on
		code := fmt.Sprintf("invitation %d", i)
		r.keep(code, r.shown(http.MethodPost, "/v1/members/"+id+"/invitations", "admin's token", "", http.StatusCreated)["code"])
		first, access := fmt.Sprintf("refresh token %d", i), fmt.Sprintf("access token %d", i)
		pair := r.shown(http.MethodPost, "/v1/token", "", `{"grant_type":"invitation","code":"`+r.secrets[code]+`"}`, http.StatusOK)
		r.keep(first, pair["refresh_token"])
		r.keep(access, pair["access_token"])
		next := r.shown(http.MethodPost, "/v1/token", "", `{"grant_type":"refresh_token","refresh_token":"`+r.secrets[first]+`"}`, http.StatusOK)
		r.keep("next "+first, next["refresh_token"])
		r.keep("next "+access, next["access_token"])
		ticket := fmt.Sprintf("ticket %d", i)
		r.keep(ticket, r.shown(http.MethodPost, "/v1/stream/tickets", "next "+access, "", http.StatusCreated)["ticket"])
		// Its use is refused for want of a topic, and it is used up: both are logged.
		r.shown(http.MethodGet, "/v1/stream?topics=nothing&ticket="+r.secrets[ticket], "", "", 0)
		r.shown(http.MethodGet, "/v1/stream?ticket="+r.secrets[ticket], "", "", 0)
		if i == 0 {
			r.shown(http.MethodPost, "/v1/token", "", `{"grant_type":"refresh_token","refresh_token":"`+r.secrets[first]+`"}`, http.StatusUnauthorized)
			r.shown(http.MethodGet, "/v1/operations", "next "+access, "", http.StatusUnauthorized)
		}
	}
	r.shown(http.MethodPost, "/v1/token", "", `{"grant_type":"invitation","code":"`+r.secrets["invitation 0"]+`"}`, http.StatusUnauthorized)
	r.shown(http.MethodPost, "/v1/token/revoke", "", `{"refresh_token":"`+r.secrets["next refresh token 1"]+`"}`, http.StatusNoContent)
}

func (r *secretRun) keep(name string, value any) {
	r.t.Helper()
	text, ok := value.(string)
	require.True(r.t, ok && len(text) > 20, "%s: %v", name, value)
	r.secrets[name] = text
}

// shown asks with one of the secrets as the token, and is answered what is not kept: it is
// shown this once. A status of 0 is any.
func (r *secretRun) shown(method, path, token, body string, status int) map[string]any {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), method, r.api.URL+path, strings.NewReader(body))
	require.NoError(r.t, err)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+r.secrets[token])
	}
	resp, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(r.t, err)
	answer, err := io.ReadAll(resp.Body)
	require.NoError(r.t, err)
	require.NoError(r.t, resp.Body.Close())
	if status != 0 {
		require.Equal(r.t, status, resp.StatusCode, "%s %s: %s", method, path, answer)
	}
	if resp.StatusCode >= http.StatusBadRequest { // a refusal shows nothing
		r.answers.mu.Lock()
		defer r.answers.mu.Unlock()
		fmt.Fprintf(&r.answers.text, "%s %v\n%s\n", method, resp.Header, answer)
	}
	var read map[string]any
	if len(answer) > 0 && resp.StatusCode < http.StatusBadRequest {
		require.NoError(r.t, json.Unmarshal(answer, &read))
	}
	return read
}
