package collection

import "net/url"

// workflowJobs mirrors the jobs of workflow runs, those of earlier attempts included:
// GitHub's own default leaves these out, and each attempt would delete the one before.
// A job may move while its run's updated_at stays, so the jobs of a run that has not
// ended are read in every pass, those of one that has when it moved.
// Source: docs.github.com/rest/actions/workflow-jobs#list-jobs-for-a-workflow-run.
func workflowJobs() Collection {
	return Collection{
		Name:  "workflow_jobs",
		Table: "workflow_jobs",
		Mode:  PerParent,
		Parents: &Parents{
			Collection: "workflow_runs", Arg: `p.key`,
			Version: `case when p.status = 'completed' then p.updated_at else now() end`,
		},
		Path:       "repos/{owner}/{repo}/actions/runs/{parent}/jobs",
		Permission: "actions",
		OAuthScope: "repo",
		Query:      url.Values{"filter": {"all"}},
		Envelope:   "jobs",
		Key:        KeyID,
		Columns: []Column{
			{"id", `github_bigint(raw->>'id')`},
			{"run_id", `github_bigint(raw->>'run_id')`},
			{"run_attempt", `github_bigint(raw->>'run_attempt')`},
			{"name", `raw->>'name'`},
			{"workflow_name", `raw->>'workflow_name'`},
			{"status", `raw->>'status'`},
			{"conclusion", `raw->>'conclusion'`},
			{"head_branch", `raw->>'head_branch'`},
			{"head_sha", `raw->>'head_sha'`},
			{"labels", `github_texts(raw, '$.labels[*]')`},
			{"runner_name", `raw->>'runner_name'`},
			{"runner_group_name", `raw->>'runner_group_name'`},
			{"created_at", `github_time(raw->>'created_at')`},
			{"started_at", `github_time(raw->>'started_at')`},
			{"completed_at", `github_time(raw->>'completed_at')`},
		},
		Set:    Paths{"labels"},
		Events: []string{"workflow_job", "workflow_run"},
	}
}
