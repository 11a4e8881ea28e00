package signin_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/signin"
	"github.com/holdfast/holdfast/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

const (
	callback = "http://127.0.0.1:8080/v1/sign-in/github/callback"
	secret   = "the application's secret"
)

type bundle struct {
	*signin.GitHub
	options signin.Options
	web     *httptest.Server
}

func setup(t *testing.T) *bundle {
	t.Helper()
	t.Parallel()
	return start(t)
}

func start(t *testing.T) *bundle {
	t.Helper()
	sim := githubsim.New(githubsim.Options{
		Users:     []githubsim.User{{Login: "ada", ID: 4711}},
		OAuthApps: []githubsim.OAuthApp{{ClientID: "Iv1.holdfast", ClientSecret: secret, Callback: callback}},
	})
	api, web := httptest.NewServer(sim), httptest.NewServer(sim.Web())
	t.Cleanup(api.Close)
	t.Cleanup(web.Close)
	b := &bundle{web: web, options: signin.Options{
		ClientID: "Iv1.holdfast", ClientSecret: secret, WebURL: web.URL + "/", APIURL: api.URL + "/", Callback: callback, Redis: testenv.Redis(t),
	}}
	b.GitHub = signin.New(b.options)
	return b
}

// visit goes to GitHub's page as a browser does, and is what it brings back.
func (b *bundle) visit(t *testing.T, address string) url.Values {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	require.NoError(t, err)
	resp, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, http.StatusFound, resp.StatusCode)
	back, err := resp.Location()
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(back.String(), callback+"?"), back)
	return back.Query()
}

func TestSomebodySignsIn(t *testing.T) {
	b := setup(t)
	address, cookie, err := b.Begin(t.Context(), "w", "ada")
	require.NoError(t, err)
	require.NotContains(t, address, cookie)
	require.NotContains(t, address, secret)
	asked, err := url.Parse(address)
	require.NoError(t, err)
	require.Equal(t, "S256", asked.Query().Get("code_challenge_method"))
	require.Empty(t, asked.Query().Get("scope"), "nothing but who it is")
	back := b.visit(t, address)
	person, workspace, err := b.Finish(t.Context(), back.Get("state"), cookie, back.Get("code"))
	require.NoError(t, err)
	require.Equal(t, int64(4711), person.GitHubID)
	require.Equal(t, "ada", person.Login)
	require.Equal(t, "w", workspace)

	_, _, err = b.Finish(t.Context(), back.Get("state"), cookie, back.Get("code"))
	require.Equal(t, operation.CodeUnauthorized, operation.CodeOf(err), "it was good once")
}

func TestSignInsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		login string
		spoil func(state, cookie, code *string)
		says  string
	}{
		"denied":           {"mallory", func(_, _, _ *string) {}, "told not to let"},
		"another state":    {"ada", func(state, _, _ *string) { *state = "x" }, "has ended"},
		"no state":         {"ada", func(state, _, _ *string) { *state = "" }, "has ended"},
		"a long state":     {"ada", func(state, _, _ *string) { *state = strings.Repeat("x", 1000) }, "has ended"},
		"another browser":  {"ada", func(_, cookie, _ *string) { *cookie = "x" }, "another browser"},
		"no cookie":        {"ada", func(_, cookie, _ *string) { *cookie = "" }, "another browser"},
		"another code":     {"ada", func(_, _, code *string) { *code = "x" }, "does not accept the code"},
		"a code made up":   {"ada", func(_, _, code *string) { *code = "../../x&y" }, "does not accept the code"},
		"not of the state": {"ada", nil, "does not accept the code"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := start(t)
			address, cookie, err := b.Begin(t.Context(), "", tt.login)
			require.NoError(t, err)
			back := b.visit(t, address)
			state, code := back.Get("state"), back.Get("code")
			if tt.spoil == nil { // a code that somebody else was given, put under this one's sign-in
				other, _, err := b.Begin(t.Context(), "", tt.login)
				require.NoError(t, err)
				code = b.visit(t, other).Get("code")
			} else {
				tt.spoil(&state, &cookie, &code)
			}
			_, _, err = b.Finish(t.Context(), state, cookie, code)
			require.Equal(t, operation.CodeUnauthorized, operation.CodeOf(err), "%v", err)
			require.ErrorContains(t, err, tt.says)
		})
	}
}

// What is wrong between this server and GitHub is not the person's fault, and no answer
// and no error shows the secret.
func TestGitHubThatCannotBeAsked(t *testing.T) {
	t.Parallel()
	answering := func(status int, body string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Location", "https://elsewhere.example/")
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}))
		t.Cleanup(server.Close)
		return server.URL + "/"
	}
	for name, spoil := range map[string]func(*signin.Options){
		"another secret": func(o *signin.Options) { o.ClientSecret = "s3cret-of-another" },
		"no web":         func(o *signin.Options) { o.WebURL = "http://127.0.0.1:1" },
		"no API":         func(o *signin.Options) { o.APIURL = "http://127.0.0.1:1/" },
		"no JSON":        func(o *signin.Options) { o.APIURL = answering(200, "<html>") },
		"nobody":         func(o *signin.Options) { o.APIURL = answering(200, "{}") },
		"a refusal":      func(o *signin.Options) { o.APIURL = answering(401, `{"message":"Bad credentials"}`) },
		"sent away":      func(o *signin.Options) { o.WebURL = answering(307, "") },
		"500":            func(o *signin.Options) { o.WebURL = answering(500, "") },
		"no Redis": func(o *signin.Options) {
			o.Redis = redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := start(t)
			address, cookie, err := b.Begin(t.Context(), "", "ada")
			require.NoError(t, err)
			back := b.visit(t, address)
			o := b.options
			spoil(&o)
			_, _, err = signin.New(o).Finish(t.Context(), back.Get("state"), cookie, back.Get("code"))
			require.Equal(t, operation.CodeUnavailable, operation.CodeOf(err), "%v", err)
			require.NotContains(t, err.Error(), o.ClientSecret)
			require.NotContains(t, err.Error(), back.Get("code"))
		})
	}
}

func TestNobodyBeginsWithoutRedis(t *testing.T) {
	t.Parallel()
	g := signin.New(signin.Options{Redis: redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1})})
	_, _, err := g.Begin(context.WithoutCancel(t.Context()), "", "")
	require.Equal(t, operation.CodeUnavailable, operation.CodeOf(err))
}
