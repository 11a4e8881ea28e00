package operation

import "time"

// RepositoryStatus is how far the mirror of a repository can be trusted: what it
// holds, how old that is, and by how much it differed when it was last compared with
// all of GitHub.
type RepositoryStatus struct {
	ID          int64
	FullName    string // "owner/name", as GitHub last said
	Unreachable *Unreachable
	LastSweepAt *time.Time // when the last complete sweep began
	NextSweepAt *time.Time // nil: sweeps are off, or it is not planned yet
	Overdue     bool       // the next sweep should have been long ago
	Collections []CollectionStatus
}

// Unreachable says that GitHub does not show a repository any more. Its mirror is kept.
type Unreachable struct {
	Since   time.Time
	Reason  string // stable code: github_not_found, github_forbidden or github_blocked
	Message string // a sentence for people
}

// CollectionStatus is what is known of one collection of a repository.
type CollectionStatus struct {
	Name        string
	Items       int64       // that are not deleted
	Transferred int64       // that have gone to other repositories; they are deleted here
	FreshAt     *time.Time  // what GitHub had then is mirrored; nil before the first complete pass
	SyncedAt    *time.Time  // when the last complete pass ended
	Running     *RunningAt  // nil: no pass runs
	Check       *DriftCheck // the last full check; nil before the first
	Notes       []string    // what cannot be had, for people
}

// RunningAt is how far a pass is that has begun and is not complete.
type RunningAt struct {
	OperationID string // that reads it; empty: it was left, and the next one goes on with it
	StartedAt   *time.Time
	Cursor      PassCursor
}

// PassCursor is what people can read of a pass's cursor. It is a part of the stored one.
type PassCursor struct {
	Phase  string    `json:"phase,omitempty"`
	Page   int       `json:"page,omitempty"`
	Last   int       `json:"last,omitempty"`
	Since  time.Time `json:"since,omitzero"`
	Parent string    `json:"parent_key,omitempty"`
}

// Drift is by how much a mirror differed from GitHub when it was last compared with
// all that GitHub has. What was found is repaired.
type Drift struct {
	Missing   int64 // items that only GitHub had, though earlier passes should have brought them
	Extra     int64 // items that only the mirror had
	Different int64 // items that differed
}

// Sum is how many items were affected.
func (d Drift) Sum() int64 { return d.Missing + d.Extra + d.Different }

// DriftCheck is the last full check of a collection.
type DriftCheck struct {
	Drift
	OperationID string
	StartedAt   time.Time
	CheckedAt   time.Time
	Items       int64 // in the mirror afterwards
}

// DriftReport is how far the mirror of a workspace can be trusted.
type DriftReport struct {
	Drift                   // of all last checks together
	Repositories      int64 // that are mirrored
	Drifted           int64 // of them, whose last checks found something
	Overdue           int64 // whose sweep should have been long ago
	UnreachableOfThem int64 // that GitHub does not show any more
	Collections       []CollectionDrift
	Conspicuous       []RepositoryDrift // a page of those that drifted, are overdue or unreachable, by id
	NextCursor        string            // of the next page; empty on the last
}

// CollectionDrift is what the last checks of one collection found in all repositories.
type CollectionDrift struct {
	Drift
	Name    string
	Checked int64     // repositories whose collection was ever checked
	Oldest  time.Time // when the longest past of these checks began
}

// RepositoryDrift is what the last checks of one repository found.
type RepositoryDrift struct {
	Drift
	ID          int64
	FullName    string
	Unreachable *Unreachable
	LastSweepAt *time.Time
	NextSweepAt *time.Time
	Overdue     bool
}

// SweepPolicy says how often every repository is swept.
type SweepPolicy struct {
	Every time.Duration // 0: sweeps are off
}

// graceShare is the part of the interval by which a sweep may be late: it runs at the
// lowest priority, a few repositories at a time.
const graceShare = 4

// Grace is how late a sweep may be before it counts as overdue.
func (p SweepPolicy) Grace() time.Duration { return p.Every / graceShare }

// Next is when a repository is to be swept: when it was planned for, if it was, or the
// interval after its last sweep. It is nil when neither is known.
func (p SweepPolicy) Next(last, planned *time.Time) *time.Time {
	switch {
	case p.Every <= 0:
		return nil
	case planned != nil || last == nil:
		return planned
	default:
		next := last.Add(p.Every)
		return &next
	}
}

// Overdue tells whether the sweep should have been long ago: at the time that it was
// planned for, or the interval after the last one. One that failed and was put off
// stays overdue.
func (p SweepPolicy) Overdue(last, planned *time.Time, now time.Time) bool {
	if p.Every <= 0 {
		return false
	}
	late := now.Add(-p.Grace())
	return planned != nil && planned.Before(late) || last != nil && last.Add(p.Every).Before(late)
}
