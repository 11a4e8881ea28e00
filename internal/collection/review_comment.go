package collection

// reviewComments mirrors the comments on the diffs of pull requests.
// Source: docs.github.com/rest/pulls/comments#list-review-comments-in-a-repository.
func reviewComments() Collection {
	return Collection{
		Name:       "review_comments",
		Table:      "review_comments",
		Mode:       Since,
		Core:       true,
		Path:       "repos/{owner}/{repo}/pulls/comments",
		Permission: "pull_requests",
		OAuthScope: "repo",
		Item:       "repos/{owner}/{repo}/pulls/comments/{key}",
		Key:        KeyID,
		Columns: []Column{
			{"id", `github_bigint(raw->>'id')`},
			{"pull_number", `github_tail(raw->>'pull_request_url')`},
			{"review_id", `github_bigint(raw->>'pull_request_review_id')`},
			{"in_reply_to_id", `github_bigint(raw->>'in_reply_to_id')`},
			{"path", `raw->>'path'`},
			{"line", `github_bigint(raw->>'line')`},
			{"user_login", `raw->'user'->>'login'`},
			{"user_id", `github_bigint(raw->'user'->>'id')`},
			{"body", `raw->>'body'`},
			{"commit_id", `raw->>'commit_id'`},
			{"created_at", `github_time(raw->>'created_at')`},
			{"updated_at", `github_time(raw->>'updated_at')`},
		},
		Search:   []string{`raw->>'body'`},
		Identity: Paths{"user"},
		Refresh:  Paths{"author_association"},
		Events:   []string{"pull_request_review_comment", "pull_request_review"},
		Member:   "comment",
	}
}
