package operation

import "time"

// AuditEvent is a request to change something, or one that was let in by nobody.
type AuditEvent struct {
	ID          string // UUIDv7
	WorkspaceID string
	At          time.Time
	Subject     string // of the token or key; empty: it was refused
	Action      string // method and route
	Path        string
	Remote      string // address that it came from
	RequestID   string
	Refused     string // why nobody was let in; empty: somebody was
	Status      int    // of the answer; 0: there is none
	Location    string // what was made
}

// AuditFilter selects events of a workspace, newest first.
type AuditFilter struct {
	Subject string // empty: anybody's
	Action  string // empty: any
	Cursor  string // opaque; empty: the first page
	Limit   int    // 1 to 100
}
