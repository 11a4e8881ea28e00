package collection

// pullFiles mirrors which files a pull request changes, with their patches. A push
// raises its updated_at, so only the lists of pull requests that moved are read.
// Every push also moves the URLs of files that it does not touch: those do not count.
// Source: docs.github.com/rest/pulls/pulls#list-pull-requests-files.
func pullFiles() Collection {
	return Collection{
		Name:          "pull_files",
		Table:         "pull_files",
		Mode:          PerParent,
		Parents:       &Parents{Collection: "pulls", Arg: `p.number::text`, Version: `p.updated_at`},
		Path:          "repos/{owner}/{repo}/pulls/{parent}/files",
		Permission:    "pull_requests",
		OAuthScope:    "repo",
		Key:           "filename",
		KeyWithParent: true,
		Cap:           3000,
		CapNote:       "GitHub lists the first 3,000 files of a pull request.",
		Columns: []Column{
			{"pull_id", `github_bigint(parent_key)`},
			{"filename", `raw->>'filename'`},
			{"previous_filename", `raw->>'previous_filename'`},
			{"status", `raw->>'status'`},
			{"additions", `github_bigint(raw->>'additions')`},
			{"deletions", `github_bigint(raw->>'deletions')`},
			{"changes", `github_bigint(raw->>'changes')`},
			{"blob_sha", `raw->>'sha'`},
		},
		Refresh: Paths{"blob_url", "raw_url", "contents_url"},
		Events:  []string{"pull_request"},
	}
}
