package githubsim_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/githubsim"
)

func TestUsersAndTheirTokens(t *testing.T) {
	t.Parallel()
	clock := newMovingClock()
	expires := clock.now().Add(48 * time.Hour)
	b := setup(t, githubsim.Options{Now: clock.now, Tokens: []string{"plain"}, Users: []githubsim.User{
		{Login: "ada", ID: 7, Tokens: []githubsim.Token{
			{Value: "classic", Scopes: []string{"repo", "read:org"}, Expires: expires},
			{Value: "public"},
			{Value: "fine", FineGrained: true, Owner: owner, Permissions: map[string]string{"issues": "read"}},
			{Value: "elsewhere", FineGrained: true},
		}},
	}}, githubsim.SpecForItems(100))
	b.organize(t, fullOrganization, false)

	me := b.get(t, "/user", as("classic")...)
	require.Equal(t, "ada", me.object(t)["login"])
	require.EqualValues(t, 7, me.object(t)["id"])
	require.Equal(t, "repo, read:org", me.Header.Get("X-OAuth-Scopes"))
	require.Equal(t, []string{""}, me.Header.Values("X-Accepted-OAuth-Scopes"))
	require.Equal(t, "2025-07-03 12:00:00 UTC", me.Header.Get("GitHub-Authentication-Token-Expiration"))
	require.Equal(t, "repo", b.get(t, base, as("classic")...).Header.Get("X-Accepted-OAuth-Scopes"))

	none := b.get(t, "/user", as("public")...)
	require.Equal(t, []string{""}, none.Header.Values("X-OAuth-Scopes"))
	require.Empty(t, none.Header.Values("GitHub-Authentication-Token-Expiration"))
	require.Equal(t, "octocat", b.get(t, "/user", as("plain")...).object(t)["login"])
	require.Empty(t, b.get(t, "/user", as("fine")...).Header.Values("X-OAuth-Scopes"))
	require.Equal(t, http.StatusUnauthorized, b.get(t, "/user", as("nobody's")...).StatusCode)

	b.repo.SetPrivate(true)
	for token, want := range map[string]int{"classic": 200, "plain": 200, "public": 404, "fine": 200, "elsewhere": 404} {
		require.Equal(t, want, b.get(t, base, as(token)...).StatusCode, token)
		require.Equal(t, want, b.get(t, base+"/issues", as(token)...).StatusCode, token)
	}
	refused := b.get(t, base+"/pulls", as("fine")...)
	require.Equal(t, http.StatusForbidden, refused.StatusCode)
	require.Equal(t, "Resource not accessible by personal access token", refused.object(t)["message"])
	require.Equal(t, "pull_requests=read", refused.Header.Get("X-Accepted-GitHub-Permissions"))
	for token, want := range map[string]int{"classic": 200, "public": 403, "fine": 404} {
		require.Equal(t, want, b.get(t, "/orgs/"+organization+"/teams", as(token)...).StatusCode, token)
	}
	clock.move(48 * time.Hour)
	late := b.get(t, "/user", as("classic")...)
	require.Equal(t, http.StatusUnauthorized, late.StatusCode)
	require.Equal(t, "Bad credentials", late.object(t)["message"])
}

func TestATokenIsRevokedAndRestored(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.SpecForItems(100))
	require.Equal(t, http.StatusOK, b.get(t, base, as("x")...).StatusCode)
	b.sim.RevokeToken("x")
	refused := b.get(t, base, as("x")...)
	require.Equal(t, http.StatusUnauthorized, refused.StatusCode)
	require.Equal(t, "Bad credentials", refused.object(t)["message"])
	require.Equal(t, http.StatusOK, b.get(t, base, as("y")...).StatusCode)
	b.sim.RestoreToken("x")
	require.Equal(t, http.StatusOK, b.get(t, base, as("x")...).StatusCode)
}

// What is public is shown to all where that is wanted.
func TestWhatIsPublicMayBeShownToAll(t *testing.T) {
	t.Parallel()
	for _, show := range []bool{true, false} {
		b := setup(t, githubsim.Options{ShowPublic: show, Users: []githubsim.User{
			{Login: "ada", Tokens: []githubsim.Token{{Value: "fine", FineGrained: true}, {Value: "of owner", FineGrained: true, Owner: owner}}},
		}}, githubsim.SpecForItems(100))
		for token, want := range map[string]int{"fine": 404, "of owner": 403} {
			if show {
				want = 200
			}
			require.Equal(t, want, b.get(t, base+"/issues", as(token)...).StatusCode, token)
		}
		b.repo.SetPrivate(true)
		require.Equal(t, 404, b.get(t, base+"/issues", as("fine")...).StatusCode)
		require.Equal(t, 403, b.get(t, base+"/issues", as("of owner")...).StatusCode)
	}
}

// The endpoints of collections ask for the permissions that their definitions name.
func TestEndpointsAskForThePermissionsOfCollections(t *testing.T) {
	t.Parallel()
	for _, c := range collection.All() {
		want := c.Permission + "=read"
		if c.OrPermission != "" {
			want += "; " + c.OrPermission + "=read"
		}
		switch c.Name {
		case "organizations", "discussions", "discussion_comments": // GitHub asks for nothing; read by queries
		default:
			require.Equal(t, want, githubsim.Accepts(c.Name), c.Name)
		}
	}
}
