package githubsim

import "slices"

// deployment is a request to deploy a commit.
type deployment struct {
	id                    int64
	sha                   hash
	ref, task             string
	environment, about    string
	transient, production bool
	creator               int32
	created, updated      stamp
	statuses              []deploymentStatus // the oldest first
	deleted               bool
}

// deploymentStatus is how a deployment went on.
type deploymentStatus struct {
	id           int64
	state, about string
	creator      int32
	created      stamp
}

// deploymentOrder is the deployments, the newest first.
func (r *Repository) deploymentOrder() []int32 {
	var order []int32
	for i := len(r.deployments) - 1; i >= 0; i-- {
		if !r.deployments[i].deleted {
			order = append(order, int32(i))
		}
	}
	return order
}

// deploymentList lists the deployments, the newest first.
func (q *query) deploymentList() {
	order := q.deploymentOrder()
	for name, of := range map[string]func(d *deployment) string{
		"sha": func(d *deployment) string { return d.sha.String() }, "ref": func(d *deployment) string { return d.ref },
		"task": func(d *deployment) string { return d.task }, "environment": func(d *deployment) string { return d.environment },
	} {
		if value := q.params.Get(name); value != "" && value != "none" {
			order = slices.DeleteFunc(order, func(i int32) bool { return of(&q.deployments[i]) != value })
		}
	}
	q.plain(len(order), func(n int) { q.enc.deployment(q.Repository, &q.deployments[order[n]]) })
}

func (q *query) singleDeployment() {
	one(q, q.deployments, func(d *deployment) int64 { return d.id }, func(d *deployment) bool { return !d.deleted },
		func(i int32) { q.enc.deployment(q.Repository, &q.deployments[i]) })
}

// deploymentStatuses lists a deployment's statuses, the newest first.
func (q *query) deploymentStatuses() {
	one(q, q.deployments, func(d *deployment) int64 { return d.id }, func(d *deployment) bool { return !d.deleted },
		func(i int32) {
			d := &q.deployments[i]
			q.plain(len(d.statuses), func(n int) { q.enc.deploymentStatus(q.Repository, d, &d.statuses[len(d.statuses)-1-n]) })
		})
}

// deployment writes a deployment.
func (e *encoder) deployment(r *Repository, d *deployment) {
	api := r.api + "/deployments/" + decimal(d.id)
	e.raw(`{"url":`).str(api).raw(`,"id":`).num(d.id).raw(`,"node_id":`).node("DE_", r.info.id, d.id)
	e.raw(`,"task":`).str(d.task).raw(`,"original_environment":`).str(d.environment).raw(`,"environment":`).str(d.environment)
	e.raw(`,"description":`).strOrNull(d.about).raw(`,"created_at":`).time(d.created).raw(`,"updated_at":`).time(d.updated)
	e.raw(`,"statuses_url":`).str(api + "/statuses").raw(`,"repository_url":`).str(r.api)
	e.raw(`,"creator":`).userRef(r, d.creator).raw(`,"sha":"`).hex(d.sha).raw(`","ref":`).str(d.ref).raw(`,"payload":{}`)
	e.raw(`,"transient_environment":`).flag(d.transient).raw(`,"production_environment":`).flag(d.production)
	e.raw(`,"performed_via_github_app":null}`)
}

// deploymentStatus writes a status of a deployment.
func (e *encoder) deploymentStatus(r *Repository, d *deployment, s *deploymentStatus) {
	api := r.api + "/deployments/" + decimal(d.id)
	e.raw(`{"url":`).str(api+"/statuses/"+decimal(s.id)).raw(`,"id":`).num(s.id).raw(`,"node_id":`).node("DES_", r.info.id, s.id)
	e.raw(`,"state":`).str(s.state).raw(`,"creator":`).userRef(r, s.creator).raw(`,"description":`).str(s.about)
	e.raw(`,"environment":`).str(d.environment).raw(`,"target_url":`).str("https://deploy.example.com/" + decimal(s.id))
	e.raw(`,"created_at":`).time(s.created).raw(`,"updated_at":`).time(s.created).raw(`,"deployment_url":`).str(api)
	e.raw(`,"repository_url":`).str(r.api).raw(`,"environment_url":`).str("https://" + r.info.name + ".example.com")
	e.raw(`,"log_url":`).str("https://deploy.example.com/" + decimal(s.id)).raw(`,"performed_via_github_app":null}`)
}
