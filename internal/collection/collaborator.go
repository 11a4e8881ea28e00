package collection

// collaborators mirrors who has which role in the repository, through a team or the
// organization as well. GitHub shows them to credentials that may push only. The role
// and its permissions count, what the user is called does not.
// Source: docs.github.com/rest/collaborators/collaborators#list-repository-collaborators.
func collaborators() Collection {
	return Collection{
		Name:       "collaborators",
		Table:      "collaborators",
		Mode:       FullList,
		Path:       "repos/{owner}/{repo}/collaborators",
		Permission: "metadata",
		OAuthScope: "repo",
		Private:    true,
		Key:        KeyID,
		Withheld:   "GitHub shows collaborators only to credentials that may push to the repository.",
		Columns: []Column{
			{"user_id", `github_bigint(raw->>'id')`},
			{"login", `raw->>'login'`},
			{"type", `raw->>'type'`},
			{"role_name", `raw->>'role_name'`},
			{"can_push", `github_bool(raw->'permissions'->>'push')`},
			{"can_administer", `github_bool(raw->'permissions'->>'admin')`},
		},
		Refresh: Paths{
			"login", "node_id", "name", "email", "avatar_url", "gravatar_id", "url", "html_url", "followers_url", "following_url",
			"gists_url", "starred_url", "subscriptions_url", "organizations_url", "repos_url", "events_url", "received_events_url",
			"type", "user_view_type", "site_admin",
		},
		Events: []string{"member", "team_add", "membership", "organization"},
	}
}
