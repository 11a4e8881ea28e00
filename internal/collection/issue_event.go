package collection

// issueEvents mirrors what happened to issues and pull requests: closed, labeled,
// renamed, … An event is written once and never edited; its embedded issue is the one
// that there is now, so it is stored as a reference, or an edited issue would rewrite
// all its events. Labels and milestones stand in an event as they were called then.
// Source: docs.github.com/rest/issues/events#list-issue-events-for-a-repository.
func issueEvents() Collection {
	return Collection{
		Name:       "issue_events",
		Table:      "issue_events",
		Mode:       NewestCreated,
		Path:       "repos/{owner}/{repo}/issues/events",
		Permission: "issues",
		OAuthScope: "repo",
		Item:       "repos/{owner}/{repo}/issues/events/{key}",
		Key:        KeyID,
		Columns: []Column{
			{"id", `github_bigint(raw->>'id')`},
			{"event", `raw->>'event'`},
			{"issue_id", `github_bigint(raw->'issue'->>'id')`},
			{"issue_number", `github_bigint(raw->'issue'->>'number')`},
			{"actor_login", `raw->'actor'->>'login'`},
			{"actor_id", `github_bigint(raw->'actor'->>'id')`},
			{"label", `raw->'label'->>'name'`},
			{"milestone", `raw->'milestone'->>'title'`},
			{"assignee_login", `raw->'assignee'->>'login'`},
			{"requested_reviewer_login", `raw->'requested_reviewer'->>'login'`},
			{"renamed_from", `raw->'rename'->>'from'`},
			{"renamed_to", `raw->'rename'->>'to'`},
			{"commit_sha", `raw->>'commit_id'`},
			{"created_at", `github_time(raw->>'created_at')`},
		},
		Reference: Paths{"issue"},
		Identity: Paths{
			"actor", "assignee", "assigner", "review_requester", "requested_reviewer", "requested_team",
			"issue_type", "prev_issue_type", "performed_via_github_app",
		},
		// Other issues as they are now, and what depends on the repository's name.
		Refresh: Paths{
			"author_association", "url", "commit_url",
			"sub_issue", "parent_issue", "blocked_by", "blocking",
		},
		Events: []string{"issues", "pull_request", "pull_request_review", "milestone"},
	}
}
