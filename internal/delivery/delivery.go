// Package delivery holds what a webhook delivery is and how it comes in: GitHub's
// request is verified and kept, its repository's watch is told of it, and what a
// payload says is only ever a reason to read GitHub's lists again.
//
//	                    ┌──────────────► ignored    nothing that is mirrored is concerned
//	Receiver ── stored ─┤
//	                    └─► pending ──┬► processed  a pass ran and the mirror shows it
//	                          ▲  │    └► left       GitHub kept answering an older state
//	                          └──┘ looked at again, later each time
//
// A delivery is answered once it is stored. The Announcer then tells the watch; what
// it could not tell, since Temporal was away or the process died, the Picker tells.
package delivery

import (
	"context"
	"strings"
	"time"
)

// MaxPayload is how large a payload may be, in bytes: GitHub delivers none that is
// larger (docs.github.com/webhooks/webhook-events-and-payloads).
const MaxPayload = 25 << 20

// State is how far a delivery is.
type State string

// The states.
const (
	StatePending   State = "pending"
	StateProcessed State = "processed" // the mirror shows what it was about
	StateLeft      State = "left"      // GitHub kept answering an older state: left to the sweep
	StateIgnored   State = "ignored"   // nothing that is mirrored is concerned
)

// Delivery is one delivery as it is stored.
type Delivery struct {
	WorkspaceID    string
	Connection     string
	GUID           string   // X-GitHub-Delivery; a redelivery has the same
	Event          string   // X-GitHub-Event
	Action         string   // of the payload; empty where the event has none
	RepositoryID   int64    // 0: it is about no repository
	Repository     string   // owner/name
	OrganizationID int64    // 0: it is about no organization
	Organization   string   // login
	Collections    []string // that the event nominates
	Items          []Item
	Payload        []byte // the JSON, byte for byte
}

// Item is an object that a delivery is about.
type Item struct {
	Collection string    `json:"collection"`
	Key        string    `json:"key"`
	UpdatedAt  time.Time `json:"updated_at"`
}

// Outcome is what became of a request, for GitHub's list of recent deliveries and
// for the metrics.
type Outcome string

// The outcomes of a request that was verified.
const (
	OutcomeStored    Outcome = "stored"    // it will be worked
	OutcomeIgnored   Outcome = "ignored"   // it was kept and concerns nothing that is mirrored
	OutcomeDuplicate Outcome = "duplicate" // a delivery with this GUID was kept before
	OutcomePing      Outcome = "ping"      // GitHub asked whether anybody is there
)

// The other outcomes that are counted.
const (
	OutcomeRefused     Outcome = "refused"     // it is not signed as it has to be, or cannot be read
	OutcomeFailed      Outcome = "failed"      // it could not be stored; GitHub records it as failed
	OutcomeProcessed   Outcome = "processed"   // StateProcessed
	OutcomeLeft        Outcome = "left"        // StateLeft
	OutcomeRedelivered Outcome = "redelivered" // GitHub was asked to deliver it again
)

// Repository names a mirrored repository whose deliveries are worked together.
type Repository struct {
	WorkspaceID string
	ID          int64 // GitHub's
}

// Watch makes a repository's watch look at its deliveries, starting it if it is not
// running. Telling it twice is as good as once.
type Watch func(ctx context.Context, r Repository) error

// Hook is a hook whose deliveries GitHub lists.
type Hook struct {
	Connection  string
	WorkspaceID string
	Path        string // in GitHub's API: orgs/octo/hooks/1 or repos/octo/mirror/hooks/1
}

// Owner is whose repositories an organization's hook is for; empty for a repository's.
func (h Hook) Owner() string {
	if parts := strings.Split(h.Path, "/"); len(parts) == 4 && parts[0] == "orgs" {
		return parts[1]
	}
	return ""
}

// Repository is the repository, as owner/name, that a repository's hook is for; empty
// for an organization's.
func (h Hook) Repository() string {
	if parts := strings.Split(h.Path, "/"); len(parts) == 5 && parts[0] == "repos" {
		return parts[1] + "/" + parts[2]
	}
	return ""
}
