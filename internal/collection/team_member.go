package collection

// teamMembers mirrors who is in a team, those of its child teams included. Nothing of
// a team moves with its members, so the list of every team is read in each pass.
// Source: docs.github.com/rest/teams/members#list-team-members.
func teamMembers() Collection {
	return Collection{
		Name:          "team_members",
		Table:         "team_members",
		Scope:         ScopeOrganization,
		Mode:          PerParent,
		Parents:       &Parents{Collection: "teams", Arg: `p.slug`},
		Path:          "orgs/{org}/teams/{parent}/members",
		Permission:    "members",
		OAuthScope:    "read:org",
		Private:       true,
		Key:           KeyID,
		KeyWithParent: true,
		Columns: []Column{
			{"team_id", `github_bigint(parent_key)`},
			{"user_id", `github_bigint(raw->>'id')`},
			{"login", `raw->>'login'`},
			{"type", `raw->>'type'`},
		},
		Identity: Paths{whole},
		Events:   []string{"membership", "team", "organization"},
	}
}
