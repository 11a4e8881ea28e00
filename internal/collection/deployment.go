package collection

import "time"

// deployments mirrors deployments, the newest first. Each of its statuses raises a
// deployment's updated_at, also the one that makes it inactive when the next one of its
// environment succeeds. Those of the last week are met in every pass, later moves by the
// next full check.
// Source: docs.github.com/rest/deployments/deployments#list-deployments.
func deployments() Collection {
	return Collection{
		Name:       "deployments",
		Table:      "deployments",
		Mode:       NewestCreated,
		Lookback:   7 * 24 * time.Hour,
		Path:       "repos/{owner}/{repo}/deployments",
		Permission: "deployments",
		OAuthScope: "repo",
		Item:       "repos/{owner}/{repo}/deployments/{key}",
		Key:        KeyID,
		Columns: []Column{
			{"id", `github_bigint(raw->>'id')`},
			{"sha", `raw->>'sha'`},
			{"ref", `raw->>'ref'`},
			{"task", `raw->>'task'`},
			{"environment", `raw->>'environment'`},
			{"description", `raw->>'description'`},
			{"production_environment", `github_bool(raw->>'production_environment')`},
			{"transient_environment", `github_bool(raw->>'transient_environment')`},
			{"creator_login", `raw->'creator'->>'login'`},
			{"creator_id", `github_bigint(raw->'creator'->>'id')`},
			{"created_at", `github_time(raw->>'created_at')`},
			{"updated_at", `github_time(raw->>'updated_at')`},
		},
		Identity: Paths{"creator", "performed_via_github_app"},
		Events:   []string{"deployment", "deployment_status"},
		Member:   "deployment",
	}
}
