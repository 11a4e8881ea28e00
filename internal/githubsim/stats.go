package githubsim

import (
	"maps"
	"sync"
)

// Stats is what a server has counted.
type Stats struct {
	Total       int64
	Requests    map[string]int64    // by endpoint, as the routes are called: the collections, issue, pull, compare, …, unknown
	Statuses    map[int]int64       // by status; 0 for connections that were reset
	Faults      map[FaultKind]int64 // by kind
	Offences    int64               // requests that came although a refusal said to wait
	InFlight    int
	MaxInFlight int
}

type counter struct {
	mu sync.Mutex
	Stats
}

func newCounter() *counter {
	c := &counter{}
	c.reset()
	return c
}

func (c *counter) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Stats = Stats{
		Requests: make(map[string]int64), Statuses: make(map[int]int64), Faults: make(map[FaultKind]int64),
		InFlight: c.InFlight, MaxInFlight: c.InFlight,
	}
}

func (c *counter) snapshot() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.Stats
	s.Requests, s.Statuses, s.Faults = maps.Clone(s.Requests), maps.Clone(s.Statuses), maps.Clone(s.Faults)
	return s
}

// enter counts a request and tells how many are in flight with it.
func (c *counter) enter(endpoint string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Total++
	c.Requests[endpoint]++
	c.InFlight++
	c.MaxInFlight = max(c.MaxInFlight, c.InFlight)
	return c.InFlight
}

func (c *counter) leave(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.InFlight--
	c.Statuses[status]++
}

func (c *counter) offend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Offences++
}

func (c *counter) struck(kind FaultKind) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Faults[kind]++
}
