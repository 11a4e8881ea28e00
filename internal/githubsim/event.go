package githubsim

import (
	"fmt"
	"slices"
)

// eventKind is what happened to an issue or a pull request.
// Source: docs.github.com/rest/using-the-rest-api/issue-event-types.
type eventKind uint8

const (
	eventClosed eventKind = iota
	eventReopened
	eventRenamed
	eventLabeled
	eventUnlabeled
	eventMilestoned
	eventDemilestoned
	eventAssigned
	eventUnassigned
	eventLocked
	eventUnlocked
	eventMerged
	eventConvertedToDraft
	eventReadyForReview
	eventReviewRequested
	eventReviewDismissed
	eventHeadForcePushed
	eventTransferred
)

// eventKinds are the names of the kinds and the prefixes of their node ids.
var eventKinds = [...][2]string{
	{"closed", "CE_"},
	{"reopened", "REE_"},
	{"renamed", "RTE_"},
	{"labeled", "LE_"},
	{"unlabeled", "UNLE_"},
	{"milestoned", "MIE_"},
	{"demilestoned", "DEE_"},
	{"assigned", "AE_"},
	{"unassigned", "UNAE_"},
	{"locked", "LOE_"},
	{"unlocked", "UNLOE_"},
	{"merged", "ME_"},
	{"converted_to_draft", "CTDE_"},
	{"ready_for_review", "RFRE_"},
	{"review_requested", "RRE_"},
	{"review_dismissed", "RDE_"},
	{"head_ref_force_pushed", "HRFPE_"},
	{"transferred", "TRAE_"},
}

// issueEvent is one thing that happened to an issue. What it names, such as a label, it
// keeps as it was called then.
type issueEvent struct {
	id           int64
	issue, actor int32
	created      stamp
	kind         eventKind
	name, detail string // a label and its color, a milestone, or the earlier title and the new one
	user         int32  // who was assigned or asked for a review
	review       int32  // that was dismissed
	commit       hash
}

// firstEvent is below the id of the first event: events are numbered on their own.
const firstEvent = 17_000_000_000

// happened notes what happened to issue i just now.
func (r *Repository) happened(i int32, by int32, e issueEvent) {
	e.issue, e.actor, e.created = i, by, r.now()
	e.id = r.nextEvent()
	r.events = append(r.events, e)
}

func (r *Repository) nextEvent() int64 {
	if len(r.events) == 0 {
		return max(r.lastEvent, firstEvent) + 1
	}
	return max(r.lastEvent, r.events[len(r.events)-1].id) + 1
}

// forget takes the events of an issue that is no more away.
func (r *Repository) forget(i int32) {
	r.lastEvent = r.nextEvent() - 1
	r.events = slices.DeleteFunc(r.events, func(e issueEvent) bool { return e.issue == i })
}

// before is what an issue was like, as far as events tell of its changes.
func (is *issue) before() issue {
	was := *is
	was.labels, was.assignees = slices.Clone(is.labels), slices.Clone(is.assignees)
	return was
}

// record notes what someone changed of issue i, which was like was.
func (r *Repository) record(i int32, by int32, was *issue) {
	is := &r.issues[i]
	n := int64(is.number)
	switch {
	case was.open() && !is.open():
		r.happened(i, by, issueEvent{kind: eventClosed})
	case !was.open() && is.open():
		r.happened(i, by, issueEvent{kind: eventReopened})
	}
	if was.title != is.title {
		from, to := r.plain(&was.title, n), r.plain(&is.title, n)
		r.happened(i, by, issueEvent{kind: eventRenamed, name: from.literal, detail: to.literal})
	}
	if was.locked != is.locked {
		r.happened(i, by, issueEvent{kind: oneOf(is.locked, eventLocked, eventUnlocked)})
	}
	if was.milestone != is.milestone {
		r.recordMilestone(i, by, was.milestone, eventDemilestoned)
		r.recordMilestone(i, by, is.milestone, eventMilestoned)
	}
	for _, l := range without(was.labels, is.labels) {
		r.happened(i, by, issueEvent{kind: eventUnlabeled, name: r.labels[l].name, detail: r.labels[l].color})
	}
	for _, l := range without(is.labels, was.labels) {
		r.happened(i, by, issueEvent{kind: eventLabeled, name: r.labels[l].name, detail: r.labels[l].color})
	}
	for _, user := range without(was.assignees, is.assignees) {
		r.happened(i, by, issueEvent{kind: eventUnassigned, user: user})
	}
	for _, user := range without(is.assignees, was.assignees) {
		r.happened(i, by, issueEvent{kind: eventAssigned, user: user})
	}
}

func (r *Repository) recordMilestone(i, by, milestone int32, kind eventKind) {
	if milestone != none {
		r.happened(i, by, issueEvent{kind: kind, name: r.milestones[milestone].title})
	}
}

// noted edits an issue with f and notes what someone changed of it.
func (r *Repository) noted(by int32, f func(*issue) error) func(*issue) error {
	return func(is *issue) error {
		was := is.before()
		if err := f(is); err != nil {
			return err
		}
		if i, ok := r.findIssue(is.number); ok {
			r.record(i, by, &was)
		}
		return nil
	}
}

// recordOpening notes what the issue with a number was given when it was opened.
func (r *Repository) recordOpening(number int) {
	i, ok := r.findIssue(int32(number))
	if !ok {
		return
	}
	is := &r.issues[i]
	r.record(i, is.user, &issue{title: is.title, milestone: none, closed: is.closed, locked: is.locked})
}

// oneOf is a, or b unless it holds.
func oneOf[T any](holds bool, a, b T) T {
	if holds {
		return a
	}
	return b
}

// without is what of all is not in others.
func without[T comparable](all, others []T) []T {
	return slices.DeleteFunc(slices.Clone(all), func(v T) bool { return slices.Contains(others, v) })
}

// issueEvents lists all events, the newest first.
func (q *query) issueEvents() {
	events := q.events
	q.plain(len(events), func(n int) { q.enc.issueEvent(q.Repository, &events[len(events)-1-n]) })
}

func (q *query) issueEvent() {
	one(q, q.events, func(e *issueEvent) int64 { return e.id }, func(*issueEvent) bool { return true },
		func(i int32) { q.enc.issueEvent(q.Repository, &q.events[i]) })
}

// RequestReview asks a user for a review of a pull request.
func (r *Repository) RequestReview(number int, by, reviewer string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	actor, user := r.addUser(by), r.addUser(reviewer)
	return r.update(number, true, func(is *issue) error {
		if is.pull == none || user == nobody {
			return fmt.Errorf("nobody can be asked to review %d", number)
		}
		if p := &r.pulls[is.pull]; !slices.Contains(p.requested, user) {
			p.requested = append(p.requested, user)
			r.happened(p.issue, actor, issueEvent{kind: eventReviewRequested, user: user})
		}
		return nil
	})
}

// issueEvent writes an event as the repository's list has it: with the whole issue.
func (e *encoder) issueEvent(r *Repository, v *issueEvent) {
	kind := eventKinds[v.kind]
	e.raw(`{"id":`).num(v.id).raw(`,"node_id":`).node(kind[1], r.info.id, v.id).raw(`,"url":"`).raw(r.api).raw("/issues/events/").num(v.id)
	e.raw(`","actor":`).userRef(r, v.actor).raw(`,"event":`).str(kind[0]).raw(`,"commit_id":`).sha(v.commit).raw(`,"commit_url":`)
	if v.commit == (hash{}) {
		e.raw("null")
	} else {
		e.raw(`"`).raw(r.api).raw("/commits/").hex(v.commit).raw(`"`)
	}
	e.raw(`,"created_at":`).time(v.created)
	e.eventDetail(r, v)
	e.raw(`,"issue":`)
	e.issue(r, v.issue, false)
	e.raw(`,"performed_via_github_app":null}`)
}

// eventDetail writes what only events of its kind have.
func (e *encoder) eventDetail(r *Repository, v *issueEvent) {
	switch v.kind {
	case eventRenamed:
		e.raw(`,"rename":{"from":`).str(v.name).raw(`,"to":`).str(v.detail).raw("}")
	case eventLabeled, eventUnlabeled:
		e.raw(`,"label":{"name":`).str(v.name).raw(`,"color":`).str(v.detail).raw("}")
	case eventMilestoned, eventDemilestoned:
		e.raw(`,"milestone":{"title":`).str(v.name).raw("}")
	case eventAssigned, eventUnassigned:
		e.raw(`,"assignee":`).userRef(r, v.user).raw(`,"assigner":`).userRef(r, v.actor)
	case eventReviewRequested:
		e.raw(`,"review_requester":`).userRef(r, v.actor).raw(`,"requested_reviewer":`).userRef(r, v.user)
	case eventReviewDismissed:
		e.raw(`,"dismissed_review":{"state":"approved","review_id":`).num(r.reviews[v.review].id).raw(`,"dismissal_message":null}`)
	case eventLocked:
		e.raw(`,"lock_reason":"resolved"`)
	case eventClosed, eventReopened, eventUnlocked, eventMerged, eventConvertedToDraft, eventReadyForReview, eventHeadForcePushed, eventTransferred:
	}
}
