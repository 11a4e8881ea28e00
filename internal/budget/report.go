package budget

import "time"

// Report is how an account stands, for people. All of it is as Redis knows it.
type Report struct {
	Account   string
	At        time.Time        // by Redis's clock
	Known     bool             // some process has used the account lately
	Resources []ResourceReport // that GitHub has reported, Core first
	InFlight  int              // requests that are out, of all processes
	Most      int              // that may be
	Spendings []SpendingReport // of the secondary limits
	Holds     []HoldReport     // by which nothing is let through
	Waiting   map[Lane]int     // requests that wait for their turn
	Processes int              // that lately said something
}

// ResourceReport is one hourly budget.
type ResourceReport struct {
	Resource    Resource
	Limit, Left int64
	Reserve     int64
	Reset       time.Time // when the window ends; zero: it has, and the next answer tells
	// Lanes and Operations are who spent how much in this window, in requests or points.
	// Others is what other tools spent of it, and Holdfast before Redis knew of it.
	Lanes      map[Lane]int64
	Operations []OperationReport // the 50 that spent the most, the largest first
	Others     int64
}

// OperationReport is what an operation spent in a window. An account may serve several
// workspaces: show nobody another one's.
type OperationReport struct {
	Workspace, Operation string
	Spent                int64
}

// SpendingReport is how much of a secondary limit is used, by what Holdfast sent.
type SpendingReport struct {
	Limit Limit         // PointsPerMinute or Content
	Of    Resource      // of points; empty: of content
	Span  time.Duration // that ends now
	Spent int64
	Most  int64
}

// HoldReport is a limit by which nothing is let through.
type HoldReport struct {
	Limit Limit
	Until time.Time
}
