package collection

// organizations mirrors the organization itself. It goes first: everything else of
// its scope hangs on its id.
// Source: docs.github.com/rest/orgs/orgs#get-an-organization.
func organizations() Collection {
	return Collection{
		Name:       "organizations",
		Table:      "organizations",
		Scope:      ScopeOrganization,
		Mode:       Single,
		Core:       true,
		Path:       "orgs/{org}",
		Permission: "metadata",
		Key:        KeyID,
		Columns: []Column{
			{"login", `raw->>'login'`},
			{"name", `raw->>'name'`},
			{"description", `raw->>'description'`},
			{"blog", `raw->>'blog'`},
			{"location", `raw->>'location'`},
			{"email", `raw->>'email'`},
			{"is_verified", `github_bool(raw->>'is_verified')`},
			{"public_repos", `github_bigint(raw->>'public_repos')`},
			{"archived_at", `github_time(raw->>'archived_at')`},
			{"created_at", `github_time(raw->>'created_at')`},
			{"updated_at", `github_time(raw->>'updated_at')`},
		},
		// Counters, and what only its owners are shown.
		Refresh: Paths{
			"public_repos", "public_gists", "followers", "following", "updated_at",
			"total_private_repos", "owned_private_repos", "private_gists", "disk_usage", "collaborators", "billing_email", "plan",
		},
		Events: []string{"organization"},
	}
}
