package collection

// issueComments mirrors the comments on issues and on the conversations of pull requests.
// Source: docs.github.com/rest/issues/comments#list-issue-comments-for-a-repository.
func issueComments() Collection {
	return Collection{
		Name:         "issue_comments",
		Table:        "issue_comments",
		Mode:         Since,
		Core:         true,
		Path:         "repos/{owner}/{repo}/issues/comments",
		Permission:   "issues",
		OrPermission: "pull_requests",
		OAuthScope:   "repo",
		Item:         "repos/{owner}/{repo}/issues/comments/{key}",
		Key:          KeyID,
		Columns: []Column{
			{"id", `github_bigint(raw->>'id')`},
			{"issue_number", `github_tail(raw->>'issue_url')`},
			{"user_login", `raw->'user'->>'login'`},
			{"user_id", `github_bigint(raw->'user'->>'id')`},
			{"body", `raw->>'body'`},
			{"created_at", `github_time(raw->>'created_at')`},
			{"updated_at", `github_time(raw->>'updated_at')`},
		},
		Search:   []string{`raw->>'body'`},
		Identity: Paths{"user", "performed_via_github_app"},
		Refresh:  Paths{"author_association"},
		Events:   []string{"issue_comment"},
		Member:   "comment",
	}
}
