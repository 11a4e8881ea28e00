package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/api"
	"github.com/holdfast/holdfast/internal/auth"
)

func TestMembersAreChangedAndRemoved(t *testing.T) {
	t.Parallel()
	b := setup(t)
	admin := b.token(t, auth.RoleAdmin)
	m, pair := b.signIn(t, `{"login":"lin","role":"admin"}`)
	path := "/v1/members/" + m.ID
	patch := func(body string, header ...string) answer {
		return b.do(t, http.MethodPatch, path, admin, strings.NewReader(body), header...)
	}
	require.Contains(t, b.do(t, http.MethodGet, "/v1/members", admin, nil).body, `"login":"lin"`)
	last := patch(`{"role":"reader"}`)
	require.Equal(t, http.StatusConflict, last.StatusCode)
	require.Contains(t, last.problem(t).Detail, "last member who administers")
	require.Equal(t, http.StatusConflict, b.do(t, http.MethodDelete, path, admin, nil).StatusCode)
	require.Equal(t, http.StatusOK, b.do(t, http.MethodPatch, "/v1/members/"+graceID, admin, strings.NewReader(`{"role":"admin"}`)).StatusCode)

	tag := b.do(t, http.MethodGet, path, admin, nil).Header.Get("ETag")
	changed := patch(`{"role":"operator","repositories":["octo/*"]}`, "If-Match: "+tag)
	require.Equal(t, http.StatusOK, changed.StatusCode, changed.body)
	require.Equal(t, []string{"octo/*"}, decode[api.Member](t, changed).Repositories)
	require.Equal(t, http.StatusForbidden, b.do(t, http.MethodGet, "/v1/keys", pair.AccessToken, nil).StatusCode, "it holds at once")
	require.Equal(t, http.StatusPreconditionFailed, patch(`{"role":"reader"}`, "If-Match: "+tag).StatusCode)
	require.Equal(t, http.StatusOK, patch(`{"role":"reader"}`, "If-Match: "+changed.Header.Get("ETag")).StatusCode)
	for _, body := range []string{`{"role":"root"}`, `{"role":null}`, `{"repositories":["octo"]}`, `{"login":"eve"}`} {
		require.Equal(t, http.StatusUnprocessableEntity, patch(body).StatusCode, body)
	}

	require.Equal(t, http.StatusNoContent, b.do(t, http.MethodDelete, path, admin, nil).StatusCode)
	require.Equal(t, "session_ended", b.do(t, http.MethodGet, "/v1/operations", pair.AccessToken, nil).problem(t).Code)
	require.Equal(t, http.StatusNotFound, b.do(t, http.MethodDelete, path, admin, nil).StatusCode)
	require.Equal(t, http.StatusNotFound, patch(`{"role":"reader"}`).StatusCode)
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	admin := b.token(t, auth.RoleAdmin)
	m, pair := b.signIn(t, `{"login":"lin","role":"reader"}`)
	path := "/v1/members/" + m.ID + "/sessions"
	var list struct{ Sessions []api.Session }
	list = decode[struct{ Sessions []api.Session }](t, b.do(t, http.MethodGet, path, admin, nil))
	require.Len(t, list.Sessions, 1)
	require.Equal(t, pair.SessionID, list.Sessions[0].ID)
	require.Nil(t, list.Sessions[0].RevokedAt)
	require.Equal(t, http.StatusNoContent, b.do(t, http.MethodDelete, path, admin, nil).StatusCode)
	list = decode[struct{ Sessions []api.Session }](t, b.do(t, http.MethodGet, path, admin, nil))
	require.NotNil(t, list.Sessions[0].RevokedAt)
	refused, _ := b.refresh(t, pair.RefreshToken)
	require.Equal(t, "session_ended", refused.problem(t).Code)
	require.Equal(t, http.StatusNotFound, b.do(t, http.MethodGet, "/v1/members/"+missingID+"/sessions", admin, nil).StatusCode)
}

func TestMe(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, pair := b.signIn(t, `{"login":"lin","role":"operator","repositories":["octo/*"]}`)
	made := b.makeKey(t, `{"name":"ci","role":"reader"}`)
	me := func(token string) api.Me {
		got := b.do(t, http.MethodGet, "/v1/me", token, nil)
		require.Equal(t, http.StatusOK, got.StatusCode)
		return decode[api.Me](t, got)
	}
	expires, hour := start.Add(15*time.Minute), start.Add(time.Hour)
	require.Equal(t, api.Me{
		Subject: "lin", Kind: "session", WorkspaceID: workspace, Role: auth.RoleOperator, Repositories: []string{"octo/*"}, SessionID: pair.SessionID, ExpiresAt: &expires,
	}, me(pair.AccessToken))
	require.Equal(t, api.Me{Subject: "key:" + made.ID, Kind: "key", WorkspaceID: workspace, Role: auth.RoleReader, Repositories: []string{}}, me(made.Secret))
	require.Equal(t, api.Me{Subject: "tester", Kind: "token", WorkspaceID: workspace, Role: auth.RoleAdmin, Repositories: []string{}, ExpiresAt: &hour}, me(b.token(t, auth.RoleAdmin)))
}

func TestAWorkspaceIsMadeWithItsFirstAdministrator(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) { o.InstallationWorkspace = workspace })
	admin := b.token(t, auth.RoleAdmin)
	body := `{"name":"corp","admin":{"login":"root","email":"root@example.com"}}`
	got := b.do(t, http.MethodPost, "/v1/workspaces", admin, strings.NewReader(body))
	require.Equal(t, http.StatusCreated, got.StatusCode, got.body)
	made := decode[api.CreatedWorkspace](t, got)
	require.Equal(t, auth.RoleAdmin, made.Invitation.Member.Role)
	require.Contains(t, b.do(t, http.MethodGet, "/v1/workspaces", admin, nil).body, `"name":"corp"`)
	require.Equal(t, http.StatusConflict, b.do(t, http.MethodPost, "/v1/workspaces", admin, strings.NewReader(body)).StatusCode)

	entered, pair := b.entered(t, `{"grant_type":"invitation","code":"`+made.Invitation.Code+`"}`)
	require.Equal(t, http.StatusOK, entered.StatusCode, entered.body)
	require.Equal(t, made.ID, pair.WorkspaceID)
	members := b.do(t, http.MethodGet, "/v1/members", pair.AccessToken, nil).body
	require.Contains(t, members, `"login":"root"`)
	require.NotContains(t, members, "grace", "who is another workspace's")
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		var sent *strings.Reader
		if sent = strings.NewReader(""); method == http.MethodPost {
			sent = strings.NewReader(body)
		}
		refused := b.do(t, method, "/v1/workspaces", pair.AccessToken, sent)
		require.Equal(t, http.StatusForbidden, refused.StatusCode)
		require.Contains(t, refused.problem(t).Detail, "first workspace")
	}
	for _, wrong := range []string{`{"name":"Corp","admin":{"login":"x"}}`, `{"name":"x"}`, `{"name":"x","admin":{"login":"key:1"}}`, `{"name":"x","admin":null}`} {
		require.Equal(t, http.StatusUnprocessableEntity, b.do(t, http.MethodPost, "/v1/workspaces", admin, strings.NewReader(wrong)).StatusCode, wrong)
	}
}
