package operation

import "slices"

// State is where an operation stands.
type State string

// The states of an operation.
//
//	pending ──► awaiting_approval ──► running ──► succeeded, failed
//	   │   └───────────┬───────────►    ▲ │
//	   │               │                │ ▼
//	   └───────────────┼────────────► paused
//	                   └──► rejected
//	all of them that have not ended ──► cancelling ──► cancelled
//
// A pending operation has a row but its workflow has not yet said that it runs.
// One that awaits approval has a plan, and reads nothing until somebody approves it.
// A paused one was asked to wait: no page commits until it is resumed, to running if
// it had begun and to pending otherwise. A cancelling one was asked to stop: no page
// commits after that, and the workflow ends it. Work that had finished before such a
// request arrived may still end as succeeded or failed.
const (
	StatePending          State = "pending"
	StateAwaitingApproval State = "awaiting_approval"
	StateRunning          State = "running"
	StatePaused           State = "paused"
	StateCancelling       State = "cancelling"
	StateSucceeded        State = "succeeded"
	StateFailed           State = "failed"
	StateCancelled        State = "cancelled"
	StateRejected         State = "rejected"
)

// States lists every state.
func States() []State {
	return []State{
		StatePending, StateAwaitingApproval, StateRunning, StatePaused, StateCancelling,
		StateSucceeded, StateFailed, StateCancelled, StateRejected,
	}
}

// transitions is the one table of which state may follow which.
var transitions = map[State][]State{
	StatePending:          {StateAwaitingApproval, StateRunning, StatePaused, StateCancelling, StateFailed, StateCancelled},
	StateAwaitingApproval: {StateRunning, StateCancelling, StateFailed, StateCancelled, StateRejected},
	StateRunning:          {StatePaused, StateCancelling, StateSucceeded, StateFailed, StateCancelled},
	StatePaused:           {StatePending, StateRunning, StateCancelling, StateSucceeded, StateFailed, StateCancelled},
	StateCancelling:       {StateCancelled, StateSucceeded, StateFailed},
}

// Terminal tells whether no state can follow s.
func (s State) Terminal() bool { return s.Valid() && len(transitions[s]) == 0 }

// Held tells whether the operation neither works nor ends until somebody decides on it.
func (s State) Held() bool { return s == StatePaused || s == StateAwaitingApproval }

// Phrase says where an operation of that state stands, after "The operation".
func (s State) Phrase() string {
	switch s {
	case StatePending:
		return "has not begun"
	case StateAwaitingApproval:
		return "awaits approval"
	case StateRunning:
		return "is running"
	case StatePaused:
		return "is paused"
	case StateCancelling:
		return "is being cancelled"
	case StateSucceeded, StateFailed:
		return "has already " + string(s)
	case StateCancelled, StateRejected:
		return "was already " + string(s)
	}
	return "is in an unknown state"
}

// Retryable tells whether an operation that ended so may be repeated by a new one.
func (s State) Retryable() bool {
	return s == StateFailed || s == StateCancelled || s == StateRejected
}

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
