package githubsim

import (
	"sync"
	"time"
)

// rate is what the X-RateLimit headers say.
type rate struct {
	limit, remaining int
	reset            time.Time
}

// limits keeps, for each credential, how much it has used in its window and
// until when it was told to wait.
type limits struct {
	mu       sync.Mutex
	accounts map[string]*account
}

type account struct {
	limit, used int
	reset       time.Time // the end of the window, a whole second
	refused     time.Time // requests before this are offences
	holding     time.Time // requests before this are refused by the secondary limit
}

func newLimits() *limits { return &limits{accounts: make(map[string]*account)} }

func (l *limits) account(token string) *account {
	a, ok := l.accounts[token]
	if !ok {
		a = &account{}
		l.accounts[token] = a
	}
	return a
}

// take uses one request of a credential's window, which starts with the first
// request after the last one ended; false if none is left. A free look uses none.
func (l *limits) take(token string, limit int, window time.Duration, now time.Time, free bool) (rate, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.account(token)
	a.limit = limit
	if !now.Before(a.reset) {
		a.used = 0
		// The header has whole seconds only: the window ends when it says.
		a.reset = now.Add(window + time.Second - 1).Truncate(time.Second)
	}
	ok := free || a.used < limit
	if ok && !free {
		a.used++
	}
	return a.rate(), ok
}

// giveBack returns one request to a credential's window.
func (l *limits) giveBack(token string) rate {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.account(token)
	a.used = max(a.used-1, 0)
	return a.rate()
}

// exhaust uses all that is left of a credential's window.
func (l *limits) exhaust(token string) rate {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.account(token)
	a.used = a.limit
	return a.rate()
}

func (a *account) rate() rate {
	return rate{limit: a.limit, remaining: max(a.limit-a.used, 0), reset: a.reset}
}

// refuse notes that a credential was told to stay away until a time.
func (l *limits) refuse(token string, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.account(token)
	if until.After(a.refused) {
		a.refused = until
	}
}

// hold makes the secondary limit refuse a credential until a time.
func (l *limits) hold(token string, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.account(token).holding = until
}

func (l *limits) refused(token string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return now.Before(l.account(token).refused)
}

// held is how much longer the secondary limit refuses a credential.
func (l *limits) held(token string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.account(token).holding.Sub(now)
}
