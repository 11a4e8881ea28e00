package oidc_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/oidc"
)

// named signs a token with a key of that name.
func (b *bundle) named(t testing.TB, kid string, key any) string {
	t.Helper()
	return b.sign(t, jwt.SigningMethodRS256, key, map[string]any{"kid": kid}, nil)
}

func TestRotation(t *testing.T) {
	t.Parallel()
	b := setup(t, newProvider(t, publish("one", keys().rsa)))
	old := b.named(t, "one", keys().rsa)
	_, err := b.verify(t, old)
	require.NoError(t, err)
	b.change(func(p *provider) { p.keys = append(p.keys, publish("two", keys().otherRSA)) })
	next := b.named(t, "two", keys().otherRSA)
	_, err = b.verify(t, next)
	require.ErrorIs(t, err, auth.ErrSignature, "the keys were fetched just now")
	b.advance(31 * time.Second)
	for _, token := range []string{next, old} {
		_, err = b.verify(t, token)
		require.NoError(t, err)
	}
	require.Equal(t, 2, b.count())

	// Once a key is gone, so is what it vouched for, although that was verified before.
	b.change(func(p *provider) { p.keys = p.keys[1:] })
	b.advance(31 * time.Second)
	_, err = b.verify(t, old)
	require.NoError(t, err, "nobody knows yet")
	_, err = b.verify(t, b.named(t, "three", keys().rsa))
	require.ErrorIs(t, err, auth.ErrSignature)
	_, err = b.verify(t, old)
	require.ErrorIs(t, err, auth.ErrSignature)
	_, err = b.verify(t, next)
	require.NoError(t, err)
}

// A key that is exchanged under its name is another key.
func TestAKeyThatIsExchangedUnderItsName(t *testing.T) {
	t.Parallel()
	b := setup(t, newProvider(t, publish("one", keys().rsa)))
	old := b.named(t, "one", keys().rsa)
	_, err := b.verify(t, old)
	require.NoError(t, err)
	b.change(func(p *provider) { p.keys = []map[string]any{publish("one", keys().otherRSA)} })
	b.advance(31 * time.Second)
	_, err = b.verify(t, b.named(t, "none", keys().rsa)) // has the keys fetched
	require.ErrorIs(t, err, auth.ErrSignature)
	_, err = b.verify(t, old)
	require.ErrorIs(t, err, auth.ErrSignature)
	_, err = b.verify(t, b.named(t, "one", keys().otherRSA))
	require.NoError(t, err)
}

func TestAFloodOfInventedKeys(t *testing.T) {
	t.Parallel()
	b := setup(t, newProvider(t, publish("one", keys().rsa)))
	good := b.good(t)
	var tokens []string
	for n := range 40 {
		tokens = append(tokens, b.named(t, strconv.Itoa(n), keys().otherRSA))
	}
	for round := range 3 {
		var wait sync.WaitGroup
		for _, token := range tokens {
			wait.Go(func() {
				if _, _, err := b.verifier.Verify(t.Context(), token); err == nil {
					panic("a token of nobody was accepted")
				}
			})
		}
		wait.Wait()
		require.Equal(t, round+1, b.count(), "once in each pause")
		_, err := b.verify(t, good)
		require.NoError(t, err)
		b.advance(30 * time.Second)
	}
	// A known key with another algorithm is no reason to ask.
	_, err := b.verify(t, b.sign(t, jwt.SigningMethodES256, keys().p256, nil, nil))
	require.ErrorIs(t, err, auth.ErrSignature)
	require.Equal(t, 3, b.count())
}

func TestAnIssuerThatIsAway(t *testing.T) {
	t.Parallel()
	b := setup(t, newProvider(t, publish("one", keys().rsa)))
	b.change(func(p *provider) { p.handle = http.NotFoundHandler() })
	for range 3 {
		_, err := b.verify(t, b.good(t))
		require.ErrorIs(t, err, auth.ErrIssuerAway, "nobody can tell whether it is good")
	}
	b.change(func(p *provider) { p.handle = nil })
	_, err := b.verify(t, b.good(t))
	require.ErrorIs(t, err, auth.ErrIssuerAway, "it was asked just now")
	b.advance(31 * time.Second)
	_, err = b.verify(t, b.good(t))
	require.NoError(t, err)

	b.change(func(p *provider) { p.handle = http.NotFoundHandler() })
	b.advance(48 * time.Hour)
	_, err = b.verify(t, b.good(t))
	require.NoError(t, err, "its keys stay")
	_, err = b.verify(t, b.named(t, "two", keys().otherRSA))
	require.ErrorIs(t, err, auth.ErrSignature)
	measured := b.metrics.Read()
	label := "issuer=" + b.server.URL
	require.InDelta(t, 2.0, measured["holdfast.oidc.fetches{"+label+",outcome=failed}"], 0)
	require.InDelta(t, 1.0, measured["holdfast.oidc.fetches{"+label+",outcome=fetched}"], 0)
	require.InDelta(t, (48 * time.Hour).Seconds(), measured["holdfast.oidc.keys.age{"+label+"}"], 0)
}

// Who gives up waiting does not end the fetch that others wait for.
func TestWhoGivesUpWaiting(t *testing.T) {
	t.Parallel()
	b := setup(t, newProvider(t, publish("one", keys().rsa)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, mine, err := b.verifier.Verify(ctx, b.good(t))
	require.True(t, mine)
	if err != nil { // else the fetch was faster
		require.ErrorIs(t, err, auth.ErrIssuerAway)
	}
	_, err = b.verify(t, b.good(t))
	require.NoError(t, err)
	require.Equal(t, 1, b.count())
}

func TestWhatIsNoKeySet(t *testing.T) {
	t.Parallel()
	other := newProvider(t, publish("one", keys().rsa))
	answer := func(body string) func(*provider) {
		return func(p *provider) {
			document := p.document
			p.handle = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/keys" {
					w.Write([]byte(body)) //nolint:errcheck // the test sees it
					return
				}
				json.NewEncoder(w).Encode(document) //nolint:errcheck // the test sees it
			})
		}
	}
	document := func(name string, value any) func(*provider) {
		return func(p *provider) { p.document[name] = value }
	}
	for name, change := range map[string]func(*provider){
		"another's document":    document("issuer", "https://other.example.com"),
		"a document of nobody":  document("issuer", nil),
		"with a slash":          func(p *provider) { p.document["issuer"] = p.server.URL + "/" },
		"no keys' address":      document("jwks_uri", nil),
		"keys without TLS":      document("jwks_uri", "http://example.com/keys"),
		"keys in a file":        document("jwks_uri", "file:///etc/passwd"),
		"no JSON":               answer("keys"),
		"a list":                answer("[]"),
		"no keys":               answer("{}"),
		"keys that are no list": answer(`{"keys":{}}`),
		"too long":              answer(`{"keys":[]` + strings.Repeat(" ", 256<<10) + `}`),
		"too many":              answer(`{"keys":[` + strings.Repeat("{},", 64) + `{}]}`),
		"a page": func(p *provider) {
			p.handle = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
			})
		},
		"a redirect to another": func(p *provider) { p.handle = http.RedirectHandler(other.server.URL+"/keys", http.StatusFound) },
		"a redirect to itself":  func(p *provider) { p.handle = http.RedirectHandler("/again", http.StatusFound) },
		"two keys of one name":  func(p *provider) { p.keys = append(p.keys, publish("one", keys().otherRSA)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, newProvider(t, publish("one", keys().rsa)))
			b.change(change)
			_, err := b.verify(t, b.good(t))
			require.ErrorIs(t, err, auth.ErrIssuerAway)
		})
	}
	require.Zero(t, other.count())
}

// What is not understood is passed over (RFC 7517 section 5), the rest is used.
func TestKeysThatAreNotUsed(t *testing.T) {
	t.Parallel()
	without := func(name string) func(map[string]any) { return func(k map[string]any) { delete(k, name) } }
	with := func(name string, value any) func(map[string]any) {
		return func(k map[string]any) { k[name] = value }
	}
	p := newProvider(t, publish("one", keys().rsa),
		map[string]any{"kty": 1}, map[string]any{"kty": "AKP", "kid": "new"},
		publish("two", keys().rsa, without("kid")), publish("three", keys().rsa, without("n")), publish("four", keys().rsa, with("e", "Ag")),
		publish("five", keys().rsa, with("e", "AQAAAAAB")), publish("six", keys().rsa, with("n", strings.Repeat("_", 2000))),
		publish("seven", keys().p256, with("crv", "P-521")), publish("eight", keys().p256, with("y", publish("", keys().p256)["x"])),
		publish("nine", keys().p256, with("x", "AA")), publish("ten", keys().ed, with("crv", "X25519")), publish("eleven", keys().ed, with("x", "AA")),
		publish("twelve", keys().rsa, with("n", "=")), publish("thirteen", keys().rsa, with("e", "AAAAAQ")),
	)
	b := setup(t, p)
	_, err := b.verify(t, b.good(t))
	require.NoError(t, err)
	for _, kid := range []string{"two", "three", "four", "five", "six", "twelve", "thirteen"} {
		_, err := b.verify(t, b.named(t, kid, keys().rsa))
		require.ErrorIs(t, err, auth.ErrSignature, kid)
	}
	for kid, method := range map[string]jwt.SigningMethod{"seven": jwt.SigningMethodES256, "eight": jwt.SigningMethodES256, "nine": jwt.SigningMethodES256} {
		_, err := b.verify(t, b.sign(t, method, keys().p256, map[string]any{"kid": kid}, nil))
		require.ErrorIs(t, err, auth.ErrSignature, kid)
	}
	require.Equal(t, 1, b.count())
}

// handled answers requests without a network, as the clock of synctest needs it.
type handled struct{ http.Handler }

func (h handled) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), nil
}

// The keys are fetched by their max-age, within bounds, and more often while the issuer
// is away.
func TestKeysAreKeptFresh(t *testing.T) {
	t.Parallel()
	published := publish("one", keys().rsa)
	for control, want := range map[string]time.Duration{
		"": time.Hour, "max-age=7200": 2 * time.Hour, "public, MAX-AGE=600": 10 * time.Minute, "max-age=1": 5 * time.Minute,
		"max-age=604800": 24 * time.Hour, "no-store": 5 * time.Minute, "max-age=odd": time.Hour,
	} {
		synctest.Test(t, func(t *testing.T) {
			p := &provider{keys: []map[string]any{published}, control: control, document: map[string]any{"issuer": "https://id.example.com", "jwks_uri": "https://id.example.com/keys"}}
			issuers := []oidc.Issuer{{
				URL: "https://id.example.com", Audience: audience, Workspace: workspace, SubjectPrefix: "corp",
				Roles: map[string]map[string]auth.Role{"repository": {"octo/mirror": auth.RoleOperator}},
			}}
			require.NoError(t, oidc.Check(issuers))
			v, err := oidc.New(oidc.Options{Issuers: issuers, Workspaces: directory{}, Logger: slog.New(slog.DiscardHandler), Transport: handled{p}})
			require.NoError(t, err)
			ctx, cancel := context.WithCancel(t.Context())
			go v.Run(ctx)
			after := func(d time.Duration, fetches int) {
				t.Helper()
				<-time.After(d)
				synctest.Wait()
				require.Equal(t, fetches, p.count(), control)
			}
			after(0, 1)
			after(want-time.Second, 1)
			after(time.Second, 2)
			p.change(func(p *provider) { p.document["issuer"] = "https://other.example.com" })
			var asked atomic.Int32
			p.change(func(p *provider) {
				p.handle = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					asked.Add(1)
					w.WriteHeader(http.StatusInternalServerError)
				})
			})
			<-time.After(want)
			synctest.Wait()
			require.Equal(t, int32(1), asked.Load())
			for n, wait := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 5 * time.Minute, 5 * time.Minute} {
				<-time.After(wait)
				synctest.Wait()
				require.Equal(t, int32(n+2), asked.Load())
			}
			cancel()
			synctest.Wait()
		})
	}
}
