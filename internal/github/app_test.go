package github_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/github"
)

// clock is set by hand. It begins at the real time, by which the fake's tokens expire.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Now()} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// installed is a client of the fake's installation, as one process has it.
func (f *fake) installed(t *testing.T, store github.TokenStore, now func() time.Time, refused func(string)) *github.Client {
	t.Helper()
	o := github.Options{BaseURL: f.URL, UserAgent: "test", Now: now, Scale: 1, Account: account(t)}
	app, err := github.NewApp(o, appID, appKey())
	require.NoError(t, err)
	o.Account = account(t)
	o.Credential = github.NewInstallation(app, installationID, "c", store)
	if refused != nil {
		o.Refused = func(_ context.Context, reason string) { refused(reason) }
	}
	c, err := github.New(o)
	require.NoError(t, err)
	return c
}

func TestOneTokenOfAnInstallationServesAllProcesses(t *testing.T) {
	t.Parallel()
	f, store := newFake(t), &tokens{now: time.Now}
	var wait sync.WaitGroup
	failed := make(chan error, 40)
	for range 4 {
		c := f.installed(t, store, time.Now, func(reason string) { t.Errorf("refused: %s", reason) })
		for range 10 {
			wait.Go(func() {
				_, err := c.List(t.Context(), "repos/o/r/issues", github.Ask{})
				failed <- err
			})
		}
	}
	wait.Wait()
	close(failed)
	for err := range failed {
		require.NoError(t, err)
	}
	require.Equal(t, 1, f.asked("access_tokens"))
	require.Equal(t, 40, f.asked("issues installation"))
}

func TestAnAppShowsAShortLivedJWT(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	_, err := f.installed(t, &tokens{now: time.Now}, time.Now, nil).List(t.Context(), "x", github.Ask{})
	require.NoError(t, err)
	require.Len(t, f.jwts, 1)
	claims := f.jwts[0]
	require.Equal(t, "7", claims.Issuer)
	require.WithinDuration(t, time.Now().Add(-time.Minute), claims.IssuedAt.Time, 5*time.Second)
	require.WithinDuration(t, time.Now().Add(9*time.Minute), claims.ExpiresAt.Time, 5*time.Second)
}

func TestATokenIsRenewedBeforeItsEnd(t *testing.T) {
	t.Parallel()
	f, clock := newFake(t), newClock()
	c := f.installed(t, &tokens{now: clock.now}, clock.now, nil)
	ask := func() error {
		_, err := c.List(t.Context(), "x", github.Ask{})
		return err
	}
	require.NoError(t, ask())
	clock.pass(54 * time.Minute)
	require.NoError(t, ask())
	require.Equal(t, 1, f.minted)
	f.now(func() { f.expires = func() time.Time { return clock.now().Add(time.Hour) } })
	clock.pass(90 * time.Second)
	require.NoError(t, ask())
	require.Equal(t, 2, f.minted, "less than five minutes were left")

	f.now(func() { f.mint = status(http.StatusForbidden) })
	clock.pass(57 * time.Minute)
	for range 3 {
		require.NoError(t, ask(), "the old one is used to its end")
	}
	require.Equal(t, 3, f.asked("access_tokens"), "what fails is not tried for each request")
	clock.pass(31 * time.Second)
	require.NoError(t, ask())
	require.Equal(t, 4, f.asked("access_tokens"))
	clock.pass(3 * time.Minute)
	require.Equal(t, github.KindUnauthorized, github.KindOf(ask()), "it has expired")

	f.now(func() { f.mint = nil })
	require.NoError(t, ask(), "mended")
}

func TestATokenThatGitHubRefusesIsReplacedOnce(t *testing.T) {
	t.Parallel()
	f, store := newFake(t), &tokens{now: time.Now}
	var reasons []string
	c := f.installed(t, store, time.Now, func(reason string) { reasons = append(reasons, reason) })
	other := f.installed(t, store, time.Now, nil)
	_, err := c.List(t.Context(), "x", github.Ask{})
	require.NoError(t, err)
	_, err = other.List(t.Context(), "x", github.Ask{})
	require.NoError(t, err)
	f.now(func() { clear(f.good) })
	for _, c := range []*github.Client{c, other} {
		p, err := c.List(t.Context(), "x", github.Ask{})
		require.NoError(t, err)
		require.Equal(t, int64(2), p.Requests, "one retry; the token's own request is the App's")
	}
	require.Equal(t, 2, f.minted, "both have the new one")
	require.Empty(t, reasons)

	f.now(func() {
		clear(f.good)
		f.mint = func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusCreated)
			fmt.Fprintf(w, `{"token": "ghs_useless", "expires_at": %q}`, time.Now().Add(time.Hour).Format(time.RFC3339))
		}
	})
	_, err = c.List(t.Context(), "x", github.Ask{})
	require.Equal(t, github.KindUnauthorized, github.KindOf(err))
	require.Len(t, reasons, 1)
}

func TestAnInstallationThatGetsNoTokenIsRefused(t *testing.T) {
	t.Parallel()
	for code, reason := range map[int]string{
		http.StatusUnauthorized: "does not accept the App's id", http.StatusForbidden: "gives the App no token", http.StatusNotFound: "no such installation",
	} {
		t.Run(http.StatusText(code), func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.mint = status(code)
			var reasons []string
			c := f.installed(t, &tokens{now: time.Now}, time.Now, func(reason string) { reasons = append(reasons, reason) })
			_, err := c.GraphQL(t.Context(), query, nil)
			require.Equal(t, github.KindUnauthorized, github.KindOf(err))
			require.Len(t, reasons, 1)
			require.Contains(t, reasons[0], reason)
			require.Contains(t, reasons[0], "GitHub says: as GitHub says")
			require.Equal(t, 1, f.asked(""), "nothing is asked without a token")
		})
	}
}

func TestASuspendedInstallationIsRefusedAndALackingPermissionIsNot(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	var reasons []string
	c := f.installed(t, &tokens{now: time.Now}, time.Now, func(reason string) { reasons = append(reasons, reason) })
	f.answer = func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"message": "Resource not accessible by integration"}`)
	}
	_, err := c.List(t.Context(), "x", github.Ask{})
	require.Equal(t, github.KindForbidden, github.KindOf(err))
	require.Empty(t, reasons)
	f.now(func() { f.suspended = true })
	_, err = c.List(t.Context(), "x", github.Ask{})
	require.Equal(t, github.KindUnauthorized, github.KindOf(err))
	require.Len(t, reasons, 1)
	require.Contains(t, reasons[0], "suspended")
}

// A token is needed in the middle of a query or of a probe; asking for it is neither.
func TestAskingForATokenIsARequestOfItsOwn(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.answer = ok(`{"data": {}}`)
	r, err := f.installed(t, &tokens{now: time.Now}, time.Now, nil).GraphQL(t.Context(), query, nil)
	require.NoError(t, err)
	require.Equal(t, int64(1), r.Requests)

	f = newFake(t)
	f.mint = status(http.StatusTooManyRequests, "Retry-After", "600")
	c := f.installed(t, &tokens{now: time.Now}, time.Now, nil)
	for range 2 {
		_, err = c.Rates(t.Context())
		require.Error(t, err)
	}
	require.Equal(t, 1, f.asked("access_tokens"), "it keeps to the App's own budget")
}

func TestPrivateKeysAreReadAsGitHubHandsThemOut(t *testing.T) {
	t.Parallel()
	pkcs8, err := x509.MarshalPKCS8PrivateKey(appKey())
	require.NoError(t, err)
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	for name, text := range map[string]string{"PKCS#1": pkcs1(appKey()), "PKCS#8": block("PRIVATE KEY", pkcs8)} {
		key, err := github.ParsePrivateKey(text)
		require.NoError(t, err, name)
		require.True(t, key.Equal(appKey()), name)
	}
	short, err := rsa.GenerateKey(rand.Reader, 1024) // too short on purpose
	require.NoError(t, err)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	curved, err := x509.MarshalPKCS8PrivateKey(curve)
	require.NoError(t, err)
	for name, text := range map[string]string{
		"none": "", "no PEM": "s3cret", "cut off": pkcs1(appKey())[:400], "short": pkcs1(short), "no RSA": block("PRIVATE KEY", curved),
		"long": strings.Repeat(pkcs1(appKey()), 20),
	} {
		_, err := github.ParsePrivateKey(text)
		require.ErrorContains(t, err, "RSA key of at least 2048 bits", name)
		require.NotContains(t, err.Error(), "s3cret")
	}
}

// away is a TokenStore whose database is.
type away struct{}

var errAway = errors.New("the database is away")

func (away) InstallationToken(context.Context, string, int64, func(context.Context) (string, time.Time, error)) (string, time.Time, error) {
	return "", time.Time{}, errAway
}

func (away) ForgetInstallationToken(context.Context, string, time.Time) error { return errAway }

func TestAStoreThatIsAwayRefusesNoCredential(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	o := github.Options{BaseURL: f.URL, Now: time.Now, Scale: 0.001, Account: account(t)}
	app, err := github.NewApp(o, appID, appKey())
	require.NoError(t, err)
	o.Credential = github.NewInstallation(app, installationID, "c", away{})
	o.Refused = func(_ context.Context, reason string) { t.Errorf("refused: %s", reason) }
	c, err := github.New(o)
	require.NoError(t, err)
	_, err = c.List(t.Context(), "x", github.Ask{})
	require.ErrorIs(t, err, errAway)
	require.Equal(t, github.KindUnreachable, github.KindOf(err))
}

// slow is a TokenStore that takes as long as a test wants once it has given a token.
type slow struct {
	tokens

	calls  chan struct{} // of what follows, when it has begun
	resume chan struct{} // closed: it goes on
}

func (s *slow) InstallationToken(ctx context.Context, id string, installation int64, renew func(context.Context) (string, time.Time, error)) (string, time.Time, error) {
	s.mu.Lock()
	first := s.token == ""
	s.mu.Unlock()
	if !first {
		s.calls <- struct{}{}
		select {
		case <-s.resume:
		case <-ctx.Done():
			return "", time.Time{}, ctx.Err()
		}
	}
	return s.tokens.InstallationToken(ctx, id, installation, renew)
}

func TestNobodyWaitsForANewTokenWhileTheOldOneHolds(t *testing.T) {
	t.Parallel()
	f, clock := newFake(t), newClock()
	store := &slow{tokens: tokens{now: clock.now}, calls: make(chan struct{}, 1), resume: make(chan struct{})}
	c := f.installed(t, store, clock.now, nil)
	_, err := c.List(t.Context(), "x", github.Ask{})
	require.NoError(t, err)
	clock.pass(56 * time.Minute)
	renewed := make(chan error, 1)
	go func() {
		_, err := c.List(t.Context(), "x", github.Ask{})
		renewed <- err
	}()
	<-store.calls
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		_, err := c.List(ctx, "x", github.Ask{})
		cancel()
		require.NoError(t, err)
	}
	require.Equal(t, 1, f.asked("access_tokens"))
	close(store.resume)
	require.NoError(t, <-renewed)
	require.Equal(t, 2, f.asked("access_tokens"))
}

// forgetful is a TokenStore that cannot forget a token at first.
type forgetful struct {
	tokens

	failures int
}

func (s *forgetful) ForgetInstallationToken(ctx context.Context, id string, expires time.Time) error {
	s.mu.Lock()
	s.failures--
	left := s.failures
	s.mu.Unlock()
	if left >= 0 {
		return errAway
	}
	return s.tokens.ForgetInstallationToken(ctx, id, expires)
}

func TestATokenThatCannotBeForgottenYetRefusesNoCredential(t *testing.T) {
	t.Parallel()
	f, store := newFake(t), &forgetful{tokens: tokens{now: time.Now}, failures: 2}
	o := github.Options{BaseURL: f.URL, Now: time.Now, Scale: 0.001, Account: account(t)}
	app, err := github.NewApp(o, appID, appKey())
	require.NoError(t, err)
	o.Account = account(t)
	o.Credential = github.NewInstallation(app, installationID, "c", store)
	o.Refused = func(_ context.Context, reason string) { t.Errorf("refused: %s", reason) }
	c, err := github.New(o)
	require.NoError(t, err)
	_, err = c.List(t.Context(), "x", github.Ask{})
	require.NoError(t, err)
	f.now(func() { clear(f.good) })
	_, err = c.List(t.Context(), "x", github.Ask{})
	require.NoError(t, err, "the third attempt has another token")
	require.Equal(t, 2, f.minted)
}
