package collection_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/collection"
)

const workflowRun = `{
	"id": 30, "name": "CI", "status": "in_progress", "conclusion": null, "run_attempt": 1, "head_sha": "abc",
	"created_at": "2024-01-01T00:00:00Z", "updated_at": "2024-01-01T00:00:00Z",
	"actor": {"id": 1, "login": "ada"}, "triggering_actor": {"id": 1, "login": "ada"},
	"pull_requests": [{"id": 9, "number": 3, "head": {"sha": "abc"}}],
	"repository": {"id": 5, "full_name": "o/r", "description": "d", "temp_clone_token": "s3cret"},
	"head_repository": {"id": 6, "full_name": "f/r", "stargazers_count": 1}
}`

const workflowJob = `{
	"id": 31, "run_id": 30, "status": "in_progress", "conclusion": null, "labels": ["linux", "x64"],
	"steps": [{"number": 1, "status": "in_progress", "conclusion": null}]
}`

const deployment = `{
	"id": 32, "sha": "abc", "creator": {"id": 1, "login": "ada"}, "updated_at": "2024-01-01T00:00:00Z",
	"performed_via_github_app": {"id": 7, "slug": "a", "updated_at": "2024-01-01T00:00:00Z", "events": ["push"]}
}`

const checkRun = `{
	"id": 33, "status": "in_progress", "conclusion": null, "output": {"title": null, "annotations_count": 0},
	"app": {"id": 7, "slug": "a", "updated_at": "2024-01-01T00:00:00Z", "permissions": {"checks": "write"}},
	"deployment": {"id": 32, "updated_at": "2024-01-01T00:00:00Z"}, "pull_requests": []
}`

const commitStatus = `{
	"id": 34, "state": "pending", "context": "ci", "avatar_url": "https://a/1", "creator": {"id": 1, "login": "ada", "avatar_url": "https://a/1"}
}`

func TestEqualityOfWhatIsRunDeployedAndChecked(t *testing.T) {
	t.Parallel()
	set := func(field string, value any, path ...string) func(map[string]any) {
		return func(v map[string]any) { at(v, path...)[field] = value }
	}
	for _, tt := range []struct {
		name, collection, doc string
		change                func(map[string]any)
		want                  string
	}{
		{"ended", "workflow_runs", workflowRun, set("conclusion", "success"), differs},
		{"run again", "workflow_runs", workflowRun, set("run_attempt", 2), differs},
		{"run again by another", "workflow_runs", workflowRun, set("id", 2, "triggering_actor"), differs},
		{"actor renamed", "workflow_runs", workflowRun, set("login", "eve", "actor"), refresh},
		{"actor gone", "workflow_runs", workflowRun, set("actor", nil), differs},
		{"pull request closed", "workflow_runs", workflowRun, set("pull_requests", []any{}), refresh},
		{"star on the fork", "workflow_runs", workflowRun, set("stargazers_count", 2, "head_repository"), same},
		{"described anew", "workflow_runs", workflowRun, set("description", "e", "repository"), same},
		{"fork renamed", "workflow_runs", workflowRun, set("full_name", "f/q", "head_repository"), refresh},
		{"another secret", "workflow_runs", workflowRun, set("temp_clone_token", "other", "repository"), same},
		{"job ended", "workflow_jobs", workflowJob, set("conclusion", "success"), differs},
		{"step ended", "workflow_jobs", workflowJob, func(v map[string]any) {
			v["steps"].([]any)[0].(map[string]any)["status"] = "completed"
		}, differs},
		{"order of labels", "workflow_jobs", workflowJob, set("labels", []any{"x64", "linux"}), same},
		{"other labels", "workflow_jobs", workflowJob, set("labels", []any{"linux"}), differs},
		{"deployment moved", "deployments", deployment, set("updated_at", "2024-01-02T00:00:00Z"), differs},
		{"creator renamed", "deployments", deployment, set("login", "eve", "creator"), refresh},
		{"app has new events", "deployments", deployment, set("events", []any{"push", "star"}, "performed_via_github_app"), refresh},
		{"other app", "deployments", deployment, set("id", 8, "performed_via_github_app"), differs},
		{"status of a renamed user", "deployment_statuses", deployment, set("login", "eve", "creator"), refresh},
		{"check ended", "check_runs", checkRun, set("status", "completed"), differs},
		{"annotated", "check_runs", checkRun, set("annotations_count", 1, "output"), differs},
		{"titled", "check_runs", checkRun, set("title", "t", "output"), differs},
		{"app of the check updated", "check_runs", checkRun, set("updated_at", "2024-01-02T00:00:00Z", "app"), refresh},
		{"app of the check may more", "check_runs", checkRun, set("permissions", map[string]any{}, "app"), refresh},
		{"its deployment moved", "check_runs", checkRun, set("updated_at", "2024-01-02T00:00:00Z", "deployment"), refresh},
		{"pull request opened", "check_runs", checkRun, set("pull_requests", []any{map[string]any{"id": 9}}), refresh},
		{"another picture", "commit_statuses", commitStatus, func(v map[string]any) {
			v["avatar_url"], at(v, "creator")["avatar_url"] = "https://a/2", "https://a/2"
		}, refresh},
		{"another state", "commit_statuses", commitStatus, set("state", "success"), differs},
	} {
		t.Run(tt.collection+"/"+tt.name, func(t *testing.T) {
			t.Parallel()
			c := named(t, tt.collection)
			before, err := c.PrepareOf("p", edit(t, tt.doc, func(map[string]any) {}))
			require.NoError(t, err)
			require.NotContains(t, string(before.Raw), "s3cret")
			after, err := c.PrepareOf("p", edit(t, tt.doc, tt.change))
			require.NoError(t, err)
			require.Equal(t, tt.want != differs, before.Hash == after.Hash, tt.want)
			require.Equal(t, tt.want == same, before.RawHash == after.RawHash, tt.want)
		})
	}
}

func TestWhatIsRunDeployedAndCheckedIsAskedFor(t *testing.T) {
	t.Parallel()
	r := collection.NewRegistry()
	for nested, parent := range map[string]string{
		"workflow_jobs": "workflow_runs", "deployment_statuses": "deployments", "check_runs": "commits", "commit_statuses": "commits",
	} {
		require.Equal(t, []string{"repository", parent, nested}, r.Expand(collection.ScopeRepository, []string{nested}))
		require.NotContains(t, r.Expand(collection.ScopeRepository, nil), nested, "who does not ask gets the core")
	}
	jobs := named(t, "workflow_jobs")
	require.Equal(t, "repos/o/r/actions/runs/30/jobs", jobs.ListPath("o", "r", "30"))
	require.Equal(t, "all", jobs.Query.Get("filter"), "earlier attempts are no deletions")
	require.Empty(t, named(t, "workflow_runs").Query, "a filter would end the list after 1,000 runs")
	for _, name := range []string{"check_runs", "commit_statuses"} {
		require.NotEmpty(t, named(t, name).Parents.Window, "what is left out is said")
	}
}
