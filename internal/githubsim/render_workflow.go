package githubsim

import "strings"

// workflowRun writes a run, with or without the pull requests of its head.
func (e *encoder) workflowRun(r *Repository, run *workflowRun, pulls bool) {
	api := r.api + "/actions/runs/" + decimal(run.id)
	suite := r.api + "/check-suites/" + decimal(run.suite)
	e.raw(`{"id":`).num(run.id).raw(`,"name":`).str(run.name).raw(`,"node_id":`).node("WFR_", r.info.id, run.id)
	e.raw(`,"head_branch":`).strOrNull(run.branch).raw(`,"head_sha":"`).hex(run.sha).raw(`","path":`).str(workflowPath(run.name))
	e.raw(`,"display_title":`).str(run.title).raw(`,"run_number":`).num(int64(run.number)).raw(`,"event":`).str(run.event)
	e.raw(`,"status":`).str(run.status).raw(`,"conclusion":`).strOrNull(run.conclusion)
	e.raw(`,"workflow_id":`).num(run.workflow).raw(`,"check_suite_id":`).num(run.suite)
	e.raw(`,"check_suite_node_id":`).node("CS_", r.info.id, run.suite)
	e.raw(`,"url":`).str(api).raw(`,"html_url":`).str(r.web + "/actions/runs/" + decimal(run.id))
	e.raw(`,"pull_requests":[`)
	if pulls {
		e.minimalPulls(r, r.openPulls(run.sha, run.branch))
	}
	e.raw(`],"created_at":`).time(run.created).raw(`,"updated_at":`).time(run.updated)
	e.raw(`,"actor":`).userOrGhost(r, run.actor).raw(`,"run_attempt":`).num(int64(run.attempt)).raw(`,"referenced_workflows":[]`)
	e.raw(`,"run_started_at":`).time(run.started).raw(`,"triggering_actor":`).userOrGhost(r, run.trigger)
	e.raw(`,"jobs_url":`).str(api + "/jobs").raw(`,"logs_url":`).str(api + "/logs").raw(`,"check_suite_url":`).str(suite)
	e.raw(`,"artifacts_url":`).str(api + "/artifacts").raw(`,"cancel_url":`).str(api + "/cancel").raw(`,"rerun_url":`).str(api + "/rerun")
	e.raw(`,"previous_attempt_url":`)
	if run.attempt > 1 {
		e.str(api + "/attempts/" + decimal(int64(run.attempt-1)))
	} else {
		e.raw("null")
	}
	e.raw(`,"workflow_url":`).str(r.api + "/actions/workflows/" + decimal(run.workflow))
	e.raw(`,"head_commit":`)
	e.simpleCommit(r, run.sha)
	e.raw(`,"repository":`)
	e.minimalRepository(r)
	e.raw(`,"head_repository":`)
	e.minimalRepository(r)
	e.raw("}")
}

// workflowPath is the file of the workflow with a name.
func workflowPath(name string) string {
	return ".github/workflows/" + strings.ToLower(strings.ReplaceAll(name, " ", "-")) + ".yml"
}

// simpleCommit writes GitHub's simple-commit, or null for a commit that is not known.
func (e *encoder) simpleCommit(r *Repository, sha hash) {
	i, ok := r.git.byHash[sha]
	if !ok {
		e.raw("null")
		return
	}
	c := &r.git.commits[i]
	e.raw(`{"id":"`).hex(c.sha).raw(`","tree_id":"`).hex(c.tree).raw(`","message":`).str(c.message)
	e.raw(`,"timestamp":`).time(c.committed).raw(`,"author":{"name":`).str(c.authorName).raw(`,"email":`).str(c.authorEmail)
	e.raw(`},"committer":{"name":`).str(c.committerName).raw(`,"email":`).str(c.committerEmail).raw("}}")
}

// minimalRepository writes the repository as runs embed it: without any counter.
func (e *encoder) minimalRepository(r *Repository) {
	info := &r.info
	e.raw(`{"id":`).num(info.id).raw(`,"node_id":`).rootNode("R_", info.id).raw(`,"name":`).str(info.name)
	e.raw(`,"full_name":`).str(info.fullName).raw(`,"private":`).flag(info.private).raw(`,"owner":`).userRef(r, info.owner)
	e.raw(`,"html_url":`).str(r.web).raw(`,"description":`).strOrNull(info.description).raw(`,"fork":`).flag(info.fork)
	e.raw(`,"url":`).str(r.api)
	for _, link := range repositoryLinks {
		e.raw(`,"`).raw(link[0]).raw(`":`).str(r.api + link[1])
	}
	e.raw("}")
}

// minimalPulls writes pull requests as runs and check runs embed them.
func (e *encoder) minimalPulls(r *Repository, pulls []int32) {
	repo := func() {
		e.raw(`,"repo":{"id":`).num(r.info.id).raw(`,"url":`).str(r.api).raw(`,"name":`).str(r.info.name).raw("}}")
	}
	for n, i := range pulls {
		if n > 0 {
			e.raw(",")
		}
		p, number := &r.pulls[i], int64(r.issueOf(i).number)
		e.raw(`{"url":`).str(r.api + "/pulls/" + decimal(number)).raw(`,"id":`).num(p.id).raw(`,"number":`).num(number)
		e.raw(`,"head":{"ref":`).str(p.headRef).raw(`,"sha":"`).hex(p.headSHA).raw(`"`)
		repo()
		e.raw(`,"base":{"ref":`).str(p.baseRef).raw(`,"sha":"`).hex(p.baseSHA).raw(`"`)
		repo()
		e.raw("}")
	}
}

// workflowJob writes a job of a run.
func (e *encoder) workflowJob(r *Repository, run *workflowRun, j *workflowJob) {
	of := r.api + "/actions/runs/" + decimal(run.id)
	e.raw(`{"id":`).num(j.id).raw(`,"run_id":`).num(run.id).raw(`,"workflow_name":`).str(run.name)
	e.raw(`,"head_branch":`).strOrNull(run.branch).raw(`,"run_url":`).str(of).raw(`,"run_attempt":`).num(int64(j.attempt))
	e.raw(`,"node_id":`).node("CR_", r.info.id, j.id).raw(`,"head_sha":"`).hex(run.sha)
	e.raw(`","url":`).str(r.api + "/actions/jobs/" + decimal(j.id)).raw(`,"html_url":`).str(r.web + j.page(run))
	e.raw(`,"status":`).str(j.status).raw(`,"conclusion":`).strOrNull(j.conclusion).raw(`,"created_at":`).time(j.created)
	e.raw(`,"started_at":`).time(max(j.started, j.created)).raw(`,"completed_at":`).time(j.completed).raw(`,"name":`).str(j.name)
	e.raw(`,"steps":[`)
	e.steps(j)
	e.raw(`],"check_run_url":`).str(r.api + "/check-runs/" + decimal(j.id)).raw(`,"labels":["ubuntu-latest"]`)
	if j.started == 0 {
		e.raw(`,"runner_id":null,"runner_name":null,"runner_group_id":null,"runner_group_name":null}`)
		return
	}
	e.raw(`,"runner_id":`).num(j.id % 1000).raw(`,"runner_name":`).str("GitHub Actions " + decimal(j.id%1000))
	e.raw(`,"runner_group_id":0,"runner_group_name":"GitHub Actions"}`)
}

func (j *workflowJob) page(run *workflowRun) string {
	return "/actions/runs/" + decimal(run.id) + "/job/" + decimal(j.id)
}

// steps writes a job's steps; one that is queued has none yet.
func (e *encoder) steps(j *workflowJob) {
	if j.started == 0 {
		return
	}
	for n, name := range []string{"Set up job", "Run actions/checkout@v4", "Run " + j.name} {
		if n > 0 {
			e.raw(",")
		}
		status, conclusion, completed := stateCompleted, "success", j.started+stamp(n+1)
		if n == 2 {
			status, conclusion, completed = j.status, j.conclusion, j.completed
		}
		e.raw(`{"name":`).str(name).raw(`,"status":`).str(status).raw(`,"conclusion":`).strOrNull(conclusion)
		e.raw(`,"number":`).num(int64(n + 1)).raw(`,"started_at":`).time(j.started + stamp(n)).raw(`,"completed_at":`).time(completed).raw("}")
	}
}
