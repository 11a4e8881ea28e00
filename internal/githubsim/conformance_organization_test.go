package githubsim_test

import (
	"encoding/json"
	"maps"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/githubsim"
)

const organization = "octo-corp"

// organize adds an organization. An edited one has all that is out of the ordinary.
func (b *bundle) organize(t *testing.T, spec githubsim.OrganizationSpec, edited bool) {
	t.Helper()
	spec.Login = organization
	o, repositories, err := githubsim.GenerateOrganization(3, spec)
	require.NoError(t, err)
	b.sim.AddOrganization(o)
	for _, r := range repositories {
		b.sim.Add(r)
	}
	if !edited {
		return
	}
	o.Describe(odd, odd)
	o.AddMember("ada", true)
	o.AddMember("dependabot[bot]", false)
	slug, err := o.AddTeam(githubsim.NewTeam{Name: "Ada & friends", Secret: true})
	require.NoError(t, err)
	require.Equal(t, "ada-friends", slug)
	child, err := o.AddTeam(githubsim.NewTeam{Name: "Child", Description: odd, Parent: slug})
	require.NoError(t, err)
	require.NoError(t, o.AddTeamMember(child, "ada"))
	require.NoError(t, o.SetTeamRepository(slug, b.repo, "admin"))
	slug, err = o.RenameTeam(slug, "Ada")
	require.NoError(t, err)
	require.NoError(t, o.RenameMember("ada", "lovelace"))
	for i, role := range []string{"read", "triage", "write", "maintain", "admin"} {
		require.NoError(t, o.SetTeamRepository(slug, repositories[i], role))
	}
}

// organizationRequests are what is asked of each endpoint of an organization.
func (b *bundle) organizationRequests() map[string][]string {
	at := "/orgs/" + organization
	list := func(path string, queries ...string) (paths []string) {
		for _, query := range append(queries, "per_page=100", "per_page=2&page=2", "page=4711") {
			paths = append(paths, at+path+"?"+query)
		}
		return paths
	}
	m := map[string][]string{
		"organization": {at, "/orgs/nobody"},
		"organization_repositories": list("/repos", "type=public", "type=private", "type=forks", "type=sources",
			"sort=full_name&per_page=3", "sort=pushed&direction=asc", "sort=updated"),
		"organization_members": list("/members", "role=admin", "role=member"),
		"teams":                list("/teams"),
		"team_members":         {at + "/teams/nobody/members"},
		"team_repositories":    {at + "/teams/nobody/repos"},
	}
	for _, raw := range b.sim.OrganizationItems(organization, "teams") {
		var team struct{ Slug string }
		if json.Unmarshal(raw, &team) == nil {
			m["team_members"] = append(m["team_members"], list("/teams/"+team.Slug+"/members")...)
			m["team_repositories"] = append(m["team_repositories"], list("/teams/"+team.Slug+"/repos")...)
		}
	}
	return m
}

// organizationShapes are what has to be among the answers of an organization.
func organizationShapes() map[string]shape {
	has := func(field string, value any) func(map[string]any) bool {
		return func(item map[string]any) bool { return item[field] == value }
	}
	shapes := map[string]shape{
		"organization: with a token":        {"organization", func(item map[string]any) bool { return item["total_private_repos"] != nil }},
		"organization_repositories: fork":   {"organization_repositories", has("fork", true)},
		"organization_repositories: hidden": {"organization_repositories", has("private", true)},
		"organization_repositories: old":    {"organization_repositories", has("archived", true)},
		"organization_members: bot":         {"organization_members", has("type", "Bot")},
		"teams: secret":                     {"teams", has("privacy", "secret")},
		"teams: part of another":            {"teams", func(item map[string]any) bool { return item["parent"] != nil }},
	}
	for _, role := range []string{"read", "triage", "write", "maintain", "admin"} {
		shapes["team_repositories: "+role] = shape{"team_repositories", has("role_name", role)}
	}
	for _, list := range []string{"organization_repositories", "organization_members", "teams", "team_members", "team_repositories"} {
		shapes[list+": empty list"] = shape{list, nil}
	}
	return shapes
}

func TestOrganizationItemsAreWhatTheListsShow(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.Spec{})
	b.organize(t, fullOrganization, true)
	for list, path := range map[string]string{
		"organization_repositories": "/repos?per_page=100&sort=full_name", "organization_members": "/members?per_page=100", "teams": "/teams?per_page=100",
	} {
		var items []json.RawMessage
		require.NoError(t, json.Unmarshal(b.get(t, "/orgs/"+organization+path, "Authorization", "Bearer x").body, &items))
		byID := map[string]string{}
		for _, raw := range items {
			var item struct{ ID json.Number }
			require.NoError(t, json.Unmarshal(raw, &item))
			byID[item.ID.String()] = string(raw)
		}
		want := map[string]string{}
		for key, raw := range b.sim.OrganizationItems(organization, list) {
			want[key] = string(raw)
		}
		require.NotEmpty(t, want)
		require.Equal(t, want, byID, list)
	}
	require.Empty(t, maps.Collect(b.sim.OrganizationItems("nobody", "teams")))
	for _, name := range githubsim.OrganizationCollections() {
		require.NotEmpty(t, maps.Collect(b.sim.OrganizationItems(organization, name)), name)
	}
}

var fullOrganization = githubsim.OrganizationSpec{Repositories: 12, Archived: 2, Forks: 2, Private: 2, Members: 9, Teams: 4}

func TestOrganizationChanges(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.Spec{})
	b.organize(t, fullOrganization, false)
	o := b.sim.Organization(organization)
	keys := func(list string) map[string]json.RawMessage {
		return maps.Collect(b.sim.OrganizationItems(organization, list))
	}
	o.AddMember("grace", false)
	require.Len(t, keys("organization_members"), 10)
	slug, err := o.AddTeam(githubsim.NewTeam{Name: "New"})
	require.NoError(t, err)
	_, err = o.AddTeam(githubsim.NewTeam{Name: "new!"})
	require.Error(t, err, "the slug is taken")
	before := len(keys("team_members"))
	require.NoError(t, o.AddTeamMember(slug, "grace"))
	require.Error(t, o.AddTeamMember(slug, "nobody"))
	require.Len(t, keys("team_members"), before+1)
	require.NoError(t, o.RemoveTeamMember(slug, "grace"))
	require.Error(t, o.RemoveTeamMember(slug, "grace"))
	require.NoError(t, o.AddTeamMember(slug, "grace"))
	require.NoError(t, o.RemoveMember("grace"), "it ends her part in teams as well")
	require.Len(t, keys("team_members"), before)
	require.Len(t, keys("organization_members"), 9)

	late := githubsim.Generate(1, githubsim.Spec{Owner: organization, Name: "late"})
	b.sim.Add(late)
	require.Len(t, keys("organization_repositories"), 13, "a repository that appears later")
	require.NoError(t, o.SetTeamRepository(slug, late, "write"))
	require.Contains(t, keys("team_repositories"), teamID(t, keys("teams"), slug)+"/"+strconv.FormatInt(late.ID(), 10))
	b.sim.Rename(late, "elsewhere", "late")
	require.Len(t, keys("organization_repositories"), 12, "it was transferred")
	require.NotContains(t, keys("team_repositories"), teamID(t, keys("teams"), slug)+"/"+strconv.FormatInt(late.ID(), 10))

	teams := len(keys("teams"))
	_, err = o.AddTeam(githubsim.NewTeam{Name: "Part", Parent: slug})
	require.NoError(t, err)
	require.NoError(t, o.RemoveTeam(slug), "with its parts")
	require.Len(t, keys("teams"), teams-1)
	require.Error(t, o.RemoveTeam(slug))
}

func teamID(t *testing.T, teams map[string]json.RawMessage, slug string) string {
	t.Helper()
	for key, raw := range teams {
		var team struct{ Slug string }
		require.NoError(t, json.Unmarshal(raw, &team))
		if team.Slug == slug {
			return key
		}
	}
	require.Fail(t, "there is no team "+slug)
	return ""
}

func TestLinksOfAnOrganizationGoByItsNumber(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.Spec{})
	b.organize(t, fullOrganization, false)
	seen := map[string]bool{}
	path, ok := "/orgs/"+organization+"/repos?per_page=5&sort=created&direction=asc", true
	for ok {
		page := b.get(t, path, "Authorization", "Bearer x")
		var items []struct{ Name string }
		require.NoError(t, json.Unmarshal(page.body, &items))
		for _, item := range items {
			require.False(t, seen[item.Name], item.Name)
			seen[item.Name] = true
		}
		if path, ok = page.rels()["next"]; ok {
			require.Contains(t, path, "/organizations/")
		}
	}
	require.Len(t, seen, 12)
	page := b.get(t, "/orgs/"+organization+"/teams/team-1/members?per_page=1", "Authorization", "Bearer x")
	require.Contains(t, page.rels()["next"], "/team/")
	require.Equal(t, 200, b.get(t, page.rels()["next"], "Authorization", "Bearer x").StatusCode)
}

func TestThousandsOfSmallRepositoriesAreCheap(t *testing.T) {
	t.Parallel()
	_, repositories, err := githubsim.GenerateOrganization(1, githubsim.OrganizationSpec{Repositories: 2000, Each: githubsim.Spec{Issues: 1, Commits: 1}})
	require.NoError(t, err)
	ids := map[int64]bool{}
	for _, r := range repositories {
		require.False(t, ids[r.ID()], "%s has another's number", r.FullName())
		ids[r.ID()] = true
	}
}
