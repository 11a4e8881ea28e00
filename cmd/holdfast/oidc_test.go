package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

// issuer is an OpenID Connect issuer on loopback with one key.
func issuer(t *testing.T) (url string, sign func(claims jwt.MapClaims) string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	point, err := key.PublicKey.Bytes()
	require.NoError(t, err)
	b64 := base64.RawURLEncoding.EncodeToString
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	answer := func(path string, document any) {
		raw, err := json.Marshal(document)
		require.NoError(t, err)
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Write(raw) //nolint:errcheck // the test sees it
		})
	}
	answer("/.well-known/openid-configuration", map[string]string{"issuer": server.URL, "jwks_uri": server.URL + "/keys"})
	answer("/keys", map[string]any{"keys": []any{map[string]string{"kty": "EC", "crv": "P-256", "kid": "one", "x": b64(point[1:33]), "y": b64(point[33:])}}})
	return server.URL, func(claims jwt.MapClaims) string {
		for name, value := range (jwt.MapClaims{"iss": server.URL, "aud": "holdfast", "sub": "ada", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix()}) {
			if _, set := claims[name]; !set {
				claims[name] = value
			}
		}
		token := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
		token.Header["kid"] = "one"
		signed, err := token.SignedString(key)
		require.NoError(t, err)
		return signed
	}
}

// Tokens of another issuer open what their claims are mapped to, in the workspace that
// they name, and an issuer that is away when the API starts keeps nobody else out.
func TestTokensOfAnotherIssuer(t *testing.T) {
	t.Parallel()
	url, sign := issuer(t)
	away := httptest.NewServer(http.NotFoundHandler())
	away.Close()
	setting := func(url, prefix string) string {
		return fmt.Sprintf(`{"issuer":%q,"audience":"holdfast","workspace_claim":"tenant","subject_prefix":%q,"roles":{"groups":{"sre":"admin","dev":"reader"}}}`, url, prefix)
	}
	s := serve(t, "HOLDFAST_OIDC_ISSUERS=["+setting(url, "corp")+","+setting(away.URL, "away")+"]")
	const here, nowhere = "00000000-0000-7000-8000-000000000001", "00000000-0000-7000-8000-00000000dead"
	for name, tt := range map[string]struct {
		method, path, body string
		token              string
		status             int
		says               string
	}{
		"an admin":                  {http.MethodGet, "/v1/keys", "", sign(jwt.MapClaims{"tenant": here, "groups": []string{"sre"}}), 200, `"keys"`},
		"makes a key":               {http.MethodPost, "/v1/keys", `{"name":"corp","role":"reader"}`, sign(jwt.MapClaims{"tenant": here, "groups": []string{"sre"}}), 201, `"created_by":"corp:ada"`},
		"a reader":                  {http.MethodGet, "/v1/repositories", "", sign(jwt.MapClaims{"tenant": here, "groups": "dev"}), 200, "octo/mirror"},
		"who is no admin":           {http.MethodGet, "/v1/keys", "", sign(jwt.MapClaims{"tenant": here, "groups": "dev"}), 403, "role admin"},
		"in another workspace":      {http.MethodGet, "/v1/repositories", "", sign(jwt.MapClaims{"tenant": strangers, "groups": "dev"}), 200, `"repositories":[]`},
		"in none that there is":     {http.MethodGet, "/v1/repositories", "", sign(jwt.MapClaims{"tenant": nowhere, "groups": "dev"}), 401, "not acceptable"},
		"without a role":            {http.MethodGet, "/v1/repositories", "", sign(jwt.MapClaims{"tenant": here, "groups": "guests"}), 401, "not acceptable"},
		"of another audience":       {http.MethodGet, "/v1/repositories", "", sign(jwt.MapClaims{"tenant": here, "groups": "dev", "aud": "other"}), 401, "not acceptable"},
		"that expired":              {http.MethodGet, "/v1/repositories", "", sign(jwt.MapClaims{"tenant": here, "groups": "dev", "exp": time.Now().Add(-time.Minute).Unix()}), 401, "expired"},
		"of the issuer that's away": {http.MethodGet, "/v1/repositories", "", sign(jwt.MapClaims{"tenant": here, "groups": "dev", "iss": away.URL}), 503, "could not be fetched yet"},
		"of our own":                {http.MethodGet, "/v1/repositories", "", s.ours, 200, "octo/mirror"},
	} {
		status, answer := s.do(tt.method, tt.path, tt.token, tt.body)
		require.Equal(t, tt.status, status, "%s: %s", name, answer)
		require.Contains(t, answer, tt.says, name)
	}
}
