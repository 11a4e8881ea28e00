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
	return r.insert(is), nil
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
		labels: r.labelsNamed(n.Labels),
	}
	for _, login := range n.Assignees {
		is.assignees = append(is.assignees, r.addUser(login))
	}
	return is, nil
}

func (r *Repository) insert(is issue) int {
	r.lastNumber = is.number
	i := int32(len(r.issues))
	r.issues = append(r.issues, is)
	r.issueTable.add(i)
	if is.pull != none {
		r.pullTable.add(is.pull)
	}
	r.count(true, true, is.milestone, +1)
	r.renderInfo(&r.info)
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
	By          string  // who closes it
	Silent      bool    // leave updated_at as it is, as some edits on GitHub do
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
	return r.update(number, !edit.Silent, func(is *issue) error {
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
		return nil
	})
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
	r.changeIssue(i, func(is *issue) {
		if err = f(is); err == nil && raise {
			is.updated = max(is.updated, r.now())
		}
	})
	return err
}

// SetLabels gives an issue or a pull request these labels and no others.
func (r *Repository) SetLabels(number int, names ...string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	labels := r.labelsNamed(names)
	return r.update(number, true, func(is *issue) error {
		is.labels = labels
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
	r.changeIssue(i, func(is *issue) { is.deleted = true })
	for c := range r.comments {
		if r.comments[c].issue == i {
			r.commentTable.change(int32(c), func() { r.comments[c].deleted = true })
		}
	}
	r.numbers[int32(number)] = tombstone{}
	return nil
}

// AddIssueComment comments on an issue or a pull request, and gives the comment's id.
func (r *Repository) AddIssueComment(number int, by, body string) (int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, ok := r.findIssue(int32(number))
	if !ok {
		return 0, fmt.Errorf("there is no issue %d", number)
	}
	c := comment{
		id: r.nextID(), issue: i, user: r.addUser(by), created: r.now(), updated: r.now(),
		body: literal(body), assoc: assocContributor,
	}
	r.comments = append(r.comments, c)
	r.commentTable.add(int32(len(r.comments) - 1))
	return c.id, r.update(number, true, func(is *issue) error {
		is.comments++
		return nil
	})
}

func (r *Repository) findComment(id int64) (int32, error) {
	i := slices.IndexFunc(r.comments, func(c comment) bool { return c.id == id && !c.deleted })
	if i < 0 {
		return 0, fmt.Errorf("there is no comment %d", id)
	}
	return int32(i), nil
}

// EditIssueComment changes the text of a comment. Its issue stays as it is.
func (r *Repository) EditIssueComment(id int64, body string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, err := r.findComment(id)
	if err != nil {
		return err
	}
	r.commentTable.change(i, func() {
		r.comments[i].body, r.comments[i].updated = literal(body), max(r.comments[i].updated, r.now())
	})
	return nil
}

// DeleteIssueComment deletes a comment.
func (r *Repository) DeleteIssueComment(id int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, err := r.findComment(id)
	if err != nil {
		return err
	}
	r.commentTable.change(i, func() { r.comments[i].deleted = true })
	return r.update(int(r.issues[r.comments[i].issue].number), true, func(is *issue) error {
		is.comments--
		return nil
	})
}
