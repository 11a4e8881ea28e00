package collection

// branches mirrors a repository's branches and the commits they point at.
// Source: docs.github.com/rest/branches/branches#list-branches.
func branches() Collection {
	return Collection{
		Name:       "branches",
		Table:      "branches",
		Mode:       FullList,
		Core:       true,
		Path:       "repos/{owner}/{repo}/branches",
		Permission: "contents",
		OAuthScope: "repo",
		Item:       "repos/{owner}/{repo}/branches/{key}",
		Key:        KeyName,
		Columns: []Column{
			{"name", `raw->>'name'`},
			{"commit_sha", `raw->'commit'->>'sha'`},
			{"protected", `github_bool(raw->>'protected')`},
		},
		Events: []string{"create", "delete", "push", "branch_protection_rule", "branch_protection_configuration", "repository"},
	}
}
