package github_test

import (
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/budget"
	"github.com/holdfast/holdfast/internal/connection"
	"github.com/holdfast/holdfast/internal/github"
	"github.com/holdfast/holdfast/internal/githubsim"
)

// The simulator's answers are held against GitHub's own description: an App, a classic
// and a fine-grained token are told apart and used as they are there.
func TestAPoolAsksTheSimulatorWithEveryKindOfCredential(t *testing.T) {
	t.Parallel()
	sim := githubsim.New(githubsim.Options{
		Users: []githubsim.User{{Login: "ada", ID: 1, Tokens: []githubsim.Token{
			{Value: "classic", Scopes: []string{"repo"}}, {Value: "fine", FineGrained: true, Owner: "octo", Permissions: map[string]string{"issues": "read"}},
		}}},
		Apps: []githubsim.App{{ID: appID, Name: "Mirror", PublicKey: &appKey().PublicKey, Installations: []githubsim.Installation{
			{ID: installationID, Account: "octo", Permissions: map[string]string{"issues": "read"}},
		}}},
	})
	sim.Add(githubsim.Generate(1, githubsim.Spec{Owner: "octo", Name: "r", Issues: 3, Pulls: 1, Commits: 1}))
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	held := []connection.Held{tokenOf("classic", "classic"), tokenOf("fine", "fine"), installed()}
	for i := range held {
		held[i].BaseURL, held[i].State, held[i].Repositories = server.URL+"/", connection.StateUnchecked, []string{held[i].ID + "/*"}
	}
	store := &connections{now: time.Now, held: held, looked: map[string]time.Time{}}
	pool := github.NewPool(github.PoolOptions{
		Connections: store, Tokens: &tokens{now: time.Now}, Ledger: ledger(t), UserAgent: "test", Now: time.Now, Scale: 0.001,
		Logger: slog.New(slog.DiscardHandler),
	})
	for _, h := range held {
		c, err := pool.For(t.Context(), workspaceID, h.ID, "r", budget.Core)
		require.NoError(t, err)
		page, err := c.List(t.Context(), "repos/octo/r/issues?state=all", github.Ask{})
		require.NoError(t, err, h.ID)
		require.Len(t, page.Items, 4, h.ID)
		rates, err := c.Rates(t.Context())
		require.NoError(t, err)
		require.Len(t, rates, 2)
		require.Positive(t, rates[budget.GraphQL].Left)
		_, err = c.List(t.Context(), "repos/octo/r/branches", github.Ask{})
		if h.ID == "classic" {
			require.NoError(t, err)
		} else {
			require.Equal(t, github.KindForbidden, github.KindOf(err), "%s lacks contents", h.ID)
		}
	}
	require.Equal(t, int64(1), sim.Mints(installationID))
	classic, fine, app := check(t, pool, "classic"), check(t, pool, "fine"), check(t, pool, "i")
	require.True(t, classic.ScopesKnown)
	require.False(t, fine.ScopesKnown)
	require.Equal(t, classic.Account, fine.Account, "both are ada's")
	require.Equal(t, "ada", fine.Login)
	require.Equal(t, "Mirror", app.App)
	require.Equal(t, map[string]string{"issues": "read", "metadata": "read"}, app.Permissions)
	require.Equal(t, int64(1), *app.Repositories)
	require.Contains(t, unreadable(app), "branches")
	require.NotContains(t, unreadable(app), "issues")

	require.NoError(t, sim.EditInstallation(installationID, func(i *githubsim.Installation) { now := time.Now(); i.SuspendedAt = &now }))
	c, err := pool.For(t.Context(), workspaceID, "i", "r", budget.Core)
	require.NoError(t, err)
	_, err = c.List(t.Context(), "repos/octo/r/issues", github.Ask{})
	require.Equal(t, github.KindUnauthorized, github.KindOf(err))
	var refused *github.CredentialError
	_, err = pool.For(t.Context(), workspaceID, "i", "r", budget.Core)
	require.ErrorAs(t, err, &refused)
	require.Contains(t, refused.Reason, "suspended")
}

func check(t *testing.T, pool *github.Pool, id string) github.Check {
	t.Helper()
	c, err := pool.Check(t.Context(), workspaceID, id)
	require.NoError(t, err)
	return c
}
