package connection

import "time"

// Check is what GitHub says of a connection's credential.
type Check struct {
	// State is StateOK or StateRefused; StateUnchecked when GitHub could not be asked.
	State  State
	Reason string // why it is not StateOK, for people
	At     time.Time

	Account string // what GitHub's limits are counted on
	Login   string // of the user, or of the account that the App is installed in
	App     string // the App's name; empty for a token
	// Scopes are a classic token's. GitHub does not tell what other tokens may do: of them
	// ScopesKnown is false.
	Scopes      []string
	ScopesKnown bool
	Permissions map[string]string // of an installation: read, write or admin by their names
	ExpiresAt   *time.Time        // of a token that does
	// RepositorySelection is all or selected, and Repositories how many an installation sees.
	RepositorySelection string
	Repositories        *int64

	Rates      []Rate       // hourly limits; none where GitHub has none
	Unreadable []Unreadable // in the collections' order
	Notes      []string     // what cannot be known, for people
}

// Rate is one of GitHub's hourly limits.
type Rate struct {
	Resource    string // core, in requests; graphql, in points
	Limit, Left int64
	ResetAt     time.Time
}

// Unreadable is a collection that a credential cannot read, or of which it is shown a
// part only, and why, for people.
type Unreadable struct{ Collection, Reason string }
