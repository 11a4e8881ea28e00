package fleet

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/holdfast/holdfast/internal/budget"
)

// headerSlack is how long after its end a window may still go on for a process.
const headerSlack = 2 * time.Second

// watch sees every request and what GitHub says that is left after it.
type watch struct {
	plan     Plan
	accounts map[string]string // by token
	half     chan struct{}     // closed when half of the work was asked for

	mu       sync.Mutex
	requests int // that count
	hours    map[hour]*seen
	busy     map[string]int // requests that are out, by account
	most     map[string]int
	doors    map[string]int // requests by door
}

// hour is one window of an account.
type hour struct {
	account  string
	resource budget.Resource
	reset    int64
}

// seen is what was seen of a window.
type seen struct {
	began   time.Time // the first request that told of it
	limit   int
	lowest  int // left, after a request of ours
	touched int // requests of ours that were made although no more than the reserve was left
}

func newWatch(p Plan, accounts map[string]string) *watch {
	return &watch{
		plan: p, accounts: accounts, half: make(chan struct{}),
		hours: map[hour]*seen{}, busy: map[string]int{}, most: map[string]int{}, doors: map[string]int{},
	}
}

// behind is GitHub as it is reached by a door.
func (w *watch) behind(door string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		account := w.accounts[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
		free := strings.HasSuffix(r.URL.Path, "/rate_limit")
		began := time.Now()
		if !free {
			w.enter(door, account)
		}
		recorded := &recorder{ResponseWriter: rw}
		next.ServeHTTP(recorded, r)
		w.leave(account, free, began, recorded)
	})
}

// recorder remembers an answer's status.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap lets the simulator reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (w *watch) enter(door, account string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.doors[door]++
	w.busy[account]++
	w.most[account] = max(w.most[account], w.busy[account])
	if w.requests++; w.requests == w.plan.Requests/2 {
		close(w.half)
	}
}

func (w *watch) leave(account string, free bool, began time.Time, answer *recorder) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !free {
		w.busy[account]--
	}
	h := answer.Header()
	limit, left := number(h, "X-RateLimit-Limit"), number(h, "X-RateLimit-Remaining")
	if account == "" || limit == 0 {
		return
	}
	key := hour{account, budget.Resource(h.Get("X-RateLimit-Resource")), int64(number(h, "X-RateLimit-Reset"))}
	one := w.hours[key]
	if one == nil {
		one = &seen{began: began, limit: limit, lowest: limit}
		w.hours[key] = one
	}
	if free || answer.status == http.StatusForbidden || answer.status == http.StatusTooManyRequests {
		return // it took nothing
	}
	one.lowest = min(one.lowest, left)
	if left < w.plan.reserved(limit) {
		one.touched++
	}
}

// spent tells whether an account had nothing above the reserve for anybody: what is left
// and not out is the reserve. The window goes on for those who read its end in the
// headers, which tell whole seconds.
func (w *watch) spent(account string, resource budget.Resource, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	var last hour
	for key := range w.hours {
		if key.account == account && key.resource == resource && key.reset > last.reset {
			last = key
		}
	}
	one := w.hours[last]
	return one != nil && one.lowest-w.busy[account]-w.plan.burst() <= w.plan.reserved(one.limit) && now.Before(time.Unix(last.reset, 0).Add(headerSlack))
}

func number(h http.Header, name string) int {
	n, err := strconv.Atoi(h.Get(name))
	if err != nil {
		return 0 // the answer does not say
	}
	return n
}
