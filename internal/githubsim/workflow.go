package githubsim

import (
	"net/http"
	"slices"
	"strings"
)

// workflow is a workflow of GitHub Actions.
type workflow struct {
	id   int64
	name string
}

// workflowRun is one run of a workflow.
type workflowRun struct {
	id, suite, workflow int64
	name, title         string
	number, attempt     int32
	event, branch       string
	sha                 hash
	actor, trigger      int32  // who triggered the first attempt, and the last
	status, conclusion  string // no conclusion until it has completed
	created, started    stamp
	updated             stamp
	jobs                []workflowJob // of all attempts
	deleted             bool
}

// workflowJob is one job of one attempt of a run. It is a check run of its commit too.
type workflowJob struct {
	id                 int64
	attempt            int32
	name               string
	status, conclusion string
	created, started   stamp // started 0: not yet
	completed          stamp // 0: not yet
}

// The states of runs, jobs and check runs that the simulator knows.
const (
	stateQueued     = "queued"
	stateInProgress = "in_progress"
	stateCompleted  = "completed"
)

// firstRun is below the ids of runs, jobs, check runs, deployments and statuses: they
// are numbered on their own.
const firstRun = 15_000_000_000

func (r *Repository) nextRunID() int64 {
	r.lastRun = max(r.lastRun, firstRun) + 1
	return r.lastRun
}

// filteredRuns is how many runs GitHub lists at most where a parameter narrows them.
// Source: docs.github.com/rest/actions/workflow-runs#list-workflow-runs-for-a-repository.
const filteredRuns = 1000

// workflowRuns lists the runs, the newest first.
func (q *query) workflowRuns() {
	order := q.runOrder()
	filtered := false
	for _, f := range []struct {
		name string
		is   func(run *workflowRun, value string) bool
	}{
		{"event", func(run *workflowRun, value string) bool { return run.event == value }},
		{"branch", func(run *workflowRun, value string) bool { return run.branch == value }},
		{"head_sha", func(run *workflowRun, value string) bool { return run.sha.String() == value }},
		{"status", func(run *workflowRun, value string) bool { return run.status == value || run.conclusion == value }},
		{"actor", func(run *workflowRun, value string) bool { return q.loginOf(run.actor) == strings.ToLower(value) }},
	} {
		if value := q.params.Get(f.name); value != "" {
			filtered = true
			order = slices.DeleteFunc(order, func(i int32) bool { return !f.is(&q.runs[i], value) })
		}
	}
	if filtered {
		order = order[:min(len(order), filteredRuns)]
	}
	pulls := q.params.Get("exclude_pull_requests") != "true"
	q.enveloped("workflow_runs", len(order), func(n int) { q.enc.workflowRun(q.Repository, &q.runs[order[n]], pulls) })
}

// loginOf is a user's login in lower case; empty for nobody.
func (r *Repository) loginOf(user int32) string {
	if user == nobody {
		return ""
	}
	return strings.ToLower(r.users[user].login)
}

// enveloped serves a list as the member of an object that also says how long it is.
func (q *query) enveloped(member string, total int, item func(n int)) {
	q.enc.raw(`{"total_count":`).num(int64(total)).raw(`,"`).raw(member).raw(`":`)
	q.plain(total, item)
	q.enc.raw("}")
}

// runOrder is the runs, the newest first.
func (r *Repository) runOrder() []int32 {
	var order []int32
	for i := len(r.runs) - 1; i >= 0; i-- {
		if !r.runs[i].deleted {
			order = append(order, int32(i))
		}
	}
	return order
}

func (q *query) workflowRun() {
	one(q, q.runs, func(run *workflowRun) int64 { return run.id }, func(run *workflowRun) bool { return !run.deleted },
		func(i int32) { q.enc.workflowRun(q.Repository, &q.runs[i], true) })
}

// workflowJobs lists a run's jobs: those of its last attempt unless all are asked for.
// Source: docs.github.com/rest/actions/workflow-jobs#list-jobs-for-a-workflow-run.
func (q *query) workflowJobs() {
	i := slices.IndexFunc(q.runs, func(run workflowRun) bool { return run.id == q.id() && !run.deleted })
	if i < 0 {
		q.notFound()
		return
	}
	run := &q.runs[i]
	jobs := run.jobs
	if q.params.Get("filter") != "all" {
		jobs = slices.DeleteFunc(slices.Clone(jobs), func(j workflowJob) bool { return j.attempt != run.attempt })
	}
	q.enveloped("jobs", len(jobs), func(n int) { q.enc.workflowJob(q.Repository, run, &jobs[n]) })
}

// openPulls are the open pull requests of the repository's own branches whose head is a
// commit or a branch.
func (r *Repository) openPulls(sha hash, branch string) []int32 {
	var list []int32
	for i := range r.pulls {
		p := &r.pulls[i]
		if p.headFork == forkSelf && (p.headSHA == sha || branch != "" && p.headRef == branch) && r.issueOf(int32(i)).open() {
			list = append(list, int32(i))
		}
	}
	return list
}

// noCommit answers that there is no such commit.
func (q *query) noCommit(name string) {
	q.problem(http.StatusUnprocessableEntity, "No commit found for SHA: "+name, "https://docs.github.com/rest"+q.route.docs)
}
