package collection

// pullCommits mirrors the commits of a pull request, those included that never reach
// the default branch. A push raises its updated_at, so only the lists of pull requests
// that moved are read.
// Source: docs.github.com/rest/pulls/pulls#list-commits-on-a-pull-request.
func pullCommits() Collection {
	return Collection{
		Name:          "pull_commits",
		Table:         "pull_commits",
		Mode:          PerParent,
		Parents:       &Parents{Collection: "pulls", Arg: `p.number::text`, Version: `p.updated_at`},
		Path:          "repos/{owner}/{repo}/pulls/{parent}/commits",
		Permission:    "pull_requests",
		OAuthScope:    "repo",
		Key:           KeySHA,
		KeyWithParent: true,
		Cap:           250,
		CapNote:       "GitHub lists the first 250 commits of a pull request.",
		Columns: []Column{
			{"pull_id", `github_bigint(parent_key)`},
			{"sha", `raw->>'sha'`},
			{"message", `raw->'commit'->>'message'`},
			{"author_login", `raw->'author'->>'login'`},
			{"author_name", `raw->'commit'->'author'->>'name'`},
			{"authored_at", `github_time(raw->'commit'->'author'->>'date')`},
			{"committer_login", `raw->'committer'->>'login'`},
			{"committed_at", `github_time(raw->'commit'->'committer'->>'date')`},
			{"parents", `github_texts(raw, '$.parents[*].sha')`},
		},
		Identity: Paths{"author", "committer"},
		Events:   []string{"pull_request"},
	}
}
