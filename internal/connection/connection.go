// Package connection is what Holdfast knows of the GitHub credentials of a workspace.
package connection

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/holdfast/holdfast/internal/operation"
)

// Kind says what a connection shows to GitHub.
type Kind string

// The kinds.
const (
	KindToken     Kind = "token"     // a personal access token, classic or fine-grained
	KindApp       Kind = "app"       // an installation of a GitHub App
	KindAnonymous Kind = "anonymous" // nothing: what is public, 60 requests an hour
)

// State says whether a connection may be used.
type State string

// The states.
const (
	StateOK        State = "ok"
	StateUnchecked State = "unchecked" // GitHub was not asked yet since it was made or changed
	StateRefused   State = "refused"   // GitHub does not accept the credential
	StateDisabled  State = "disabled"  // by the user
)

// Reserve is what is left untouched for other tools; at most one of both is set.
type Reserve struct {
	Percent  float64 // of the hourly limit
	Requests int64
}

// Webhook is how GitHub's deliveries for the connection are verified and recovered.
type Webhook struct {
	Hook      string // path of the hook at GitHub, such as orgs/octo/hooks/1; empty: none
	HasSecret bool
}

// Connection is a GitHub credential of a workspace, without its secrets.
type Connection struct {
	ID, WorkspaceID, Name string
	Kind                  Kind
	Source                string // api or environment
	BaseURL               string // of GitHub's API
	// Repositories are patterns owner/name with * for any part; none: all.
	Repositories          []string
	AppID, InstallationID int64
	Reserve               Reserve
	InFlight              int // requests at once; 0: the default
	// Account is what GitHub's limits are counted on, such as user:1@api.github.com; empty
	// until GitHub has said who it is.
	Account, Login string
	State          State
	StateReason    string // for people
	StateSince     time.Time
	CheckedAt      *time.Time
	Webhook        Webhook
	Version        int64 // raised by every change of a user's

	CreatedAt, UpdatedAt time.Time
}

// Serves tells whether the connection is meant for a repository, or with an empty name
// for one of the owner's at least. GitHub does not tell names apart by case.
func (c Connection) Serves(owner, name string) bool {
	return operation.Patterns(c.Repositories).Match(owner, name)
}

// Secrets are what a connection keeps secret. Nothing that prints them shows any.
type Secrets struct{ Token, PrivateKey, WebhookSecret, PreviousWebhookSecret string }

const hidden = "[hidden]"

// Format prints none of the secrets, whatever the verb.
func (Secrets) Format(f fmt.State, _ rune) { fmt.Fprint(f, hidden) }

// LogValue logs none of the secrets.
func (Secrets) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalJSON writes none of the secrets.
func (Secrets) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }
