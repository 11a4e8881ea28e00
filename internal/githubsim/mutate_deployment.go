package githubsim

import (
	"cmp"
	"fmt"
	"slices"
)

// NewDeployment is a deployment to create. Default: of the default branch to the
// environment production.
type NewDeployment struct {
	Ref, Task, Environment, Description, By string
	Transient                               bool
}

// CreateDeployment asks for a deployment, and gives its id.
func (r *Repository) CreateDeployment(n NewDeployment) (int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ref := cmp.Or(n.Ref, r.info.defaultBranch)
	sha, found := r.head(ref)
	if !found || !r.known(sha) {
		return 0, fmt.Errorf("there is nothing called %s to deploy", ref)
	}
	environment := cmp.Or(n.Environment, "production")
	d := deployment{
		id: r.nextRunID(), sha: sha, ref: ref, task: cmp.Or(n.Task, "deploy"), environment: environment, about: n.Description,
		transient: n.Transient, production: environment == "production", creator: r.addUser(n.By), created: r.now(), updated: r.now(),
	}
	r.deployments = append(r.deployments, d)
	r.tellDeployment(&d)
	return d.id, nil
}

// NewDeploymentStatus is a status to give to a deployment.
type NewDeploymentStatus struct{ State, Description, By string }

// SetDeploymentStatus gives a deployment a status, and gives the status's id. A success
// makes the earlier deployments to the same environment inactive that succeeded, unless
// it is one for production or goes away by itself.
// Source: docs.github.com/rest/deployments/statuses#create-a-deployment-status, auto_inactive.
func (r *Repository) SetDeploymentStatus(id int64, n NewDeploymentStatus) (int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := r.findDeployment(id)
	if i < 0 {
		return 0, fmt.Errorf("there is no deployment %d", id)
	}
	by := r.addUser(n.By)
	status := r.addStatus(&r.deployments[i], n.State, n.Description, by)
	if n.State != "success" {
		return status, nil
	}
	for k := range r.deployments[:i] {
		d := &r.deployments[k]
		if d.environment == r.deployments[i].environment && !d.deleted && !d.transient && !d.production && d.state() == "success" {
			r.addStatus(d, "inactive", "", by)
		}
	}
	return status, nil
}

// addStatus adds a status, which raises the deployment's updated_at.
func (r *Repository) addStatus(d *deployment, state, about string, by int32) int64 {
	s := deploymentStatus{id: r.nextRunID(), state: state, about: about, creator: by, created: r.now()}
	d.statuses = append(d.statuses, s)
	d.updated = max(d.updated, s.created)
	r.tellDeploymentStatus(d)
	return s.id
}

// state is that of the last status; empty: it has none.
func (d *deployment) state() string {
	if len(d.statuses) == 0 {
		return ""
	}
	return d.statuses[len(d.statuses)-1].state
}

// DeleteDeployment deletes a deployment that is not active.
func (r *Repository) DeleteDeployment(id int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := r.findDeployment(id)
	if i < 0 || r.deployments[i].state() == "success" {
		return fmt.Errorf("there is no deployment %d to delete", id)
	}
	r.deployments[i].deleted = true
	return nil
}

func (r *Repository) findDeployment(id int64) int {
	return slices.IndexFunc(r.deployments, func(d deployment) bool { return d.id == id && !d.deleted })
}
