package githubsim

import (
	"fmt"
	"slices"
	"strings"
)

// RenameUser gives a user another login. The number stays, and so do mentions in
// texts. No updated_at moves.
func (r *Repository) RenameUser(login, newLogin string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, ok := r.byLogin[strings.ToLower(login)]
	if !ok {
		return fmt.Errorf("there is no user %s", login)
	}
	if other, taken := r.byLogin[strings.ToLower(newLogin)]; taken && other != i {
		return fmt.Errorf("there is a user %s already", newLogin)
	}
	delete(r.byLogin, strings.ToLower(login))
	r.byLogin[strings.ToLower(newLogin)] = i
	r.users[i].login = newLogin
	for n := range r.forks {
		if r.forks[n].owner == i {
			r.forks[n].fullName = newLogin + "/" + r.forks[n].name
		}
	}
	r.render()
	return nil
}

// ghost stands for users who deleted their account.
// Source: docs.github.com/account-and-profile/concepts/personal-account-deletion.
var ghost = user{login: "ghost", id: 10137, name: "ghost", email: "ghost@users.noreply.github.com"}

// DeleteUser deletes a user's account: what they wrote is ghost's from then on, they
// are nobody's assignee or reviewer, and their forks are gone. No updated_at moves.
func (r *Repository) DeleteUser(login string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, ok := r.byLogin[strings.ToLower(login)]
	if !ok || i == r.info.owner {
		return fmt.Errorf("there is no user %s to delete", login)
	}
	is := func(user int32) bool { return user == i }
	for n := range r.issues {
		r.issues[n].assignees = slices.DeleteFunc(r.issues[n].assignees, is)
	}
	for n := range r.pulls {
		p := &r.pulls[n]
		p.requested = slices.DeleteFunc(p.requested, is)
		if p.headUser == i {
			p.headUser = nobody
		}
	}
	r.leave(i)
	delete(r.byLogin, strings.ToLower(login))
	r.users[i] = ghost
	r.render()
	return nil
}
