package githubsim

import (
	"fmt"
	"slices"
	"strings"
)

func (g *generator) labelling() {
	for i := range g.spec.Labels {
		if i < len(labelSeed) {
			l := labelSeed[i]
			g.addLabel(l[0], l[1], l[2])
			continue
		}
		area := components[i%len(components)]
		name := "area: " + area
		if i >= len(labelSeed)+len(components) {
			name = fmt.Sprintf("%s/%d", name, i)
		}
		g.addLabel(name, fmt.Sprintf("%06x", g.next()&0xffffff), "About the "+area)
	}
}

func (g *generator) planning() {
	for i := range g.spec.Milestones {
		created := g.start + stamp(uint64(g.end-g.start)*uint64(i)/uint64(g.spec.Milestones))
		m := milestone{
			number:      int32(i + 1),
			title:       fmt.Sprintf("v%d.%d", i/10, i%10),
			description: "What we want to have in this release.",
			creator:     g.maintainer(),
			created:     g.working(created),
			due:         created + 120*24*3600,
		}
		m.id = 7_000_000 + int64(i)*37
		m.updated = m.created
		if m.due < g.end {
			m.closedAt = g.later(m.due, 5)
			m.updated = m.closedAt
		}
		g.milestones = append(g.milestones, m)
	}
}

// threads makes the issues and pull requests, in the order of their numbers.
func (g *generator) threads() {
	total := g.spec.Issues + g.spec.Pulls
	g.issues = make([]issue, 0, total)
	g.pulls = make([]pull, 0, g.spec.Pulls)
	left := g.spec.Pulls
	for n, at := range g.moments(total) {
		isPull := g.below(total-n) < left
		is := g.newIssue(int32(n+1), at)
		if isPull {
			left--
			is.pull = int32(len(g.pulls))
			is.title, is.body = g.newText(pullTitle), g.newText(pullBody)
			g.pulls = append(g.pulls, g.newPull(int32(n), &is))
		}
		g.issues = append(g.issues, is)
	}
}

func (g *generator) newIssue(number int32, at stamp) issue {
	author := g.someone()
	is := issue{
		id: g.newID(), number: number, user: author, closedBy: nobody, pull: none, milestone: none,
		created: at, updated: at, assoc: g.associationOf(author),
		title: g.newText(issueTitle), body: g.newText(issueBody), reactions: g.someReactions(0.2),
		labels: g.someLabels(), locked: g.chance(0.01),
	}
	if g.chance(0.04) {
		is.body = text{}
	}
	if g.chance(0.3) {
		is.assignees = []int32{g.maintainer()}
	}
	if len(g.milestones) > 0 && g.chance(0.3) {
		is.milestone = int32(uint64(at-g.start) * uint64(len(g.milestones)) / (uint64(g.end-g.start) + 1))
	}
	open := 0.1
	if g.end-at < 90*24*3600 {
		open = 0.55
	}
	if !g.chance(open) {
		is.closed = g.later(at, 20)
		is.closedBy, is.reason = g.maintainer(), reasonCompleted
		if g.chance(0.2) {
			is.closedBy, is.reason = author, reasonNotPlanned
		}
		is.updated = is.closed
	}
	return is
}

func (g *generator) someLabels() []uint16 {
	if len(g.labels) == 0 {
		return nil
	}
	var labels []uint16
	for range g.below(4) {
		if l := uint16(g.skewed(len(g.labels), 1.5)); !slices.Contains(labels, l) {
			labels = append(labels, l)
		}
	}
	return labels
}

func (g *generator) newPull(i int32, is *issue) pull {
	p := pull{
		id: g.newID(), issue: i, headFork: forkSelf, headUser: g.info.owner, baseRef: g.info.defaultBranch,
		mergedBy: nobody, draft: is.open() && g.chance(0.1),
		commits: int32(1 + g.skewed(12, 3)), files: int32(1 + g.skewed(30, 3)),
	}
	is.reason, p.made = reasonNone, p.files
	p.additions, p.deletions = p.files*int32(1+g.below(40)), p.files*int32(g.below(25))
	p.headRef = g.branchName(is.number)
	p.headSHA, p.baseSHA, p.mergeID = g.anyHash(), g.anyHash(), g.anyHash()
	if is.assoc != assocMember {
		p.headUser = is.user
		p.headFork = g.fork(is.user)
		if g.chance(0.05) {
			p.headFork = forkDeleted
		}
	}
	if !is.open() && g.chance(0.85) {
		p.merged, p.mergedBy = is.closed, g.maintainer()
		is.closedBy = p.mergedBy
	}
	if is.open() && g.chance(0.5) {
		p.requested = []int32{g.maintainer()}
	}
	return p
}

func (g *generator) branchName(number int32) string {
	word := strings.ToLower(pick(g.random, functions))
	area := strings.ReplaceAll(strings.ToLower(pick(g.random, components)), " ", "-")
	return fmt.Sprintf("%s/%s-%s-%d", pick(g.random, []string{"fix", "feature", "docs", "refactor"}), word, area, number)
}

// anyHash stands for an object that is not part of the history.
func (g *generator) anyHash() (h hash) {
	for i := 0; i < len(h); i += 4 {
		v := g.next()
		h[i], h[i+1], h[i+2], h[i+3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
	}
	return h
}

// fork is the index of a person's fork of the repository.
func (g *generator) fork(person int32) int32 {
	if i, ok := g.forkOf[person]; ok {
		return i
	}
	i := g.Repository.addFork(person, g.info.name)
	g.forks[i].created = g.start + stamp(g.below(int(g.end-g.start)))
	g.forks[i].updated, g.forks[i].pushed = g.forks[i].created, g.forks[i].created+3600
	g.forkOf[person] = i
	return i
}
