package githubsim

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
)

// collaborator is a user with a role in the repository.
type collaborator struct {
	user int32
	role string
}

// AddCollaborator gives a user a role in the repository: read, triage, write, maintain
// or admin. One who has a role gets the new one.
func (r *Repository) AddCollaborator(login, role string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	user := r.addUser(login)
	if user == nobody || !slices.Contains(roles, role) {
		return fmt.Errorf("%q cannot be a collaborator as %q", login, role)
	}
	r.dropCollaborator(user)
	r.collaborators = append(r.collaborators, collaborator{user, role})
	return nil
}

// RemoveCollaborator takes a user's role away.
func (r *Repository) RemoveCollaborator(login string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.dropCollaborator(r.addUser(login)) {
		return fmt.Errorf("%q is no collaborator", login)
	}
	return nil
}

// dropCollaborator tells whether the user was one.
func (r *Repository) dropCollaborator(user int32) bool {
	before := len(r.collaborators)
	r.collaborators = slices.DeleteFunc(r.collaborators, func(c collaborator) bool { return c.user == user })
	return len(r.collaborators) < before
}

// SetPushAccess says whether tokens may push to the repository. Without that, as at
// first, its collaborators are not shown to them.
func (r *Repository) SetPushAccess(may bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pushable = may
}

// collaboratorOrder is the collaborators in the order in which they registered.
func (r *Repository) collaboratorOrder() []collaborator {
	order := slices.Clone(r.collaborators)
	slices.SortFunc(order, func(a, b collaborator) int { return cmp.Compare(r.users[a.user].id, r.users[b.user].id) })
	return order
}

// collaboratorList shows the collaborators to those who may push.
// Source: docs.github.com/rest/collaborators/collaborators#list-repository-collaborators.
func (q *query) collaboratorList() {
	switch {
	case q.token == "":
		q.unidentified()
	case !q.pushable:
		q.problem(http.StatusForbidden, "Must have push access to view repository collaborators.", "https://docs.github.com/rest"+q.route.docs)
	default:
		list := q.collaboratorOrder()
		q.plain(len(list), func(n int) { q.enc.collaborator(q.Repository, list[n]) })
	}
}

func (e *encoder) collaborator(r *Repository, c collaborator) {
	e.viewOfUser(&r.users[c.user], "public").raw(`,"permissions":`).permissions(c.role).raw(`,"role_name":`).str(c.role).raw("}")
}
