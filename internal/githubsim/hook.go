package githubsim

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// HookOptions say what a hook is told of and how.
type HookOptions struct {
	Of     string   // owner/name of a repository, or the login of an organization
	URL    string   // where deliveries are sent
	Secret string   // signs them; empty: they are not signed
	Events []string // that are sent; empty: all
	Form   bool     // as a form instead of as JSON
	// AtOnce is how many deliveries are sent at once. With more than one they may
	// overtake one another, as GitHub's do. Default: 4.
	AtOnce int
}

// HookFaults is what goes wrong with deliveries: shares of them, from 0 to 1, that are
// drawn from Seed.
type HookFaults struct {
	Seed    uint64
	Lost    float64       // never sent, and not listed
	Failed  float64       // listed as failed, and not sent
	Doubled float64       // sent twice
	Delayed float64       // sent later, at most by Delay: others overtake them
	Delay   time.Duration //
}

// Hook sends what happens on GitHub to a URL. Its methods may be called at any time.
// Source: docs.github.com/webhooks/about-webhooks.
type Hook struct {
	options HookOptions
	server  *Server
	id      int64
	of      int64 // the repository that it is of; 0: the owner's
	slots   chan struct{}
	ctx     context.Context
	stop    context.CancelFunc

	mu       sync.Mutex
	faults   HookFaults
	random   *rand.Rand
	attempts []*attempt // by id, ascending
	open     int        // deliveries on their way
	idle     *sync.Cond
	sent     int
}

// delivery is one event on its way to a hook.
type delivery struct {
	guid, event, action string
	repository          int64
	payload             []byte
}

// AddHook makes a hook that is told of everything from now on. Close ends it.
func (s *Server) AddHook(o HookOptions) *Hook {
	o.AtOnce = cmp.Or(o.AtOnce, 4)
	s.mu.Lock()
	defer s.mu.Unlock()
	h := &Hook{options: o, server: s, id: int64(len(s.hooksNow()) + 1), slots: make(chan struct{}, o.AtOnce)}
	h.idle = sync.NewCond(&h.mu)
	if r := s.byName[strings.ToLower(o.Of)]; r != nil {
		h.of = r.info.id
	}
	h.ctx, h.stop = context.WithCancel(context.Background())
	h.random = rand.New(rand.NewPCG(0, 0))
	all := append(slices.Clone(s.hooksNow()), h)
	s.hooks.Store(&all)
	return h
}

// Path is the hook's path in the API, like repos/octo/mirror/hooks/1.
func (h *Hook) Path() string {
	root := "orgs/"
	if strings.Contains(h.options.Of, "/") {
		root = "repos/"
	}
	return fmt.Sprintf("%s%s/hooks/%d", root, h.options.Of, h.id)
}

// SetFaults has things go wrong from now on; the zero value ends that.
func (h *Hook) SetFaults(f HookFaults) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.faults, h.random = f, rand.New(rand.NewPCG(f.Seed, 1))
}

// Sent is how many attempts were sent, whatever was answered.
func (h *Hook) Sent() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sent
}

// Failed is how many deliveries were attempted and have not succeeded.
func (h *Hook) Failed() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	open := map[string]bool{}
	for _, a := range h.attempts {
		open[a.guid] = true
	}
	for _, a := range h.attempts {
		if a.succeeded() {
			delete(open, a.guid)
		}
	}
	return len(open)
}

// Wait waits until no delivery is on its way.
func (h *Hook) Wait() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.open > 0 {
		h.idle.Wait()
	}
}

// Close sends nothing more, and waits for what is being sent.
func (h *Hook) Close() {
	h.stop()
	h.Wait()
}

// wants tells whether the hook is told of an event of a repository, whatever that is
// called by now.
func (h *Hook) wants(event string, info *repoInfo) bool {
	owner, _, _ := strings.Cut(info.fullName, "/")
	of := h.of == info.id || h.of == 0 && sameName(h.options.Of, owner)
	return of && (len(h.options.Events) == 0 || slices.Contains(h.options.Events, event))
}

// tell has a delivery sent, unless a fault has it otherwise.
func (h *Hook) tell(d delivery) {
	h.mu.Lock()
	defer h.mu.Unlock()
	hit := func(share float64) bool { return share > 0 && h.random.Float64() < share }
	switch {
	case h.ctx.Err() != nil, hit(h.faults.Lost):
		return
	case hit(h.faults.Failed):
		h.keep(&attempt{delivery: d, at: h.server.options.Now()})
		return
	}
	times := 1
	if hit(h.faults.Doubled) {
		times = 2
	}
	for range times {
		var delay time.Duration
		if hit(h.faults.Delayed) {
			delay = time.Duration(h.random.Float64() * float64(h.faults.Delay))
		}
		h.send(d, delay, false)
	}
}

// send sends a delivery by itself. The lock is held.
func (h *Hook) send(d delivery, delay time.Duration, again bool) {
	h.open++
	time.AfterFunc(delay, func() {
		h.slots <- struct{}{}
		a := &attempt{delivery: d, again: again, at: h.server.options.Now()}
		if h.ctx.Err() == nil {
			h.post(a)
		}
		<-h.slots
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.ctx.Err() == nil || a.status != 0 {
			h.keep(a)
			h.sent++
		}
		if h.open--; h.open == 0 {
			h.idle.Broadcast()
		}
	})
}

// keep lists an attempt. The lock is held.
func (h *Hook) keep(a *attempt) {
	a.id = h.id*1_000_000_000 + int64(len(h.attempts)) + 1
	h.attempts = append(h.attempts, a)
}
