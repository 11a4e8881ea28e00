package githubsim

import (
	"maps"
	"slices"
	"sync"
)

// Stats is what a server has counted.
type Stats struct {
	Total       int64
	Requests    map[string]int64    // by endpoint, as the routes are called: the collections, issue, pull, compare, …, unknown
	Statuses    map[int]int64       // by status; 0 for connections that were reset
	Faults      map[FaultKind]int64 // by kind
	Refused     map[Limit]int64     // by the limit that refused them
	Offences    int64               // requests that came although a refusal said to wait
	Offending   []Offence           // the first 10,000 of them
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
		Refused:  make(map[Limit]int64),
		InFlight: c.InFlight, MaxInFlight: c.InFlight,
	}
}

func (c *counter) snapshot() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.Stats
	s.Requests, s.Statuses, s.Faults = maps.Clone(s.Requests), maps.Clone(s.Statuses), maps.Clone(s.Faults)
	s.Refused, s.Offending = maps.Clone(s.Refused), slices.Clone(s.Offending)
	return s
}

// enter counts a request.
func (c *counter) enter(endpoint string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Total++
	c.Requests[endpoint]++
	c.InFlight++
	c.MaxInFlight = max(c.MaxInFlight, c.InFlight)
}

func (c *counter) leave(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.InFlight--
	c.Statuses[status]++
}

func (c *counter) offend(o Offence) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Offences++
	if len(c.Offending) < maxOffences {
		c.Offending = append(c.Offending, o)
	}
}

func (c *counter) refused(limit Limit) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Refused[limit]++
}

func (c *counter) struck(kind FaultKind) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Faults[kind]++
}
