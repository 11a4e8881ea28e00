package collection

import "net/url"

// pulls mirrors pull requests in the shape of their list. GitHub sorts them by
// update but has no since. Each embeds its head's and its base's whole repository,
// whose counters move with every star: those are stored as references.
// Source: docs.github.com/rest/pulls/pulls#list-pull-requests.
func pulls() Collection {
	return Collection{
		Name:       "pulls",
		Table:      "pulls",
		Mode:       NewestFirst,
		Core:       true,
		Path:       "repos/{owner}/{repo}/pulls",
		Permission: "pull_requests",
		OAuthScope: "repo",
		Item:       "repos/{owner}/{repo}/pulls/{number}",
		Query:      url.Values{"state": {"all"}},
		Key:        KeyID,
		Twin:       "issues",
		Columns: []Column{
			{"id", `github_bigint(raw->>'id')`},
			{"number", `github_bigint(raw->>'number')`},
			{"title", `raw->>'title'`},
			{"body", `raw->>'body'`},
			{"state", `raw->>'state'`},
			{"draft", `github_bool(raw->>'draft')`},
			{"locked", `github_bool(raw->>'locked')`},
			{"user_login", `raw->'user'->>'login'`},
			{"user_id", `github_bigint(raw->'user'->>'id')`},
			{"assignees", `github_texts(raw, '$.assignees[*].login')`},
			{"labels", `github_texts(raw, '$.labels[*].name')`},
			{"milestone_number", `github_bigint(raw->'milestone'->>'number')`},
			{"head_ref", `raw->'head'->>'ref'`},
			{"head_sha", `raw->'head'->>'sha'`},
			{"head_repository_id", `github_bigint(raw->'head'->'repo'->>'id')`},
			{"base_ref", `raw->'base'->>'ref'`},
			{"base_sha", `raw->'base'->>'sha'`},
			{"merge_commit_sha", `raw->>'merge_commit_sha'`},
			{"merged_at", `github_time(raw->>'merged_at')`},
			{"closed_at", `github_time(raw->>'closed_at')`},
			{"created_at", `github_time(raw->>'created_at')`},
			{"updated_at", `github_time(raw->>'updated_at')`},
		},
		Search: []string{`raw->>'title'`, `raw->>'body'`},
		// GitHub's description of these repositories has it. What is stored as a reference
		// drops it anyway; the JSON that is kept whole where jsonb cannot hold it does not.
		Secret:    Paths{"head.repo.temp_clone_token", "base.repo.temp_clone_token"},
		Reference: Paths{"head.repo", "base.repo"},
		Identity: Paths{
			"user", "assignee", "assignees.*", "requested_reviewers.*", "requested_teams.*",
			"head.user", "base.user", "milestone", "labels.*", "auto_merge.enabled_by",
		},
		Set: Paths{"labels"},
		// The labels of head and base are an owner's login, which may change, and a ref.
		Refresh:  Paths{"author_association", "head.label", "base.label"},
		Volatile: milestoneCounters,
		Events:   []string{"pull_request", "pull_request_review", "pull_request_review_comment", "pull_request_review_thread"},
		Member:   "pull_request",
	}
}
