package operation

import "time"

// Member is a person whom a workspace lets in, and what it lets them do.
type Member struct {
	ID           string // of the person
	WorkspaceID  string
	Login        string
	Name         string
	Email        string
	GitHubID     *int64     // of the account that signs in; nil: none has yet
	DisabledAt   *time.Time // nil: the person is let in
	Role         string
	Repositories Patterns // none: all of the workspace
	CreatedBy    string
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// NewMember is a membership that does not exist yet. The person may be known already, by
// the login in any case: then the name and the address are theirs as they are.
type NewMember struct {
	ID           string // of the person, where the login is new
	WorkspaceID  string
	Login        string
	Name         string
	Email        string
	Role         string
	Repositories Patterns
	CreatedBy    string
}

// Invitation is a code by which a member signs in once.
type Invitation struct {
	WorkspaceID string
	MemberID    string
	Hash        []byte // SHA-256 of the code
	CreatedBy   string
	ValidFor    time.Duration
}

// KnownSession is what an access token of a session allows now.
type KnownSession struct {
	Login        string
	Role         string
	Repositories Patterns
	ExpiresAt    time.Time
	Ended        bool // it was revoked, or the person is let in no more
}

// Exchange is what became of a code or a refresh token that was shown. The session began
// or goes on unless one of the last fields is true.
type Exchange struct {
	WorkspaceID string    `json:"workspace_id"`
	UserID      string    `json:"user_id"`
	SessionID   string    `json:"session_id"`
	Login       string    `json:"login"`
	Role        string    `json:"role"`
	ExpiresAt   time.Time `json:"expires_at"` // of the session
	Expired     bool      `json:"expired"`
	Disabled    bool      `json:"disabled"` // the person is let in no more
	Revoked     bool      `json:"revoked"`  // the session had ended before
	Reused      bool      `json:"reused"`   // the refresh token was used before
	Ended       bool      `json:"ended"`    // the session was ended for that, now
}

// Refused tells whether nothing was given for what was shown.
func (e Exchange) Refused() bool { return e.Expired || e.Disabled || e.Revoked || e.Reused }

// MemberChange is a change of a membership; what is nil stays as it is.
type MemberChange struct {
	Role         *string
	Repositories *[]string
	IfUpdatedAt  *time.Time // only if it was last changed then; nil: in any case
}

// Session is a sign-in of a member.
type Session struct {
	ID            string
	Method        string // how the member signed in: invitation or github
	CreatedAt     time.Time
	RefreshedAt   time.Time
	ExpiresAt     time.Time
	RevokedAt     *time.Time // nil: it was not
	RevokedReason string
}

// Workspace is what operations, connections and members belong to.
type Workspace struct {
	ID        string
	Name      string
	CreatedAt time.Time
}

// NewWorkspace is a workspace that does not exist yet, with its first administrator.
type NewWorkspace struct {
	ID         string
	Name       string
	Admin      NewMember  // of this workspace
	Invitation Invitation // of the administrator
}
