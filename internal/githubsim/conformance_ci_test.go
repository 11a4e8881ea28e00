package githubsim_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/githubsim"
)

// continuousSpec is a repository whose commits are built, deployed and checked.
func continuousSpec() githubsim.Spec {
	spec := githubsim.SpecForItems(600)
	spec.WorkflowRuns, spec.WorkflowJobs, spec.Deployments, spec.DeploymentStatuses = 130, 400, 60, 250
	spec.CheckRuns, spec.CommitStatuses = 200, 110
	return spec
}

// editContinuous uses the methods that run, deploy and check.
func editContinuous(t *testing.T, r *githubsim.Repository) {
	t.Helper()
	head := r.Push("checked", githubsim.NewCommit{Message: odd, By: "ada"})[0]
	_, err := r.OpenPull(githubsim.NewPull{NewIssue: githubsim.NewIssue{Title: "checked", By: "ada"}, Head: "checked"})
	require.NoError(t, err)
	for _, by := range []string{"", "ada"} {
		run, err := r.StartRun(githubsim.NewRun{Workflow: "Odd " + odd, Branch: "checked", Actor: by, Event: "pull_request"})
		require.NoError(t, err)
		require.NoError(t, r.FinishJob(r.JobsOf(run)[0], "failure"))
		if by == "" {
			require.NoError(t, r.FinishRun(run, "failure"))
			require.NoError(t, r.Rerun(run, "ada"))
		}
		deployment, err := r.CreateDeployment(githubsim.NewDeployment{Ref: "checked", Environment: "staging", Description: odd, By: by})
		require.NoError(t, err)
		for _, state := range []string{"pending", "queued", "in_progress", "success", "failure", "error"} {
			_, err = r.SetDeploymentStatus(deployment, githubsim.NewDeploymentStatus{State: state, Description: odd, By: by})
			require.NoError(t, err)
		}
		for _, sha := range []string{head, ""} {
			_, err = r.SetCommitStatus(githubsim.NewCommitStatus{SHA: sha, Context: odd, State: "pending", By: by, Description: odd})
			require.NoError(t, err)
			check, err := r.CreateCheckRun(githubsim.NewCheckRun{SHA: sha, Name: odd})
			require.NoError(t, err)
			title, conclusion := odd, "neutral"
			require.NoError(t, r.EditCheckRun(check, githubsim.CheckRunEdit{Title: &title, Summary: &title, Conclusion: &conclusion}))
		}
		_, err = r.CreateCheckRun(githubsim.NewCheckRun{SHA: head})
		require.NoError(t, err)
	}
}

// continuousRequests adds what is asked of the endpoints of runs, deployments and checks.
func (b *bundle) continuousRequests(at string, list func(path string, queries ...string) []string, m map[string][]string) {
	m["workflow_runs"] = list("/actions/runs", "event=push&status=success&branch=main", "exclude_pull_requests=true", "actor=ada")
	m["deployments"] = list("/deployments", "environment=staging")
	m["workflow_jobs"] = []string{at + "/actions/runs/4711/jobs"}
	m["deployment_statuses"] = []string{at + "/deployments/4711/statuses"}
	m["workflow_run"] = []string{at + "/actions/runs/4711"}
	m["deployment"] = []string{at + "/deployments/4711"}
	m["check_run"] = []string{at + "/check-runs/4711"}
	for i, id := range b.some("workflow_runs", "id") {
		m["workflow_run"] = append(m["workflow_run"], at+"/actions/runs/"+id)
		m["workflow_jobs"] = append(m["workflow_jobs"], fmt.Sprintf("%s/actions/runs/%s/jobs?per_page=2&filter=%s", at, id, []string{"all", "latest"}[i%2]))
	}
	for _, id := range b.some("deployments", "id") {
		m["deployment"] = append(m["deployment"], at+"/deployments/"+id)
		m["deployment_statuses"] = append(m["deployment_statuses"], at+"/deployments/"+id+"/statuses?per_page=2")
	}
	for _, id := range b.some("check_runs", "id") {
		m["check_run"] = append(m["check_run"], at+"/check-runs/"+id)
	}
	for _, ref := range append(b.some("commits", "sha"), "nowhere", "checked", url.PathEscape("topic/ünï#1"), "heads%2Fmain") {
		m["check_runs"] = append(m["check_runs"], at+"/commits/"+ref+"/check-runs?per_page=3", at+"/commits/"+ref+"/check-runs?filter=all&status=completed&check_name=lint")
		m["commit_statuses"] = append(m["commit_statuses"], at+"/commits/"+ref+"/statuses?per_page=3")
	}
}

// continuousShapes adds what has to be among the answers of these endpoints.
func continuousShapes(all map[string]shape) {
	add := func(endpoint, name string, is func(item map[string]any) bool) {
		all[endpoint+": "+name] = shape{endpoint, is}
	}
	// member tells whether one of an object's list has what is asked for.
	member := func(list string, is func(map[string]any) bool) func(map[string]any) bool {
		return func(body map[string]any) bool {
			items, _ := body[list].([]any)
			for _, item := range items {
				if is(item.(map[string]any)) {
					return true
				}
			}
			return false
		}
	}
	equal := func(field string, value any) func(map[string]any) bool {
		return func(item map[string]any) bool { v, there := item[field]; return there && v == value }
	}
	filled := func(field string) func(map[string]any) bool {
		return func(item map[string]any) bool { list, ok := item[field].([]any); return ok && len(list) > 0 }
	}
	for _, conclusion := range []any{"success", "failure", "cancelled", nil} {
		add("workflow_runs", fmt.Sprint("conclusion ", conclusion), member("workflow_runs", equal("conclusion", conclusion)))
		add("workflow_jobs", fmt.Sprint("conclusion ", conclusion), member("jobs", equal("conclusion", conclusion)))
	}
	add("workflow_runs", "second attempt", member("workflow_runs", equal("run_attempt", 2.0)))
	add("workflow_runs", "pull request", member("workflow_runs", filled("pull_requests")))
	add("check_runs", "pull request", member("check_runs", filled("pull_requests")))
	add("check_runs", "neutral", member("check_runs", equal("conclusion", "neutral")))
	add("check_runs", "going on", member("check_runs", equal("completed_at", nil)))
	for _, app := range []string{"github-actions", "harbor-ci"} {
		add("check_runs", app, member("check_runs", func(item map[string]any) bool { return equal("slug", app)(item["app"].(map[string]any)) }))
	}
	add("deployments", "deleted user", equal("creator", nil))
	for _, environment := range []string{"production", "preview", "staging"} {
		add("deployments", environment, equal("environment", environment))
	}
	for _, state := range []string{"pending", "queued", "in_progress", "success", "failure", "error", "inactive"} {
		add("deployment_statuses", state, equal("state", state))
	}
	add("commit_statuses", "deleted user", equal("creator", nil))
	for _, empty := range []string{"deployments", "commit_statuses"} {
		add(empty, "empty list", nil)
	}
	for _, endpoint := range []string{"workflow_runs", "check_runs"} {
		add(endpoint, "none", equal("total_count", 0.0))
	}
	for _, endpoint := range []string{"check_runs", "commit_statuses"} {
		add(endpoint, "no commit", equal("message", "No commit found for SHA: nowhere"))
	}
}
