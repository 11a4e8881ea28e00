package githubsim

import (
	"cmp"
	"fmt"
	"slices"
)

// Fork lets a user fork the repository, and gives the fork's id.
func (r *Repository) Fork(login string) (int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	user := r.addUser(login)
	if user == nobody || user == r.info.owner || r.forkBy(user) >= 0 {
		return 0, fmt.Errorf("%q cannot fork the repository", login)
	}
	return r.forks[r.ownFork(user)].id, nil
}

// ownFork is the fork that a user has of the repository, which is made if need be.
func (r *Repository) ownFork(user int32) int32 {
	if i := r.forkBy(user); i >= 0 {
		return i
	}
	i := r.addFork(user, r.info.name)
	fork := &r.forks[i]
	for slices.ContainsFunc(r.forks[:i], func(f repoInfo) bool { return f.id == fork.id }) {
		fork.id++ // the user had one before
	}
	fork.created, fork.updated, fork.pushed = r.now(), r.now(), r.info.pushed
	r.info.forks++
	r.renderInfo(fork)
	r.touch()
	return i
}

// forkBy is the fork that a user has; -1: none.
func (r *Repository) forkBy(user int32) int32 {
	return int32(slices.IndexFunc(r.forks, func(f repoInfo) bool { return f.owner == user && !f.lost }))
}

// ForkEdit is what EditFork changes; nil fields stay.
type ForkEdit struct {
	Stars    int // more of them
	Pushed   bool
	Archived *bool
}

// EditFork changes a user's fork. Nothing of the repository itself moves.
func (r *Repository) EditFork(login string, edit ForkEdit) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := r.forkBy(r.addUser(login))
	if i < 0 {
		return fmt.Errorf("%q has no fork", login)
	}
	fork := &r.forks[i]
	fork.stars += int32(edit.Stars)
	if edit.Pushed {
		fork.pushed = max(fork.pushed, r.now())
		fork.size++
	}
	if edit.Archived != nil {
		fork.archived = *edit.Archived
	}
	fork.updated = max(fork.updated, r.now())
	r.renderInfo(fork)
	return nil
}

// DeleteFork deletes a user's fork. Pull requests from there have no head repository
// from then on; their updated_at stays.
func (r *Repository) DeleteFork(login string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := r.forkBy(r.addUser(login))
	if i < 0 {
		return fmt.Errorf("%q has no fork", login)
	}
	r.dropFork(i)
	return nil
}

// leave takes the fork, the star and the role of a user away who is no more.
func (r *Repository) leave(user int32) {
	if i := r.forkBy(user); i >= 0 {
		r.dropFork(i)
	}
	if i := r.starredBy(user); i >= 0 {
		r.stargazers = slices.Delete(r.stargazers, i, i+1)
		r.info.stars = max(r.info.stars-1, 0)
		r.renderInfo(&r.info)
	}
	r.dropCollaborator(user)
}

// dropFork takes fork i away.
func (r *Repository) dropFork(i int32) {
	if r.forks[i].lost {
		return
	}
	r.forks[i].lost = true
	r.info.forks--
	for n := range r.pulls {
		if r.pulls[n].headFork == i {
			r.pulls[n].headFork = forkDeleted
		}
	}
	r.renderInfo(&r.info)
}

// pullsFrom is how many pull requests come from fork i.
func (r *Repository) pullsFrom(i int32) (n int) {
	for p := range r.pulls {
		if r.pulls[p].headFork == i && !r.issueOf(int32(p)).deleted {
			n++
		}
	}
	return n
}

// forkOrder is the forks, the oldest first.
func (r *Repository) forkOrder() []int32 {
	var order []int32
	for i := range r.forks {
		if !r.forks[i].lost {
			order = append(order, int32(i))
		}
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(r.forks[a].created, r.forks[b].created), cmp.Compare(r.forks[a].id, r.forks[b].id))
	})
	return order
}

// forkList lists the forks, the newest first unless another order is asked for.
// Source: docs.github.com/rest/repos/forks#list-forks.
func (q *query) forkList() {
	order := q.forkOrder()
	switch q.params.Get("sort") {
	case "oldest":
	case "stargazers", "watchers":
		slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(q.forks[b].stars, q.forks[a].stars) })
	default:
		slices.Reverse(order)
	}
	q.plain(len(order), func(n int) { q.enc.fork(&q.forks[order[n]], q.token != "") })
}

// fork writes a fork as lists have it; what depends on the viewer is only there for a
// request with a token.
func (e *encoder) fork(f *repoInfo, authenticated bool) {
	if !authenticated {
		e.json(f.json)
		return
	}
	e.json(f.json[:len(f.json)-1]).raw(`,"permissions":`).permissions("read").raw("}")
}
