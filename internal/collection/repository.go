package collection

import "slices"

// repository mirrors the repository itself. It goes first: everything else hangs on its id.
// Source: docs.github.com/rest/repos/repos#get-a-repository.
func repository() Collection {
	return Collection{
		Name:       "repository",
		Table:      "repositories",
		Mode:       Single,
		Core:       true,
		Path:       "repos/{owner}/{repo}",
		Permission: "metadata",
		OAuthScope: "repo",
		Key:        KeyID,
		Columns: []Column{
			{"name", `raw->>'name'`},
			{"owner_login", `raw->'owner'->>'login'`},
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
			{"forks_count", `github_bigint(raw->>'forks_count')`},
			{"open_issues_count", `github_bigint(raw->>'open_issues_count')`},
			{"pushed_at", `github_time(raw->>'pushed_at')`},
			{"created_at", `github_time(raw->>'created_at')`},
			{"updated_at", `github_time(raw->>'updated_at')`},
		},
		// GitHub issues this token to whoever asks; it would be a credential in the table.
		Secret:    Paths{"temp_clone_token", "parent.temp_clone_token", "source.temp_clone_token", "template_repository.temp_clone_token"},
		Reference: Paths{"parent", "source", "template_repository"},
		Identity:  Paths{"owner", "organization"},
		Refresh:   slices.Concat(Paths{"permissions", "security_and_analysis"}, repositoryCounters),
		Events:    []string{"repository", "star", "watch", "fork", "push", "public", "custom_property_values", "security_and_analysis"},
		Member:    "repository",
	}
}
