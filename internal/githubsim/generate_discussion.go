package githubsim

// discussing makes discussions, comments on them and replies. They begin after the
// last issue, whose numbers theirs follow.
func (g *generator) discussing() {
	if g.spec.Discussions == 0 {
		return
	}
	begin := g.start
	for i := range g.issues {
		begin = max(begin, g.issues[i].created)
		g.lastNumber = max(g.lastNumber, g.issues[i].number)
	}
	g.enableDiscussions(begin, g.newID)
	g.discussions = make([]discussion, g.spec.Discussions)
	for i := range g.discussions {
		author := g.someone()
		g.discussions[i] = discussion{
			category: int32(g.below(len(g.categories))), user: author, assoc: g.associationOf(author), answer: none, answeredBy: nobody,
			title: g.newText(issueTitle), body: g.newText(issueBody), upvotes: int32(g.skewed(40, 4)),
			created: min(begin+stamp(g.float()*float64(g.end-begin)), g.end),
		}
		if len(g.Repository.labels) > 0 && g.chance(0.3) {
			g.discussions[i].labels = []uint16{uint16(g.below(len(g.Repository.labels)))}
		}
	}
	ascending(g.discussions, func(d *discussion) stamp { return d.created })
	for i := range g.discussions {
		d := &g.discussions[i]
		g.lastNumber++
		d.id, d.number, d.updated = g.newID(), g.lastNumber, d.created
		if g.chance(0.1) {
			d.user = nobody
		}
	}
	g.commenting()
	for i := range g.discussions {
		g.conclude(int32(i))
	}
}

// commenting makes the comments; one in three is a reply, and one discussion in ten
// draws most of them.
func (g *generator) commenting() {
	for range g.spec.DiscussionComments {
		at := int32(g.below(len(g.discussions)))
		if g.chance(0.5) {
			at -= at % 10
		}
		d := &g.discussions[at]
		c := discussionComment{
			id: g.newID(), discussion: at, parent: none, user: g.someone(), body: g.newText(commentBody), upvotes: int32(g.skewed(9, 4)),
			created: g.later(d.updated, 1),
		}
		c.assoc, c.updated = g.associationOf(c.user), c.created
		if g.chance(0.05) {
			c.user = nobody
		}
		if len(d.comments) > 0 && g.chance(0.34) {
			c.parent = d.comments[g.below(len(d.comments))]
		}
		g.addDiscussionComment(c)
	}
}

// conclude answers a question, or closes or locks a discussion.
func (g *generator) conclude(i int32) {
	d := &g.discussions[i]
	if g.categories[d.category].answerable && len(d.comments) > 0 && g.chance(0.7) {
		d.answer, d.answeredBy, d.answered = d.comments[g.below(len(d.comments))], g.maintainer(), d.updated
	}
	if g.chance(0.2) {
		d.closed, d.reason = d.updated, pick(g.random, []string{"RESOLVED", "OUTDATED", "DUPLICATE"})
	}
	d.locked = g.chance(0.05)
}
