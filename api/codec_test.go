package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/api"
	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/payload"
	"github.com/holdfast/holdfast/internal/secret"
)

const (
	temporalUI = "https://temporal.example.com"
	// clearPayloads is a string as Temporal's SDK writes it: "octo/mirror" as JSON.
	clearPayloads = `{"payloads":[{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"Im9jdG8vbWlycm9yIg=="}]}`
)

// setupCodec serves an API that decodes payloads, and a list of encrypted ones.
func setupCodec(t *testing.T, change ...func(*api.Options)) (b *bundle, encrypted string) {
	t.Helper()
	keys, err := secret.New()
	require.NoError(t, err)
	server := payload.NewServer(keys)
	out, err := server.Encode(t.Context(), []byte(clearPayloads))
	require.NoError(t, err)
	b = setup(t, append([]func(*api.Options){func(o *api.Options) {
		o.Codec, o.InstallationWorkspace, o.TemporalUIOrigin = server, workspace, temporalUI
	}}, change...)...)
	return b, string(out)
}

func TestCodecDecodesForAdminsOfTheInstallation(t *testing.T) {
	t.Parallel()
	b, encrypted := setupCodec(t)
	foreign := b.grant(t, auth.Grant{Subject: "tester", WorkspaceID: stranger, Role: auth.RoleAdmin, TTL: time.Hour})
	for name, tt := range map[string]struct {
		token, body string
		header      []string
		status      int
		says        string
	}{
		"an admin":           {b.token(t, auth.RoleAdmin), encrypted, nil, 200, ""},
		"by the UI":          {b.token(t, auth.RoleAdmin), encrypted, []string{"Origin: " + temporalUI, "X-Namespace: default"}, 200, ""},
		"no token":           {"", encrypted, nil, 401, "needs a token"},
		"an operator":        {b.token(t, auth.RoleOperator), encrypted, nil, 403, "role admin"},
		"another workspace":  {foreign, encrypted, nil, 403, "installation's own workspace"},
		"too large":          {b.token(t, auth.RoleAdmin), `{"payloads":[],"x":"` + strings.Repeat("a", 8<<20) + `"}`, nil, 413, ""},
		"no list":            {b.token(t, auth.RoleAdmin), `[1]`, nil, 422, "not a list of Temporal payloads"},
		"no body":            {b.token(t, auth.RoleAdmin), ``, nil, 400, ""},
		"of another keyset":  {b.token(t, auth.RoleAdmin), foreignPayloads(t), nil, 422, "HOLDFAST_PAYLOAD_KEYSET does not hold the key"},
		"a token in the URL": {"", encrypted, []string{"Authorization: Basic eDp5"}, 401, "needs a token"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, path := range []string{"/v1/codec/decode", "/v1/codec/decode?preserveStorageRefs=true"} {
				got := b.do(t, http.MethodPost, path, tt.token, strings.NewReader(tt.body), tt.header...)
				require.Equal(t, tt.status, got.StatusCode, got.body)
				if tt.status != http.StatusOK {
					require.Contains(t, got.problem(t).Detail, tt.says)
					continue
				}
				require.JSONEq(t, clearPayloads, got.body)
				require.Equal(t, "no-store", got.Header.Get("Cache-Control"))
			}
		})
	}
	again := b.do(t, http.MethodPost, "/v1/codec/encode", b.token(t, auth.RoleAdmin), strings.NewReader(clearPayloads))
	require.Equal(t, http.StatusOK, again.StatusCode, again.body)
	require.NotContains(t, again.body, "Im9jdG8")
	back := b.do(t, http.MethodPost, "/v1/codec/decode", b.token(t, auth.RoleAdmin), strings.NewReader(again.body))
	require.JSONEq(t, clearPayloads, back.body)
}

// foreignPayloads were encrypted by another installation.
func foreignPayloads(t *testing.T) string {
	t.Helper()
	keys, err := secret.New()
	require.NoError(t, err)
	out, err := payload.NewServer(keys).Encode(t.Context(), []byte(clearPayloads))
	require.NoError(t, err)
	return string(out)
}

func TestCodecIsSharedWithOneOrigin(t *testing.T) {
	t.Parallel()
	b, encrypted := setupCodec(t)
	token := b.token(t, auth.RoleAdmin)
	preflight := func(path, origin string) answer {
		return b.do(t, http.MethodOptions, path, "", nil, "Origin: "+origin,
			"Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization,content-type,x-namespace")
	}
	for _, path := range []string{"/v1/codec/decode", "/v1/codec/encode", "/v1/codec/decode?preserveStorageRefs=true"} {
		got := preflight(path, temporalUI)
		require.Equal(t, http.StatusNoContent, got.StatusCode, got.body)
		require.Equal(t, temporalUI, got.Header.Get("Access-Control-Allow-Origin"))
		require.Equal(t, "true", got.Header.Get("Access-Control-Allow-Credentials"))
		require.Equal(t, "POST", got.Header.Get("Access-Control-Allow-Methods"))
		require.Equal(t, "authorization, authorization-extras, content-type, x-namespace", got.Header.Get("Access-Control-Allow-Headers"))
		require.Contains(t, got.Header.Values("Vary"), "Origin")
	}
	for _, origin := range []string{"https://evil.example.com", "https://temporal.example.com.evil", "http://temporal.example.com", temporalUI + ":8443", "null"} {
		got := preflight("/v1/codec/decode", origin)
		require.Equal(t, http.StatusForbidden, got.StatusCode, origin)
		require.Empty(t, got.Header.Get("Access-Control-Allow-Origin"))
		answered := b.do(t, http.MethodPost, "/v1/codec/decode", token, strings.NewReader(encrypted), "Origin: "+origin)
		require.Empty(t, answered.Header.Get("Access-Control-Allow-Origin"), "the browser keeps the answer from the page")
		require.Contains(t, answered.Header.Values("Vary"), "Origin")
	}
	refused := b.do(t, http.MethodPost, "/v1/codec/decode", "", strings.NewReader(encrypted), "Origin: "+temporalUI)
	require.Equal(t, http.StatusUnauthorized, refused.StatusCode)
	require.Equal(t, temporalUI, refused.Header.Get("Access-Control-Allow-Origin"), "the UI can tell a refusal from a network that is down")
	for _, path := range []string{"/v1/codec/session", "/v1/operations", "/v1/syncs"} {
		require.Empty(t, preflight(path, temporalUI).Header.Get("Access-Control-Allow-Origin"), "%s is not the codec's", path)
		require.Equal(t, http.StatusMethodNotAllowed, preflight(path, temporalUI).StatusCode)
	}

	closed, encrypted := setupCodec(t, func(o *api.Options) { o.TemporalUIOrigin = "" })
	for _, origin := range []string{"", "null", temporalUI} {
		got := closed.do(t, http.MethodPost, "/v1/codec/decode", closed.token(t, auth.RoleAdmin), strings.NewReader(encrypted), "Origin: "+origin)
		require.Equal(t, http.StatusOK, got.StatusCode)
		require.Empty(t, got.Header.Get("Access-Control-Allow-Origin"))
	}
}

func TestCodecSession(t *testing.T) {
	t.Parallel()
	b, encrypted := setupCodec(t)
	decode := func(header ...string) answer {
		return b.do(t, http.MethodPost, "/v1/codec/decode", "", strings.NewReader(encrypted), header...)
	}
	token := b.grant(t, auth.Grant{Subject: "tester", WorkspaceID: workspace, Role: auth.RoleAdmin, TTL: time.Hour})
	got := b.do(t, http.MethodPost, "/v1/codec/session", token, nil)
	require.Equal(t, http.StatusNoContent, got.StatusCode, got.body)
	require.Len(t, got.Cookies(), 1)
	cookie := got.Cookies()[0]
	require.Equal(t, "/v1/codec", cookie.Path)
	require.Empty(t, cookie.Domain)
	require.True(t, cookie.HttpOnly)
	require.True(t, cookie.Secure)
	require.Equal(t, http.SameSiteStrictMode, cookie.SameSite)
	require.Equal(t, 3600, cookie.MaxAge, "as long as the token")
	require.NotContains(t, cookie.Value, strings.Split(token, ".")[1], "the cookie is not the token")
	shown := "Cookie: " + cookie.Name + "=" + cookie.Value

	require.JSONEq(t, clearPayloads, decode(shown, "Origin: "+temporalUI).body)
	for name, tt := range map[string]struct {
		header []string
		status int
	}{
		"without an origin": {[]string{shown}, 403},
		"another origin":    {[]string{shown, "Origin: https://evil.example.com"}, 403},
		"no cookie":         {[]string{"Origin: " + temporalUI}, 401},
		"a made-up cookie":  {[]string{"Cookie: " + cookie.Name + "=" + token, "Origin: " + temporalUI}, 401},
		"a changed cookie":  {[]string{shown + "A", "Origin: " + temporalUI}, 401},
	} {
		require.Equal(t, tt.status, decode(tt.header...).StatusCode, name)
	}
	for _, request := range [][2]string{{"POST", "/v1/syncs"}, {"GET", "/v1/operations"}, {"POST", "/v1/codec/session"}, {"DELETE", "/v1/codec/session"}} {
		other := b.do(t, request[0], request[1], "", nil, shown, "Origin: "+temporalUI)
		require.Equal(t, http.StatusUnauthorized, other.StatusCode, "the cookie is good for the codec only")
	}

	ended := b.do(t, http.MethodDelete, "/v1/codec/session", token, nil)
	require.Equal(t, http.StatusNoContent, ended.StatusCode)
	require.Negative(t, ended.Cookies()[0].MaxAge)
	require.Empty(t, ended.Cookies()[0].Value)
	require.Equal(t, cookie.Path, ended.Cookies()[0].Path)

	b.advance(time.Hour + auth.Leeway)
	require.Equal(t, http.StatusUnauthorized, decode(shown, "Origin: "+temporalUI).StatusCode, "a kept cookie dies with its token")
	require.NotContains(t, b.log.String(), cookie.Value)

	for role, status := range map[auth.Role]int{auth.RoleReader: 403, auth.RoleOperator: 403, auth.RoleAdmin: 204} {
		require.Equal(t, status, b.do(t, http.MethodPost, "/v1/codec/session", b.token(t, role), nil).StatusCode)
	}
}

func TestCodecSessionOverPlainHTTP(t *testing.T) {
	t.Parallel()
	b, _ := setupCodec(t, func(o *api.Options) { o.TemporalUIOrigin = "http://127.0.0.1:8233" })
	token := b.token(t, auth.RoleAdmin)
	require.False(t, b.do(t, http.MethodPost, "/v1/codec/session", token, nil).Cookies()[0].Secure, "on a developer's machine")
	require.True(t, b.do(t, http.MethodPost, "/v1/codec/session", token, nil, "X-Forwarded-Proto: https").Cookies()[0].Secure)
}

func TestCodecWithoutAKeyset(t *testing.T) {
	t.Parallel()
	for name, codec := range map[string]api.Codec{"no codec": nil, "no keyset": payload.NewServer(nil)} {
		b, _ := setupCodec(t, func(o *api.Options) { o.Codec = codec })
		token := b.token(t, auth.RoleAdmin)
		for _, path := range []string{"/v1/codec/encode", "/v1/codec/session"} {
			got := b.do(t, http.MethodPost, path, token, strings.NewReader(clearPayloads))
			require.Equal(t, http.StatusConflict, got.StatusCode, "%s %s", name, path)
			require.Contains(t, got.problem(t).Detail, "not encrypted")
		}
	}
	b, _ := setupCodec(t, func(o *api.Options) { o.InstallationWorkspace = "" })
	require.Equal(t, http.StatusForbidden, b.do(t, http.MethodPost, "/v1/codec/decode", b.token(t, auth.RoleAdmin), strings.NewReader(clearPayloads)).StatusCode)
}
