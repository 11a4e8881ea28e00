package githubsim

// tellRun tells of a workflow run.
func (r *Repository) tellRun(run *workflowRun, action string) {
	r.tell("workflow_run", action, func(e *encoder) {
		e.raw(`"workflow_run":`)
		e.workflowRun(r, run, true)
		e.raw(`,"workflow":`)
		e.workflow(r, run)
	})
}

// tellJob tells of a job, and of the check run that it is.
func (r *Repository) tellJob(run *workflowRun, k int, action, checked string) {
	r.tell("workflow_job", action, func(e *encoder) {
		e.raw(`"workflow_job":`)
		e.workflowJob(r, run, &run.jobs[k])
	})
	r.tellCheck(check{run.check(k), run, &run.jobs[k]}, checked)
}

// tellCheck tells of a check run.
func (r *Repository) tellCheck(c check, action string) {
	r.tell("check_run", action, func(e *encoder) {
		e.raw(`"check_run":`)
		e.checkRun(r, c)
	})
}

// tellDeployment tells of a new deployment.
func (r *Repository) tellDeployment(d *deployment) {
	r.tell("deployment", "created", func(e *encoder) {
		e.raw(`"deployment":`)
		e.deployment(r, d)
		e.raw(`,"workflow":null,"workflow_run":null`)
	})
}

// tellDeploymentStatus tells of a deployment's last status.
func (r *Repository) tellDeploymentStatus(d *deployment) {
	r.tell("deployment_status", "created", func(e *encoder) {
		e.raw(`"deployment_status":`)
		e.deploymentStatus(r, d, &d.statuses[len(d.statuses)-1])
		e.raw(`,"deployment":`)
		e.deployment(r, d)
		e.raw(`,"check_run":null,"workflow":null,"workflow_run":null`)
	})
}

// tellStatus tells of a commit's status, which has no action.
func (r *Repository) tellStatus(s *commitStatus) {
	r.tell("status", "", func(e *encoder) {
		e.raw(`"id":`).num(s.id).raw(`,"sha":"`).hex(s.sha).raw(`","name":`).str(r.info.fullName)
		e.raw(`,"target_url":`).strOrNull(s.target).raw(`,"context":`).str(s.context).raw(`,"description":`).strOrNull(s.about)
		e.raw(`,"state":`).str(s.state).raw(`,"commit":`)
		e.commit(r, &r.git.commits[r.git.byHash[s.sha]])
		e.raw(`,"branches":[`)
		n := 0
		for i := range r.git.branches {
			if r.git.branches[i].sha != s.sha {
				continue
			}
			if n++; n > 1 {
				e.raw(",")
			}
			e.branch(r, &r.git.branches[i])
		}
		e.raw(`],"created_at":`).time(s.created).raw(`,"updated_at":`).time(s.created)
	})
}

// workflow writes the workflow of a run as payloads have it.
func (e *encoder) workflow(r *Repository, run *workflowRun) {
	path := workflowPath(run.name)
	e.raw(`{"id":`).num(run.workflow).raw(`,"node_id":`).node("W_", r.info.id, run.workflow).raw(`,"name":`).str(run.name)
	e.raw(`,"path":`).str(path).raw(`,"state":"active","created_at":`).time(r.info.created).raw(`,"updated_at":`).time(r.info.created)
	e.raw(`,"url":`).str(r.api + "/actions/workflows/" + decimal(run.workflow))
	e.raw(`,"html_url":`).str(r.web + "/blob/" + escapePath(r.info.defaultBranch) + "/" + escapePath(path))
	e.raw(`,"badge_url":`).str(r.web + "/workflows/" + escapePath(run.name) + "/badge.svg").raw("}")
}
