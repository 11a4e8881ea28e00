package collection

// deploymentStatuses mirrors how each deployment went on. A status raises its
// deployment's updated_at, so only the lists of deployments that moved are read.
// Source: docs.github.com/rest/deployments/statuses#list-deployment-statuses.
func deploymentStatuses() Collection {
	return Collection{
		Name:       "deployment_statuses",
		Table:      "deployment_statuses",
		Mode:       PerParent,
		Parents:    &Parents{Collection: "deployments", Arg: `p.key`, Version: `p.updated_at`},
		Path:       "repos/{owner}/{repo}/deployments/{parent}/statuses",
		Permission: "deployments",
		OAuthScope: "repo",
		Key:        KeyID,
		Columns: []Column{
			{"id", `github_bigint(raw->>'id')`},
			{"deployment_id", `github_bigint(parent_key)`},
			{"state", `raw->>'state'`},
			{"environment", `raw->>'environment'`},
			{"description", `raw->>'description'`},
			{"creator_login", `raw->'creator'->>'login'`},
			{"creator_id", `github_bigint(raw->'creator'->>'id')`},
			{"log_url", `raw->>'log_url'`},
			{"environment_url", `raw->>'environment_url'`},
			{"created_at", `github_time(raw->>'created_at')`},
			{"updated_at", `github_time(raw->>'updated_at')`},
		},
		Identity: Paths{"creator", "performed_via_github_app"},
		Events:   []string{"deployment_status", "deployment"},
	}
}
