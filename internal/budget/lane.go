package budget

import "context"

// Lane is how urgent a request is; a smaller one goes first. The lanes share what
// GitHub allows by weight, so that the lowest never starves.
type Lane int

// The lanes.
const (
	LaneInteractive Lane = iota + 1 // a person waits for it
	LaneRepair                      // the mirror is known to be wrong
	LaneIncremental                 // the mirror is kept fresh
	LaneBackfill                    // first passes and other long work

	lanes = int(LaneBackfill)
)

// Lanes are all lanes, the most urgent first.
func Lanes() []Lane { return []Lane{LaneInteractive, LaneRepair, LaneIncremental, LaneBackfill} }

// String is the lane's name in the API and in metrics.
func (l Lane) String() string {
	switch l {
	case LaneInteractive:
		return "interactive"
	case LaneRepair:
		return "repair"
	case LaneIncremental:
		return "incremental"
	default:
		return "backfill"
	}
}

// weight is the lane's share where all lanes want more than there is.
func (l Lane) weight() float64 {
	switch l {
	case LaneInteractive:
		return 64
	case LaneRepair:
		return 16
	case LaneIncremental:
		return 4
	default:
		return 1
	}
}

// Flow is for whom a request is made. Within a lane workspaces are served fairly, and
// within a workspace its operations.
type Flow struct {
	Lane      Lane
	Workspace string
	Operation string // empty: none
}

type flowKey struct{}

// WithFlow says for whom the requests of ctx are made.
func WithFlow(ctx context.Context, f Flow) context.Context {
	return context.WithValue(ctx, flowKey{}, f)
}

// FlowOf is for whom the requests of ctx are made; of a context that does not say, in
// the lowest lane for nobody in particular.
func FlowOf(ctx context.Context) Flow {
	f, _ := ctx.Value(flowKey{}).(Flow)
	if f.Lane < LaneInteractive || f.Lane > LaneBackfill {
		f.Lane = LaneBackfill
	}
	return f
}
