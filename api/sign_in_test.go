package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/api"
	"github.com/holdfast/holdfast/internal/operation"
)

const callback = "/v1/sign-in/github/callback?state=good&code=c"

func TestAMemberSignsInWithGitHub(t *testing.T) {
	t.Parallel()
	b := setup(t)
	began := b.do(t, http.MethodGet, "/v1/sign-in/github?login=grace", "", nil)
	require.Equal(t, http.StatusFound, began.StatusCode, began.body)
	require.Equal(t, "https://github.test/login/oauth/authorize?state=good&login=grace", began.Header.Get("Location"))
	cookie := began.Cookies()[0]
	require.Equal(t, "__Host-holdfast-signin", cookie.Name)
	require.True(t, cookie.Secure && cookie.HttpOnly && cookie.Path == "/" && cookie.Domain == "" && cookie.SameSite == http.SameSiteLaxMode, cookie)

	back := b.do(t, http.MethodGet, callback, "", nil, "Cookie: "+cookie.Name+"="+cookie.Value)
	require.Equal(t, http.StatusOK, back.StatusCode, back.body)
	require.Equal(t, "no-store", back.Header.Get("Cache-Control"))
	require.Negative(t, back.Cookies()[0].MaxAge)
	pair := decode[api.TokenPair](t, back)
	require.Equal(t, "grace", pair.Subject)
	require.Equal(t, http.StatusAccepted, b.do(t, http.MethodPost, "/v1/syncs", pair.AccessToken, strings.NewReader(`{"repository":"octo/mirror"}`)).StatusCode)
	events := b.auditEvents(t, "?limit=100&action=GET%20/v1/sign-in/github/callback")
	require.Len(t, events, 1)
	require.Equal(t, "grace", events[0].Subject)
	require.NotContains(t, b.log.String(), "c00kie")
}

func TestWhoIsNotSignedIn(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		path, cookie string
		gitHub       api.SignIn
		status       int
		code, says   string
	}{
		"another browser":     {callback, "", gitHub{}, 401, "unauthorized", "has ended"},
		"another state":       {"/v1/sign-in/github/callback?state=bad&code=c", "c00kie", gitHub{}, 401, "unauthorized", "has ended"},
		"denied":              {"/v1/sign-in/github/callback?state=good&error=access_denied&error_description=x&error_uri=y", "c00kie", gitHub{}, 401, "unauthorized", "has ended"},
		"a code and an error": {"/v1/sign-in/github/callback?state=good&code=c&error=access_denied", "c00kie", gitHub{}, 401, "unauthorized", "has ended"},
		"nobody we know":      {callback, "c00kie", gitHub{person: operation.Person{GitHubID: 9, Login: "mallory"}}, 403, "forbidden", "Ask an admin to add mallory"},
		"GitHub is away":      {callback, "c00kie", gitHub{err: &operation.Error{Code: operation.CodeUnavailable, Message: "x"}}, 503, "unavailable", "cannot be reached"},
		"not set up":          {callback, "c00kie", nil, 404, "not_found", "not set up"},
		"not set up, begin":   {"/v1/sign-in/github", "", nil, 404, "not_found", "not set up"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(o *api.Options) { o.SignIn, o.InstallationWorkspace = tt.gitHub, workspace })
			var header []string
			if tt.cookie != "" {
				header = append(header, "Cookie: __Host-holdfast-signin="+tt.cookie)
			}
			got := b.do(t, http.MethodGet, tt.path, "", nil, header...)
			require.Equal(t, tt.status, got.StatusCode, got.body)
			require.Equal(t, tt.code, got.problem(t).Code)
			require.Contains(t, got.problem(t).Detail, tt.says)
			if tt.status == 401 || tt.status == 403 {
				require.NotEmpty(t, b.auditEvents(t, "?limit=100&action=GET%20/v1/sign-in/github/callback")[0].Refused)
			}
		})
	}
}
