package chaos

import (
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/githubsim/upheaval"
)

// Plan is what happens in one run: to several repositories, each with a sequence of
// its own, which are synced once in every round.
type Plan struct {
	Seed   int
	Sites  []SitePlan
	Rounds []Weather
}

// SitePlan is one repository and what happens to it, by round.
type SitePlan struct {
	Items  int
	Rounds []Fate
}

// Fate is what happens to a repository in a round.
type Fate struct {
	Events []Event
	Outage Outage
}

// Event is an action that takes place after so many requests for its repository in
// a round, or at the round's end if there were fewer.
type Event struct {
	After  int
	Action upheaval.Action
}

// Outage is how a repository cannot be read for a while: until a round's end.
type Outage struct {
	Kind  OutageKind
	After int // requests of the round
}

// OutageKind is why a repository cannot be read.
type OutageKind string

// The kinds of outages. The zero value is none.
const (
	OutageGone    OutageKind = "gone"    // 404, as if access was lost
	OutageBlocked OutageKind = "blocked" // 451
)

// Weather is what goes wrong in a round, for all repositories.
type Weather struct {
	Faults []githubsim.Fault
	Hooks  Hooks
	Kills  []Kill
}

// Hooks says which part of the webhooks does not arrive as it should. Those that are
// late are overtaken by others.
type Hooks struct{ Lost, Failed, Doubled, Late float64 }

// Kill is the death of a process after so many requests in a round.
type Kill struct {
	After  int
	Victim Victim
}

// Victim is a process that is killed and started again.
type Victim string

// The victims.
const (
	VictimWorker   Victim = "worker"
	VictimPostgres Victim = "postgres"
	VictimRedis    Victim = "redis"
)

// maxAfter bounds after how many requests of a round something happens: a first sync
// of the repositories here takes about twice as many.
const maxAfter = 40

// SideBySide is how many repositories a plan has unless somebody wants more or fewer. A
// seed makes the same plan for the same number of them only.
const SideBySide = 4

// Sequences is how many sequences of events a plan has, one for each repository.
func (p Plan) Sequences() int { return len(p.Sites) }

// Kills is how many processes die in all.
func (p Plan) Kills() (n int) {
	for _, w := range p.Rounds {
		n += len(w.Kills)
	}
	return n
}

// NewPlan is the plan that a seed stands for, for that many repositories.
func NewPlan(seed, sites int) Plan {
	p := planOf(sites).Example(seed)
	p.Seed = seed
	return p
}

func planOf(sites int) *rapid.Generator[Plan] {
	return rapid.Custom(func(t *rapid.T) Plan {
		var p Plan
		rounds := rapid.IntRange(1, 3).Draw(t, "rounds")
		for range rounds {
			p.Rounds = append(p.Rounds, weather(t))
		}
		for range sites {
			site := SitePlan{Items: rapid.IntRange(20, 400).Draw(t, "items")}
			for range rounds {
				site.Rounds = append(site.Rounds, fate(t))
			}
			p.Sites = append(p.Sites, site)
		}
		return p
	})
}

func fate(t *rapid.T) Fate {
	var f Fate
	for range rapid.IntRange(0, 25).Draw(t, "events") {
		f.Events = append(f.Events, Event{
			After: rapid.IntRange(0, maxAfter).Draw(t, "after"), Action: upheaval.Generator().Draw(t, "action"),
		})
	}
	if rapid.IntRange(0, 7).Draw(t, "outage") == 0 {
		f.Outage = Outage{
			Kind:  rapid.SampledFrom([]OutageKind{OutageGone, OutageBlocked}).Draw(t, "kind of outage"),
			After: rapid.IntRange(1, maxAfter).Draw(t, "after"),
		}
	}
	return f
}

func weather(t *rapid.T) Weather {
	var w Weather
	for _, fault := range []githubsim.Fault{
		{Kind: githubsim.FaultStatus, Status: 502, Probability: 0.04},
		{Kind: githubsim.FaultStatus, Status: 500, Probability: 0.02},
		{Kind: githubsim.FaultShortBody, Probability: 0.03},
		{Kind: githubsim.FaultShortChunks, Probability: 0.03},
		{Kind: githubsim.FaultReset, Probability: 0.03},
		{Kind: githubsim.FaultLatency, Delay: 2 * time.Millisecond, Jitter: 60 * time.Millisecond, Probability: 0.5},
		{Kind: githubsim.FaultPrimaryLimit, From: rapid.IntRange(1, 2*maxAfter).Draw(t, "primary limit"), Times: 1},
		{Kind: githubsim.FaultSecondaryLimit, From: rapid.IntRange(1, 2*maxAfter).Draw(t, "secondary limit"), Times: 1, RetryAfter: time.Second, Hold: true},
		{Kind: githubsim.FaultTooManyRequests, Probability: 0.01, Status: 429},
	} {
		if rapid.Bool().Draw(t, "fault") {
			w.Faults = append(w.Faults, fault)
		}
	}
	part := func(label string) float64 { return float64(rapid.IntRange(0, 5).Draw(t, label)) / 10 }
	w.Hooks = Hooks{Lost: part("lost"), Failed: part("failed"), Doubled: part("doubled"), Late: part("late")}
	victims := []Victim{VictimWorker, VictimWorker, VictimPostgres, VictimRedis}
	for range rapid.IntRange(0, 2).Draw(t, "kills") {
		w.Kills = append(w.Kills, Kill{
			After: rapid.IntRange(1, 2*maxAfter).Draw(t, "after"), Victim: rapid.SampledFrom(victims).Draw(t, "victim"),
		})
	}
	return w
}

// String tells the whole plan, for whoever looks for what it broke.
func (p Plan) String() string {
	var b strings.Builder
	for n, w := range p.Rounds {
		fmt.Fprintf(&b, "round %d: hooks %+v\n", n+1, w.Hooks)
		for _, f := range w.Faults {
			fmt.Fprintf(&b, "  fault %+v\n", f)
		}
		for _, k := range w.Kills {
			fmt.Fprintf(&b, "  after %d requests %s is killed\n", k.After, k.Victim)
		}
		for i, s := range p.Sites {
			for _, e := range s.Rounds[n].Events {
				fmt.Fprintf(&b, "  repository %d of %d items, after %d requests: %s\n", i+1, s.Items, e.After, e.Action)
			}
			if o := s.Rounds[n].Outage; o.Kind != "" {
				fmt.Fprintf(&b, "  repository %d, after %d requests: %s\n", i+1, o.After, o.Kind)
			}
		}
	}
	return b.String()
}
