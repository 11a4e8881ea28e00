package collection

import "net/url"

// issues mirrors issues as GitHub lists them: pull requests stand among them, and
// are kept, in their shape as an issue.
// Source: docs.github.com/rest/issues/issues#list-repository-issues.
func issues() Collection {
	return Collection{
		Name:       "issues",
		Table:      "issues",
		Mode:       Since,
		Core:       true,
		Path:       "repos/{owner}/{repo}/issues",
		Permission: "issues",
		OAuthScope: "repo",
		Item:       "repos/{owner}/{repo}/issues/{number}",
		Query:      url.Values{"state": {"all"}},
		Key:        KeyID,
		Twin:       "pulls",
		Columns: []Column{
			{"id", `github_bigint(raw->>'id')`},
			{"number", `github_bigint(raw->>'number')`},
			{"title", `raw->>'title'`},
			{"body", `raw->>'body'`},
			{"state", `raw->>'state'`},
			{"state_reason", `raw->>'state_reason'`},
			{"locked", `github_bool(raw->>'locked')`},
			{"is_pull_request", `raw ? 'pull_request'`},
			{"user_login", `raw->'user'->>'login'`},
			{"user_id", `github_bigint(raw->'user'->>'id')`},
			{"assignees", `github_texts(raw, '$.assignees[*].login')`},
			{"labels", `github_texts(raw, '$.labels[*].name')`},
			{"milestone_number", `github_bigint(raw->'milestone'->>'number')`},
			{"comments", `github_bigint(raw->>'comments')`},
			{"closed_at", `github_time(raw->>'closed_at')`},
			{"created_at", `github_time(raw->>'created_at')`},
			{"updated_at", `github_time(raw->>'updated_at')`},
		},
		Search: []string{`raw->>'title'`, `raw->>'body'`},
		Identity: Paths{
			"user", "assignee", "assignees.*", "closed_by", "milestone", "labels.*",
			"performed_via_github_app", "repository",
		},
		Set:      Paths{"labels"},
		Refresh:  Paths{"author_association"},
		Volatile: milestoneCounters,
		Events:   []string{"issues", "issue_comment", "pull_request", "pull_request_review", "pull_request_review_comment", "sub_issues", "issue_dependencies"},
		Member:   "issue",
	}
}

// milestoneCounters move inside every issue and pull request of a milestone
// whenever one of them is opened or closed.
var milestoneCounters = Paths{
	"milestone.open_issues", "milestone.closed_issues", "milestone.updated_at",
}
