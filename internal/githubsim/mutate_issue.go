package githubsim

import (
	"fmt"
	"slices"
)

// NewIssue is an issue to open, by a login. Labels that do not exist are made.
type NewIssue struct {
	Title, Body, By string
	Labels          []string
	Assignees       []string
	Milestone       int // its number; 0 for none
}

// OpenIssue opens an issue and gives its number.
func (r *Repository) OpenIssue(n NewIssue) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	is, err := r.prepare(n)
	if err != nil {
		return 0, err
	}
	number := r.insert(is)
	r.recordOpening(number)
	return number, nil
}

// prepare makes the issue that insert adds.
func (r *Repository) prepare(n NewIssue) (issue, error) {
	m, err := r.findMilestone(n.Milestone)
	if err != nil {
		return issue{}, err
	}
	is := issue{
		id: r.nextID(), number: r.lastNumber + 1, user: r.addUser(n.By), closedBy: nobody, pull: none, milestone: m,
		created: r.now(), updated: r.now(), title: literal(n.Title), body: literal(n.Body), assoc: assocContributor,
		labels: r.labelsNamed(n.Labels), assignees: r.usersNamed(n.Assignees),
	}
	return is, nil
}

func (r *Repository) usersNamed(logins []string) []int32 {
	var users []int32
	for _, login := range logins {
		users = append(users, r.addUser(login))
	}
	return users
}

func (r *Repository) insert(is issue) int {
	r.lastNumber = is.number
	i := int32(len(r.issues))
	r.issues = append(r.issues, is)
	r.issueTable.add(i)
	if is.pull != none {
		r.pullTable.add(is.pull)
	}
	r.count(true, is.in(openState), is.milestone, +1)
	r.renderInfo(&r.info)
	r.tellIssue(i, "opened", nil)
	return int(is.number)
}

func (r *Repository) labelsNamed(names []string) []uint16 {
	var labels []uint16
	for _, name := range names {
		if l := r.addLabel(name, "ededed", ""); !slices.Contains(labels, l) {
			labels = append(labels, l)
		}
	}
	return labels
}

// IssueEdit is what EditIssue changes; nil fields stay. It works on pull
// requests as well.
type IssueEdit struct {
	Title, Body *string
	State       *string // "open" or "closed"
	Milestone   *int    // its number; 0 for none
	Locked      *bool
	Assignees   *[]string
	By          string // who closes it
	Silent      bool   // leave updated_at as it is, as some edits on GitHub do
}

// EditIssue changes an issue or a pull request.
func (r *Repository) EditIssue(number int, edit IssueEdit) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := none
	if edit.Milestone != nil {
		var err error
		if m, err = r.findMilestone(*edit.Milestone); err != nil {
			return err
		}
	}
	by := r.addUser(edit.By)
	change := func(is *issue) error {
		if edit.State != nil {
			if err := r.setState(is, *edit.State, by); err != nil {
				return err
			}
		}
		if edit.Title != nil {
			is.title = literal(*edit.Title)
		}
		if edit.Body != nil {
			is.body = literal(*edit.Body)
		}
		if edit.Milestone != nil {
			is.milestone = m
		}
		if edit.Locked != nil {
			is.locked = *edit.Locked
		}
		if edit.Assignees != nil {
			is.assignees = r.usersNamed(*edit.Assignees)
		}
		return nil
	}
	if edit.Silent {
		return r.update(number, false, change) // no event tells of it
	}
	return r.update(number, true, r.noted(by, change))
}

func (r *Repository) setState(is *issue, state string, by int32) error {
	switch {
	case state != "open" && state != "closed":
		return fmt.Errorf("no state: %q", state)
	case is.pull != none && r.pulls[is.pull].merged != 0:
		return fmt.Errorf("pull request %d is merged", is.number)
	case state == "closed" && is.open():
		is.closed, is.closedBy = r.now(), by
		is.reason = reasonCompleted
	case state == "open" && !is.open():
		is.closed, is.closedBy = 0, nobody
		is.reason = reasonReopened
	}
	if is.pull != none {
		is.reason = reasonNone
	}
	return nil
}

// update edits an issue or a pull with f, and raises its updated_at if asked to.
func (r *Repository) update(number int, raise bool, f func(*issue) error) error {
	i, ok := r.findIssue(int32(number))
	if !ok {
		return fmt.Errorf("there is no issue %d", number)
	}
	var err error
	was := r.issues[i]
	r.changeIssue(i, func(is *issue) {
		if err = f(is); err == nil && raise {
			is.updated = max(is.updated, r.now())
		}
	})
	if err == nil && raise {
		r.tellChanges(i, &was)
	}
	return err
}

// SetLabels gives an issue or a pull request these labels and no others.
func (r *Repository) SetLabels(number int, names ...string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	labels := r.labelsNamed(names)
	return r.update(number, true, r.noted(nobody, func(is *issue) error {
		is.labels = labels
		return nil
	}))
}

// React puts one more thumb up on an issue or a pull request. No updated_at moves.
func (r *Repository) React(number int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.update(number, false, func(is *issue) error {
		if is.reactions&15 < 15 { // the counts are nibbles
			is.reactions++
		}
		return nil
	})
}

// DeleteIssue deletes an issue with its comments. GitHub cannot delete pull requests.
func (r *Repository) DeleteIssue(number int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, ok := r.findIssue(int32(number))
	if !ok || r.issues[i].pull != none {
		return fmt.Errorf("there is no issue %d to delete", number)
	}
	r.tellIssue(i, "deleted", nil)
	r.bury(i)
	r.numbers[int32(number)] = tombstone{}
	return nil
}

// bury takes an issue or a pull request away with its comments.
func (r *Repository) bury(i int32) {
	r.forget(i)
	r.changeIssue(i, func(is *issue) { is.deleted = true })
	for c := range r.comments {
		if r.comments[c].issue == i && !r.comments[c].deleted {
			r.commentTable.change(int32(c), func() { r.comments[c].deleted = true })
		}
	}
}
