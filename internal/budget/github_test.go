package budget

import (
	"context"
	"sync"
	"time"
)

// github is a GitHub that counts, and refuses what is too much.
type github struct {
	mu     sync.Mutex
	scale  float64
	limit  int64
	points int64         // of a minute; 0: any number
	most   int           // in flight; 0: any number
	takes  time.Duration // an answer

	window  time.Time // when the present one ends
	used    int64
	uses    []use // the points of the last minute
	flight  int
	held    time.Time
	refuse  []Refusal        // what the next answers are refused with
	silent  bool             // refusals do not say how long they last
	outside func() (n int64) // spent by others before each request

	requests, refused, offences, probes, highest int
	blame                                        []int   // offences after each time that it began to refuse
	lowest                                       int64   // ever left of a window
	lengths                                      []int64 // used of each window that ended
	content                                      []time.Time
	sent                                         []time.Time
}

type use struct {
	at time.Time
	n  int64
}

func newGithub(hour time.Duration) *github {
	return &github{scale: float64(hour) / float64(time.Hour), limit: 1 << 40, lowest: 1 << 40}
}

func (g *github) roll(now time.Time) {
	if now.Before(g.window) {
		return
	}
	if !g.window.IsZero() {
		g.lengths = append(g.lengths, g.used)
	}
	g.window, g.used = now.Add(scaled(time.Hour, g.scale)), 0
}

func (g *github) rate(now time.Time) *Rate {
	return &Rate{Limit: g.limit, Left: g.limit - g.used, Reset: g.window.Sub(now)}
}

func (g *github) probe(context.Context) (Rates, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	g.roll(now)
	g.probes++
	if now.Before(g.held) {
		g.offences++
	}
	return Rates{Core: *g.rate(now)}, nil
}

// answer answers a request after a while.
func (g *github) answer(r Request) Answer {
	a := g.arrive(r)
	if g.takes > 0 {
		timer := time.NewTimer(g.takes)
		<-timer.C
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.flight--
	return a
}

func (g *github) arrive(r Request) Answer {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	g.roll(now)
	g.requests++
	g.flight++
	g.highest = max(g.highest, g.flight)
	g.sent = append(g.sent, now)
	if r.Content {
		g.content = append(g.content, now)
	}
	if g.outside != nil {
		g.used += g.outside()
	}
	if refusal := g.judge(r, now); refusal != nil {
		g.refused++
		return Answer{Sent: true, Refused: refusal, Rate: g.rate(now)}
	}
	g.used++
	g.lowest = min(g.lowest, g.limit-g.used)
	return Answer{Sent: true, OK: true, Rate: g.rate(now), Took: g.takes}
}

func (g *github) judge(r Request, now time.Time) *Refusal {
	points := r.kind().points()
	minute := scaled(time.Minute, g.scale)
	for len(g.uses) > 0 && now.Sub(g.uses[0].at) >= minute {
		g.uses = g.uses[1:]
	}
	var sum int64
	for _, u := range g.uses {
		sum += u.n
	}
	g.uses = append(g.uses, use{now, points})
	switch {
	case now.Before(g.held):
		g.offences++
		if len(g.blame) > 0 {
			g.blame[len(g.blame)-1]++
		}
		return g.secondary(g.held.Sub(now))
	case len(g.refuse) > 0:
		refusal := g.refuse[0]
		g.refuse = g.refuse[1:]
		g.blame = append(g.blame, 0)
		g.held = now.Add(refusal.Wait)
		if refusal.Wait == 0 {
			g.held = now.Add(minute)
		}
		return &refusal
	case g.points > 0 && sum+points > g.points, g.most > 0 && g.flight > g.most:
		g.held = now.Add(minute)
		return g.secondary(minute)
	case g.used >= g.limit:
		return &Refusal{Limit: Primary, Wait: g.window.Sub(now)}
	}
	return nil
}

func (g *github) secondary(wait time.Duration) *Refusal {
	if g.silent {
		wait = 0
	}
	return &Refusal{Limit: Secondary, Wait: wait}
}

// now reads a count.
func (g *github) now(read func(g *github) int) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return read(g)
}
