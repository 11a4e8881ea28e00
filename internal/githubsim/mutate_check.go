package githubsim

import (
	"cmp"
	"fmt"
	"slices"
)

// NewCheckRun is a check run to make, of the default branch's head unless SHA names
// another commit. Without a conclusion it is still going on.
type NewCheckRun struct{ SHA, Name, Conclusion, Title, Summary string }

// CreateCheckRun lets an app check a commit, and gives the check run's id. Nothing of
// the commit moves.
func (r *Repository) CreateCheckRun(n NewCheckRun) (int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	sha, err := r.commitNamed(n.SHA)
	if err != nil {
		return 0, err
	}
	c := checkRun{
		id: r.nextRunID(), suite: r.suiteOf(sha), sha: sha, app: 1, name: cmp.Or(n.Name, "lint"), status: stateInProgress,
		title: n.Title, summary: n.Summary, started: r.now(),
	}
	c.external = decimal(c.id)
	r.checkRuns = append(r.checkRuns, c)
	r.tellCheck(check{checkRun: &c}, "created")
	r.conclude(&r.checkRuns[len(r.checkRuns)-1], n.Conclusion)
	return c.id, nil
}

// CheckRunEdit is what EditCheckRun changes; nil fields stay.
type CheckRunEdit struct{ Conclusion, Title, Summary *string }

// EditCheckRun changes a check run of an app.
func (r *Repository) EditCheckRun(id int64, edit CheckRunEdit) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.checkRuns, func(c checkRun) bool { return c.id == id })
	if i < 0 {
		return fmt.Errorf("there is no check run %d", id)
	}
	c := &r.checkRuns[i]
	if edit.Title != nil {
		c.title = *edit.Title
	}
	if edit.Summary != nil {
		c.summary = *edit.Summary
	}
	if edit.Conclusion != nil {
		r.conclude(c, *edit.Conclusion)
	}
	return nil
}

// conclude ends a check run, unless there is no conclusion.
func (r *Repository) conclude(c *checkRun, conclusion string) {
	if conclusion != "" {
		c.conclude(conclusion, r.now())
		r.tellCheck(check{checkRun: c}, stateCompleted)
	}
}

func (c *checkRun) conclude(conclusion string, at stamp) {
	c.status, c.conclusion, c.completed = stateCompleted, conclusion, at
}

// suiteOf is the check suite that an app has of a commit.
func (r *Repository) suiteOf(sha hash) int64 {
	if i := slices.IndexFunc(r.checkRuns, func(c checkRun) bool { return c.sha == sha }); i >= 0 {
		return r.checkRuns[i].suite
	}
	return r.nextRunID()
}

// NewCommitStatus is a status to set on a commit: the default branch's head unless SHA
// names another one.
type NewCommitStatus struct{ SHA, Context, State, Description, TargetURL, By string }

// SetCommitStatus sets a status on a commit, and gives its id. Nothing of the commit moves.
func (r *Repository) SetCommitStatus(n NewCommitStatus) (int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	sha, err := r.commitNamed(n.SHA)
	if err != nil {
		return 0, err
	}
	s := commitStatus{
		id: r.nextRunID(), sha: sha, context: cmp.Or(n.Context, "default"), state: cmp.Or(n.State, "success"),
		about: n.Description, target: n.TargetURL, creator: r.addUser(n.By), created: r.now(),
	}
	r.statuses = append(r.statuses, s)
	r.tellStatus(&s)
	return s.id, nil
}

// commitNamed is the commit with a sha, or that at a branch's head.
func (r *Repository) commitNamed(name string) (hash, error) {
	sha, ok := r.head(name)
	if !ok || !r.known(sha) {
		return hash{}, fmt.Errorf("there is no commit %q", name)
	}
	return sha, nil
}
