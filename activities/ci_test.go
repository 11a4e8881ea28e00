package activities_test

import (
	"cmp"
	"encoding/json"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/internal/conformance"
	"github.com/holdfast/holdfast/internal/githubsim"
)

// continuous are the collections of what is run, deployed and checked.
var continuous = []string{"workflow_runs", "workflow_jobs", "deployments", "deployment_statuses", "check_runs", "commit_statuses"}

// worked is a bundle with a repository whose commits are built, deployed and checked.
type worked struct {
	*bundle
	ahead *atomic.Int64 // how far GitHub's clock is ahead
}

// setUpWorked makes the newest commits of the repository now; its client has a token.
func setUpWorked(t *testing.T) *worked {
	t.Helper()
	spec := githubsim.SpecForItems(600)
	spec.WorkflowRuns, spec.WorkflowJobs, spec.Deployments, spec.DeploymentStatuses = 230, 500, 130, 400
	spec.CheckRuns, spec.CommitStatuses = 150, 150
	ahead := &atomic.Int64{}
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	w := &worked{bundle: setUpQueries(t, spec, githubsim.Options{Now: now}), ahead: ahead}
	w.pushChecked()
	return w
}

// tick lets a second pass at GitHub.
func (w *worked) tick() { w.ahead.Add(int64(time.Second)) }

// pushChecked pushes a commit that a run, an app and something outside have checked,
// and gives its sha and its run.
func (w *worked) pushChecked() (sha string, run int64) {
	w.t.Helper()
	sha = w.repo.Push(w.repo.DefaultBranch(), githubsim.NewCommit{Message: "checked", By: "ada"})[0]
	run, err := w.repo.StartRun(githubsim.NewRun{Actor: "ada"})
	require.NoError(w.t, err)
	w.tick()
	require.NoError(w.t, w.repo.FinishRun(run, "success"))
	_, err = w.repo.CreateCheckRun(githubsim.NewCheckRun{SHA: sha, Conclusion: "success"})
	require.NoError(w.t, err)
	_, err = w.repo.SetCommitStatus(githubsim.NewCommitStatus{SHA: sha, By: "ada"})
	require.NoError(w.t, err)
	w.tick()
	return sha, run
}

// requireEqual compares some collections with the source: of check runs and statuses
// those of the commits in the window, of which there has to be one.
func (w *worked) requireEqual(names ...string) {
	w.t.Helper()
	rows, err := w.pool.Query(w.t.Context(), `select sha from commits where deleted_at is null and committed_at > now() - interval '3 days'`)
	require.NoError(w.t, err)
	recent, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(w.t, err)
	source := w.source(w.t, w.repo, names)
	for _, name := range names {
		if name == "check_runs" || name == "commit_statuses" {
			require.NotEmpty(w.t, recent)
			w.keep(source[name], name, recent)
		}
	}
	require.Empty(w.t, w.mirrored(w.t, w.repo, names).difference(source))
}

// keep leaves what a source has of some commits.
func (w *worked) keep(items map[string][32]byte, name string, shas []string) {
	w.t.Helper()
	owner, repo, _ := strings.Cut(w.repo.FullName(), "/")
	for key, raw := range w.sim.Items(owner, repo, name) {
		var item struct {
			HeadSHA string `json:"head_sha"`
			URL     string
		}
		require.NoError(w.t, json.Unmarshal(raw, &item))
		if !slices.Contains(shas, cmp.Or(item.HeadSHA, path.Base(item.URL))) {
			delete(items, key)
		}
	}
}

// checksOf counts what the mirror has of each of some commits.
func (w *worked) checksOf(table string, shas ...string) map[string]int {
	w.t.Helper()
	rows, err := w.pool.Query(w.t.Context(), `select parent_key, count(*) from `+table+` where parent_key = any ($1) and deleted_at is null group by 1`, shas)
	require.NoError(w.t, err)
	counts := map[string]int{}
	var sha string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&sha, &n}, func() error { counts[sha] = n; return nil })
	require.NoError(w.t, err)
	return counts
}

func TestASyncMirrorsWhatIsRunDeployedAndChecked(t *testing.T) {
	b := setUpWorked(t)
	work := b.sync(continuous...)
	b.requireEqual(continuous...)
	for _, name := range continuous {
		require.Empty(t, work[name].Note, name)
		require.Positive(t, work[name].Items, name)
		require.Equal(t, b.sim.Stats().Requests[name], work[name].Requests, "%s as the simulator counts", name)
	}
	var wrong int
	require.NoError(t, b.pool.QueryRow(t.Context(), `select count(*) from workflow_jobs j
		where not exists (select from workflow_runs r where r.id = j.run_id and r.key = j.parent_key) or j.labels <> '{ubuntu-latest}' or j.name is null`).Scan(&wrong))
	require.Zero(t, wrong, "a job belongs to a run")
	require.NoError(t, b.pool.QueryRow(t.Context(), `select count(*) from deployment_statuses s
		where not exists (select from deployments d where d.id = s.deployment_id and d.key = s.parent_key) or s.state is null`).Scan(&wrong))
	require.Zero(t, wrong, "a status belongs to a deployment")
	require.NoError(t, b.pool.QueryRow(t.Context(), `select count(*) from check_runs where head_sha <> parent_key or app_slug is null or check_suite_id is null`).Scan(&wrong))
	require.Zero(t, wrong, "a check run belongs to a commit")
	require.NoError(t, b.pool.QueryRow(t.Context(), `select count(*) from commit_statuses where sha <> parent_key or context is null`).Scan(&wrong))
	require.Zero(t, wrong)
}

func TestWhatIsStoredOfRunsFollowsGitHubsDescription(t *testing.T) {
	d := conformance.GitHub(t)
	b := setUpWorked(t)
	b.repo.SetPrivate(true)
	const odd = "ünï \"<&> 😀 \x00 \xed\xa0\x80"
	sha := b.repo.Push(b.repo.DefaultBranch(), githubsim.NewCommit{Message: odd, By: "ada"})[0]
	_, err := b.repo.StartRun(githubsim.NewRun{Workflow: odd})
	require.NoError(t, err)
	_, err = b.repo.CreateCheckRun(githubsim.NewCheckRun{SHA: sha, Name: odd, Title: odd})
	require.NoError(t, err)
	b.sync(continuous...)
	b.requireDescribed(d, continuous...)
	b.requireEqual(continuous...)
}

func TestASecondSyncOfRunsAsksForLittle(t *testing.T) {
	b := setUpWorked(t)
	b.sync(continuous...)
	b.sim.ResetStats()
	for name, w := range b.sync(continuous...) {
		require.Zero(t, w.Written, name)
	}
	require.Equal(t, map[string]int64{
		"workflow_runs": 1, "deployments": 1, "check_runs": 1, "commit_statuses": 1,
	}, only(b.sim.Stats().Requests, continuous), "one for what has a bookmark, one for each commit of the last days, none for what has not moved")
}

func TestOnlyTheJobsOfRunsThatMovedAreRead(t *testing.T) {
	b := setUpWorked(t)
	_, ended := b.pushChecked()
	b.tick() // what is read within the second in which it moved is read once more
	b.sync("workflow_jobs")
	b.sim.ResetStats()
	work := b.sync("workflow_jobs")
	require.Zero(t, b.sim.Stats().Requests["workflow_jobs"])
	require.Zero(t, work["workflow_jobs"].Written)

	b.tick()
	require.NoError(t, b.repo.Rerun(ended, "ben"))
	started, err := b.repo.StartRun(githubsim.NewRun{Actor: "ada", Jobs: []string{"a", "b", "c"}})
	require.NoError(t, err)
	work = b.sync("workflow_jobs")
	require.Equal(t, int64(2), b.sim.Stats().Requests["workflow_jobs"])
	require.Equal(t, int64(2+3), work["workflow_jobs"].Written, "two of the second attempt, those of the first stay")
	require.Equal(t, int64(2), work["workflow_runs"].Written)
	b.requireEqual("workflow_runs", "workflow_jobs")

	require.NoError(t, b.repo.FinishJob(b.repo.JobsOf(started)[1], "failure"))
	require.Equal(t, int64(1), b.sync("workflow_jobs")["workflow_jobs"].Written, "a job that ended while its run's updated_at stayed")
	b.requireEqual("workflow_jobs")

	b.tick()
	require.NoError(t, b.repo.FinishRun(started, "failure"))
	require.NoError(t, b.repo.FinishRun(ended, "success"))
	b.tick()
	b.sync("workflow_jobs")
	b.sim.ResetStats()
	b.sync("workflow_jobs")
	require.Zero(t, b.sim.Stats().Requests["workflow_jobs"], "all have ended")
	b.requireEqual("workflow_runs", "workflow_jobs")
}

func TestOnlyTheStatusesOfDeploymentsThatMovedAreRead(t *testing.T) {
	b := setUpWorked(t)
	earlier, err := b.repo.CreateDeployment(githubsim.NewDeployment{Environment: "staging", By: "ada"})
	require.NoError(t, err)
	_, err = b.repo.SetDeploymentStatus(earlier, githubsim.NewDeploymentStatus{State: "success", By: "ada"})
	require.NoError(t, err)
	b.tick()
	b.sync("deployment_statuses")
	b.sim.ResetStats()
	later, err := b.repo.CreateDeployment(githubsim.NewDeployment{Environment: "staging", By: "ben"})
	require.NoError(t, err)
	b.tick()
	_, err = b.repo.SetDeploymentStatus(later, githubsim.NewDeploymentStatus{State: "success", By: "ben"})
	require.NoError(t, err)
	work := b.sync("deployment_statuses")
	require.Equal(t, int64(1), b.sim.Stats().Requests["deployments"])
	require.Equal(t, int64(2), b.sim.Stats().Requests["deployment_statuses"])
	require.Equal(t, int64(2), work["deployment_statuses"].Written, "a success, and what it made inactive")
	b.requireEqual("deployments", "deployment_statuses")
}

func TestChecksAreReadInTheirWindowOnly(t *testing.T) {
	b := setUpWorked(t)
	old := b.repo.Push(b.repo.DefaultBranch(), githubsim.NewCommit{Message: "old", By: "ada", Date: time.Now().Add(-80 * time.Hour)})[0]
	young := b.repo.Push(b.repo.DefaultBranch(), githubsim.NewCommit{Message: "young", By: "ada", Date: time.Now().Add(-60 * time.Hour)})[0]
	for _, sha := range []string{old, young} {
		_, err := b.repo.SetCommitStatus(githubsim.NewCommitStatus{SHA: sha, By: "ada"})
		require.NoError(t, err)
		_, err = b.repo.CreateCheckRun(githubsim.NewCheckRun{SHA: sha})
		require.NoError(t, err)
	}
	b.sync(continuous...)
	b.requireEqual(continuous...)
	for _, table := range []string{"check_runs", "commit_statuses"} {
		require.Equal(t, int64(2), b.sim.Stats().Requests[table], "the one of now, and the young one")
		require.Equal(t, map[string]int{young: 1}, b.checksOf(table, old, young))
	}

	check, err := b.repo.CreateCheckRun(githubsim.NewCheckRun{SHA: young, Name: "later"})
	require.NoError(t, err)
	conclusion := "failure"
	require.NoError(t, b.repo.EditCheckRun(check, githubsim.CheckRunEdit{Conclusion: &conclusion}))
	require.Equal(t, int64(1), b.sync("check_runs")["check_runs"].Written, "nothing of the commit has moved, its checks have")
	b.requireEqual(continuous...)

	_, err = b.pool.Exec(t.Context(), `update commits set committed_at = now() - interval '4 days' where sha = $1`, young)
	require.NoError(t, err)
	b.sim.ResetStats()
	b.sync("check_runs")
	require.Equal(t, int64(1), b.sim.Stats().Requests["check_runs"])
	require.Equal(t, map[string]int{young: 2}, b.checksOf("check_runs", old, young), "what left the window stays")
}

// What is deleted is found by a full check, and its parts go with it; so do those of
// commits that no branch leads to any more.
func TestDeletedRunsAndDeploymentsAreFound(t *testing.T) {
	b := setUpWorked(t)
	sha, run := b.pushChecked()
	deployment, err := b.repo.CreateDeployment(githubsim.NewDeployment{Environment: "preview", By: "ada"})
	require.NoError(t, err)
	_, err = b.repo.SetDeploymentStatus(deployment, githubsim.NewDeploymentStatus{State: "failure", By: "ada"})
	require.NoError(t, err)
	b.sync(continuous...)
	require.Equal(t, map[string]int{sha: 3}, b.checksOf("check_runs", sha))

	require.NoError(t, b.repo.DeleteRun(run))
	require.NoError(t, b.repo.DeleteDeployment(deployment))
	b.sweepOf(b.t, b.repo, continuous...)
	b.requireEqual(continuous...)
	require.Equal(t, map[string]int{sha: 1}, b.checksOf("check_runs", sha), "the jobs of the run were check runs")

	_, err = b.repo.ForcePush(b.repo.DefaultBranch(), b.repo.Push("aside", githubsim.NewCommit{Message: "instead", By: "ada"})[0])
	require.NoError(t, err)
	b.sync(continuous...)
	b.requireEqual(continuous...)
}

func TestACommitThatIsPrunedMeanwhileEndsNothing(t *testing.T) {
	b := setUpWorked(t)
	parent, err := b.repo.ForcePush(b.repo.DefaultBranch(), "", githubsim.NewCommit{Message: "base", By: "ada"})
	require.NoError(t, err)
	sha, _ := b.pushChecked()
	ref := b.create(continuous...)
	plan, err := b.planSync(ref)
	require.NoError(t, err)
	b.read(ref, plan, "commits")
	_, err = b.repo.ForcePush(b.repo.DefaultBranch(), parent[0])
	require.NoError(t, err)
	b.repo.Prune()
	for _, name := range []string{"check_runs", "commit_statuses"} {
		b.read(ref, plan, name)
	}
	require.Empty(t, b.checksOf("check_runs", sha))
	_, err = b.env.ExecuteActivity(b.steps.FinishOperation, activities.Finish{OperationRef: ref, State: "succeeded"})
	require.NoError(t, err)
	b.sync(continuous...)
	b.requireEqual(continuous...)
}

// A renamed or deleted user, a push and a star are no changes of what they are shown in.
func TestWhatMovesAroundRunsIsNoChange(t *testing.T) {
	b := setUpWorked(t)
	b.sync(continuous...)
	count := func() (n int) {
		require.NoError(t, b.pool.QueryRow(t.Context(), `select count(*) from changes where collection = any ($1)`, continuous).Scan(&n))
		return n
	}
	before := count()
	require.NoError(t, b.repo.RenameUser("ada", "lovelace"))
	b.repo.Star(3)
	b.repo.Push("topic", githubsim.NewCommit{Message: "p", By: "lovelace"})
	require.NoError(t, b.repo.SetBranch("topic", b.repo.Push(b.repo.DefaultBranch(), githubsim.NewCommit{Message: "q", By: "lovelace"})[0]))
	_, err := b.repo.OpenPull(githubsim.NewPull{NewIssue: githubsim.NewIssue{Title: "p", By: "lovelace"}, Head: "topic"})
	require.NoError(t, err)
	b.sync(continuous...)
	require.Equal(t, before, count())
	b.sweepOf(b.t, b.repo, continuous...)
	require.Equal(t, before, count())
	b.requireEqual(continuous...)
}
