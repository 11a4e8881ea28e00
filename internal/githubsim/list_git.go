package githubsim

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

func (q *query) commits() {
	r := q.Repository
	if len(r.git.branches) == 0 && len(r.git.commits) == 0 {
		q.problem(http.StatusConflict, "Git Repository is empty.", "https://docs.github.com/rest"+q.route.docs)
		return
	}
	head, ok := r.head(q.params.Get("sha"))
	if !ok || (q.params.Get("sha") != "" && !r.known(head)) {
		q.notFound()
		return
	}
	since, ok := q.date("since")
	if !ok {
		return
	}
	until, ok := q.date("until")
	if !ok {
		return
	}
	order := r.git.walk(head)
	if since != 0 || until != 0 {
		order = r.committed(order, since, until)
	}
	q.plain(len(order), func(n int) { q.enc.commit(r, &r.git.commits[order[n]]) })
}

// committed is the commits of order that were committed from since to until.
func (r *Repository) committed(order []int32, since, until stamp) []int32 {
	var within []int32
	for _, i := range order {
		at := r.git.commits[i].committed
		if at >= since && (until == 0 || at <= until) {
			within = append(within, i)
		}
	}
	return within
}

func (q *query) branches() {
	list := q.git.branches
	q.plain(len(list), func(n int) { q.enc.branch(q.Repository, &list[n]) })
}

func (q *query) branch() {
	n, found := findRef(q.git.branches, q.args[0])
	if !found {
		q.problem(http.StatusNotFound, "Branch not found", "https://docs.github.com/rest"+q.route.docs)
		return
	}
	q.enc.singleBranch(q.Repository, &q.git.branches[n])
}

// tags are listed by name, the highest first.
func (q *query) tags() {
	list := q.git.tags
	q.plain(len(list), func(n int) { q.enc.tag(q.Repository, &list[len(list)-1-n]) })
}

// labelOrder is the labels by name.
func (r *Repository) labelOrder() []int {
	var order []int
	for i := range r.labels {
		if !r.labels[i].deleted {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Compare(strings.ToLower(r.labels[a].name), strings.ToLower(r.labels[b].name))
	})
	return order
}

// releaseOrder is the releases, the newest first.
func (r *Repository) releaseOrder() []int32 {
	var order []int32
	for i := len(r.releases) - 1; i >= 0; i-- {
		if !r.releases[i].deleted {
			order = append(order, int32(i))
		}
	}
	return order
}

// milestoneOrder is the milestones in a state by due date, or by the part that is done.
func (r *Repository) milestoneOrder(state stateKey, byDone bool) []int {
	var order []int
	for i := range r.milestones {
		if r.milestones[i].in(state) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := &r.milestones[a], &r.milestones[b]
		if byDone {
			return cmp.Compare(x.closed*max(y.open+y.closed, 1), y.closed*max(x.open+x.closed, 1))
		}
		return cmp.Compare(uint32(x.due)-1, uint32(y.due)-1) // those without a date come last
	})
	return order
}
