package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/api"
	"github.com/holdfast/holdfast/internal/auth"
)

const console = "https://console.example.com"

// list splits a header's list.
func list(value string) []string { return strings.Split(value, ", ") }

func TestPagesOfOtherOrigins(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) { o.Origins = []string{console, "http://localhost:3000"} })
	token := b.token(t, auth.RoleReader)
	for _, path := range []string{"/v1/operations", "/healthz", "/nothing", "/openapi.json", "/problems/not_found"} {
		for _, origin := range []string{console, "http://localhost:3000"} {
			got := b.do(t, http.MethodGet, path, token, nil, "Origin: "+origin)
			require.Equal(t, origin, got.Header.Get("Access-Control-Allow-Origin"), path)
			require.Equal(t, []string{"Origin"}, got.Header.Values("Vary")[:1], path)
			require.Empty(t, got.Header.Values("Access-Control-Allow-Credentials"))
			for _, header := range []string{"Location", "Link", "ETag", "RateLimit", "RateLimit-Policy", "Retry-After", "Idempotency-Replayed", "X-Request-Id"} {
				require.Contains(t, list(got.Header.Get("Access-Control-Expose-Headers")), header)
			}
		}
		for _, origin := range []string{
			"https://other.example.com", "null", "*", "https://console.example.com.evil.example", "http://console.example.com", "https://console.example.com:444",
			"HTTPS://CONSOLE.EXAMPLE.COM", "https://console.example.com/", "",
		} {
			got := b.do(t, http.MethodGet, path, token, nil, "Origin: "+origin)
			require.Empty(t, got.Header.Values("Access-Control-Allow-Origin"), "%s of %q", path, origin)
			require.Empty(t, got.Header.Values("Access-Control-Expose-Headers"))
			require.Contains(t, got.Header.Values("Vary"), "Origin", "a cache keeps the answers apart")
		}
		two := b.do(t, http.MethodGet, path, token, nil, "Origin: "+console, "Origin: https://other.example.com")
		require.Empty(t, two.Header.Values("Access-Control-Allow-Origin"))
	}
	refused := b.do(t, http.MethodGet, "/v1/operations", "", nil, "Origin: "+console)
	require.Equal(t, http.StatusUnauthorized, refused.StatusCode)
	require.Equal(t, console, refused.Header.Get("Access-Control-Allow-Origin"), "the page may read why")
}

func TestPreflights(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) { o.Origins = []string{console} })
	ask := func(origin string) answer {
		return b.do(t, http.MethodOptions, "/v1/syncs", "", nil, "Origin: "+origin, "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization,content-type,idempotency-key")
	}
	got := ask(console)
	require.Equal(t, http.StatusNoContent, got.StatusCode, "without a token: browsers send none")
	require.Equal(t, console, got.Header.Get("Access-Control-Allow-Origin"))
	require.Equal(t, "600", got.Header.Get("Access-Control-Max-Age"))
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
		require.Contains(t, list(got.Header.Get("Access-Control-Allow-Methods")), method)
	}
	for _, header := range []string{"Authorization", "Content-Type", "Idempotency-Key", "If-Match", "Prefer"} {
		require.Contains(t, list(got.Header.Get("Access-Control-Allow-Headers")), header)
	}
	require.Empty(t, got.Header.Values("Access-Control-Allow-Credentials"))
	require.NotContains(t, got.Header.Get("Access-Control-Allow-Headers"), "*")
	other := ask("https://other.example.com")
	require.Equal(t, "forbidden_origin", other.problem(t).Code)
	require.Empty(t, other.Header.Values("Access-Control-Allow-Origin"))
	plain := b.do(t, http.MethodOptions, "/v1/syncs", "", nil, "Origin: "+console)
	require.Equal(t, http.StatusMethodNotAllowed, plain.StatusCode, "no preflight")
}

func TestNoPageOfAnotherOriginByDefault(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.do(t, http.MethodGet, "/v1/operations", b.token(t, auth.RoleReader), nil, "Origin: "+console)
	require.Equal(t, http.StatusOK, got.StatusCode)
	require.Empty(t, got.Header.Values("Access-Control-Allow-Origin"))
	preflight := b.do(t, http.MethodOptions, "/v1/operations", "", nil, "Origin: "+console, "Access-Control-Request-Method: GET")
	require.Equal(t, http.StatusMethodNotAllowed, preflight.StatusCode)
}

// The codec, whose session is a cookie, is the Temporal UI's only.
func TestTheCodecIsNotSharedWithOrigins(t *testing.T) {
	t.Parallel()
	b, _ := setupCodec(t, func(o *api.Options) { o.Origins = []string{console} })
	for _, path := range []string{"/v1/codec/decode", "/v1/codec/session"} {
		got := b.do(t, http.MethodOptions, path, "", nil, "Origin: "+console, "Access-Control-Request-Method: POST")
		require.Empty(t, got.Header.Values("Access-Control-Allow-Origin"), path)
		require.GreaterOrEqual(t, got.StatusCode, 400, path)
	}
}

// Pages may send every header that the document lets clients send, and read every one
// that it says answers have.
func TestPagesKnowTheHeadersOfTheDocument(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) { o.Origins = []string{console} })
	asks := list(b.do(t, http.MethodOptions, "/v1/syncs", "", nil, "Origin: "+console, "Access-Control-Request-Method: POST").Header.Get("Access-Control-Allow-Headers"))
	sees := list(b.do(t, http.MethodGet, "/healthz", "", nil, "Origin: "+console).Header.Get("Access-Control-Expose-Headers"))
	// The Fetch standard lets every page read these; the others are the browser's own affair, or no page's.
	sees = append(sees, "Cache-Control", "Content-Length", "Content-Type", "Set-Cookie", "Sec-Websocket-Accept", "Upgrade", "Connection")
	doc, err := contract()
	require.NoError(t, err)
	contains := func(names []string, name string) bool {
		return slices.ContainsFunc(names, func(one string) bool { return strings.EqualFold(one, name) })
	}
	for path, item := range doc.Paths.Map() {
		if strings.HasPrefix(path, "/v1/webhooks/") || strings.HasPrefix(path, "/v1/codec/") || strings.HasSuffix(path, "/stream") {
			continue // GitHub's, the Temporal UI's, and WebSockets, which know no such headers
		}
		for method, op := range item.Operations() {
			for _, p := range op.Parameters {
				if p.Value.In == "header" {
					require.True(t, contains(asks, p.Value.Name), "%s %s: add %s to crossAsks in api/cors.go", method, path, p.Value.Name)
				}
			}
			for _, response := range op.Responses.Map() {
				for name := range response.Value.Headers {
					require.True(t, contains(sees, name), "%s %s: add %s to crossSees in api/cors.go", method, path, name)
				}
			}
		}
	}
}
