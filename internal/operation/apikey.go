package operation

import "time"

// APIKey is a key of the API, without what it is made of, which is kept nowhere.
type APIKey struct {
	ID           string
	WorkspaceID  string
	Name         string
	Hint         string   // how it begins, for people who look for it
	Role         string   // what it may do
	Repositories Patterns // what it may see
	CreatedBy    string
	CreatedAt    time.Time
	ExpiresAt    *time.Time // nil: never
	LastUsedAt   *time.Time // to about a minute; nil: never
	RevokedAt    *time.Time // nil: it was not
	RevokedBy    string
}

// NewAPIKey is a key that does not exist yet.
type NewAPIKey struct {
	ID           string
	WorkspaceID  string
	Name         string
	Hash         []byte // SHA-256 of it
	Hint         string
	Role         string
	Repositories Patterns
	CreatedBy    string
	ExpiresAt    *time.Time
}

// KnownKey is what a key that is shown stands for.
type KnownKey struct {
	WorkspaceID  string     `json:"workspace_id"`
	ID           string     `json:"id"`
	Role         string     `json:"role"`
	Repositories Patterns   `json:"repositories"`
	ExpiresAt    *time.Time `json:"expires_at"`
	Revoked      bool       `json:"revoked"`
	Stale        bool       `json:"stale"` // its last use was noted longer ago than a minute
}
