package budget

import "time"

const (
	// large is how many bytes an answer has that counts as a page of items.
	large = 8 << 10
	// weight of the latest answer in the mean latency.
	weight = 0.2
)

// Pace is what a gate knows of GitHub's answers so far.
type Pace struct {
	Limit int64     // requests of a window; 0: GitHub has not said yet
	Left  int64     // of the present window
	Reset time.Time // when it ends
	Held  time.Time // until when no request is let through; zero or past: they are
	// Latency is how long answers with pages of items lately took; 0: there was none yet.
	Latency time.Duration
	// Short is the same of answers without a page of items.
	Short    time.Duration
	InFlight int           // requests at once
	Window   time.Duration // in which Limit requests are allowed
}

// pace is the part of a Gate that learns. The gate's lock guards it.
type pace struct {
	limit, left  int64
	reset        time.Time
	short, pages time.Duration // mean latencies
}

// SawAnswer notes how long the answer to a REST request took, and its size in bytes.
func (g *Gate) SawAnswer(took time.Duration, size int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	mean := &g.pace.short
	if size >= large {
		mean = &g.pace.pages
	}
	if *mean == 0 {
		*mean = took
		return
	}
	*mean += time.Duration(weight * float64(took-*mean))
}

// SawBudget notes what an answer said of the hourly number of requests.
func (g *Gate) SawBudget(limit, left int64, reset time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := &g.pace
	// Answers overtake each other: within one window the least that is left is true.
	if limit == p.limit && left > p.left && reset.Sub(p.reset).Abs() < time.Minute && g.now().Before(p.reset) {
		return
	}
	p.limit, p.left, p.reset = limit, left, reset
}

// Pace is what the gate knows so far.
func (g *Gate) Pace() Pace {
	g.mu.Lock()
	defer g.mu.Unlock()
	return Pace{
		Limit: g.pace.limit, Left: g.pace.left, Reset: g.pace.reset, Held: g.latest(Primary).Until,
		Latency: g.pace.pages, Short: g.pace.short, InFlight: cap(g.slots), Window: time.Hour,
	}
}
