package githubsim

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// NewRun is a run of a workflow. Default: CI, which a push to the default branch has
// triggered, of the branch's head, with the jobs build and test.
type NewRun struct {
	Workflow, Event, Branch, SHA, Actor string
	Jobs                                []string
}

// StartRun lets a workflow run, and gives the run's id. Its jobs begin at once.
func (r *Repository) StartRun(n NewRun) (int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	branch := cmp.Or(n.Branch, r.info.defaultBranch)
	sha, found := r.head(cmp.Or(n.SHA, branch))
	if !found || !r.known(sha) {
		return 0, fmt.Errorf("there is no commit %s to run on", cmp.Or(n.SHA, branch))
	}
	actor := r.addUser(n.Actor)
	run := r.newRun(cmp.Or(n.Workflow, "CI"), sha, r.now())
	run.event, run.branch, run.actor, run.trigger = cmp.Or(n.Event, "push"), branch, actor, actor
	names := n.Jobs
	if len(names) == 0 {
		names = []string{"build", "test"}
	}
	r.runs = append(r.runs, run)
	r.attempt(&r.runs[len(r.runs)-1], names)
	return run.id, nil
}

// newRun is a run that has not begun.
func (r *Repository) newRun(name string, sha hash, at stamp) workflowRun {
	i := slices.IndexFunc(r.workflows, func(w workflow) bool { return w.name == name })
	if i < 0 {
		i = len(r.workflows)
		r.workflows = append(r.workflows, workflow{id: int64(30_000_000 + i), name: name})
	}
	number := int32(1)
	for k := range r.runs {
		if r.runs[k].name == name {
			number = max(number, r.runs[k].number+1)
		}
	}
	run := workflowRun{
		id: r.nextRunID(), suite: r.nextRunID(), workflow: r.workflows[i].id, name: name, title: name, number: number,
		sha: sha, status: stateQueued, created: at, started: at, updated: at,
	}
	if c, ok := r.git.byHash[sha]; ok {
		run.title = subject(r.git.commits[c].message)
	}
	return run
}

// subject is the first line of a commit's message.
func subject(message string) string {
	line, _, _ := strings.Cut(message, "\n")
	return line
}

// attempt begins the next attempt of a run.
func (r *Repository) attempt(run *workflowRun, names []string) {
	run.attempt++
	run.status, run.conclusion, run.started, run.updated = stateInProgress, "", r.now(), r.now()
	for _, name := range names {
		run.jobs = append(run.jobs, workflowJob{
			id: r.nextRunID(), attempt: run.attempt, name: name, status: stateInProgress, created: r.now(), started: r.now(),
		})
	}
	r.tellRun(run, "requested")
	for k := range run.jobs {
		if run.jobs[k].attempt == run.attempt {
			r.tellJob(run, k, "in_progress", "created")
		}
	}
}

// JobsOf are the ids of the jobs of a run's last attempt.
func (r *Repository) JobsOf(id int64) []int64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var ids []int64
	if run, err := r.findRun(id); err == nil {
		for _, j := range run.jobs {
			if j.attempt == run.attempt {
				ids = append(ids, j.id)
			}
		}
	}
	return ids
}

// FinishJob ends one job. Its run's updated_at stays.
func (r *Repository) FinishJob(id int64, conclusion string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.runs {
		for k := range r.runs[i].jobs {
			if j := &r.runs[i].jobs[k]; j.id == id && j.status != stateCompleted {
				r.finishJob(&r.runs[i], k, conclusion)
				return nil
			}
		}
	}
	return fmt.Errorf("there is no job %d to end", id)
}

func (r *Repository) finishJob(run *workflowRun, k int, conclusion string) {
	j := &run.jobs[k]
	j.status, j.conclusion, j.completed = stateCompleted, conclusion, max(r.now(), j.started)
	r.tellJob(run, k, stateCompleted, stateCompleted)
}

// FinishRun ends a run and what is left of its jobs.
func (r *Repository) FinishRun(id int64, conclusion string) error {
	return r.changeRun(id, func(run *workflowRun) error {
		if run.status == stateCompleted {
			return fmt.Errorf("run %d has ended", id)
		}
		run.status, run.conclusion = stateCompleted, conclusion
		for k := range run.jobs {
			if run.jobs[k].status != stateCompleted {
				r.finishJob(run, k, conclusion)
			}
		}
		run.updated = max(run.updated, r.now())
		r.tellRun(run, stateCompleted)
		return nil
	})
}

// Rerun runs all jobs of a run that has ended once more.
func (r *Repository) Rerun(id int64, by string) error {
	return r.changeRun(id, func(run *workflowRun) error {
		if run.status != stateCompleted {
			return fmt.Errorf("run %d has not ended", id)
		}
		var names []string
		for _, j := range run.jobs {
			if j.attempt == run.attempt {
				names = append(names, j.name)
			}
		}
		run.trigger = r.addUser(by)
		r.attempt(run, names)
		return nil
	})
}

// DeleteRun deletes a run, its jobs and their check runs.
func (r *Repository) DeleteRun(id int64) error {
	return r.changeRun(id, func(run *workflowRun) error {
		if run.status != stateCompleted {
			return fmt.Errorf("run %d has not ended", id)
		}
		run.deleted = true
		return nil
	})
}

// changeRun edits a run, which raises its updated_at.
func (r *Repository) changeRun(id int64, f func(*workflowRun) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	run, err := r.findRun(id)
	if err != nil {
		return err
	}
	if err := f(run); err != nil {
		return err
	}
	run.updated = max(run.updated, r.now())
	return nil
}

var errNoRun = errors.New("there is no such run")

func (r *Repository) findRun(id int64) (*workflowRun, error) {
	i := slices.IndexFunc(r.runs, func(run workflowRun) bool { return run.id == id && !run.deleted })
	if i < 0 {
		return nil, fmt.Errorf("%d: %w", id, errNoRun)
	}
	return &r.runs[i], nil
}
