package connection

import "time"

// Budget is how one account of GitHub stands, as all processes together know it, for those
// of one workspace.
type Budget struct {
	Account     string
	Connections []string // ids of the workspace's connections that spend it, by their names
	Known       bool     // some process has used it lately; otherwise nothing below is known
	At          time.Time
	Hours       []Hour // by resource, core first
	InFlight    int    // requests that are out, of all processes
	Most        int    // that may be
	Windows     []Window
	Holds       []Hold
	Waiting     map[string]int // requests that wait for their turn, by lane
	Processes   int            // that use it
}

// Hour is one hourly limit of an account.
type Hour struct {
	Rate              // ResetAt is zero where the window has ended and the next answer tells
	Reserve int64     // what is left to other tools
	Lanes   []Portion // spent in this window, by lane, the most urgent first
	// Operations are those of the workspace, the one that spent the most first.
	Operations []Portion
	Others     int64 // spent by other tools, and by Holdfast before it kept count
}

// Portion is what one lane or operation spent, in requests or points.
type Portion struct {
	Name  string // the lane's name, or the operation's id
	Spent int64
}

// Window is how much of a limit over a short time is used, by what Holdfast sent.
type Window struct {
	Limit       string // the code of the limit
	Resource    string // core or graphql; empty: of all
	Span        time.Duration
	Spent, Most int64
}

// Hold is a limit by which nothing is let through.
type Hold struct {
	Limit, Reason string // its code, and a sentence for people
	Until         time.Time
}
