package githubsim

import (
	"net"
	"net/http"
	"time"
)

// maxOffences is how many offences are told apart; more are only counted.
const maxOffences = 10_000

// Offence is a request that came although a refusal had said to wait. What had left
// before its client could know cannot be told from the rest: see Stats.Unexcused.
type Offence struct {
	Account  string        // user:1, installation:2, app:3, anonymous, or token: and the token
	Limit    Limit         // that had refused
	Wait     int64         // the number of the wait that was not kept: refusals that say to wait until later make it longer
	Since    time.Duration // since the first answer of that wait was sent
	Left     time.Duration // of the wait
	Client   string        // the address that the server was called at, so that clients can be told apart by a port for each
	Endpoint string        // as in Stats.Requests
}

// refusal is a wait that clients were told to keep.
type refusal struct {
	limit Limit
	wait  int64
	sent  time.Time // the first answer that said so
	until time.Time
}

// offence is what a request is that comes now; nil if it comes rightly. The caller
// holds the lock.
func (a *account) offence(r resource, now time.Time) *Offence {
	told := a.secondary
	if a.spent[r].until.After(told.until) {
		told = a.spent[r]
	}
	if !now.Before(told.until) {
		return nil
	}
	return &Offence{Account: a.name, Limit: told.limit, Wait: told.wait, Since: now.Sub(told.sent), Left: told.until.Sub(now)}
}

// refused notes that clients were told to stay away until a time: for one resource if
// nothing of it is left, else for all.
func (a *account) refused(limit Limit, r resource, until, sent time.Time, wait int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	told := &a.secondary
	if limit == LimitPrimary || limit == LimitPoints {
		told = &a.spent[r]
	}
	switch {
	case !sent.Before(told.until):
		*told = refusal{limit: limit, wait: wait, sent: sent, until: until}
	case until.After(told.until):
		told.until = until
	}
}

// Unexcused are the offences without those that may have left before their client knew:
// for each wait the first of each client, if it came within a round trip of the refusal.
func (s Stats) Unexcused(roundTrip time.Duration) []Offence {
	type moment struct {
		wait   int64
		client string
	}
	excused := make(map[moment]bool)
	var left []Offence
	for _, o := range s.Offending {
		at := moment{o.Wait, o.Client}
		if o.Since <= roundTrip && !excused[at] {
			excused[at] = true
			continue
		}
		left = append(left, o)
	}
	return left
}

// client is the address that the request was sent to.
func client(req *http.Request) string {
	if address, ok := req.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		return address.String()
	}
	return ""
}
