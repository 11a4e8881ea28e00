package collection

// stargazers mirrors who has starred the repository, and when. GitHub lists the first
// one first and no more than 400 pages.
// Source: docs.github.com/rest/activity/starring#list-stargazers.
func stargazers() Collection {
	return Collection{
		Name:       "stargazers",
		Table:      "stargazers",
		Mode:       FullList,
		Path:       "repos/{owner}/{repo}/stargazers",
		Permission: "metadata",
		OAuthScope: "repo",
		Accept:     "application/vnd.github.star+json",
		Key:        "user.id",
		Cap:        40_000,
		CapNote:    "GitHub lists the first 40,000 stargazers; stargazers_count of the repository counts all.",
		Columns: []Column{
			{"user_id", `github_bigint(raw->'user'->>'id')`},
			{"login", `raw->'user'->>'login'`},
			{"starred_at", `github_time(raw->>'starred_at')`},
		},
		Identity: Paths{"user"},
		Events:   []string{"star"},
	}
}
