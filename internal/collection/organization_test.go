package collection_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/collection"
)

const listedRepository = `{
	"id": 5, "name": "r", "full_name": "o/r", "owner": {"id": 1, "login": "o"}, "archived": false,
	"stargazers_count": 1, "watchers": 1, "open_issues": 2, "size": 3, "pushed_at": "2024-01-01T00:00:00Z", "updated_at": "2024-01-01T00:00:00Z",
	"permissions": {"admin": false, "pull": true}, "role_name": "read", "temp_clone_token": "s3cret"
}`

func TestListedRepositories(t *testing.T) {
	t.Parallel()
	move := func(v map[string]any) {
		v["stargazers_count"], v["watchers"], v["open_issues"], v["size"] = 2, 2, 3, 4
		v["pushed_at"], v["updated_at"] = "2025-01-01T00:00:00Z", "2025-01-01T00:00:00Z"
	}
	for name, tt := range map[string]struct {
		collection string
		change     func(map[string]any)
		same       bool // it counts as the same
		unwritten  bool // and nothing is written
	}{
		"a star and a push":                 {"organization_repositories", move, true, false},
		"a star and a push, of a team":      {"team_repositories", move, true, true},
		"what the viewer may do":            {"organization_repositories", func(v map[string]any) { at(v, "permissions")["admin"] = true }, true, false},
		"what the team may do":              {"team_repositories", func(v map[string]any) { at(v, "permissions")["admin"] = true }, false, false},
		"the team's role":                   {"team_repositories", func(v map[string]any) { v["role_name"] = "write" }, false, false},
		"it is archived":                    {"organization_repositories", func(v map[string]any) { v["archived"] = true }, false, false},
		"its owner has another name":        {"organization_repositories", func(v map[string]any) { at(v, "owner")["login"] = "p" }, true, false},
		"it has another name":               {"organization_repositories", func(v map[string]any) { v["full_name"] = "o/q" }, false, false},
		"it has another name, seen by team": {"team_repositories", func(v map[string]any) { v["full_name"] = "o/q" }, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := named(t, tt.collection)
			before, err := c.PrepareOf("9", edit(t, listedRepository, func(map[string]any) {}))
			require.NoError(t, err)
			require.NotContains(t, string(before.Raw), "s3cret")
			after, err := c.PrepareOf("9", edit(t, listedRepository, tt.change))
			require.NoError(t, err)
			require.Equal(t, tt.same, before.Hash == after.Hash)
			require.Equal(t, tt.unwritten, before.RawHash == after.RawHash)
		})
	}
}

func TestOrganizationsAreSelectedByScope(t *testing.T) {
	t.Parallel()
	r := collection.NewRegistry()
	require.Equal(t, []string{"organizations", "organization_repositories"}, r.Expand(collection.ScopeOrganization, nil))
	require.Equal(t, []string{"organizations", "teams", "team_members"}, r.Expand(collection.ScopeOrganization, []string{"team_members", "issues"}))
	require.Equal(t, []string{"repository"}, r.Expand(collection.ScopeRepository, []string{"team_members"}))
	for _, name := range r.Expand(collection.ScopeOrganization, []string{collection.PresetAll}) {
		c, ok := r.ByName(name)
		require.True(t, ok)
		require.Equal(t, "organization_id", c.ScopeColumn(), name)
	}
	c := named(t, "team_members")
	require.Equal(t, "orgs/octo/teams/a-b/members", c.ListPath("octo", "", "a-b"))
	item, err := c.PrepareOf("7", json.RawMessage(`{"id": 5}`))
	require.NoError(t, err)
	require.Equal(t, "7/5", item.Key)
}
