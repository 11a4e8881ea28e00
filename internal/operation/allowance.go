package operation

import "time"

// Allowance is how many requests whoever asks may still make.
type Allowance struct {
	Allowed bool          // this one
	Most    int           // in a Period
	Period  time.Duration //
	Left    int           // at once, after this one
	// Wait is until the next one is allowed; where this one is, until all of them are.
	Wait time.Duration
}
