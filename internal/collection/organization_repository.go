package collection

import "net/url"

// organizationRepositories mirrors the list of an organization's repositories: what a
// sync of the organization goes through. The repositories themselves are the
// collection repository, in the fuller shape of theirs.
// Source: docs.github.com/rest/repos/repos#list-organization-repositories.
func organizationRepositories() Collection {
	return Collection{
		Name:       "organization_repositories",
		Table:      "organization_repositories",
		Scope:      ScopeOrganization,
		Mode:       FullList,
		Core:       true,
		Path:       "orgs/{org}/repos",
		Permission: "metadata",
		OAuthScope: "repo",
		// In the order of their creation a new one comes last and moves no other.
		Query: url.Values{"type": {"all"}, "sort": {"created"}, "direction": {"asc"}},
		Key:   KeyID,
		Columns: []Column{
			{"id", `github_bigint(raw->>'id')`},
			{"name", `raw->>'name'`},
			{"full_name", `raw->>'full_name'`},
			{"private", `github_bool(raw->>'private')`},
			{"fork", `github_bool(raw->>'fork')`},
			{"archived", `github_bool(raw->>'archived')`},
			{"visibility", `raw->>'visibility'`},
			{"default_branch", `raw->>'default_branch'`},
			{"description", `raw->>'description'`},
			{"language", `raw->>'language'`},
			{"topics", `github_texts(raw, '$.topics[*]')`},
			{"stargazers_count", `github_bigint(raw->>'stargazers_count')`},
			{"pushed_at", `github_time(raw->>'pushed_at')`},
			{"created_at", `github_time(raw->>'created_at')`},
			{"updated_at", `github_time(raw->>'updated_at')`},
		},
		Secret:   Paths{"temp_clone_token"},
		Identity: Paths{"owner"},
		Refresh:  append(Paths{"permissions", "role_name", "security_and_analysis"}, repositoryCounters...),
		Events:   []string{"repository"},
	}
}

// repositoryCounters are the paths of a listed repository that move with every star,
// push and issue.
var repositoryCounters = Paths{
	"size", "stargazers_count", "watchers_count", "forks_count", "open_issues_count", "subscribers_count", "network_count",
	"forks", "open_issues", "watchers", "pushed_at", "updated_at",
}
