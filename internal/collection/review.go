package collection

// reviews mirrors the reviews of pull requests. REST lists them per pull request
// only, GraphQL those of many at once, in whose place REST's shape is written; a review raises its pull request's updated_at, so an unmoved one is not read again.
// Source: docs.github.com/rest/pulls/reviews#list-reviews-for-a-pull-request.
func reviews() Collection {
	return Collection{
		Name:  "reviews",
		Table: "reviews",
		Mode:  PerParent,
		Core:  true,
		Parents: &Parents{
			Collection: "pulls", Arg: `p.number::text`, Version: `p.updated_at`,
		},
		Path:       "repos/{owner}/{repo}/pulls/{parent}/reviews",
		Permission: "pull_requests",
		OAuthScope: "repo",
		Key:        KeyID,
		GraphQL:    reviewsGraphQL(),
		Columns: []Column{
			{"id", `github_bigint(raw->>'id')`},
			{"pull_number", `github_tail(raw->>'pull_request_url')`},
			{"state", `raw->>'state'`},
			{"user_login", `raw->'user'->>'login'`},
			{"user_id", `github_bigint(raw->'user'->>'id')`},
			{"body", `raw->>'body'`},
			{"commit_id", `raw->>'commit_id'`},
			{"submitted_at", `github_time(raw->>'submitted_at')`},
		},
		Search:   []string{`raw->>'body'`},
		Identity: Paths{"user"},
		Refresh:  Paths{"author_association"},
		Events:   []string{"pull_request_review"},
	}
}
