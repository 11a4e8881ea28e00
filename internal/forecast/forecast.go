// Package forecast says how long a sync will take and how many requests it needs,
// from what is known of its collections, of GitHub's pace and limits, and of our own.
// It is arithmetic only: it asks nobody and has no clock.
//
// The work is taken for a fluid. A few collections flow at once, each as fast as its
// requests in flight and its items through the database allow, all together no faster
// than the process; where GitHub's hourly budget is used up everything stands still
// until it is filled again.
package forecast

import (
	"math"
	"slices"
	"time"
)

// Job is one collection of a sync, as far as it is still to be read.
type Job struct {
	Name  string
	After string // the job that has to end before this one begins; empty: none
	// Requests are those that are left.
	Requests int64
	// Single is how many of them go out alone: the first of a list, which tells how many
	// follow, and the last, which asks what changed meanwhile.
	Single int64
	// Items are those that are left to be written.
	Items int64
	// Width is how many requests are in flight at once; 0 means 1.
	Width int
	// PerStep is how many requests one step of the workflow makes; 0: all of them.
	PerStep int64
}

// Pace is how fast work gets done.
type Pace struct {
	Latency time.Duration // of a request to GitHub, to the end of its answer
	// ItemsPerSecond is what the database takes of all collections together.
	ItemsPerSecond float64
	AtOnce         int           // collections that are read at once
	InFlight       int           // requests of a process
	Step           time.Duration // what a step costs besides its requests and items
}

// Estimate is what is left of some work.
type Estimate struct {
	Requests int64
	Items    int64
	Duration time.Duration // waits for limits included
	Waits    time.Duration // of it
	// Never tells that the budget allows none of the requests: then nobody knows how long
	// it takes, and both durations are 0.
	Never bool
}

// oneCollection is the share of ItemsPerSecond that a collection reaches which is
// read alone: its pages are written one after another.
const oneCollection = 0.75

// Of estimates jobs, which begin in their order.
func Of(jobs []Job, pace Pace, budget Budget) Estimate {
	var e Estimate
	for _, j := range jobs {
		e.Requests += j.Requests
		e.Items += j.Items
	}
	if e.Never = e.Requests > 0 && (budget.Hour.None || budget.Minute.None); e.Never {
		return e
	}
	f := &flow{pace: pace.sane(), purses: budget.purses()}
	for _, j := range jobs {
		f.jobs = append(f.jobs, newRun(j, f.pace))
	}
	e.Duration = seconds(f.run(budget.Hold))
	e.Waits = seconds(f.waits)
	return e
}

func (p Pace) sane() Pace {
	p.AtOnce, p.InFlight = max(p.AtOnce, 1), max(p.InFlight, 1)
	p.Latency = max(p.Latency, time.Microsecond)
	if p.ItemsPerSecond <= 0 {
		p.ItemsPerSecond = math.Inf(1)
	}
	return p
}

// run is a job under way: first what its steps cost, then the requests that go
// alone, then the others.
type run struct {
	Job
	steps  float64 // seconds
	single float64 // requests
	many   float64 // requests
	ended  bool
}

func newRun(j Job, p Pace) *run {
	steps := int64(1)
	if j.PerStep > 0 {
		steps = max(1, (j.Requests+j.PerStep-1)/j.PerStep)
	}
	single := min(j.Single, j.Requests)
	return &run{
		Job: j, steps: float64(steps) * p.Step.Seconds(),
		single: float64(single), many: float64(j.Requests - single),
	}
}

// wants is how many requests a second the job would make if it were alone.
func (r *run) wants(p Pace) float64 {
	width := 1
	if r.single <= 0 {
		width = min(max(r.Width, 1), p.InFlight)
	}
	rate := float64(width) / p.Latency.Seconds()
	if per := r.itemsPerRequest(); per > 0 {
		rate = min(rate, oneCollection*p.ItemsPerSecond/per)
	}
	return rate
}

func (r *run) itemsPerRequest() float64 {
	if r.Requests == 0 {
		return 0
	}
	return float64(r.Items) / float64(r.Requests)
}

// asking tells whether the job makes requests now.
func (r *run) asking() bool { return r.steps <= 0 && r.single+r.many > 0 }

// left are the requests until the job changes its rate.
func (r *run) left() float64 {
	if r.single > 0 {
		return r.single
	}
	return r.many
}

// flow is all jobs of a sync.
type flow struct {
	jobs   []*run
	pace   Pace
	purses []*purse
	waits  float64 // seconds
}

// tiny is what counts as nothing, of seconds and of requests.
const tiny = 1e-9

// run lets the jobs flow to their end, after a hold, and returns the seconds that it takes.
func (f *flow) run(hold time.Duration) float64 {
	var now float64
	if hold > 0 {
		now += f.pass(hold.Seconds())
	}
	for {
		active := f.active()
		if len(active) == 0 {
			return now
		}
		if wait := f.empty(); wait > 0 && slices.ContainsFunc(active, (*run).asking) {
			now += f.pass(wait)
			continue
		}
		now += f.advance(active)
	}
}

// active are the jobs that run now.
func (f *flow) active() []*run {
	var active []*run
	for _, r := range f.jobs {
		if !r.ended && len(active) < f.pace.AtOnce && f.ready(r) {
			active = append(active, r)
		}
	}
	return active
}

func (f *flow) ready(r *run) bool {
	return r.After == "" || !slices.ContainsFunc(f.jobs, func(o *run) bool { return o.Name == r.After && o != r && !o.ended })
}

// advance goes on until one of the active jobs changes or the budget does, and
// returns how many seconds that takes.
func (f *flow) advance(active []*run) float64 {
	rates, total := f.rates(active)
	step := math.Inf(1)
	for i, r := range active {
		switch {
		case r.steps > 0:
			step = min(step, r.steps)
		case rates[i] > 0:
			step = min(step, r.left()/rates[i])
		default:
			step = 0 // there is nothing to ask
		}
	}
	step = min(step, f.until(total))
	for i, r := range active {
		r.flow(step, rates[i])
	}
	f.spend(step, total*step)
	return step
}

func (r *run) flow(seconds, rate float64) {
	switch {
	case r.steps > 0:
		r.steps = none(r.steps - seconds)
	case r.single > 0:
		r.single = none(r.single - rate*seconds)
	default:
		r.many = none(r.many - rate*seconds)
	}
	r.ended = r.steps == 0 && r.single == 0 && r.many == 0
}

func none(v float64) float64 {
	if v < tiny {
		return 0
	}
	return v
}

// rates are the requests a second of each active job, and of all.
func (f *flow) rates(active []*run) (rates []float64, total float64) {
	rates = make([]float64, len(active))
	for i, r := range active {
		if r.asking() {
			rates[i] = r.wants(f.pace)
			total += rates[i]
		}
	}
	if most := float64(f.pace.InFlight) / f.pace.Latency.Seconds(); total > most {
		scale(rates, most/total)
	}
	var items float64
	for i, r := range active {
		items += rates[i] * r.itemsPerRequest()
	}
	if items > f.pace.ItemsPerSecond {
		scale(rates, f.pace.ItemsPerSecond/items)
	}
	total = 0
	for _, rate := range rates {
		total += rate
	}
	return rates, total
}

func scale(rates []float64, by float64) {
	for i := range rates {
		rates[i] *= by
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
