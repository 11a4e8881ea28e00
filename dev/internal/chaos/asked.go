package chaos

import (
	"maps"
	"net/http"
	"sync"

	"github.com/holdfast/holdfast/internal/githubsim"
)

// Asked counts which pages were answered more than once.
type Asked struct {
	mu    sync.Mutex
	pages map[page]bool
	again map[string]int
}

// page is what a request asks for.
type page struct {
	url   string
	query uint64
}

// NewAsked has seen no page.
func NewAsked() *Asked { return &Asked{pages: map[page]bool{}, again: map[string]int{}} }

// Observe is told of each request: see githubsim.Options.
func (a *Asked) Observe(x githubsim.Exchange) {
	if x.Status != http.StatusOK || x.Endpoint == "rate_limit" {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	p := page{x.URL, x.Query}
	if a.pages[p] {
		a.again[x.Endpoint]++
	}
	a.pages[p] = true
}

// Again is how many pages were answered more than once, by endpoint.
func (a *Asked) Again() map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.again)
}
