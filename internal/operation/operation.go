// Package operation holds what an operation is: one run of long work, backed by
// one Temporal workflow of the same id. It knows no SQL, no HTTP and no Temporal,
// and imports the standard library only.
package operation

import (
	"encoding/json"
	"time"
)

// Kind names what an operation does. It is also the Temporal workflow type's
// public name and the value of the HoldfastKind search attribute.
type Kind string

// The kinds of operations.
const (
	// KindSyncRepository mirrors one GitHub repository.
	KindSyncRepository Kind = "sync_repository"
	// KindSyncOrganization mirrors an organization, and its repositories by one
	// KindSyncRepository each.
	KindSyncOrganization Kind = "sync_organization"
	// KindReconcileRepository compares the mirror of a repository with all that GitHub
	// lists, and repairs what differs.
	KindReconcileRepository Kind = "reconcile_repository"
)

// Kinds lists every kind.
func Kinds() []Kind {
	return []Kind{KindSyncRepository, KindSyncOrganization, KindReconcileRepository}
}

// Source says what asked for an operation. The changes that it finds carry it.
type Source string

// The sources of operations.
const (
	SourceSync    Source = "sync"    // a request of the API
	SourceWebhook Source = "webhook" // a delivery of GitHub's
	SourceSweep   Source = "sweep"   // the schedule that compares mirror and GitHub
	SourceEdit    Source = "edit"    // an edit of our own
)

// Sources lists every source.
func Sources() []Source { return []Source{SourceSync, SourceWebhook, SourceSweep, SourceEdit} }

// Operation is one run of long work. Its row in Postgres is the truth about it;
// the workflow of the same id does the work.
type Operation struct {
	ID           string           // UUIDv7; also the Temporal workflow id
	WorkspaceID  string           // UUID
	Kind         Kind             //
	Source       Source           // what asked for it
	ParentID     string           // the operation that it is a part of; empty: it stands by itself
	RetryOf      string           // the operation that it repeats; empty: none
	Subject      string           // what it works on, for people: "owner/name", or an organization's login
	Input        json.RawMessage  // the kind's own input, as the client sent it, normalized
	State        State            //
	Waiting      *Waiting         // set while the work waits for something outside of it
	Failure      *Failure         // set when State is failed or rejected
	Forecast     *Forecast        // how much work it is, as estimated last; nil: before its plan
	Collections  []CollectionWork // progress by collection, in the plan's order
	Repositories *RepositoryWork  // progress of its children; nil: it has none
	Seq          int64            // sequence number of the last event; a stream resumes from it
	CreatedAt    time.Time
	StartedAt    *time.Time
	FinishedAt   *time.Time
}

// Requests is how many requests to GitHub the operation has committed the answers of.
func (o Operation) Requests() int64 {
	var n int64
	for _, c := range o.Collections {
		n += c.Requests
	}
	return n
}

// RepositoryWork is how far the repositories of an operation are that syncs several,
// each by a child of its own. The figures are totals so far; what is missing from
// Total is still to end.
type RepositoryWork struct {
	Total     int `json:"total" doc:"Repositories to sync, as the plan counted them"`
	Done      int `json:"done" doc:"Those that are in sync"`
	Failed    int `json:"failed" doc:"Those whose sync failed; the others go on"`
	Cancelled int `json:"cancelled" doc:"Those whose sync was cancelled"`
}

// Ended is how many of the repositories have ended, in whichever way.
func (w RepositoryWork) Ended() int { return w.Done + w.Failed + w.Cancelled }

// Waiting says what an operation waits for and until when, so that no wait is silent.
type Waiting struct {
	For    string    `json:"for" doc:"Stable code: github_primary_limit, github_points_limit, github_secondary_limit, github_reserve, github_points_per_minute, github_content_limit, github_turn, github_credential, github_unreachable, other_pass or approval"`
	Reason string    `json:"reason" doc:"A sentence for people"`
	Until  time.Time `json:"until" doc:"When it goes on"`

	Collection string `json:"collection" doc:"What waits; others may go on meanwhile"`
}

// Failure says why an operation failed, or was rejected.
type Failure struct {
	Code    string `json:"code" doc:"Stable code: github_not_found, github_forbidden, timed_out, among others"`
	Message string `json:"message" doc:"A sentence for people"`
}

// EndedOutside is the failure of an operation whose workflow ended without it.
func EndedOutside() *Failure {
	return &Failure{Code: "workflow_ended", Message: "The workflow was ended from outside before the operation was complete."}
}

// Rejected is the failure of an operation that somebody rejected, with the reason if
// one was given.
func Rejected(reason string) Failure {
	if reason == "" {
		reason = "It was rejected; no reason was given."
	}
	return Failure{Code: "rejected", Message: reason}
}

// ApprovalPatience is how long an operation awaits approval before it counts as rejected.
const ApprovalPatience = 7 * 24 * time.Hour

// NotApproved is the failure of an operation that nobody approved in time.
func NotApproved() *Failure {
	return &Failure{Code: "approval_expired", Message: "Nobody approved it within 7 days."}
}

// CollectionState is how far one collection of an operation is.
type CollectionState string

// The states of a collection within an operation.
const (
	CollectionPending CollectionState = "pending"
	CollectionRunning CollectionState = "running"
	CollectionDone    CollectionState = "done"
	CollectionSkipped CollectionState = "skipped" // GitHub says there is nothing to list, see Note
	CollectionFailed  CollectionState = "failed"  // it cannot be read, see Note
)

// CollectionWork is the progress of one collection within an operation. All
// figures are totals so far, never increments: a reader that missed an event loses nothing.
type CollectionWork struct {
	Name     string          `json:"name" doc:"The collection"`
	State    CollectionState `json:"state" doc:"Where it stands"`
	Items    int64           `json:"items" doc:"Items that GitHub listed so far"`
	Total    int64           `json:"total" doc:"Estimated items in all; 0 while unknown"`
	Written  int64           `json:"written" doc:"Rows inserted or changed"`
	Pages    int64           `json:"pages" doc:"Pages committed"`
	Requests int64           `json:"requests" doc:"Requests to GitHub whose answers were committed, retries included"`

	ExpectedRequests int64 `json:"expected_requests,omitempty" doc:"Estimated requests in all; absent while unknown"`

	Note string `json:"note,omitempty" doc:"What a person should know: why it was skipped, what could not be kept as it was"`

	StartedAt  *time.Time `json:"started_at,omitempty" doc:"When its first page was committed"`
	FinishedAt *time.Time `json:"finished_at,omitempty" doc:"When its last page was committed"`
}

// EventType is the kind of an Event.
type EventType string

// The types of events.
const (
	// EventCollection carries the progress of one collection.
	EventCollection EventType = "collection"
	// EventState carries the whole operation after its state, wait or failure changed,
	// or one of its repositories ended.
	EventState EventType = "state"
)

// Event is one step in an operation's life. Seq counts from 1 without a gap
// within one operation, and the order of Seq is the order of the commits.
type Event struct {
	WorkspaceID string // empty in what an earlier version published
	OperationID string
	Seq         int64
	Type        EventType
	At          time.Time
	Collection  *CollectionWork // for EventCollection
	Operation   *Operation      // for EventState; without Collections
}

// New is what a client asked for: an operation that does not exist yet.
type New struct {
	ID             string
	WorkspaceID    string
	Kind           Kind
	Source         Source // empty: SourceSync
	ParentID       string // empty: it stands by itself
	Subject        string
	Input          json.RawMessage
	RetryOf        string // the operation that it repeats; empty: none
	RequestedBy    string // the subject of the client's token, whose idempotency keys are its own
	IdempotencyKey string // empty: none
	RequestHash    []byte // of the request's body; compared when the key is seen again
}

// Filter selects operations of a workspace; newest first.
type Filter struct {
	States  []State // empty: any
	Kind    Kind    // empty: any
	Subject string  // in any case; empty: any
	// CreatedAfter and CreatedBefore bound the time of the creation; the first is a part
	// of what is asked for, nil is no bound.
	CreatedAfter, CreatedBefore *time.Time

	Parent string // the children of this operation; empty: operations that stand by themselves
	Cursor string // opaque, from the previous page; empty: the first page
	Limit  int    // 1 to 100
	// Visible are the repositories whose operations are listed; none: all.
	Visible Patterns
}
