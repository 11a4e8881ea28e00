package chaos

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/githubsim/upheaval"
)

// owner is whose the repositories are.
const owner = "chaos"

// site is a repository of a plan while it runs.
type site struct {
	upheaval.Site
	plan SitePlan

	mu       sync.Mutex
	requests int     // of the round
	due      []Event // of the round, the next first
	outage   Outage
	err      error // the first action that failed: a fault of this package or the simulator
	done     int   // actions that took place
}

// sites make the repositories of a plan; each is where the one before it transfers
// issues to.
func (s *Stack) sites(p Plan) []*site {
	all := make([]*site, len(p.Sites))
	for i, plan := range p.Sites {
		spec := githubsim.SpecForItems(plan.Items)
		spec.Owner, spec.Name = owner, fmt.Sprintf("seed-%d-%d", p.Seed, i)
		all[i] = &site{plan: plan, Site: upheaval.Site{Server: s.sim, Repository: githubsim.Generate(uint64(p.Seed+i), spec)}} //nolint:gosec // any seed will do
		s.sim.Add(all[i].Repository)
	}
	for i := range all {
		if next := all[(i+1)%len(all)]; next != all[i] {
			all[i].Dock = next.Repository
		}
	}
	return all
}

// begin makes a round's events due.
func (s *site) begin(f Fate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests, s.outage = 0, f.Outage
	s.due = slices.SortedStableFunc(slices.Values(f.Events), func(a, b Event) int { return cmp.Compare(a.After, b.After) })
}

// observe is told of each request for the repository, after its answer was sent.
func (s *site) observe() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	for len(s.due) > 0 && s.due[0].After <= s.requests {
		s.act()
	}
	if s.outage.Kind != "" && s.requests == s.outage.After {
		s.cutOff(s.outage.Kind)
	}
}

// end lets happen what is still due, and the repository be read again.
func (s *site) end() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.due) > 0 {
		s.act()
	}
	s.Repository.SetGone(false)
	s.Repository.SetBlocked(nil)
	return s.err
}

// act carries the next event out.
func (s *site) act() {
	did, err := s.Do(s.due[0].Action)
	s.due = s.due[1:]
	if did {
		s.done++
	}
	if s.err == nil {
		s.err = err
	}
}

func (s *site) cutOff(kind OutageKind) {
	switch kind {
	case OutageGone:
		s.Repository.SetGone(true)
	case OutageBlocked:
		s.Repository.SetBlocked(&githubsim.Block{Reason: "dmca", CreatedAt: time.Now(), URL: "https://github.com/github/dmca"})
	}
}
