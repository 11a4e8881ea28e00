package operation

import "time"

// Repository is a mirrored repository as the API lists it. Its identity is
// GitHub's numeric id; its name may change.
type Repository struct {
	ID            int64
	FullName      string // "owner/name", as GitHub last said
	DefaultBranch string
	Private       bool
	Archived      bool
	SyncedAt      *time.Time // when the least recently read of its collections was last read to its end; nil while one never was
	Collections   []RepositoryCollection
}

// RepositoryCollection is what the mirror holds of one collection.
type RepositoryCollection struct {
	Name     string
	Items    int64      // rows that are not deleted
	SyncedAt *time.Time // when its last pass completed
}

// RepositoryFilter selects repositories of a workspace, by id ascending.
type RepositoryFilter struct {
	FullName string // exact, case-insensitive; empty: any
	Cursor   string // opaque; empty: the first page
	Limit    int    // 1 to 100
	Visible  Patterns
}
