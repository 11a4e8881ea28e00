package github_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/connection"
)

const (
	appID          = 7
	installationID = 70
	workspaceID    = "w"
)

// appKey is an App's private key, made once since that takes a while.
var appKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func pkcs1(key *rsa.PrivateKey) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

// fake is a GitHub that knows users by their tokens and one App with one installation.
// It refuses what nobody told it to expect.
type fake struct {
	*httptest.Server

	mu        sync.Mutex
	users     map[string]int64 // token -> the user's id
	minted    int
	good      map[string]time.Time // tokens of the installation, and when they expire
	expires   func() time.Time     // of the next token
	mint      http.HandlerFunc     // in place of minting; nil: it mints
	suspended bool
	user      func(http.Header) // what GitHub tells of a token beside its user; nil: nothing
	seen      []string          // method, path and whose the credential is
	answer    http.HandlerFunc  // of anything else, after the credential was accepted
	jwts      []jwt.RegisteredClaims
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{users: map[string]int64{}, good: map[string]time.Time{}, answer: ok(`[]`)}
	f.expires = func() time.Time { return time.Now().Add(time.Hour + time.Duration(f.minted)*time.Second) }
	f.Server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.Close)
	return f
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	bearer := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	path := strings.TrimPrefix(r.URL.Path, "/api/v3")
	user, known := f.users[bearer]
	_, minted := f.good[bearer]
	isApp := strings.Count(bearer, ".") == 2 && f.verified(bearer)
	who := map[bool]string{known: fmt.Sprintf("user %d", user), minted: "installation", isApp: "app", bearer == "": "nobody"}[true]
	if path != "/rate_limit" { // the budget's own probe, whenever it likes
		f.seen = append(f.seen, r.Method+" "+r.URL.Path+" "+who)
	}
	switch {
	case who == "" || path == "/user" && bearer == "":
		status(http.StatusUnauthorized)(w, r)
	case strings.HasSuffix(path, "/access_tokens") && isApp && f.mint != nil:
		f.mint(w, r)
	case strings.HasSuffix(path, "/access_tokens") && isApp:
		f.minted++
		token := fmt.Sprintf("ghs_secret%d", f.minted)
		f.good[token] = f.expires()
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"token": %q, "expires_at": %q}`, token, f.good[token].Format(time.RFC3339))
	case path == "/app" && isApp:
		fmt.Fprint(w, `{"id": 7, "name": "Mirror"}`)
	case path == "/app/installations/70" && isApp:
		suspended := "null"
		if f.suspended {
			suspended = `"2026-01-02T03:04:05Z"`
		}
		fmt.Fprintf(w, `{"id": 70, "account": {"id": 9, "login": "octo"}, "repository_selection": "selected", "suspended_at": %s,
			"permissions": {"metadata": "read", "pull_requests": "write", "discussions": "read"}}`, suspended)
	case minted && f.suspended:
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"message": "This installation has been suspended"}`)
	case path == "/installation/repositories" && minted:
		fmt.Fprint(w, `{"total_count": 12, "repositories": []}`)
	case path == "/rate_limit":
		reset := time.Now().Add(10 * time.Minute).Unix()
		fmt.Fprintf(w, `{"resources": {"core": {"limit": 5000, "remaining": 4000, "reset": %d}, "graphql": {"limit": 5000, "remaining": 3000, "reset": %d},
			"search": {"limit": 30, "remaining": 30, "reset": %d}}}`, reset, reset, reset)
	case path == "/user" && known:
		if f.user != nil {
			f.user(w.Header())
		}
		fmt.Fprintf(w, `{"id": %d, "login": "user%d"}`, user, user)
	default:
		f.answer(w, r)
	}
}

func (f *fake) verified(token string) bool {
	var claims jwt.RegisteredClaims
	_, err := jwt.ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return &appKey().PublicKey, nil }, jwt.WithValidMethods([]string{"RS256"}))
	f.jwts = append(f.jwts, claims)
	return err == nil && claims.Issuer == "7"
}

// now runs what changes the fake, or looks at it, between two requests.
func (f *fake) now(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
}

// asked is how many requests came whose method, path and credential contain part.
func (f *fake) asked(part string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, line := range f.seen {
		if strings.Contains(line, part) {
			n++
		}
	}
	return n
}

// tokens is a TokenStore as several processes share it.
type tokens struct {
	mu      sync.Mutex
	now     func() time.Time
	token   string
	expires time.Time
}

func (s *tokens) InstallationToken(ctx context.Context, _ string, _ int64, renew func(context.Context) (string, time.Time, error)) (string, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token != "" && s.expires.Sub(s.now()) > 5*time.Minute {
		return s.token, s.expires, nil
	}
	token, expires, err := renew(ctx)
	if err == nil {
		s.token, s.expires = token, expires
	}
	return token, expires, err
}

func (s *tokens) ForgetInstallationToken(_ context.Context, _ string, expires time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.expires.Equal(expires) {
		s.token = ""
	}
	return nil
}

// connections is where a pool learns of connections.
type connections struct {
	mu      sync.Mutex
	now     func() time.Time
	held    []connection.Held
	fail    error
	looked  map[string]time.Time
	reasons []string
}

func (c *connections) Connections(context.Context, string) ([]connection.Held, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]connection.Held{}, c.held...), c.fail
}

// edit changes a connection like a user does: with a new version, to be checked anew.
func (c *connections) edit(id string, change func(*connection.Held)) {
	c.of(id, 0, func(h *connection.Held) {
		h.Version++
		h.State, h.StateReason, h.Account = connection.StateUnchecked, "", ""
		change(h)
	})
}

// of changes a connection if it is of that version still; 0: whatever its version.
func (c *connections) of(id string, version int64, change func(*connection.Held)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.held {
		if h := &c.held[i]; h.ID == id && (version == 0 || h.Version == version) {
			change(h)
		}
	}
}

func (c *connections) Accept(_ context.Context, id string, version int64, account, login string) error {
	c.of(id, version, func(h *connection.Held) {
		h.State, h.StateReason, h.Account, h.Login = connection.StateOK, "", account, login
	})
	return nil
}

func (c *connections) Refuse(_ context.Context, id string, version int64, reason string) error {
	c.of(id, version, func(h *connection.Held) {
		h.State, h.StateReason = connection.StateRefused, reason
		c.reasons = append(c.reasons, reason)
		c.looked[id] = c.now()
	})
	return nil
}

func (c *connections) Look(_ context.Context, id string, version int64, every time.Duration) (mine bool, err error) {
	c.of(id, version, func(*connection.Held) {
		if mine = c.now().Sub(c.looked[id]) >= every; mine {
			c.looked[id] = c.now()
		}
	})
	return mine, nil
}

func (c *connections) get(t *testing.T, id string) connection.Held {
	t.Helper()
	var found connection.Held
	c.of(id, 0, func(h *connection.Held) { found = *h })
	require.Equal(t, id, found.ID)
	return found
}
