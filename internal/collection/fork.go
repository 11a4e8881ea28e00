package collection

import (
	"net/url"
	"slices"
)

// forks mirrors the repository's forks, each a whole repository of somebody else's.
// Sorted by age, a new fork comes last and moves no other from its page. What a fork
// is counts; its stars and issues write nothing, and its pushes and its owner's new
// name, which is part of every URL, refresh it.
// Source: docs.github.com/rest/repos/forks#list-forks.
func forks() Collection {
	return Collection{
		Name:       "forks",
		Table:      "forks",
		Mode:       FullList,
		Path:       "repos/{owner}/{repo}/forks",
		Permission: "metadata",
		OAuthScope: "repo",
		Query:      url.Values{"sort": {"oldest"}},
		Key:        KeyID,
		Columns: []Column{
			{"id", `github_bigint(raw->>'id')`},
			{"name", `raw->>'name'`},
			{"full_name", `raw->>'full_name'`},
			{"owner_login", `raw->'owner'->>'login'`},
			{"owner_id", `github_bigint(raw->'owner'->>'id')`},
			{"private", `github_bool(raw->>'private')`},
			{"archived", `github_bool(raw->>'archived')`},
			{"visibility", `raw->>'visibility'`},
			{"default_branch", `raw->>'default_branch'`},
			{"description", `raw->>'description'`},
			{"pushed_at", `github_time(raw->>'pushed_at')`},
			{"created_at", `github_time(raw->>'created_at')`},
		},
		Secret:   Paths{"temp_clone_token"},
		Identity: Paths{"owner"},
		Refresh: slices.Concat(
			Paths{"full_name", "permissions", "role_name", "security_and_analysis", "size", "pushed_at"}, repositoryURLs,
		),
		Volatile: Paths{
			"stargazers_count", "watchers_count", "forks_count", "open_issues_count", "subscribers_count", "network_count",
			"forks", "open_issues", "watchers", "updated_at",
		},
		Events: []string{"fork"},
	}
}

// repositoryURLs are the members of a repository that its owner's name is part of.
var repositoryURLs = Paths{
	"archive_url", "assignees_url", "blobs_url", "branches_url", "clone_url", "collaborators_url", "comments_url", "commits_url",
	"compare_url", "contents_url", "contributors_url", "deployments_url", "downloads_url", "events_url", "forks_url", "git_commits_url",
	"git_refs_url", "git_tags_url", "git_url", "hooks_url", "html_url", "issue_comment_url", "issue_events_url", "issues_url",
	"keys_url", "labels_url", "languages_url", "merges_url", "milestones_url", "notifications_url", "pulls_url", "releases_url",
	"ssh_url", "stargazers_url", "statuses_url", "subscribers_url", "subscription_url", "svn_url", "tags_url", "teams_url",
	"trees_url", "url",
}
