package operation

import "slices"

// State is where an operation stands.
type State string

// The states of an operation.
//
//	pending ──► running ──► succeeded
//	   │           │  └───► failed
//	   └──────►────┴──► cancelling ──► cancelled
//
// A pending operation has a row but its workflow has not yet said that it runs.
// A cancelling one was asked to stop: no page commits after that, and the
// workflow ends it. Work that had finished before the request arrived may still
// end as succeeded or failed.
const (
	StatePending    State = "pending"
	StateRunning    State = "running"
	StateCancelling State = "cancelling"
	StateSucceeded  State = "succeeded"
	StateFailed     State = "failed"
	StateCancelled  State = "cancelled"
)

// States lists every state.
func States() []State {
	return []State{StatePending, StateRunning, StateCancelling, StateSucceeded, StateFailed, StateCancelled}
}

// transitions is the one table of which state may follow which.
var transitions = map[State][]State{
	StatePending:    {StateRunning, StateCancelling, StateFailed, StateCancelled},
	StateRunning:    {StateCancelling, StateSucceeded, StateFailed, StateCancelled},
	StateCancelling: {StateCancelled, StateSucceeded, StateFailed},
}

// Terminal tells whether no state can follow s.
func (s State) Terminal() bool { return s.Valid() && len(transitions[s]) == 0 }

// CanBecome tells whether next may follow s. A state never follows itself.
func (s State) CanBecome(next State) bool { return slices.Contains(transitions[s], next) }

// Before lists the states that next may follow, so that a store can guard an
// update with them.
func Before(next State) []State {
	var from []State
	for _, s := range States() {
		if s.CanBecome(next) {
			from = append(from, s)
		}
	}
	return from
}

// Valid tells whether s is a state at all.
func (s State) Valid() bool { return slices.Contains(States(), s) }
