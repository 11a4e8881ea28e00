package githubsim

import (
	"net/http"
	"slices"
	"strconv"
)

func (q *query) repository() { q.enc.singleRepository(q.Repository, q.token != "") }

// state is the state parameter: open unless another is named.
func (q *query) state() stateKey {
	switch q.params.Get("state") {
	case "all":
		return anyState
	case "closed":
		return closedState
	default:
		return openState
	}
}

// sort is the sort parameter among those that the endpoint knows.
func (q *query) sort(keys map[string]sortKey) (by sortKey, named bool) {
	by, named = keys[q.params.Get("sort")]
	return by, named
}

// descending is the direction parameter, or the endpoint's own.
func (q *query) descending(otherwise bool) bool {
	switch q.params.Get("direction") {
	case "asc":
		return false
	case "desc":
		return true
	default:
		return otherwise
	}
}

var (
	issueSorts   = map[string]sortKey{"created": byCreated, "updated": byUpdated, "comments": byComments}
	pullSorts    = map[string]sortKey{"created": byCreated, "updated": byUpdated, "popularity": byComments}
	commentSorts = map[string]sortKey{"created": byCreated, "updated": byUpdated}
)

const issuesDisabled = "Issues has been disabled in this repository."

func (q *query) issues() {
	if !q.info.hasIssues {
		q.problem(http.StatusGone, issuesDisabled, "https://docs.github.com/rest"+q.route.docs)
		return
	}
	since, ok := q.date("since")
	if !ok {
		return
	}
	by, _ := q.sort(issueSorts)
	v := q.issueTable.since(by, q.state(), since)
	q.list(v, q.descending(true), func(i int32) { q.enc.issue(q.Repository, i, false) })
}

func (q *query) comments() { q.commentList(q.commentTable, q.enc.comment) }
func (q *query) remarks()  { q.commentList(q.remarkTable, q.enc.remark) }

// commentList serves comments: ascending by id unless sort is named, and only
// then the direction counts.
func (q *query) commentList(t *table, item func(*Repository, int32)) {
	since, ok := q.date("since")
	if !ok {
		return
	}
	by, named := q.sort(commentSorts)
	v := t.since(by, anyState, since)
	q.list(v, named && q.descending(by == byUpdated), func(i int32) { item(q.Repository, i) })
}

func (q *query) pulls() {
	by, _ := q.sort(pullSorts)
	v := q.pullTable.view(by, q.state())
	q.list(v, q.descending(by == byCreated), func(i int32) { q.enc.pull(q.Repository, i, false) })
}

func (q *query) number() int32 {
	n, err := strconv.ParseInt(q.args[0], 10, 32)
	if err != nil {
		return 0 // the route has checked it
	}
	return int32(n)
}

func (q *query) issue() {
	n := q.number()
	if grave, gone := q.numbers[n]; gone && grave.repository != 0 {
		q.movedTo(grave.repository, "/issues/"+strconv.Itoa(int(grave.number)))
		return
	} else if gone {
		q.problem(http.StatusGone, "This issue was deleted", "https://docs.github.com/rest"+q.route.docs)
		return
	}
	i, ok := q.findIssue(n)
	switch {
	case !q.info.hasIssues && (!ok || q.Repository.issues[i].pull == none):
		q.problem(http.StatusGone, issuesDisabled, "https://docs.github.com/rest"+q.route.docs)
	case !ok:
		q.notFound()
	default:
		q.enc.issue(q.Repository, i, true)
	}
}

// findPull is the pull that the path names; the request is answered if there is none.
func (q *query) findPull() (int32, bool) {
	i, ok := q.findIssue(q.number())
	if !ok || q.Repository.issues[i].pull == none {
		q.notFound()
		return 0, false
	}
	return q.Repository.issues[i].pull, true
}

func (q *query) pull() {
	if p, ok := q.findPull(); ok {
		q.enc.pull(q.Repository, p, true)
	}
}

func (q *query) reviews() {
	p, ok := q.findPull()
	if !ok {
		return
	}
	ids := q.Repository.pulls[p].reviews
	q.plain(len(ids), func(n int) { q.enc.review(q.Repository, ids[n]) })
}

func (q *query) labels() {
	order := q.labelOrder()
	q.plain(len(order), func(n int) { q.enc.json(q.Repository.labels[order[n]].json) })
}

func (q *query) milestones() {
	order := q.milestoneOrder(q.state(), q.params.Get("sort") == "completeness")
	if q.descending(false) {
		slices.Reverse(order)
	}
	q.plain(len(order), func(n int) { q.enc.json(q.Repository.milestones[order[n]].json) })
}

func (q *query) releases() {
	order := q.releaseOrder()
	q.plain(len(order), func(n int) { q.enc.release(q.Repository, order[n]) })
}
