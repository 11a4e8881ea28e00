package auth

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

const workspace = "0190a6c8-7e3b-7c3a-9d10-3f2a4b5c6d7e"

// bundle is an issuer and a verifier of one key, on a clock that the test moves.
type bundle struct {
	key      ed25519.PrivateKey
	now      time.Time
	issuer   *Issuer
	verifier *Verifier
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{key: testKey(1), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return b.now }
	b.issuer = NewIssuer(b.key, clock)
	var err error
	b.verifier, err = NewVerifier(clock, PublicKey(b.key))
	require.NoError(t, err)
	return b
}

// testKey is a key made of one byte repeated: nobody's secret.
func testKey(b byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune(b)), ed25519.SeedSize)))
}

func (b *bundle) grant() Grant {
	return Grant{Subject: "ops@example.com", WorkspaceID: workspace, Role: RoleOperator, TTL: time.Hour}
}

// sign signs any claims with any method, as an attacker or another system would.
func (b *bundle) sign(t *testing.T, method jwt.SigningMethod, key any, header, change map[string]any) string {
	t.Helper()
	c := jwt.MapClaims{
		"iss": IssuerName, "aud": Audience, "sub": "ops@example.com", "jti": "1", "workspace": workspace, "role": "operator",
		"iat": b.now.Unix(), "nbf": b.now.Unix(), "exp": b.now.Add(time.Hour).Unix(),
	}
	for name, value := range change {
		if value == nil {
			delete(c, name)
			continue
		}
		c[name] = value
	}
	token := jwt.NewWithClaims(method, c)
	token.Header["kid"] = Thumbprint(PublicKey(b.key))
	maps.Copy(token.Header, header)
	signed, err := token.SignedString(key)
	require.NoError(t, err)
	return signed
}

func TestIssueThenVerify(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token, err := b.issuer.Issue(b.grant())
	require.NoError(t, err)
	got, err := b.verifier.Verify(token)
	require.NoError(t, err)
	require.NotEmpty(t, got.TokenID)
	got.TokenID = ""
	require.Equal(t, Identity{Subject: "ops@example.com", WorkspaceID: workspace, Role: RoleOperator, ExpiresAt: b.now.Add(time.Hour).Local()}, got)
}

func TestIssueRefusesWhatVerifyWould(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, change := range map[string]func(*Grant){
		"no subject":        func(g *Grant) { g.Subject = "" },
		"subject too long":  func(g *Grant) { g.Subject = strings.Repeat("s", 256) },
		"no workspace":      func(g *Grant) { g.WorkspaceID = "default" },
		"upper case":        func(g *Grant) { g.WorkspaceID = strings.ToUpper(workspace) },
		"unknown role":      func(g *Grant) { g.Role = "root" },
		"no lifetime":       func(g *Grant) { g.TTL = 0 },
		"negative lifetime": func(g *Grant) { g.TTL = -time.Hour },
	} {
		g := b.grant()
		change(&g)
		_, err := b.issuer.Issue(g)
		require.Error(t, err, name)
	}
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ed, at := jwt.SigningMethodEdDSA, func(d time.Duration) int64 { return b.now.Add(d).Unix() }
	public := PublicKey(b.key)
	good := b.sign(t, ed, b.key, nil, nil)
	parts := strings.Split(good, ".")
	tests := []struct {
		name  string
		token string
		want  error
	}{
		{"empty", "", ErrMalformed},
		{"not a JWT", "a.b", ErrMalformed},
		{"not base64", "a.b.c", ErrMalformed},
		{"alg none", b.sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, nil), ErrSignature},
		{"alg none written otherwise", base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"NONE","typ":"JWT"}`)) + "." + parts[1] + ".", ErrSignature},
		{"HS256 with the public key as secret", b.sign(t, jwt.SigningMethodHS256, []byte(public), nil, nil), ErrSignature},
		{"HS256 with the public key's base64", b.sign(t, jwt.SigningMethodHS256, []byte(base64.StdEncoding.EncodeToString(public)), nil, nil), ErrSignature},
		{"another key under our kid", b.sign(t, ed, testKey(2), nil, nil), ErrSignature},
		{"another key's kid", b.sign(t, ed, b.key, map[string]any{"kid": Thumbprint(PublicKey(testKey(2)))}, nil), ErrSignature},
		{"no kid", b.sign(t, ed, b.key, map[string]any{"kid": nil}, nil), ErrSignature},
		{"kid of another type", b.sign(t, ed, b.key, map[string]any{"kid": 7}, nil), ErrSignature},
		{"critical extension", b.sign(t, ed, b.key, map[string]any{"crit": []string{"exp"}}, nil), ErrSignature},
		{"claims swapped", parts[0] + "." + strings.Split(b.sign(t, ed, b.key, nil, map[string]any{"role": "admin"}), ".")[1] + "." + parts[2], ErrSignature},
		{"no signature", parts[0] + "." + parts[1] + ".", ErrSignature},
		{"wrong issuer", b.sign(t, ed, b.key, nil, map[string]any{"iss": "other"}), ErrInvalid},
		{"no issuer", b.sign(t, ed, b.key, nil, map[string]any{"iss": nil}), ErrInvalid},
		{"wrong audience", b.sign(t, ed, b.key, nil, map[string]any{"aud": "other"}), ErrInvalid},
		{"no audience", b.sign(t, ed, b.key, nil, map[string]any{"aud": nil}), ErrInvalid},
		{"wrong audience and expired", b.sign(t, ed, b.key, nil, map[string]any{"aud": "other", "exp": at(-time.Hour)}), ErrInvalid},
		{"expired", b.sign(t, ed, b.key, nil, map[string]any{"exp": at(-Leeway - time.Second)}), ErrExpired},
		{"no expiry", b.sign(t, ed, b.key, nil, map[string]any{"exp": nil}), ErrInvalid},
		{"not yet valid", b.sign(t, ed, b.key, nil, map[string]any{"nbf": at(Leeway + time.Second)}), ErrNotYetValid},
		{"no nbf", b.sign(t, ed, b.key, nil, map[string]any{"nbf": nil}), ErrInvalid},
		{"issued in the future", b.sign(t, ed, b.key, nil, map[string]any{"iat": at(Leeway + time.Second)}), ErrNotYetValid},
		{"no subject", b.sign(t, ed, b.key, nil, map[string]any{"sub": nil}), ErrInvalid},
		{"no id", b.sign(t, ed, b.key, nil, map[string]any{"jti": nil}), ErrInvalid},
		{"subject too long", b.sign(t, ed, b.key, nil, map[string]any{"sub": strings.Repeat("s", 256)}), ErrInvalid},
		{"line break in the subject", b.sign(t, ed, b.key, nil, map[string]any{"sub": "ops\nroot"}), ErrInvalid},
		{"workspace is no UUID", b.sign(t, ed, b.key, nil, map[string]any{"workspace": "default"}), ErrInvalid},
		{"workspace in upper case", b.sign(t, ed, b.key, nil, map[string]any{"workspace": strings.ToUpper(workspace)}), ErrInvalid},
		{"workspace without hyphens", b.sign(t, ed, b.key, nil, map[string]any{"workspace": strings.ReplaceAll(workspace, "-", "")}), ErrInvalid},
		{"workspace in braces", b.sign(t, ed, b.key, nil, map[string]any{"workspace": "{" + workspace + "}"}), ErrInvalid},
		{"workspace as a URN", b.sign(t, ed, b.key, nil, map[string]any{"workspace": "urn:uuid:" + workspace}), ErrInvalid},
		{"unknown role", b.sign(t, ed, b.key, nil, map[string]any{"role": "root"}), ErrInvalid},
		{"role of another type", b.sign(t, ed, b.key, nil, map[string]any{"role": 1}), ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := b.verifier.Verify(tt.token)
			require.ErrorIs(t, err, tt.want)
			if len(parts[2]) > 0 && tt.token != "" {
				require.NotContains(t, err.Error(), parts[2], "an error never quotes a token")
			}
		})
	}
}

func TestVerifyAllowsForClocksThatDiffer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token, err := b.issuer.Issue(b.grant())
	require.NoError(t, err)
	start := b.now
	for _, now := range []time.Time{start.Add(-Leeway + time.Second), start.Add(time.Hour + Leeway - time.Second)} {
		b.now = now
		_, err = b.verifier.Verify(token)
		require.NoError(t, err)
	}
	b.now = start.Add(time.Hour + Leeway)
	_, err = b.verifier.Verify(token)
	require.ErrorIs(t, err, ErrExpired)
}

func TestRotation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old, err := b.issuer.Issue(b.grant())
	require.NoError(t, err)
	next := testKey(2)
	renewed, err := NewIssuer(next, func() time.Time { return b.now }).Issue(b.grant())
	require.NoError(t, err)
	both, err := NewVerifier(func() time.Time { return b.now }, PublicKey(next), PublicKey(b.key))
	require.NoError(t, err)
	for _, token := range []string{old, renewed} {
		_, err := both.Verify(token)
		require.NoError(t, err)
	}
	_, err = b.verifier.Verify(renewed)
	require.ErrorIs(t, err, ErrSignature)
}

func TestNewVerifierNeedsKeys(t *testing.T) {
	t.Parallel()
	_, err := NewVerifier(time.Now)
	require.Error(t, err)
	_, err = NewVerifier(time.Now, ed25519.PublicKey("short"))
	require.Error(t, err)
}

// The key and the thumbprint are those of RFC 8037, appendix A.
func TestThumbprintAndKeysOfRFC8037(t *testing.T) {
	t.Parallel()
	key, err := ParsePrivateKey("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
	require.NoError(t, err)
	public, err := ParsePublicKey("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
	require.NoError(t, err)
	require.Equal(t, public, PublicKey(key))
	require.Equal(t, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", Thumbprint(public))
}

func TestParseKeys(t *testing.T) {
	t.Parallel()
	seed := strings.Repeat("\xff\xfe", 16)
	for name, encoded := range map[string]string{
		"standard":           base64.StdEncoding.EncodeToString([]byte(seed)),
		"standard, unpadded": base64.RawStdEncoding.EncodeToString([]byte(seed)),
		"url":                base64.URLEncoding.EncodeToString([]byte(seed)),
		"a line's end":       base64.StdEncoding.EncodeToString([]byte(seed)) + "\n",
	} {
		key, err := ParsePrivateKey(encoded)
		require.NoError(t, err, name)
		require.Equal(t, []byte(seed), key.Seed(), name)
	}
	for name, encoded := range map[string]string{
		"empty": "", "not base64": "!!!", "too short": "c2hvcnQ=", "64 bytes": base64.StdEncoding.EncodeToString(testKey(1)),
	} {
		_, err := ParsePrivateKey(encoded)
		require.Error(t, err, name)
		if encoded != "" {
			require.NotContains(t, err.Error(), encoded, "an error never quotes a key")
		}
		_, err = ParsePublicKey(encoded)
		require.Error(t, err, name)
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	require.True(t, RoleAdmin.Includes(RoleReader))
	require.True(t, RoleOperator.Includes(RoleOperator))
	require.False(t, RoleReader.Includes(RoleOperator))
	require.False(t, Role("root").Includes(RoleReader))
	require.False(t, RoleAdmin.Includes("root"))
}

// A stranger to this package, who has the document only, verifies its tokens.
func TestJWKsVerifyTokens(t *testing.T) {
	t.Parallel()
	now := func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }
	private := testKey(9)
	v, err := NewVerifier(now, PublicKey(private), PublicKey(testKey(8)))
	require.NoError(t, err)
	token, err := NewIssuer(private, now).Issue(Grant{Subject: "ada", WorkspaceID: workspace, Role: RoleReader, TTL: time.Hour})
	require.NoError(t, err)
	raw, err := json.Marshal(map[string]any{"keys": v.JWKs()})
	require.NoError(t, err)
	require.NotContains(t, string(raw), `"d"`, "no private half")
	var set struct {
		Keys []struct{ Kty, Crv, X, Kid string }
	}
	require.NoError(t, json.Unmarshal(raw, &set))
	require.Len(t, set.Keys, 2)
	_, err = jwt.Parse(token, func(t *jwt.Token) (any, error) {
		for _, k := range set.Keys {
			if k.Kid == t.Header["kid"] && k.Kty == "OKP" && k.Crv == "Ed25519" {
				x, err := base64.RawURLEncoding.DecodeString(k.X)
				return ed25519.PublicKey(x), err
			}
		}
		return nil, errors.New("no such key")
	}, jwt.WithTimeFunc(now))
	require.NoError(t, err)
}
