package github_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/budget"
	"github.com/holdfast/holdfast/internal/connection"
	"github.com/holdfast/holdfast/internal/github"
)

func (p *pooled) check(id string) github.Check {
	p.t.Helper()
	return check(p.t, p.Pool, id)
}

func unreadable(c github.Check) map[string]string {
	out := map[string]string{}
	for _, u := range c.Unreadable {
		out[u.Collection] = u.Reason
	}
	return out
}

// scoped has the fake tell of classic tokens.
func (f *fake) scoped(scopes ...string) {
	f.now(func() {
		f.user = func(h http.Header) {
			h.Set("X-OAuth-Scopes", strings.Join(scopes, ", "))
			h.Set("github-authentication-token-expiration", "2030-01-02 03:04:05 UTC")
		}
	})
}

func TestCheckTellsWhatAClassicTokenMay(t *testing.T) {
	t.Parallel()
	p := newPool(t, tokenOf("a", "ta"))
	p.fake.users["ta"] = 1
	p.fake.scoped("repo", "admin:org")
	c := p.check("a")
	require.Equal(t, connection.StateOK, c.State)
	require.Equal(t, "user1", c.Login)
	require.True(t, strings.HasPrefix(c.Account, "user:1@127.0.0.1:"), c.Account)
	require.Equal(t, []string{"repo", "admin:org"}, c.Scopes)
	require.True(t, c.ScopesKnown)
	require.Equal(t, time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC), c.ExpiresAt.UTC())
	require.Empty(t, c.Unreadable, "admin:org is more than read:org")
	require.Equal(t, int64(4000), c.Rates[budget.Core].Left)
	require.Equal(t, int64(3000), c.Rates[budget.GraphQL].Left)
	require.Equal(t, c.Account, p.store.get(t, "a").Account)

	p.fake.scoped("read:org")
	missing := unreadable(p.check("a"))
	require.Contains(t, missing["issues"], "public repositories only")
	require.NotContains(t, missing, "teams")
	p.fake.scoped()
	c = p.check("a")
	require.True(t, c.ScopesKnown, "there are none")
	require.Contains(t, unreadable(c)["teams"], `Without the scope "read:org"`)
}

func TestCheckSaysWhatItCannotKnow(t *testing.T) {
	t.Parallel()
	nobody := connection.Held{Connection: connection.Connection{ID: "n", Kind: connection.KindAnonymous}}
	p := newPool(t, tokenOf("a", "ta"), tokenOf("b", "tb"), nobody)
	p.fake.users["ta"] = 1
	c := p.check("a")
	require.False(t, c.ScopesKnown)
	require.Empty(t, c.Unreadable)
	require.Len(t, c.Notes, 1)
	require.Contains(t, c.Notes[0], "does not tell what a fine-grained token may read")

	p.fake.good["tb"] = time.Now().Add(time.Hour)
	p.fake.now(func() { p.fake.answer = status(http.StatusForbidden) })
	c = p.check("b")
	require.Contains(t, c.Notes[0], "of no user")
	require.True(t, strings.HasPrefix(c.Account, "connection:b@"), c.Account)

	c = p.check("n")
	require.Contains(t, unreadable(c), "discussions")
	require.Contains(t, unreadable(c), "teams")
	require.NotContains(t, unreadable(c), "issues")
	require.True(t, strings.HasPrefix(c.Account, "anonymous@"), c.Account)
}

func TestCheckTellsWhatAnInstallationMay(t *testing.T) {
	t.Parallel()
	p := newPool(t, installed())
	c := p.check("i")
	require.Equal(t, "Mirror", c.App)
	require.Equal(t, "octo", c.Login)
	require.Equal(t, "selected", c.RepositorySelection)
	require.Equal(t, int64(12), *c.Repositories)
	require.Equal(t, map[string]string{"metadata": "read", "pull_requests": "write", "discussions": "read"}, c.Permissions)
	missing := unreadable(c)
	require.Equal(t, `The installation does not have the permission "issues".`, missing["issues"])
	require.Contains(t, missing, "teams")
	for _, name := range []string{"labels", "milestones", "issue_comments", "pulls", "discussions", "repository", "stargazers"} {
		require.NotContains(t, missing, name, "what it has suffices")
	}

	p.fake.now(func() { p.fake.suspended = true })
	c = p.check("i")
	require.Equal(t, connection.StateRefused, c.State)
	require.Contains(t, c.Reason, "suspended")
	require.Equal(t, connection.StateRefused, p.store.get(t, "i").State)
}

func TestCheckOfWhatCannotWork(t *testing.T) {
	t.Parallel()
	broken := tokenOf("b", "")
	p := newPool(t, tokenOf("a", "ta"), broken)
	c := p.check("a")
	require.Equal(t, connection.StateRefused, c.State)
	require.Contains(t, c.Reason, "wrong, expired or revoked")
	require.Len(t, p.store.reasons, 1)
	c = p.check("b")
	require.Equal(t, connection.StateRefused, c.State)
	require.Equal(t, "It has no token.", c.Reason)
	_, err := p.Check(t.Context(), workspaceID, "c")
	require.ErrorIs(t, err, github.ErrNoConnection)

	p.fake.now(func() { p.fake.users["ta"] = 1 })
	require.Equal(t, connection.StateOK, p.check("a").State, "a check asks whatever is known")
	require.Equal(t, "a", p.serving("o", "r").Connection())
}

func TestRatesAreAskedOutsideTheBudget(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	c := newClient(t, f.URL)
	f.users[token] = 1
	f.now(func() { f.answer = status(http.StatusTooManyRequests, "Retry-After", "600") })
	var limit *budget.LimitError
	_, err := c.List(t.Context(), "x", github.Ask{})
	require.ErrorAs(t, err, &limit)
	rates, err := c.Rates(t.Context())
	require.NoError(t, err, "no budget keeps it from finding out")
	require.Len(t, rates, 2)
	require.Equal(t, int64(5000), rates[budget.Core].Limit)
	require.Equal(t, int64(4000), rates[budget.Core].Left)
	require.InDelta(t, 600, rates[budget.Core].Reset.Seconds(), 3)

	c, _ = serve(t, status(http.StatusNotFound))
	rates, err = c.Rates(t.Context())
	require.NoError(t, err)
	require.NotNil(t, rates)
	require.Empty(t, rates, "a GitHub without limits")

	c, asked := serve(t, status(http.StatusTooManyRequests, "Retry-After", "600"))
	_, err = c.Rates(t.Context())
	require.ErrorAs(t, err, &limit)
	require.WithinDuration(t, time.Now().Add(10*time.Minute), limit.Until, 5*time.Second)
	require.Equal(t, int64(1), asked.Load())
}
