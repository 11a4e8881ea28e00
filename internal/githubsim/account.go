package githubsim

import (
	"sync"
	"time"
)

// resource is what a primary limit counts.
type resource int

const (
	core    resource = iota // requests
	queries                 // points of GraphQL queries
	resources
)

func (r resource) String() string { return [...]string{"core", "graphql"}[r] }

// rate is what the X-RateLimit headers say.
type rate struct {
	limit, remaining int
	reset            time.Time
}

// account is what GitHub counts its limits on: a user, with all tokens, an
// installation, an app, or all who say nothing of themselves.
type account struct {
	name  string // user:1, installation:2, app:3, anonymous; token:… for one that is counted by itself
	who   string // in refusals
	limit func(resource) int

	mu       sync.Mutex
	windows  [resources]window
	past     []Window
	inFlight int
	most     int // in flight at once, so far

	minutes     [resources]meter // points of the last minute
	content     meter            // created in the last minute
	contentHour meter            // created in the last hour
	holding     time.Time        // requests before this are refused by the secondary limit

	spent     [resources]refusal // the last one because nothing was left
	secondary refusal            // the last one for another reason
}

// window is an hour of a resource.
type window struct {
	limit, used, outside int
	reset                time.Time // its end, a whole second
}

// Window is what an account used of a resource from when it was first asked for until Reset.
type Window struct {
	Resource    string // core or graphql
	Limit, Used int
	Outside     int // of what was used, by Spend and SpendPoints
	Reset       time.Time
}

func (w *window) rate() rate {
	return rate{limit: w.limit, remaining: max(w.limit-w.used, 0), reset: w.reset}
}

// open is the present window of a resource. It starts with the first request after
// the last one ended. The caller holds the lock.
func (a *account) open(r resource, length time.Duration, now time.Time) *window {
	w := &a.windows[r]
	if now.Before(w.reset) {
		return w
	}
	if w.used > 0 {
		a.past = append(a.past, w.export(r))
	}
	// The header has whole seconds only: the window ends when it says.
	*w = window{limit: a.limit(r), reset: now.Add(length + time.Second - 1).Truncate(time.Second)}
	return w
}

func (w *window) export(r resource) Window {
	return Window{Resource: r.String(), Limit: w.limit, Used: w.used, Outside: w.outside, Reset: w.reset}
}

// look is what the headers say now; nothing is used.
func (a *account) look(r resource, length time.Duration, now time.Time) rate {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.open(r, length, now).rate()
}

// spend takes that much of a resource; false, and all is used, if there is not enough.
func (a *account) spend(r resource, n int, length time.Duration, now time.Time) (rate, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w := a.open(r, length, now)
	ok := w.used+n <= w.limit
	w.used = min(w.used+n, w.limit)
	return w.rate(), ok
}

// spendOutside takes what another tool uses, as far as there is something left.
func (a *account) spendOutside(r resource, n int, length time.Duration, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w := a.open(r, length, now)
	n = max(min(n, w.limit-w.used), 0)
	w.used += n
	w.outside += n
}

// giveBack returns one request.
func (a *account) giveBack() rate {
	a.mu.Lock()
	defer a.mu.Unlock()
	w := &a.windows[core]
	w.used = max(w.used-1, 0)
	return w.rate()
}

// exhaust uses all that is left of a resource.
func (a *account) exhaust(r resource) rate {
	a.mu.Lock()
	defer a.mu.Unlock()
	w := &a.windows[r]
	w.used = w.limit
	return w.rate()
}

// hold makes the secondary limit refuse everything until a time.
func (a *account) hold(until time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if until.After(a.holding) {
		a.holding = until
	}
}

// leave ends a request.
func (a *account) leave() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.inFlight--
}

// MaxInFlight is how many requests of an account were answered at once at most. The
// account is named as in Offence.
func (s *Server) MaxInFlight(account string) int {
	a, ok := s.credentials.account(account)
	if !ok {
		return 0
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.most
}

// Windows is what an account used in its windows, the present ones last. The account is
// named as in Offence.
func (s *Server) Windows(account string) []Window {
	a, ok := s.credentials.account(account)
	if !ok {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	all := append([]Window(nil), a.past...)
	for r := range resources {
		if w := &a.windows[r]; w.used > 0 {
			all = append(all, w.export(r))
		}
	}
	return all
}

// Spend makes an account have that many requests fewer left, as when another tool uses
// the same credential. The account is named as in Offence; false if there is none.
func (s *Server) Spend(account string, requests int) bool {
	return s.spendOutside(account, core, requests)
}

// SpendPoints is Spend for the points of queries.
func (s *Server) SpendPoints(account string, points int) bool {
	return s.spendOutside(account, queries, points)
}

func (s *Server) spendOutside(account string, r resource, n int) bool {
	a, ok := s.credentials.account(account)
	if ok {
		a.spendOutside(r, n, s.options.Window, s.options.Now())
	}
	return ok
}
