package collection

import "net/url"

// recentCommits are the commits whose checks are read: nothing of a commit moves with
// its checks, so their lists are read in every pass, and those of all commits would be
// a request each.
const recentCommits = `p.committed_at > now() - interval '3 days'`

// checkRuns mirrors the check runs of recent commits, those included that a later run
// of the same check has replaced. The jobs of GitHub Actions are among them.
// Source: docs.github.com/rest/checks/runs#list-check-runs-for-a-git-reference.
func checkRuns() Collection {
	return Collection{
		Name:  "check_runs",
		Table: "check_runs",
		Mode:  PerParent,
		Parents: &Parents{
			Collection: "commits", Arg: `p.sha`, Where: recentCommits,
			Window: "Check runs are read of commits of the default branch that were committed within the last 3 days. " +
				"What was read before that stays. Of a commit with more than 1,000 check suites, GitHub lists the newest 1,000.",
		},
		Path:       "repos/{owner}/{repo}/commits/{parent}/check-runs",
		Permission: "checks",
		OAuthScope: "repo",
		Query:      url.Values{"filter": {"all"}},
		Envelope:   "check_runs",
		Key:        KeyID,
		Columns: []Column{
			{"id", `github_bigint(raw->>'id')`},
			{"head_sha", `raw->>'head_sha'`},
			{"name", `raw->>'name'`},
			{"status", `raw->>'status'`},
			{"conclusion", `raw->>'conclusion'`},
			{"check_suite_id", `github_bigint(raw->'check_suite'->>'id')`},
			{"app_id", `github_bigint(raw->'app'->>'id')`},
			{"app_slug", `raw->'app'->>'slug'`},
			{"external_id", `raw->>'external_id'`},
			{"details_url", `raw->>'details_url'`},
			{"output_title", `raw->'output'->>'title'`},
			{"output_summary", `raw->'output'->>'summary'`},
			{"annotations_count", `github_bigint(raw->'output'->>'annotations_count')`},
			{"started_at", `github_time(raw->>'started_at')`},
			{"completed_at", `github_time(raw->>'completed_at')`},
		},
		Identity: Paths{"app", "deployment"},
		// The pull requests that are open now and whose head is the commit: they come and
		// go without the check run.
		Refresh: Paths{"pull_requests"},
		Events:  []string{"check_run"},
	}
}
