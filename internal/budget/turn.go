package budget

import (
	"strconv"
	"time"
)

// A turn is one exchange between an account's pump and its desk, which is the script in
// Redis or, without it, alone: the pump tells what became of requests and who waits, the
// desk says who goes. Only durations cross: each side has a clock of its own. The fields
// are the script's as well.

// call is the pump's side of a turn.
type call struct {
	Busy    [kinds]int         `json:"busy"`   // passes out, those of this call's settled no longer among them
	Urgent  int                `json:"urgent"` // of them the interactive lane's
	Settled []settled          `json:"settled,omitempty"`
	Rates   map[Resource]rated `json:"rates,omitempty"` // what answers said, the latest word of them
	OK      map[Resource]bool  `json:"ok,omitempty"`    // GitHub answered properly
	Refused []refusal          `json:"refused,omitempty"`
	Wants   []want             `json:"wants,omitempty"` // who waits, the longest first
	Policy  wish               `json:"policy"`
	Probe   string             `json:"probe,omitempty"` // what came of the probe that this process was told to make
	Know    *knowledge         `json:"know,omitempty"`
}

// What came of a probe.
const (
	probeDone   = "done" // its rates are among the call's
	probeFailed = "failed"
)

// want is a number of requests of one kind that a flow waits for, or is granted.
type want struct {
	Lane      Lane   `json:"l"`
	Workspace string `json:"w"`
	Operation string `json:"o"`
	Kind      kind   `json:"k"`
	N         int    `json:"n"`
}

func (w want) flow() Flow { return Flow{Lane: w.Lane, Workspace: w.Workspace, Operation: w.Operation} }

// settled is a number of requests that were sent and are over. Of Unseen nobody knows
// whether GitHub counted them.
type settled struct {
	want
	Unseen int `json:"u"`
}

type rated struct {
	Limit int64  `json:"limit"`
	Left  int64  `json:"left"`
	Reset millis `json:"reset"` // from now
	// Age is how long ago the last of the requests was sent that it is about; 0: nobody knows.
	Age millis `json:"age,omitempty"`
}

type refusal struct {
	Limit Limit  `json:"limit"`
	Wait  millis `json:"wait"` // 0: GitHub did not say
}

type wish struct {
	InFlight int     `json:"in_flight"`
	Percent  float64 `json:"percent"`
	Requests int64   `json:"requests"`
}

// knowledge is what a process tells a Redis that does not know: one that was emptied,
// or out of reach.
type knowledge struct {
	Rates   map[Resource]rated `json:"rates,omitempty"`
	Fresh   map[Resource]bool  `json:"fresh,omitempty"` // heard lately enough to rely on
	Holds   map[Limit]millis   `json:"holds,omitempty"`
	Strikes int                `json:"strikes,omitempty"`
	Spent   []aged             `json:"spent,omitempty"` // what this process spent lately
}

// aged is what was spent of one of the spendings a while ago.
type aged struct {
	Name string `json:"name"`
	N    int64  `json:"n"`
	Age  millis `json:"age"`
}

// reply is the desk's side of a turn.
type reply struct {
	Grants  []want   `json:"grants,omitempty"`
	Refused []denial `json:"refused,omitempty"`
	Hold    *refusal `json:"hold,omitempty"` // what the call's refusals came to
	Retry   millis   `json:"retry"`          // when to ask again, if nothing happens before
	Probe   bool     `json:"probe,omitempty"`
	View    view     `json:"view"`

	Epoch  string `json:"epoch,omitempty"`
	Resync bool   `json:"resync,omitempty"` // nothing was done: tell what is known first
	Stale  bool   `json:"stale,omitempty"`  // a later call was served already
}

// denial is that requests of a kind and lane get no turn within a wait worth its while.
type denial struct {
	Lane  Lane   `json:"l"`
	Kind  kind   `json:"k"`
	Limit Limit  `json:"limit"`
	Wait  millis `json:"wait"`
}

// view is what a desk lets its processes know of the account.
type view struct {
	Rates     map[Resource]viewed `json:"rates,omitempty"`
	Holds     map[Limit]millis    `json:"holds,omitempty"`
	Strikes   int                 `json:"strikes,omitempty"`
	Busy      int                 `json:"busy"`      // passes out, of all processes
	InFlight  int                 `json:"in_flight"` // that may be
	Processes int                 `json:"processes"`
}

type viewed struct {
	rated
	Reserve int64   `json:"reserve"`
	Open    bool    `json:"open,omitempty"`  // the window ended, and no answer came since
	Price   float64 `json:"price,omitempty"` // of a query, on average
}

// millis is a duration that travels as milliseconds.
type millis time.Duration

func (m millis) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(m)/float64(time.Millisecond), 'f', 3, 64), nil
}

func (m *millis) UnmarshalJSON(text []byte) error {
	value, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return err
	}
	*m = millis(value * float64(time.Millisecond))
	return nil
}
