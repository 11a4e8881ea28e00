package githubsim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Transfer moves an issue to another repository, where it gets a new id and a new
// number, which Transfer gives. It keeps its comments, its dates and its assignees, and
// labels and milestones that the other repository has as well. Its old number is
// redirected from then on.
// Source: docs.github.com/issues/tracking-your-work-with-issues/administering-issues/transferring-an-issue-to-another-repository.
func (s *Server) Transfer(from *Repository, number int, to *Repository) (int, error) {
	if from == to {
		return 0, fmt.Errorf("issue %d is in %s already", number, to.FullName())
	}
	locked := []*Repository{from, to}
	slices.SortFunc(locked, func(a, b *Repository) int { return cmp.Compare(a.info.id, b.info.id) })
	for _, r := range locked { // always in the same order
		r.mu.Lock()
		defer r.mu.Unlock()
	}
	i, ok := from.findIssue(int32(number))
	if !ok || from.issues[i].pull != none {
		return 0, fmt.Errorf("there is no issue %d to transfer", number)
	}
	from.tellIssue(i, "transferred", nil)
	there := to.receive(from, i)
	from.bury(i)
	from.numbers[int32(number)] = tombstone{repository: to.info.id, number: int32(there)}
	return there, nil
}

// receive adds an issue of another repository with its comments, and gives its number.
func (r *Repository) receive(from *Repository, i int32) int {
	is := from.issues[i]
	old := int64(is.number)
	user := func(i int32) int32 {
		if i == nobody {
			return nobody
		}
		return r.adopt(&from.users[i])
	}
	is.id, is.number, is.updated = r.nextID(), r.lastNumber+1, r.now()
	is.title, is.body = from.plain(&is.title, old), from.plain(&is.body, old)
	is.user, is.closedBy = user(is.user), user(is.closedBy)
	is.assignees = nil
	for _, a := range from.issues[i].assignees {
		is.assignees = append(is.assignees, user(a))
	}
	is.labels = nil
	for _, l := range from.issues[i].labels {
		if same, ok := r.findLabel(from.labels[l].name); ok {
			is.labels = append(is.labels, uint16(same))
		}
	}
	if is.milestone != none {
		is.milestone = r.sameMilestone(&from.milestones[is.milestone])
	}
	at := int32(len(r.issues))
	number := r.insert(is)
	r.happened(at, is.user, issueEvent{kind: eventTransferred})
	for n := range from.comments {
		c := from.comments[n]
		if c.issue != i || c.deleted {
			continue
		}
		c.id, c.issue, c.user, c.body = r.nextID(), at, user(c.user), from.plain(&c.body, old)
		r.comments = append(r.comments, c)
		r.commentTable.add(int32(len(r.comments) - 1))
	}
	return number
}

// adopt is the index of another repository's user, who is the same person here.
func (r *Repository) adopt(u *user) int32 {
	if i := slices.IndexFunc(r.users, func(v user) bool { return v.id == u.id }); i >= 0 {
		return int32(i)
	}
	i := int32(len(r.users))
	r.users = append(r.users, user{id: u.id, kind: u.kind, login: u.login, name: u.name, email: u.email})
	r.byLogin[strings.ToLower(u.login)] = i
	r.renderUser(i)
	return i
}

// sameMilestone is the index of the milestone with another's title and due date.
func (r *Repository) sameMilestone(m *milestone) int32 {
	return int32(slices.IndexFunc(r.milestones, func(v milestone) bool {
		return !v.deleted && v.title == m.title && v.due == m.due
	}))
}

// plain is a text that stands as it is, whatever it was composed from.
func (r *Repository) plain(t *text, number int64) text {
	if t.seed == 0 {
		return *t
	}
	return literal(string(r.corpus.compose(nil, t, number)))
}
