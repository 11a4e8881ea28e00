package operation

import "time"

// Figures are what operators watch, of all workspaces together, as of one moment.
type Figures struct {
	// Operations are the open ones, and those that have ended within the last hour.
	Operations    []StateFigure
	Waits         []WaitFigure
	Mirrors       []MirrorFigure
	Repositories  int64 // that are mirrored
	Unreachable   int64 // of them, that GitHub does not show any more
	Checks        []CheckFigure
	SweepsOverdue int64
}

// CheckFigure is what the last full checks of one collection found in all repositories.
type CheckFigure struct {
	Collection string
	Drift
	// Oldest is how long ago the longest past of them began.
	Oldest time.Duration
}

// StateFigure counts the operations of one kind in one state.
type StateFigure struct {
	Kind   Kind
	State  State
	Count  int64
	Oldest time.Duration // since the first of them was created; 0 where they have ended
}

// WaitFigure counts the operations that wait for one reason.
type WaitFigure struct {
	Reason  string // Waiting.For
	Count   int64
	Longest time.Duration // until the last of them goes on
}

// MirrorFigure is how old the mirror of one collection is.
type MirrorFigure struct {
	Collection string
	// Age is how long ago the last complete pass began, in the repository where that
	// is longest ago: what GitHub had before then is mirrored.
	Age time.Duration
}
