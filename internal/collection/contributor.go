package collection

// contributors mirrors who has authored commits of the default branch. A contributor
// is there or not; the number of contributions moves with every push, hours later, and
// each commit is an item of its own, so it refreshes the row and is no change of it.
// Source: docs.github.com/rest/repos/repos#list-repository-contributors.
func contributors() Collection {
	return Collection{
		Name:       "contributors",
		Table:      "contributors",
		Mode:       FullList,
		Path:       "repos/{owner}/{repo}/contributors",
		Permission: "metadata",
		OAuthScope: "repo",
		Key:        KeyID,
		Cap:        500,
		Withheld:   "GitHub lists no contributors: it does not for a repository whose history is too large.",
		CapNote:    "GitHub links the first 500 authors' addresses of a repository to users; contributors beyond those are not listed.",
		Columns: []Column{
			{"user_id", `github_bigint(raw->>'id')`},
			{"login", `raw->>'login'`},
			{"type", `raw->>'type'`},
			{"contributions", `github_bigint(raw->>'contributions')`},
		},
		Identity: Paths{whole},
		Events:   []string{"push"},
	}
}
