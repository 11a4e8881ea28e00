package collection

// organizationMembers mirrors who is a member of an organization, as far as the
// credential may see it: without the right to read the organization, the public ones.
// A member counts by id: it is there or not.
// Source: docs.github.com/rest/orgs/members#list-organization-members.
func organizationMembers() Collection {
	return Collection{
		Name:       "organization_members",
		Table:      "organization_members",
		Scope:      ScopeOrganization,
		Mode:       FullList,
		Path:       "orgs/{org}/members",
		Permission: "members",
		OAuthScope: "read:org",
		Key:        KeyID,
		Columns: []Column{
			{"id", `github_bigint(raw->>'id')`},
			{"login", `raw->>'login'`},
			{"type", `raw->>'type'`},
		},
		Identity: Paths{whole},
		Events:   []string{"organization", "member"},
	}
}
