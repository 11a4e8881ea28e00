package collection

// tags mirrors a repository's tags and the commits they point at.
// Source: docs.github.com/rest/repos/repos#list-repository-tags.
func tags() Collection {
	return Collection{
		Name:       "tags",
		Table:      "tags",
		Mode:       FullList,
		Core:       true,
		Path:       "repos/{owner}/{repo}/tags",
		Permission: "metadata",
		OAuthScope: "repo",
		Key:        KeyName,
		Columns: []Column{
			{"name", `raw->>'name'`},
			{"commit_sha", `raw->'commit'->>'sha'`},
		},
		Events: []string{"create", "delete", "push"},
	}
}
