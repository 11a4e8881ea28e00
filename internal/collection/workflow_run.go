package collection

import "time"

// workflowRuns mirrors the runs of GitHub Actions, the newest first. A run moves until
// it has ended, and again when somebody runs it again, which GitHub allows for 30 days.
// Those of the last days are met in every pass, later moves by the next full check. The
// list without a filter holds all runs; any filter would end it after 1,000.
// Source: docs.github.com/rest/actions/workflow-runs#list-workflow-runs-for-a-repository.
func workflowRuns() Collection {
	return Collection{
		Name:       "workflow_runs",
		Table:      "workflow_runs",
		Mode:       NewestCreated,
		Lookback:   3 * 24 * time.Hour,
		Path:       "repos/{owner}/{repo}/actions/runs",
		Permission: "actions",
		OAuthScope: "repo",
		Envelope:   "workflow_runs",
		Item:       "repos/{owner}/{repo}/actions/runs/{key}",
		Key:        KeyID,
		Columns: []Column{
			{"id", `github_bigint(raw->>'id')`},
			{"name", `raw->>'name'`},
			{"display_title", `raw->>'display_title'`},
			{"workflow_id", `github_bigint(raw->>'workflow_id')`},
			{"path", `raw->>'path'`},
			{"run_number", `github_bigint(raw->>'run_number')`},
			{"run_attempt", `github_bigint(raw->>'run_attempt')`},
			{"event", `raw->>'event'`},
			{"status", `raw->>'status'`},
			{"conclusion", `raw->>'conclusion'`},
			{"head_branch", `raw->>'head_branch'`},
			{"head_sha", `raw->>'head_sha'`},
			{"head_repository_id", `github_bigint(raw->'head_repository'->>'id')`},
			{"check_suite_id", `github_bigint(raw->>'check_suite_id')`},
			{"actor_login", `raw->'actor'->>'login'`},
			{"actor_id", `github_bigint(raw->'actor'->>'id')`},
			{"triggering_actor_login", `raw->'triggering_actor'->>'login'`},
			{"run_started_at", `github_time(raw->>'run_started_at')`},
			{"created_at", `github_time(raw->>'created_at')`},
			{"updated_at", `github_time(raw->>'updated_at')`},
		},
		Secret:    Paths{"repository.temp_clone_token", "head_repository.temp_clone_token"},
		Reference: Paths{"repository", "head_repository"},
		Identity:  Paths{"actor", "triggering_actor"},
		// The pull requests that are open now and whose head is the run's: they come and go
		// without the run.
		Refresh: Paths{"pull_requests"},
		Events:  []string{"workflow_run", "workflow_job"},
		Member:  "workflow_run",
	}
}
