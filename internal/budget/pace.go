package budget

import "time"

const (
	// large is how many bytes an answer has that counts as a page of items.
	large = 8 << 10
	// latest is the weight of the latest answer in the mean latency.
	latest = 0.2
)

// Pace is what is known of GitHub's answers to REST requests so far.
type Pace struct {
	Known bool      // GitHub has said what it allows; if not, Limit and Left are 0
	Limit int64     // requests of a window that may be used, those in reserve left out
	Left  int64     // of them in the present window
	Reset time.Time // when it ends
	Held  time.Time // until when no request is let through; zero or past: they are
	// Latency is how long answers with pages of items lately took; 0: there was none yet.
	Latency time.Duration
	// Short is the same of answers without a page of items.
	Short    time.Duration
	InFlight int           // requests at once
	Window   time.Duration // in which Limit requests are allowed

	PerMinute  int64         // requests that backfill may make in a Minute
	MinuteLeft int64         // of them, without those that this process made in the last one
	Minute     time.Duration // a sixtieth of Window

	Alone bool // Redis is out of reach: this process uses its share only
}

// Pace is what is known of GitHub's answers to REST requests so far.
func (a *Account) Pace() Pace {
	now := a.ledger.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	p := Pace{
		Latency: a.latency.pages, Short: a.latency.short, InFlight: a.policy.InFlight,
		Window: a.ledger.times.hour, Alone: a.ledger.alone(),
	}
	if a.known.inFlight > 0 {
		p.InFlight = a.known.inFlight
	}
	if held := a.known.held(Core, now); held != nil {
		p.Held = held.Until
	}
	p.Limit, p.Left, p.Reset, p.Known = a.known.usable(Core, now)
	p.Minute, p.PerMinute = a.ledger.times.minute, int64(restPoints-LaneBackfill.aside(minuteAside*restPoints))
	p.MinuteLeft = max(0, p.PerMinute-a.lately.at(spentRest, now))
	return p
}

// latency is how long answers lately took, on average. The account's lock guards it.
type latency struct {
	short, pages time.Duration
}

// saw notes how long a request took.
func (l *latency) saw(answer Answer, k kind) {
	if !answer.OK || k.resource() != Core {
		return
	}
	mean := &l.short
	if answer.Size >= large {
		mean = &l.pages
	}
	if *mean == 0 {
		*mean = answer.Took
		return
	}
	*mean += time.Duration(latest * float64(answer.Took-*mean))
}
