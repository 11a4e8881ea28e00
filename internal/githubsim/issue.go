package githubsim

import "sort"

// association is GitHub's author_association.
type association uint8

const (
	assocNone association = iota
	assocContributor
	assocCollaborator
	assocMember
	assocOwner
	assocFirstTimer
	assocFirstTimeContributor
	assocMannequin
)

var associations = [...]string{
	"NONE", "CONTRIBUTOR", "COLLABORATOR", "MEMBER", "OWNER", "FIRST_TIMER", "FIRST_TIME_CONTRIBUTOR", "MANNEQUIN",
}

func (a association) String() string { return associations[a] }

// stateReason is why an issue has its state.
type stateReason uint8

const (
	reasonNone stateReason = iota
	reasonCompleted
	reasonNotPlanned
	reasonReopened
	reasonDuplicate
)

func (s stateReason) String() string {
	return [...]string{"", "completed", "not_planned", "reopened", "duplicate"}[s]
}

const none int32 = -1

// issue is an issue or the issue side of a pull request.
type issue struct {
	id              int64
	number          int32
	user, closedBy  int32
	pull            int32 // index of the pull, or none
	comments        int32
	milestone       int32 // index, or none
	created         stamp
	updated, closed stamp
	reactions       uint32
	title, body     text
	labels          []uint16
	assignees       []int32
	assoc           association
	reason          stateReason
	locked, deleted bool
}

func (i *issue) open() bool { return i.closed == 0 }

func (i *issue) in(state stateKey) bool {
	return !i.deleted && (state == anyState || (state == openState) == i.open())
}

func (i *issue) sortValue(by sortKey) int64 {
	switch by {
	case byUpdated:
		return int64(i.updated)
	case byComments:
		return int64(i.comments)
	default:
		return int64(i.created)
	}
}

const (
	forkSelf    int32 = -1 // the head is a branch of the repository itself
	forkDeleted int32 = -2 // the head's repository is no more: null
)

// pull is what a pull request has beyond its issue.
type pull struct {
	id                        int64
	issue                     int32
	headFork, headUser        int32
	headRef, baseRef          string
	headSHA, baseSHA, mergeID hash
	merged                    stamp
	mergedBy                  int32
	draft                     bool
	reviewComments            int32
	commits, files            int32
	additions, deletions      int32
	reviews                   []int32
	requested                 []int32
	made                      int32 // files that it was made with
	diff                      *diff // what was pushed since; nil: nothing
}

// comment is a comment on an issue or a pull request.
type comment struct {
	id               int64
	issue, user      int32
	created, updated stamp
	reactions        uint32
	body             text
	assoc            association
	deleted          bool
}

type reviewState uint8

const (
	reviewCommented reviewState = iota
	reviewApproved
	reviewChangesRequested
	reviewDismissed
	reviewPending
)

var reviewStates = [...]string{"COMMENTED", "APPROVED", "CHANGES_REQUESTED", "DISMISSED", "PENDING"}

func (s reviewState) String() string { return reviewStates[s] }

// review is one review of a pull request.
type review struct {
	id         int64
	pull, user int32
	submitted  stamp
	body       text
	commit     hash
	state      reviewState
	assoc      association
	deleted    bool
}

// reviewComment is a comment on a line of a pull request's diff.
type reviewComment struct {
	id, replyTo      int64
	review, pull     int32
	user             int32
	created, updated stamp
	line, position   int32 // 0: unknown
	reactions        uint32
	path             string
	hunk, body       text
	commit, original hash
	assoc            association
	deleted          bool
}

type issueRows struct{ *Repository }

func (r issueRows) size() int                       { return len(r.issues) }
func (r issueRows) member(i int32, s stateKey) bool { return r.issues[i].in(s) }
func (r issueRows) value(i int32, by sortKey) int64 { return r.issues[i].sortValue(by) }
func (r issueRows) id(i int32) int64                { return int64(r.issues[i].number) }
func (r *Repository) issueOf(p int32) *issue        { return &r.issues[r.pulls[p].issue] }
func (r *Repository) pullNumber(p int32) int64      { return int64(r.issueOf(p).number) }

type pullRows struct{ *Repository }

func (r pullRows) size() int                       { return len(r.pulls) }
func (r pullRows) member(i int32, s stateKey) bool { return r.issueOf(i).in(s) }
func (r pullRows) value(i int32, by sortKey) int64 { return r.issueOf(i).sortValue(by) }
func (r pullRows) id(i int32) int64                { return r.pullNumber(i) }

type commentRows struct{ *Repository }

func (r commentRows) size() int                       { return len(r.comments) }
func (r commentRows) member(i int32, _ stateKey) bool { return !r.comments[i].deleted }
func (r commentRows) id(i int32) int64                { return r.comments[i].id }
func (r commentRows) value(i int32, by sortKey) int64 {
	if by == byUpdated {
		return int64(r.comments[i].updated)
	}
	return int64(r.comments[i].created)
}

type remarkRows struct{ *Repository }

func (r remarkRows) size() int                       { return len(r.remarks) }
func (r remarkRows) member(i int32, _ stateKey) bool { return !r.remarks[i].deleted }
func (r remarkRows) id(i int32) int64                { return r.remarks[i].id }
func (r remarkRows) value(i int32, by sortKey) int64 {
	if by == byUpdated {
		return int64(r.remarks[i].updated)
	}
	return int64(r.remarks[i].created)
}

// findIssue is the index of the issue or pull with a number.
func (r *Repository) findIssue(number int32) (int32, bool) {
	i := sort.Search(len(r.issues), func(n int) bool { return r.issues[n].number >= number })
	if i == len(r.issues) || r.issues[i].number != number || r.issues[i].deleted {
		return 0, false
	}
	return int32(i), true
}

// changeIssue edits issue i, and its pull, with f and keeps all orders and counters.
func (r *Repository) changeIssue(i int32, f func(*issue)) {
	is := &r.issues[i]
	wasOpen, wasMilestone := is.in(openState), is.milestone
	wasCounted := !is.deleted
	edit := func() { f(is) }
	if is.pull != none {
		inner := edit
		edit = func() { r.pullTable.change(is.pull, inner) }
	}
	r.issueTable.change(i, edit)
	r.count(wasCounted, wasOpen, wasMilestone, -1)
	r.count(!is.deleted, is.in(openState), is.milestone, +1)
	r.renderInfo(&r.info)
}

// count adds n to the counters in which an issue appears.
func (r *Repository) count(counted, open bool, milestone, n int32) {
	if !counted {
		return
	}
	if open {
		r.info.openIssues += n
	}
	if milestone == none {
		return
	}
	m := &r.milestones[milestone]
	if open {
		m.open += n
	} else {
		m.closed += n
	}
	r.renderMilestone(milestone)
}
