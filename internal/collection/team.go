package collection

// teams mirrors an organization's teams, as far as the credential may see them: a
// secret team only its members and owners of the organization.
// Source: docs.github.com/rest/teams/teams#list-teams.
func teams() Collection {
	return Collection{
		Name:       "teams",
		Table:      "teams",
		Scope:      ScopeOrganization,
		Mode:       FullList,
		Path:       "orgs/{org}/teams",
		Permission: "members",
		OAuthScope: "read:org",
		Private:    true,
		Key:        KeyID,
		Columns: []Column{
			{"id", `github_bigint(raw->>'id')`},
			{"name", `raw->>'name'`},
			{"slug", `raw->>'slug'`},
			{"description", `raw->>'description'`},
			{"privacy", `raw->>'privacy'`},
			{"permission", `raw->>'permission'`},
			{"parent_id", `github_bigint(raw->'parent'->>'id')`},
		},
		Identity: Paths{"parent"},
		Events:   []string{"team"},
	}
}
