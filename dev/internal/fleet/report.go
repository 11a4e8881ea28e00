package fleet

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/holdfast/holdfast/internal/budget"
	"github.com/holdfast/holdfast/internal/githubsim"
)

// What the product promises.
const (
	mostRefused = 0.005       // of all requests
	leastUsed   = 0.95        // of what a window allows above the reserve
	longestP99  = time.Second // of a request that a person waits for
	// roundTrip is how long a request may have been on its way when GitHub told its process to wait.
	roundTrip = 250 * time.Millisecond
)

// core is the resource that the work saturates.
const core = string(budget.Core)

// Report says what came of a run.
type Report struct {
	Kind     Kind    `json:"kind"`
	Workers  int     `json:"workers"`
	Seconds  float64 `json:"seconds"` // from the first request until all syncs had ended
	Requests int64   `json:"requests"`
	// Doors are the requests by process.
	Doors map[string]int `json:"requests_by_process"`

	Refused      map[githubsim.Limit]int64 `json:"refused"`
	RefusedShare float64                   `json:"refused_share"` // those left out that the run itself wanted
	Offences     []githubsim.Offence       `json:"offences"`
	Excused      int                       `json:"excused"` // offences that may have left before their process knew
	InFlight     int                       `json:"in_flight"`
	Windows      []Window                  `json:"windows"`
	Person       Waits                     `json:"person"`

	Failed    []string `json:"failed"`    // operations that did not succeed
	Different []string `json:"different"` // from GitHub, in the end
}

// Window is one of GitHub's hours of an account.
type Window struct {
	Account  string    `json:"account"`
	Resource string    `json:"resource"`
	Began    time.Time `json:"began"`
	Reset    time.Time `json:"reset"`
	Limit    int       `json:"limit"`
	Used     int       `json:"used"`    // by the run
	Outside  int       `json:"outside"` // by the other tool
	Reserve  int       `json:"reserve"`
	Lowest   int       `json:"lowest"` // left, after a request of the run
	// Touched are requests that were made although no more than the reserve was left.
	Touched int `json:"touched"`
	// Busy tells whether there was work from its begin to its end.
	Busy bool `json:"busy"`
}

// Share is how much of what the window allowed above the reserve was used: what others
// had spent until then was not there to be used.
func (w Window) Share() float64 {
	return float64(w.Used) / float64(max(w.Used+max(w.Lowest-w.Reserve, 0), 1))
}

// report is what was counted while the work went on.
func (s *stack) report(began, ended time.Time) Report {
	stats := s.github.sim.Stats()
	r := Report{
		Kind: s.plan.Kind, Workers: s.plan.Workers, Seconds: ended.Sub(began).Seconds(), Requests: stats.Total,
		Refused: stats.Refused, Offences: stats.Unexcused(roundTrip),
	}
	r.Excused = len(stats.Offending) - len(r.Offences)
	var refused int64
	for limit, n := range stats.Refused {
		if limit != githubsim.LimitFault {
			refused += n
		}
	}
	r.RefusedShare = float64(refused) / float64(max(stats.Total, 1))
	w := s.github.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	r.Doors = w.doors
	for _, u := range s.github.users {
		r.InFlight = max(r.InFlight, w.most[account(u)])
		for _, one := range s.github.sim.Windows(account(u)) {
			r.Windows = append(r.Windows, w.window(account(u), one, began, ended))
		}
	}
	slices.SortFunc(r.Windows, func(a, b Window) int { return a.Reset.Compare(b.Reset) })
	return r
}

// window is one of an account's, and what was seen of it while there was work. The first
// ones begin a moment earlier, when the credentials are looked at.
func (w *watch) window(account string, one githubsim.Window, began, ended time.Time) Window {
	out := Window{
		Account: account, Resource: one.Resource, Reset: one.Reset, Limit: one.Limit, Used: one.Used - one.Outside, Outside: one.Outside,
		Reserve: w.plan.reserved(one.Limit), Lowest: one.Limit,
	}
	for key, seen := range w.hours {
		if key.account == account && string(key.resource) == one.Resource && key.reset == one.Reset.Unix() {
			out.Began, out.Lowest, out.Touched = seen.began, seen.lowest, seen.touched
			soon := one.Reset.Sub(seen.began) / 20
			out.Busy = !began.After(seen.began.Add(soon)) && ended.After(one.Reset)
		}
	}
	return out
}

// Broken says which promises were not kept, each in a sentence; none: all were.
func (r Report) Broken() (broken []string) {
	say := func(bad bool, format string, args ...any) {
		if bad {
			broken = append(broken, fmt.Sprintf(format, args...))
		}
	}
	for _, o := range r.Offences {
		say(true, "an offence: %+v", o)
	}
	say(r.RefusedShare >= mostRefused, "%.2f %% of the requests were refused", 100*r.RefusedShare)
	burst := Plan{Kind: r.Kind}.burst()
	say(r.InFlight > inFlight+burst, "%d requests of an account were out at once", r.InFlight)
	busy := 0
	for _, w := range r.Windows {
		say(w.Touched > burst, "%d requests were made within the reserve: %+v", w.Touched, w)
		if w.Resource != core || !w.Busy {
			continue
		}
		busy++
		say(r.Kind == Calm && w.Share() < leastUsed, "%.1f %% of an hour above the reserve was used: %+v", 100*w.Share(), w)
	}
	say(busy == 0, "no hour had work from its begin to its end")
	say(r.Person.Answered == 0, "the person was never answered")
	say(r.Person.Wrongly > 0, "the person was denied %d times although something was left", r.Person.Wrongly)
	// Who asks in the moment in which Redis goes away waits until it does not answer.
	say(r.Kind != KillRedis && r.Person.P99 >= longestP99.Seconds(), "the person's requests took %.2f s at the 99th percentile", r.Person.P99)
	return append(append(broken, r.Failed...), r.Different...)
}

// WriteJSON writes the report with what is broken.
func (r Report) WriteJSON(w io.Writer) error {
	out := struct {
		Report
		Broken []string `json:"broken"`
	}{r, listed(r.Broken())}
	out.Offences, out.Failed, out.Different = listed(r.Offences), listed(r.Failed), listed(r.Different)
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(out); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// listed is a list that is written as one, though it be empty.
func listed[T any](all []T) []T { return append([]T{}, all...) }

// WriteText writes the report for people.
func (r Report) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d workers, %d requests in %.0f s, %v\n", r.Kind, r.Workers, r.Requests, r.Seconds, r.Doors)
	fmt.Fprintf(&b, "offences %d (and %d that had left before), refused %.3f %% %v, at most %d in flight\n",
		len(r.Offences), r.Excused, 100*r.RefusedShare, r.Refused, r.InFlight)
	for _, one := range r.Windows {
		busy := ""
		if one.Resource == core && one.Busy {
			busy = fmt.Sprintf("which is %.1f %% of what was there, ", 100*one.Share())
		}
		fmt.Fprintf(&b, "  %s %-7s until %s: %d of %d used, %sand %d by others; lowest %d, reserve %d, %d within it\n",
			one.Account, one.Resource, one.Reset.Format(time.TimeOnly), one.Used, one.Limit, busy, one.Outside, one.Lowest, one.Reserve, one.Touched)
	}
	p := r.Person
	fmt.Fprintf(&b, "a person: %d answers, median %.3f s, 99th percentile %.3f s, longest %.3f s; nothing left for anybody: %v (%d times there was)\n",
		p.Answered, p.P50, p.P99, p.Max, p.Denied, p.Wrongly)
	broken := r.Broken()
	for _, sentence := range broken {
		fmt.Fprintln(&b, "BROKEN:", sentence)
	}
	if len(broken) == 0 {
		fmt.Fprintln(&b, "the mirror equals GitHub, and all promises were kept")
	}
	_, err := io.WriteString(w, b.String())
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
