package oidc_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/oidc"
	"github.com/holdfast/holdfast/internal/testenv/metrictest"
)

const (
	workspace = "0190a6c8-7e3b-7c3a-9d10-3f2a4b5c6d7e"
	nowhere   = "0190a6c8-7e3b-7c3a-9d10-000000000000"
	audience  = "https://holdfast.example.com"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// keys are made once: RSA keys take their time.
var keys = sync.OnceValue(func() (k struct {
	rsa, otherRSA, small *rsa.PrivateKey
	p256                 *ecdsa.PrivateKey
	p384                 *ecdsa.PrivateKey
	ed                   ed25519.PrivateKey
},
) {
	var errs [6]error
	k.rsa, errs[0] = rsa.GenerateKey(rand.Reader, 2048)
	k.otherRSA, errs[1] = rsa.GenerateKey(rand.Reader, 2048)
	k.small, errs[2] = rsa.GenerateKey(rand.Reader, 1024)
	k.p256, errs[3] = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	k.p384, errs[4] = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	_, k.ed, errs[5] = ed25519.GenerateKey(rand.Reader)
	if err := errors.Join(errs[:]...); err != nil {
		panic(err)
	}
	return k
})

// publish writes the public half of a key as an issuer does.
func publish(kid string, key crypto.Signer, change ...func(map[string]any)) map[string]any {
	b64 := base64.RawURLEncoding.EncodeToString
	var k map[string]any
	switch public := key.Public().(type) {
	case *rsa.PublicKey:
		k = map[string]any{"kty": "RSA", "n": b64(public.N.Bytes()), "e": b64(big.NewInt(int64(public.E)).Bytes())}
	case *ecdsa.PublicKey:
		raw, err := public.Bytes()
		if err != nil {
			panic(err)
		}
		size := len(raw) / 2
		k = map[string]any{"kty": "EC", "crv": public.Params().Name, "x": b64(raw[1 : 1+size]), "y": b64(raw[1+size:])}
	case ed25519.PublicKey:
		k = map[string]any{"kty": "OKP", "crv": "Ed25519", "x": b64(public)}
	}
	k["kid"], k["use"] = kid, "sig"
	for _, f := range change {
		f(k)
	}
	return k
}

// provider is an issuer on loopback.
type provider struct {
	server *httptest.Server

	mu       sync.Mutex
	keys     []map[string]any
	document map[string]any
	control  string       // Cache-Control of its key set
	handle   http.Handler // answers in its place, if there is one
	fetches  int          // of its key set
}

func newProvider(t testing.TB, keys ...map[string]any) *provider {
	t.Helper()
	p := &provider{keys: keys}
	p.server = httptest.NewServer(p)
	t.Cleanup(p.server.Close)
	p.document = map[string]any{"issuer": p.server.URL, "jwks_uri": p.server.URL + "/keys"}
	return p
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.URL.Path == "/keys" {
		p.fetches++
	}
	var answer any
	switch {
	case p.handle != nil:
		p.handle.ServeHTTP(w, r)
		return
	case r.URL.Path == "/.well-known/openid-configuration":
		answer = p.document
	case r.URL.Path == "/keys":
		w.Header().Set("Cache-Control", p.control)
		answer = map[string]any{"keys": p.keys}
	default:
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		panic(err)
	}
}

// change changes what it answers.
func (p *provider) change(f func(p *provider)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(p)
}

func (p *provider) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fetches
}

// directory is the workspaces that there are.
type directory struct{ err error }

func (d directory) WorkspaceExists(_ context.Context, id string) (bool, error) {
	return id == workspace, d.err
}

// bundle is a verifier of one provider's tokens.
type bundle struct {
	*provider
	verifier *oidc.Verifier
	metrics  *metrictest.Reader

	clock sync.Mutex
	now   time.Time
}

func setup(t testing.TB, p *provider, change ...func(*oidc.Issuer)) *bundle {
	t.Helper()
	b := &bundle{provider: p, now: start, metrics: metrictest.New(t)}
	issuers := []oidc.Issuer{{
		URL: p.server.URL, Audience: audience, Algorithms: []string{"RS256", "PS256", "ES256", "ES384", "EdDSA"},
		Workspace: workspace, SubjectPrefix: "corp", Roles: map[string]map[string]auth.Role{"repository": {"octo/mirror": auth.RoleOperator}},
	}}
	for _, f := range change {
		f(&issuers[0])
	}
	require.NoError(t, oidc.Check(issuers))
	var err error
	b.verifier, err = oidc.New(oidc.Options{
		Issuers: issuers, Workspaces: directory{}, Logger: slog.New(slog.DiscardHandler), MeterProvider: b.metrics.Provider(), Now: b.Now,
	})
	require.NoError(t, err)
	return b
}

func (b *bundle) Now() time.Time {
	b.clock.Lock()
	defer b.clock.Unlock()
	return b.now
}

func (b *bundle) advance(d time.Duration) {
	b.clock.Lock()
	defer b.clock.Unlock()
	b.now = b.now.Add(d)
}

// claims are those of a good token, with a change; a nil takes a claim away.
func (b *bundle) claims(change map[string]any) jwt.MapClaims {
	now := b.Now()
	c := jwt.MapClaims{
		"iss": b.server.URL, "aud": audience, "sub": "repo:octo/mirror:ref:refs/heads/main", "jti": "1", "repository": "octo/mirror",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(),
	}
	maps.Copy(c, change)
	maps.DeleteFunc(c, func(_ string, value any) bool { return value == nil })
	return c
}

// sign signs a token as anybody may.
func (b *bundle) sign(t testing.TB, method jwt.SigningMethod, key any, header, change map[string]any) string {
	t.Helper()
	token := jwt.NewWithClaims(method, b.claims(change))
	token.Header["kid"] = "one"
	maps.Copy(token.Header, header)
	maps.DeleteFunc(token.Header, func(_ string, value any) bool { return value == nil })
	signed, err := token.SignedString(key)
	require.NoError(t, err)
	return signed
}

// good is a token that is accepted as long as the provider has the key as "one".
func (b *bundle) good(t testing.TB) string {
	t.Helper()
	return b.sign(t, jwt.SigningMethodRS256, keys().rsa, nil, nil)
}

func (b *bundle) verify(t testing.TB, token string) (auth.Identity, error) {
	t.Helper()
	identity, mine, err := b.verifier.Verify(t.Context(), token)
	require.True(t, mine)
	return identity, err
}
