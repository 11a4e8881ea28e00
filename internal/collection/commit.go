package collection

// commits mirrors the commits that are reachable from the default branch.
// GitHub's since and until filter by the committer's date, which a push of old
// commits does not respect, so a pass compares heads instead.
// Source: docs.github.com/rest/commits/commits#list-commits.
func commits() Collection {
	return Collection{
		Name:       "commits",
		Table:      "commits",
		Mode:       Heads,
		Core:       true,
		Path:       "repos/{owner}/{repo}/commits",
		Permission: "contents",
		OAuthScope: "repo",
		Key:        KeySHA,
		Columns: []Column{
			{"sha", `raw->>'sha'`},
			{"message", `raw->'commit'->>'message'`},
			{"author_login", `raw->'author'->>'login'`},
			{"author_name", `raw->'commit'->'author'->>'name'`},
			{"authored_at", `github_time(raw->'commit'->'author'->>'date')`},
			{"committer_login", `raw->'committer'->>'login'`},
			{"committer_name", `raw->'commit'->'committer'->>'name'`},
			{"committed_at", `github_time(raw->'commit'->'committer'->>'date')`},
			{"parents", `github_texts(raw, '$.parents[*].sha')`},
		},
		Search:   []string{`raw->'commit'->>'message'`},
		Identity: Paths{"author", "committer"},
		Events:   []string{"push", "repository"},
	}
}
