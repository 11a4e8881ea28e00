package operation

import (
	"encoding/json"
	"time"
)

// ChangeKind says what became of an item.
type ChangeKind string

// The kinds of changes.
const (
	ChangeCreated ChangeKind = "created" // the mirror had it not, or as deleted
	ChangeUpdated ChangeKind = "updated"
	ChangeDeleted ChangeKind = "deleted"
)

// Change is one difference of one item that was observed.
type Change struct {
	Seq          int64     // numbered without a gap in its workspace, in the order of commits
	At           time.Time // when it was observed; never before the change before it
	RepositoryID int64     // or the organization's, for its collections
	Repository   string    // "owner/name" as GitHub last said; empty where it is not known, or an organization
	Collection   string
	Key          string
	Number       int64 // 0 where the item has none
	Kind         ChangeKind
	Fields       []string        // top-level members that differ, of an update
	Before       json.RawMessage // the item as it was; nil of a created one and where it was purged
	Purged       bool            // the item as it was is not kept: its content was purged
	Source       Source
	OperationID  string // the operation that observed it; empty for a purge
}

// ChangeFilter selects changes of a workspace, in the order of their numbers.
type ChangeFilter struct {
	After      string // opaque; empty: from the first that is kept; ChangesNow: those to come
	Collection string // empty: any
	Repository string // "owner/name", its name now; empty: any
	Kind       ChangeKind
	Source     Source
	Limit      int // 1 to 100
	// Visible are the repositories whose changes are listed, by their names now, and no
	// organization's own; none: all.
	Visible Patterns
}

// ChangesNow is the After of whoever wants only what changes from now on.
const ChangesNow = "now"

// ItemRef names an item of a mirrored repository.
type ItemRef struct {
	Repository string // "owner/name", its name now
	Collection string
	// Item is the number of an item that has one, and the key of another.
	Item string
}

// ItemHistory is the past of one item.
type ItemHistory struct {
	Key     string
	Number  int64    // 0 where it has none
	Changes []Change // newest first
}

// ItemState is an item as it was at a time.
type ItemState struct {
	Key    string
	Number int64 // 0 where it has none
	Item   json.RawMessage
}

// Purge asks for the content of an item, or of one of its fields, to be erased.
type Purge struct {
	Repository string // "owner/name", its name now
	Collection string
	Key        string // empty: by Number
	Number     int64  // 0: by Key
	Field      string // a member, or a path to one: "commit.message"; empty: the whole item
	By         string // who asks
}

// Purged is what was erased. A purge that was asked for before keeps its time and name,
// and tells what was found this time.
type Purged struct {
	Collection string
	Key        string
	Number     int64 // 0 where the item has none
	Field      string
	At         time.Time // when it was asked for first
	By         string    // by whom
	Changes    int64     // earlier states that were erased
	Deliveries int64     // deliveries whose payload was erased
}
