package collection

import "net/url"

// milestones mirrors milestones, open and closed. Their counters are their own here.
// Source: docs.github.com/rest/issues/milestones#list-milestones.
func milestones() Collection {
	return Collection{
		Name:         "milestones",
		Table:        "milestones",
		Mode:         FullList,
		Core:         true,
		Path:         "repos/{owner}/{repo}/milestones",
		Permission:   "issues",
		OrPermission: "pull_requests",
		OAuthScope:   "repo",
		Item:         "repos/{owner}/{repo}/milestones/{number}",
		Query:        url.Values{"state": {"all"}},
		Key:          KeyID,
		Columns: []Column{
			{"id", `github_bigint(raw->>'id')`},
			{"number", `github_bigint(raw->>'number')`},
			{"title", `raw->>'title'`},
			{"state", `raw->>'state'`},
			{"description", `raw->>'description'`},
			{"creator_login", `raw->'creator'->>'login'`},
			{"open_issues", `github_bigint(raw->>'open_issues')`},
			{"closed_issues", `github_bigint(raw->>'closed_issues')`},
			{"due_on", `github_time(raw->>'due_on')`},
			{"closed_at", `github_time(raw->>'closed_at')`},
			{"created_at", `github_time(raw->>'created_at')`},
			{"updated_at", `github_time(raw->>'updated_at')`},
		},
		Search:   []string{`raw->>'title'`, `raw->>'description'`},
		Identity: Paths{"creator"},
		Events:   []string{"milestone"},
		Member:   "milestone",
	}
}
