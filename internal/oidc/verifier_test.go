package oidc_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/oidc"
	"github.com/holdfast/holdfast/internal/operation"
)

func TestVerify(t *testing.T) {
	t.Parallel()
	b := setup(t, newProvider(t, publish("one", keys().rsa)))
	token := b.good(t)
	want := auth.Identity{
		Subject: "corp:repo:octo/mirror:ref:refs/heads/main", WorkspaceID: workspace, Role: auth.RoleOperator, TokenID: "1",
		ExpiresAt: start.Add(10 * time.Minute).Local(),
	}
	for range 3 {
		got, err := b.verify(t, token)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	require.Equal(t, 1, b.count())
	b.advance(10*time.Minute + auth.Leeway)
	_, err := b.verify(t, token)
	require.ErrorIs(t, err, auth.ErrExpired, "what was verified is not good for ever")
}

func TestVerifyWithEachAlgorithm(t *testing.T) {
	t.Parallel()
	for algorithm, key := range map[string]crypto.Signer{
		"RS256": keys().rsa, "PS256": keys().rsa, "ES256": keys().p256, "ES384": keys().p384, "EdDSA": keys().ed,
	} {
		b := setup(t, newProvider(t, publish("one", key)))
		_, err := b.verify(t, b.sign(t, jwt.GetSigningMethod(algorithm), key, nil, nil))
		require.NoError(t, err, algorithm)
		other := map[bool]string{true: "RS256", false: "ES256"}[algorithm == "ES256"]
		pinned := setup(t, newProvider(t, publish("one", key)), func(i *oidc.Issuer) { i.Algorithms = []string{other} })
		_, err = pinned.verify(t, pinned.sign(t, jwt.GetSigningMethod(algorithm), key, nil, nil))
		require.ErrorIs(t, err, auth.ErrSignature, "%s where %s is pinned", algorithm, other)
	}
}

// A token of another issuer, this server's own among them, is left to others.
func TestTokensOfOthers(t *testing.T) {
	t.Parallel()
	b := setup(t, newProvider(t, publish("one", keys().rsa)))
	own, err := auth.NewIssuer(keys().ed, b.Now).Issue(auth.Grant{Subject: "ada", WorkspaceID: workspace, Role: auth.RoleAdmin, TTL: time.Hour})
	require.NoError(t, err)
	for name, token := range map[string]string{
		"nothing": "", "no token": "a.b.c", "our own": own, "too long": strings.Repeat("a", auth.MaxToken+1),
		"another issuer":  b.sign(t, jwt.SigningMethodRS256, keys().rsa, nil, map[string]any{"iss": b.server.URL + "/"}),
		"no issuer":       b.sign(t, jwt.SigningMethodRS256, keys().rsa, nil, map[string]any{"iss": nil}),
		"two issuers":     b.sign(t, jwt.SigningMethodRS256, keys().rsa, nil, map[string]any{"iss": []string{b.server.URL}}),
		"in another case": b.sign(t, jwt.SigningMethodRS256, keys().rsa, nil, map[string]any{"iss": nil, "ISS": b.server.URL}),
	} {
		_, mine, err := b.verifier.Verify(t.Context(), token)
		require.NoError(t, err, name)
		require.False(t, mine, name)
	}
	require.Zero(t, b.count(), "nobody was asked")
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	k := keys()
	b := setup(t, newProvider(t,
		publish("one", k.rsa), publish("ec", k.p256), publish("small", k.small),
		publish("for encryption", k.otherRSA, func(j map[string]any) { j["use"] = "enc" }),
		publish("to encrypt", k.otherRSA, func(j map[string]any) { delete(j, "use"); j["key_ops"] = []string{"encrypt"} }),
		publish("for PS256", k.otherRSA, func(j map[string]any) { j["alg"] = "PS256" }),
		publish("published", k.otherRSA, func(j map[string]any) { j["d"] = "AQAB" }),
		map[string]any{"kty": "oct", "kid": "secret", "k": "c2VjcmV0"},
	))
	public, err := x509.MarshalPKIXPublicKey(&k.rsa.PublicKey)
	require.NoError(t, err)
	inPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	rs, at := jwt.SigningMethodRS256, func(d time.Duration) int64 { return start.Add(d).Unix() }
	good := strings.Split(b.good(t), ".")
	claim := func(name string, value any) string {
		return b.sign(t, rs, k.rsa, nil, map[string]any{name: value})
	}
	header := func(name string, value any) string {
		return b.sign(t, rs, k.rsa, map[string]any{name: value}, nil)
	}
	signedBy := func(kid string, method jwt.SigningMethod, key any) string {
		return b.sign(t, method, key, map[string]any{"kid": kid}, nil)
	}
	for name, tt := range map[string]struct {
		token string
		want  error
	}{
		"alg none":                         {b.sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, nil), auth.ErrSignature},
		"alg none, written otherwise":      {base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"nOnE","kid":"one"}`)) + "." + good[1] + ".", auth.ErrSignature},
		"HS256 with the public key's PEM":  {b.sign(t, jwt.SigningMethodHS256, inPEM, nil, nil), auth.ErrSignature},
		"HS256 with the public key's DER":  {b.sign(t, jwt.SigningMethodHS256, public, nil, nil), auth.ErrSignature},
		"HS256 with a published secret":    {signedBy("secret", jwt.SigningMethodHS256, []byte("secret")), auth.ErrSignature},
		"RS384, which is not pinned":       {b.sign(t, jwt.SigningMethodRS384, k.rsa, nil, nil), auth.ErrSignature},
		"another's key under a known kid":  {b.sign(t, rs, k.otherRSA, nil, nil), auth.ErrSignature},
		"an unknown kid":                   {signedBy("two", rs, k.rsa), auth.ErrSignature},
		"another key's kid":                {signedBy("for PS256", jwt.SigningMethodPS256, k.rsa), auth.ErrSignature},
		"no kid":                           {header("kid", nil), auth.ErrSignature},
		"a kid that is no text":            {header("kid", 1), auth.ErrSignature},
		"a kid too long":                   {header("kid", strings.Repeat("k", 300)), auth.ErrSignature},
		"a key of another kty":             {signedBy("ec", rs, k.rsa), auth.ErrSignature},
		"RSA of 1024 bits":                 {signedBy("small", rs, k.small), auth.ErrSignature},
		"a key for encryption":             {signedBy("for encryption", rs, k.otherRSA), auth.ErrSignature},
		"a key that does not verify":       {signedBy("to encrypt", rs, k.otherRSA), auth.ErrSignature},
		"a key for another algorithm":      {signedBy("for PS256", rs, k.otherRSA), auth.ErrSignature},
		"a key that everybody has":         {signedBy("published", rs, k.otherRSA), auth.ErrSignature},
		"a critical extension":             {header("crit", []string{"b64"}), auth.ErrSignature},
		"other claims":                     {good[0] + "." + strings.Split(claim("sub", "root"), ".")[1] + "." + good[2], auth.ErrSignature},
		"no signature":                     {good[0] + "." + good[1] + ".", auth.ErrSignature},
		"another audience":                 {claim("aud", "https://other.example.com"), auth.ErrInvalid},
		"no audience":                      {claim("aud", nil), auth.ErrInvalid},
		"two audiences and no azp":         {claim("aud", []string{audience, "other"}), auth.ErrInvalid},
		"two audiences and another's azp":  {b.sign(t, rs, k.rsa, nil, map[string]any{"aud": []string{audience, "other"}, "azp": "other"}), auth.ErrInvalid},
		"expired":                          {claim("exp", at(-auth.Leeway)), auth.ErrExpired},
		"no end":                           {claim("exp", nil), auth.ErrInvalid},
		"not valid yet":                    {claim("nbf", at(auth.Leeway+time.Second)), auth.ErrNotYetValid},
		"issued in the future":             {claim("iat", at(auth.Leeway+time.Second)), auth.ErrNotYetValid},
		"no time of issue":                 {claim("iat", nil), auth.ErrInvalid},
		"no subject":                       {claim("sub", nil), auth.ErrInvalid},
		"an empty subject":                 {claim("sub", ""), auth.ErrInvalid},
		"a subject too long":               {claim("sub", strings.Repeat("s", 255)), auth.ErrInvalid},
		"a line break in the subject":      {claim("sub", "ops\nroot"), auth.ErrInvalid},
		"a value that no role is for":      {claim("repository", "octo/other"), auth.ErrInvalid},
		"no claim that a role is for":      {claim("repository", nil), auth.ErrInvalid},
		"a role's claim that is no text":   {claim("repository", 7), auth.ErrInvalid},
		"a logout token":                   {header("typ", "logout+jwt"), auth.ErrInvalid},
		"a DPoP proof":                     {header("typ", "dpop+jwt"), auth.ErrInvalid},
		"a typ that is no text":            {header("typ", []string{"JWT"}), auth.ErrInvalid},
		"an access token without a client": {header("typ", "at+jwt"), auth.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 2 { // what was refused once is not remembered as good
				_, err := b.verify(t, tt.token)
				require.ErrorIs(t, err, tt.want)
				require.NotContains(t, err.Error(), good[2])
			}
		})
	}
}

func TestTypesOfTokens(t *testing.T) {
	t.Parallel()
	p := newProvider(t, publish("one", keys().rsa))
	both := setup(t, p)
	for narrowed, accepted := range map[string][]bool{"": {true, true, true, true}, oidc.TypeJWT: {true, true, false, false}, oidc.TypeAccess: {false, false, true, true}} {
		b := setup(t, p, func(i *oidc.Issuer) { i.TokenType = narrowed })
		for n, typ := range []any{"JWT", nil, "at+jwt", "application/at+JWT"} {
			_, err := b.verify(t, both.sign(t, jwt.SigningMethodRS256, keys().rsa, map[string]any{"typ": typ}, map[string]any{"client_id": "cli"}))
			require.Equal(t, accepted[n], err == nil, "%q of %v: %v", narrowed, typ, err)
		}
	}
}

func TestAuthorizedParties(t *testing.T) {
	t.Parallel()
	p := newProvider(t, publish("one", keys().rsa))
	anybody := setup(t, p)
	some := setup(t, p, func(i *oidc.Issuer) { i.AuthorizedParties = []string{"cli"} })
	for name, tt := range map[string]struct {
		typ           string
		claims        map[string]any
		anybody, some bool
	}{
		"one audience":                     {"JWT", nil, true, false},
		"for the client":                   {"JWT", map[string]any{"azp": "cli"}, true, true},
		"for another client":               {"JWT", map[string]any{"azp": "web"}, true, false},
		"two audiences, and for us":        {"JWT", map[string]any{"aud": []string{"account", audience}, "azp": audience}, true, false},
		"two audiences and the client":     {"JWT", map[string]any{"aud": []string{"account", audience}, "azp": "cli"}, false, true},
		"access for the client":            {"at+jwt", map[string]any{"client_id": "cli"}, true, true},
		"access for another":               {"at+jwt", map[string]any{"client_id": "web", "azp": "cli"}, true, false},
		"access to several, by the client": {"at+jwt", map[string]any{"client_id": "cli", "aud": []string{"account", audience}}, true, true},
	} {
		token := anybody.sign(t, jwt.SigningMethodRS256, keys().rsa, map[string]any{"typ": tt.typ}, tt.claims)
		_, err := anybody.verify(t, token)
		require.Equal(t, tt.anybody, err == nil, "%s: %v", name, err)
		_, err = some.verify(t, token)
		require.Equal(t, tt.some, err == nil, "%s: %v", name, err)
	}
}

func TestWhatClaimsSay(t *testing.T) {
	t.Parallel()
	b := setup(t, newProvider(t, publish("one", keys().rsa)), func(i *oidc.Issuer) {
		i.Workspace, i.WorkspaceClaim, i.RepositoriesClaim = "", "tenant", "repos"
		i.Roles = map[string]map[string]auth.Role{"groups": {"staff": auth.RoleReader, "sre": auth.RoleAdmin, "dev": auth.RoleOperator}, "level": {"1": auth.RoleReader}}
		i.Require = map[string][]string{"email_verified": {"true"}, "region": {"eu", "us"}}
	})
	fine := map[string]any{"tenant": workspace, "repos": []string{"octo/mirror", "octo/site"}, "groups": []any{"dev", "staff", 7}, "email_verified": true, "region": "eu"}
	token := func(name string, value any) string {
		change := map[string]any{"jti": nil}
		for k, v := range fine {
			change[k] = v
		}
		if name != "" {
			change[name] = value
		}
		return b.sign(t, jwt.SigningMethodRS256, keys().rsa, nil, change)
	}
	got, err := b.verify(t, token("", nil))
	require.NoError(t, err)
	require.Equal(t, auth.RoleOperator, got.Role, "the strongest of its groups")
	require.Equal(t, workspace, got.WorkspaceID)
	require.Equal(t, operation.Patterns{"octo/mirror", "octo/site"}, got.Repositories)
	require.True(t, got.Limited())
	require.Len(t, got.TokenID, 16, "made of its hash")
	got, err = b.verify(t, token("repos", "octo/mirror"))
	require.NoError(t, err)
	require.Equal(t, operation.Patterns{"octo/mirror"}, got.Repositories)
	for name, tt := range map[string]struct {
		claim string
		value any
	}{
		"a workspace that does not exist": {"tenant", nowhere},
		"a workspace's name":              {"tenant", "default"},
		"a workspace in upper case":       {"tenant", strings.ToUpper(workspace)},
		"no workspace":                    {"tenant", nil},
		"no repositories":                 {"repos", nil},
		"an empty list of repositories":   {"repos", []string{}},
		"all repositories":                {"repos", "*/*"},
		"no repository":                   {"repos", "octo"},
		"too many":                        {"repos", strings.Split(strings.Repeat("octo/mirror ", 101), " ")[:101]},
		"no group":                        {"groups", []string{"guests"}},
		"not verified":                    {"email_verified", false},
		"a text in the place of a list":   {"email_verified", nil},
		"another region":                  {"region", "cn"},
	} {
		_, err := b.verify(t, token(tt.claim, tt.value))
		require.ErrorIs(t, err, auth.ErrInvalid, name)
	}
}

func TestAWorkspaceThatCannotBeLookedFor(t *testing.T) {
	t.Parallel()
	p := newProvider(t, publish("one", keys().rsa))
	b := setup(t, p)
	away := &operation.Error{Code: operation.CodeUnavailable, Message: "Postgres is away."}
	issuers := []oidc.Issuer{{
		URL: p.server.URL, Audience: audience, Workspace: workspace, SubjectPrefix: "corp",
		Roles: map[string]map[string]auth.Role{"repository": {"octo/mirror": auth.RoleOperator}},
	}}
	require.NoError(t, oidc.Check(issuers))
	require.Equal(t, []string{"RS256", "ES256"}, issuers[0].Algorithms)
	v, err := oidc.New(oidc.Options{Issuers: issuers, Workspaces: directory{away}, Now: b.Now})
	require.NoError(t, err)
	_, mine, err := v.Verify(t.Context(), b.good(t))
	require.True(t, mine)
	require.ErrorIs(t, err, away)
}

func FuzzVerify(f *testing.F) {
	p := newProvider(f, publish("one", keys().rsa), publish("ed", keys().ed))
	b := setup(f, p)
	good := b.good(f)
	f.Add(good)
	f.Add(b.sign(f, jwt.SigningMethodEdDSA, keys().ed, map[string]any{"kid": "ed", "typ": "at+jwt"}, map[string]any{"client_id": "cli"}))
	f.Add(b.sign(f, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, nil))
	f.Add(b.sign(f, jwt.SigningMethodHS256, []byte("secret"), nil, map[string]any{"aud": []any{1, nil}, "exp": 1e300, "iat": "now"}))
	f.Add(b.sign(f, jwt.SigningMethodRS256, keys().otherRSA, map[string]any{"crit": 1, "kid": []int{1}}, nil))
	f.Add(strings.ToUpper(good))
	f.Add("..")
	f.Add("a.b.c")
	own, err := auth.NewVerifier(b.Now, auth.PublicKey(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))))
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, token string) {
		identity, mine, err := b.verifier.Verify(t.Context(), token)
		if mine && err == nil { // nobody but the holders of the keys makes good tokens
			require.Equal(t, workspace, identity.WorkspaceID)
			require.Equal(t, "corp:repo:octo/mirror:ref:refs/heads/main", identity.Subject)
		}
		_, err = own.Verify(token)
		require.Error(t, err)
	})
}
