package githubsim

import "slices"

// discussion makes the comments on issues and pull requests.
func (g *generator) discussion() {
	g.comments = make([]comment, g.spec.IssueComments)
	for i := range g.comments {
		is := g.busyIssue()
		author := g.someone()
		c := &g.comments[i]
		*c = comment{
			issue: is, user: author, body: g.newText(commentBody), reactions: g.someReactions(0.12),
			assoc: g.associationOf(author), created: g.later(g.issues[is].created, 12),
		}
		c.updated = c.created
		if g.chance(0.05) {
			c.updated = g.later(c.created, 1)
		}
	}
	ascending(g.comments, func(c *comment) stamp { return c.created })
	for i := range g.comments {
		c := &g.comments[i]
		c.id = g.newID()
		is := &g.issues[c.issue]
		is.comments++
		is.updated = max(is.updated, c.updated)
	}
}

// busyIssue picks an issue; one in eight draws most of the talk.
func (g *generator) busyIssue() int32 {
	i := g.below(len(g.issues))
	if g.chance(0.6) {
		i -= i % 8
	}
	return int32(i)
}

// reviewing makes the reviews of pull requests and the comments in them.
func (g *generator) reviewing() {
	g.reviews = make([]review, g.spec.Reviews)
	for i := range g.reviews {
		p := int32(g.below(len(g.pulls)))
		if g.chance(0.5) {
			p -= p % 4
		}
		reviewer := g.maintainer()
		if g.chance(0.3) {
			reviewer = g.someone()
		}
		v := review{
			pull: p, user: reviewer, commit: g.pulls[p].headSHA, assoc: g.associationOf(reviewer),
			state: g.verdict(), submitted: g.later(g.issueOf(p).created, 4),
		}
		if g.chance(0.6) {
			v.body = g.newText(reviewBody)
		}
		g.reviews[i] = v
	}
	ascending(g.reviews, func(v *review) stamp { return v.submitted })
	for i := range g.reviews {
		v := &g.reviews[i]
		v.id = g.newID()
		g.pulls[v.pull].reviews = append(g.pulls[v.pull].reviews, int32(i))
		is := g.issueOf(v.pull)
		is.updated = max(is.updated, v.submitted)
	}
	g.remarking()
}

func (g *generator) verdict() reviewState {
	switch n := g.below(100); {
	case n < 45:
		return reviewApproved
	case n < 84:
		return reviewCommented
	case n < 98:
		return reviewChangesRequested
	default:
		return reviewDismissed
	}
}

func (g *generator) remarking() {
	g.remarks = make([]reviewComment, g.spec.ReviewComments)
	on := make([]int32, len(g.remarks))
	for i := range on {
		on[i] = int32(g.below(len(g.reviews)))
	}
	slices.Sort(on) // reviews are in the order of their times
	for i, v := range on {
		rev := &g.reviews[v]
		c := reviewComment{
			id: g.newID(), review: v, pull: rev.pull, user: rev.user, assoc: rev.assoc,
			created: rev.submitted, updated: rev.submitted, line: int32(3 + g.below(400)), position: int32(1 + g.below(60)),
			path: pick(g.random, paths), hunk: g.newText(diffHunk), body: g.newText(remarkBody),
			commit: rev.commit, original: rev.commit, reactions: g.someReactions(0.08),
		}
		if i > 0 && g.remarks[i-1].review == v && g.chance(0.3) {
			before := &g.remarks[i-1]
			c.replyTo, c.path, c.hunk, c.line, c.position = before.id, before.path, before.hunk, before.line, before.position
		}
		if g.chance(0.04) {
			c.updated = g.later(c.created, 1)
		}
		g.remarks[i] = c
		g.pulls[c.pull].reviewComments++
		is := g.issueOf(c.pull)
		is.updated = max(is.updated, c.updated)
	}
}
