package collection

import "slices"

// teamRepositories mirrors which repositories a team may use, and how: permissions and
// role_name are the team's here. Nothing of a team moves with its repositories, so the
// list of every team is read in each pass.
// Source: docs.github.com/rest/teams/teams#list-team-repositories.
func teamRepositories() Collection {
	return Collection{
		Name:          "team_repositories",
		Table:         "team_repositories",
		Scope:         ScopeOrganization,
		Mode:          PerParent,
		Parents:       &Parents{Collection: "teams", Arg: `p.slug`},
		Path:          "orgs/{org}/teams/{parent}/repos",
		Permission:    "members",
		OAuthScope:    "read:org",
		Private:       true,
		Key:           KeyID,
		KeyWithParent: true,
		Columns: []Column{
			{"team_id", `github_bigint(parent_key)`},
			{"repository_id", `github_bigint(raw->>'id')`},
			{"full_name", `raw->>'full_name'`},
			{"role_name", `raw->>'role_name'`},
		},
		Secret:   Paths{"temp_clone_token"},
		Identity: Paths{"owner"},
		Refresh:  Paths{"security_and_analysis"},
		Volatile: slices.Clone(repositoryCounters),
		Events:   []string{"team", "team_add", "repository"},
	}
}
