package collection

// releases mirrors releases, drafts included where the credential may see them.
// GitHub lists them newest first and offers no filter.
// Source: docs.github.com/rest/releases/releases#list-releases.
func releases() Collection {
	return Collection{
		Name:       "releases",
		Table:      "releases",
		Mode:       FullList,
		Core:       true,
		Path:       "repos/{owner}/{repo}/releases",
		Permission: "contents",
		OAuthScope: "repo",
		Item:       "repos/{owner}/{repo}/releases/{key}",
		Key:        KeyID,
		Columns: []Column{
			{"id", `github_bigint(raw->>'id')`},
			{"tag_name", `raw->>'tag_name'`},
			{"name", `raw->>'name'`},
			{"body", `raw->>'body'`},
			{"draft", `github_bool(raw->>'draft')`},
			{"prerelease", `github_bool(raw->>'prerelease')`},
			{"author_login", `raw->'author'->>'login'`},
			{"created_at", `github_time(raw->>'created_at')`},
			{"published_at", `github_time(raw->>'published_at')`},
		},
		Search:   []string{`raw->>'name'`, `raw->>'body'`},
		Identity: Paths{"author", "assets.*.uploader"},
		// Downloads move by themselves: raw follows them, but they are no change of the release.
		Refresh: Paths{"assets.*.download_count"},
		Events:  []string{"release"},
	}
}
