package collection

// labels mirrors a repository's labels. GitHub offers no order and no filter.
// Source: docs.github.com/rest/issues/labels#list-labels-for-a-repository.
func labels() Collection {
	return Collection{
		Name:         "labels",
		Table:        "labels",
		Mode:         FullList,
		Core:         true,
		Path:         "repos/{owner}/{repo}/labels",
		Permission:   "issues",
		OrPermission: "pull_requests",
		OAuthScope:   "repo",
		Key:          KeyID,
		Columns: []Column{
			{"id", `github_bigint(raw->>'id')`},
			{"name", `raw->>'name'`},
			{"color", `raw->>'color'`},
			{"description", `raw->>'description'`},
			{"is_default", `github_bool(raw->>'default')`},
		},
		Search: []string{`raw->>'name'`, `raw->>'description'`},
		Events: []string{"label"},
	}
}
