package githubsim_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/githubsim"
)

// members asks for a list that is a member of an object.
func (b *bundle) members(t *testing.T, path, member string) (list []map[string]any, total int) {
	t.Helper()
	body := b.get(t, path).object(t)
	for _, item := range body[member].([]any) {
		list = append(list, item.(map[string]any))
	}
	return list, int(body["total_count"].(float64))
}

func TestRunsMoveAsGitHubMovesThem(t *testing.T) {
	t.Parallel()
	clock := newMovingClock()
	b := setup(t, githubsim.Options{Now: clock.now}, githubsim.SpecForItems(200))
	id, err := b.repo.StartRun(githubsim.NewRun{Actor: "ada"})
	require.NoError(t, err)
	path := fmt.Sprintf("%s/actions/runs/%d", base, id)
	run := b.get(t, path).object(t)
	require.Equal(t, []any{"in_progress", nil, 1.0, "CI"}, []any{run["status"], run["conclusion"], run["run_attempt"], run["name"]})

	clock.move(time.Minute)
	jobs := b.repo.JobsOf(id)
	require.Len(t, jobs, 2)
	require.NoError(t, b.repo.FinishJob(jobs[0], "success"))
	require.Error(t, b.repo.FinishJob(jobs[0], "success"), "it has ended")
	require.Equal(t, run["updated_at"], b.get(t, path).object(t)["updated_at"], "a job does not move its run")
	require.Error(t, b.repo.Rerun(id, "ben"), "it has not ended")
	require.NoError(t, b.repo.FinishRun(id, "success"))
	ended := b.get(t, path).object(t)
	require.Equal(t, []any{"completed", "success", "2025-07-01T12:01:00Z"}, []any{ended["status"], ended["conclusion"], ended["updated_at"]})

	clock.move(time.Minute)
	require.NoError(t, b.repo.Rerun(id, "ben"))
	again := b.get(t, path).object(t)
	require.Equal(t, run["created_at"], again["created_at"])
	require.Equal(t, []any{2.0, "ben", "ada", "2025-07-01T12:02:00Z"}, []any{
		again["run_attempt"], again["triggering_actor"].(map[string]any)["login"], again["actor"].(map[string]any)["login"], again["run_started_at"],
	})
	latest, total := b.members(t, path+"/jobs", "jobs")
	require.Len(t, latest, 2)
	require.Equal(t, 2, total)
	require.EqualValues(t, 2, latest[0]["run_attempt"])
	all, total := b.members(t, path+"/jobs?filter=all", "jobs")
	require.Len(t, all, 4)
	require.Equal(t, 4, total)
	require.Equal(t, 4, b.sim.Count(owner, name, "workflow_jobs"))
	require.Equal(t, 4, b.sim.Count(owner, name, "check_runs"), "a job is a check run too")

	require.NoError(t, b.repo.FinishRun(id, "failure"))
	require.NoError(t, b.repo.DeleteRun(id))
	require.Equal(t, http.StatusNotFound, b.get(t, path).StatusCode)
	require.Equal(t, http.StatusNotFound, b.get(t, path+"/jobs").StatusCode)
	require.Zero(t, b.sim.Count(owner, name, "workflow_jobs")+b.sim.Count(owner, name, "check_runs"))
	_, err = b.repo.StartRun(githubsim.NewRun{SHA: "nowhere"})
	require.Error(t, err)
}

func TestOnlyFilteredRunsAreCapped(t *testing.T) {
	t.Parallel()
	spec := githubsim.SpecForItems(300)
	spec.WorkflowRuns = 1050
	b := setup(t, githubsim.Options{}, spec)
	list, total := b.members(t, base+"/actions/runs?per_page=100&page=11", "workflow_runs")
	require.Len(t, list, 50)
	require.Equal(t, 1050, total)
	list, total = b.members(t, base+"/actions/runs?event=push&per_page=100&page=11", "workflow_runs")
	require.Empty(t, list)
	require.Equal(t, 1000, total)
	first := b.get(t, base+"/actions/runs?per_page=100")
	require.Contains(t, first.rels()["last"], "page=11")
	list, _ = b.members(t, base+"/actions/runs?per_page=100", "workflow_runs")
	for i := range list[1:] {
		require.GreaterOrEqual(t, list[i]["created_at"], list[i+1]["created_at"], "the newest come first")
	}
}

func TestASuccessMakesEarlierDeploymentsInactive(t *testing.T) {
	t.Parallel()
	clock := newMovingClock()
	b := setup(t, githubsim.Options{Now: clock.now}, githubsim.SpecForItems(200))
	deploy := func(environment string) int64 {
		id, err := b.repo.CreateDeployment(githubsim.NewDeployment{Environment: environment, By: "ada"})
		require.NoError(t, err)
		_, err = b.repo.SetDeploymentStatus(id, githubsim.NewDeploymentStatus{State: "success", By: "ada"})
		require.NoError(t, err)
		return id
	}
	staging, production := deploy("staging"), deploy("production")
	require.Error(t, b.repo.DeleteDeployment(staging), "it is active")
	clock.move(time.Hour)
	deploy("staging")
	deploy("production")
	for id, states := range map[int64][]any{staging: {"inactive", "success"}, production: {"success"}} {
		path := fmt.Sprintf("%s/deployments/%d", base, id)
		var got []any
		for _, s := range b.get(t, path+"/statuses").list(t) {
			got = append(got, s["state"])
		}
		require.Equal(t, states, got, "the newest first")
		moved := b.get(t, path).object(t)["updated_at"] == "2025-07-01T13:00:00Z"
		require.Equal(t, len(states) == 2, moved)
	}
	require.Len(t, b.get(t, base+"/deployments?environment=staging").list(t), 2)
	require.NoError(t, b.repo.DeleteDeployment(staging))
	require.Equal(t, 3, b.sim.Count(owner, name, "deployments"))
	require.Equal(t, 3, b.sim.Count(owner, name, "deployment_statuses"))
	_, err := b.repo.SetDeploymentStatus(staging, githubsim.NewDeploymentStatus{State: "error"})
	require.Error(t, err)
}

func TestChecksOfACommit(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.SpecForItems(200))
	sha := b.repo.Push("main", githubsim.NewCommit{Message: "m", By: "ada"})[0]
	before := b.get(t, base+"/commits?per_page=1").list(t)[0]
	first, err := b.repo.CreateCheckRun(githubsim.NewCheckRun{SHA: sha, Name: "lint", Conclusion: "failure"})
	require.NoError(t, err)
	second, err := b.repo.CreateCheckRun(githubsim.NewCheckRun{SHA: sha, Name: "lint"})
	require.NoError(t, err)
	path := base + "/commits/" + sha
	latest, total := b.members(t, path+"/check-runs", "check_runs")
	require.Equal(t, 1, total)
	require.EqualValues(t, second, latest[0]["id"])
	all, total := b.members(t, path+"/check-runs?filter=all", "check_runs")
	require.Equal(t, 2, total)
	require.EqualValues(t, first, all[1]["id"])
	conclusion := "success"
	require.NoError(t, b.repo.EditCheckRun(second, githubsim.CheckRunEdit{Conclusion: &conclusion}))
	require.Equal(t, "success", b.get(t, fmt.Sprintf("%s/check-runs/%d", base, second)).object(t)["conclusion"])
	require.Error(t, b.repo.EditCheckRun(4711, githubsim.CheckRunEdit{}))

	for _, state := range []string{"pending", "success"} {
		_, err = b.repo.SetCommitStatus(githubsim.NewCommitStatus{SHA: sha, Context: "ci", State: state, By: "ada"})
		require.NoError(t, err)
	}
	statuses := b.get(t, base+"/commits/main/statuses").list(t)
	require.Len(t, statuses, 2)
	require.Equal(t, "success", statuses[0]["state"])
	require.Equal(t, before, b.get(t, base+"/commits?per_page=1").list(t)[0], "the commit itself does not move")

	require.Equal(t, 2, b.sim.Count(owner, name, "commit_statuses"))
	b.repo.Push("side", githubsim.NewCommit{Message: "m", By: "ada"})
	_, err = b.repo.SetCommitStatus(githubsim.NewCommitStatus{SHA: "side", By: "ada"})
	require.NoError(t, err)
	require.Equal(t, 2, b.sim.Count(owner, name, "commit_statuses"), "of what the default branch reaches")
	require.Equal(t, http.StatusUnprocessableEntity, b.get(t, base+"/commits/4711/statuses").StatusCode)
	_, err = b.repo.CreateCheckRun(githubsim.NewCheckRun{SHA: "nowhere"})
	require.Error(t, err)
	_, err = b.repo.SetCommitStatus(githubsim.NewCommitStatus{SHA: "nowhere"})
	require.Error(t, err)
}

func TestASpecMakesWhatIsRunAndDeployed(t *testing.T) {
	t.Parallel()
	plain, spec := githubsim.SpecForItems(600), continuousSpec()
	one, other := setup(t, githubsim.Options{}, plain), setup(t, githubsim.Options{}, spec)
	for c, want := range map[string]int{
		"workflow_runs": 130, "workflow_jobs": 400, "deployments": 60, "deployment_statuses": 250, "check_runs": 600, "commit_statuses": 110,
	} {
		require.Zero(t, one.sim.Count(owner, name, c), c)
		require.Equal(t, want, other.sim.Count(owner, name, c), c)
		require.Len(t, other.items(c), want, c)
	}
	require.Equal(t, plain.Items()+130+2*400+60+250+200+110, spec.Items())
	first := digest(githubsim.Generate(3, spec))
	require.Equal(t, first, digest(githubsim.Generate(3, spec)))
	nothing := githubsim.Spec{WorkflowRuns: 3, WorkflowJobs: 4, Deployments: 5, DeploymentStatuses: 6, CheckRuns: 7, CommitStatuses: 8}
	require.Equal(t, 1, nothing.Items(), "nothing is built without commits")
}
