package collection

// commitStatuses mirrors the statuses that were set on recent commits. They are never
// edited: a later one of the same context replaces an earlier one, which stays listed.
// Source: docs.github.com/rest/commits/statuses#list-commit-statuses-for-a-reference.
func commitStatuses() Collection {
	return Collection{
		Name:  "commit_statuses",
		Table: "commit_statuses",
		Mode:  PerParent,
		Parents: &Parents{
			Collection: "commits", Arg: `p.sha`, Where: recentCommits,
			Window: "Statuses are read of commits of the default branch that were committed within the last 3 days. " +
				"What was read before that stays.",
		},
		Path:       "repos/{owner}/{repo}/commits/{parent}/statuses",
		Permission: "statuses",
		OAuthScope: "repo",
		Key:        KeyID,
		Columns: []Column{
			{"id", `github_bigint(raw->>'id')`},
			{"sha", `parent_key`},
			{"context", `raw->>'context'`},
			{"state", `raw->>'state'`},
			{"description", `raw->>'description'`},
			{"target_url", `raw->>'target_url'`},
			{"creator_login", `raw->'creator'->>'login'`},
			{"creator_id", `github_bigint(raw->'creator'->>'id')`},
			{"created_at", `github_time(raw->>'created_at')`},
			{"updated_at", `github_time(raw->>'updated_at')`},
		},
		Identity: Paths{"creator"},
		Refresh:  Paths{"avatar_url"}, // of the creator
		Events:   []string{"status"},
	}
}
