package githubsim

import "strconv"

// id is the id that the path names.
func (q *query) id() int64 {
	id, err := strconv.ParseInt(q.args[len(q.args)-1], 10, 64)
	if err != nil {
		return 0 // the route has checked it
	}
	return id
}

// one serves the item that the path names by its id, if it is there and visible.
func one[T any](q *query, items []T, id func(*T) int64, visible func(*T) bool, write func(i int32)) {
	want := q.id()
	for i := range items {
		if id(&items[i]) == want && visible(&items[i]) {
			write(int32(i))
			return
		}
	}
	q.notFound()
}

func (q *query) singleComment() {
	one(q, q.Repository.comments, func(c *comment) int64 { return c.id }, func(c *comment) bool { return !c.deleted },
		func(i int32) { q.enc.comment(q.Repository, i) })
}

func (q *query) singleRemark() {
	one(q, q.Repository.remarks, func(c *reviewComment) int64 { return c.id }, func(c *reviewComment) bool { return !c.deleted },
		func(i int32) { q.enc.remark(q.Repository, i) })
}

func (q *query) singleMilestone() {
	one(q, q.Repository.milestones, func(m *milestone) int64 { return int64(m.number) }, func(m *milestone) bool { return !m.deleted },
		func(i int32) { q.enc.json(q.Repository.milestones[i].json) })
}

func (q *query) singleRelease() {
	one(q, q.Repository.releases, func(v *release) int64 { return v.id }, func(v *release) bool { return !v.deleted },
		func(i int32) { q.enc.release(q.Repository, i) })
}
