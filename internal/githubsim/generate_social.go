package githubsim

import (
	"cmp"
	"slices"
)

// happening makes the events of issues and pull requests. It comes when all else is
// made, so that a repository is the same to the byte with them and without.
func (g *generator) happening() {
	for range g.spec.IssueEvents {
		i := g.busyIssue()
		e := g.someEvent(i)
		e.issue, e.actor = i, g.maintainer()
		if e.created == 0 {
			e.created = g.later(g.issues[i].created, 10)
		}
		g.events = append(g.events, e)
	}
	slices.SortStableFunc(g.events, func(a, b issueEvent) int { return cmp.Compare(a.created, b.created) })
	id := int64(firstEvent)
	for i := range g.events {
		id += int64(1 + g.below(40))
		g.events[i].id = id
	}
}

// someEvent is something that may have happened to an issue.
func (g *generator) someEvent(i int32) issueEvent {
	is := &g.issues[i]
	switch n := g.below(10); {
	case n < 2 && !is.open():
		return issueEvent{kind: eventClosed, created: is.closed}
	case n == 2 && is.pull != none && g.pulls[is.pull].merged != 0:
		return issueEvent{kind: eventMerged, created: is.closed, commit: g.pulls[is.pull].mergeID}
	case n == 3 && is.pull != none:
		return issueEvent{kind: eventReviewRequested, user: g.maintainer()}
	case n == 4 && is.milestone != none:
		return issueEvent{kind: eventMilestoned, name: g.milestones[is.milestone].title}
	case n < 7 && len(g.labels) > 0:
		l := &g.labels[g.skewed(len(g.labels), 1.5)]
		return issueEvent{kind: oneOf(n == 6, eventUnlabeled, eventLabeled), name: l.name, detail: l.color}
	case n == 7:
		return issueEvent{kind: eventRenamed, name: "An earlier title", detail: g.plain(&is.title, int64(is.number)).literal}
	default:
		return issueEvent{kind: oneOf(n == 9, eventUnassigned, eventAssigned), user: g.maintainer()}
	}
}

// starring makes the stargazers, the counters' whole number then.
func (g *generator) starring() {
	if g.spec.Stargazers == 0 {
		return
	}
	for i, at := range g.moments(g.spec.Stargazers) {
		var user int32
		if i%3 == 0 && i/3 < len(g.people) {
			user = g.people[i/3]
		} else {
			user = g.addFan()
		}
		g.stargazers = append(g.stargazers, stargazer{user, at})
	}
	g.info.stars = int32(g.spec.Stargazers)
}

// forking makes forks from which no pull request has come yet.
func (g *generator) forking() {
	for _, at := range g.moments(g.spec.Forks) {
		i := g.Repository.addFork(g.addFan(), g.info.name)
		g.forks[i].created, g.forks[i].updated, g.forks[i].pushed = at, at, at
	}
}

// inviting makes the collaborators; the first are the maintainers.
func (g *generator) inviting() {
	for i := range min(g.spec.Collaborators, len(g.people)) {
		role := roles[2+i%3]
		if i >= g.core {
			role = roles[i%2]
		}
		g.collaborators = append(g.collaborators, collaborator{g.people[i], role})
	}
}
