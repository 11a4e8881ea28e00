package githubsim

// checkSource reads what is run, deployed and checked. Check runs and statuses are those
// of the commits that the default branch reaches.
func (r *Repository) checkSource(collection string) (source, bool) {
	switch collection {
	case "workflow_runs":
		order := r.runOrder()
		return source{len(order), func(e *encoder, n int) string {
			e.workflowRun(r, &r.runs[order[n]], true)
			return decimal(r.runs[order[n]].id)
		}}, true
	case "workflow_jobs":
		return r.jobSource(), true
	case "deployments":
		order := r.deploymentOrder()
		return source{len(order), func(e *encoder, n int) string {
			e.deployment(r, &r.deployments[order[n]])
			return decimal(r.deployments[order[n]].id)
		}}, true
	case "deployment_statuses":
		return r.deploymentStatusSource(), true
	case "check_runs":
		list := r.checks(r.reached())
		return source{len(list), func(e *encoder, n int) string {
			e.checkRun(r, list[n])
			return decimal(list[n].id)
		}}, true
	case "commit_statuses":
		list := r.statusesOf(r.reached())
		return source{len(list), func(e *encoder, n int) string {
			e.commitStatus(r, &list[n])
			return decimal(list[n].id)
		}}, true
	default:
		return source{}, false
	}
}

// placeOf is where one of several parts of an item is.
type placeOf struct{ item, part int }

func (r *Repository) jobSource() source {
	var places []placeOf
	for _, i := range r.runOrder() {
		for k := range r.runs[i].jobs {
			places = append(places, placeOf{int(i), k})
		}
	}
	return source{len(places), func(e *encoder, n int) string {
		run := &r.runs[places[n].item]
		e.workflowJob(r, run, &run.jobs[places[n].part])
		return decimal(run.jobs[places[n].part].id)
	}}
}

func (r *Repository) deploymentStatusSource() source {
	var places []placeOf
	for _, i := range r.deploymentOrder() {
		for k := range r.deployments[i].statuses {
			places = append(places, placeOf{int(i), k})
		}
	}
	return source{len(places), func(e *encoder, n int) string {
		d := &r.deployments[places[n].item]
		e.deploymentStatus(r, d, &d.statuses[places[n].part])
		return decimal(d.statuses[places[n].part].id)
	}}
}

// reached tells of a commit whether the default branch reaches it.
func (r *Repository) reached() func(hash) bool {
	head, _ := r.defaultHead()
	commits := map[hash]bool{}
	for _, i := range r.git.walk(head) {
		commits[r.git.commits[i].sha] = true
	}
	return func(sha hash) bool { return commits[sha] }
}
