package forecast

import (
	"math"
	"time"
)

// measuredFrom is the share of the work from which on only what was measured counts.
const measuredFrom = 0.25

// Corrected is what is left of an operation once some of it is done: whole is the
// estimate of all of it by the same pace, busy the time that it has worked so far,
// waits left out. The more is done, the more the measured time counts.
func (e Estimate) Corrected(whole Estimate, busy time.Duration) Estimate {
	all := (whole.Duration - whole.Waits).Seconds()
	done := all - (e.Duration - e.Waits).Seconds()
	if e.Never || done <= tiny || busy <= 0 {
		return e
	}
	weight := min(1, done/all/measuredFrom)
	factor := 1 - weight + weight*min(max(busy.Seconds()/done, 1.0/maxFactor), maxFactor)
	e.Duration = e.Waits + seconds((e.Duration-e.Waits).Seconds()*factor)
	return e
}

// maxFactor bounds what a few bad measurements can do.
const maxFactor = 10

// Fitted is the pace at which the done part of some work, all of it less what is left,
// takes as long as it took: busy, waits left out. The latency was measured, so what it
// does not explain is the database's. The more is done, the more that counts. It is the
// same pace where the database hardly matters, and measured tells whether enough was
// done for others to learn from it.
func (p Pace) Fitted(all, left []Job, busy time.Duration) (fitted Pace, measured bool) {
	done := func(itemsPerSecond float64) (share float64, took time.Duration) {
		p.ItemsPerSecond = itemsPerSecond
		whole, rest := Of(all, p, Budget{}).Duration, Of(left, p, Budget{}).Duration
		return 1 - rest.Seconds()/max(whole.Seconds(), tiny), whole - rest
	}
	fitted = p
	share, _ := done(p.ItemsPerSecond)
	low, high := fitted.ItemsPerSecond/maxFactor, fitted.ItemsPerSecond*maxFactor
	_, slowest := done(low)
	_, fastest := done(high)
	if (slowest - fastest).Seconds() < matters*busy.Seconds() {
		return fitted, false
	}
	for range bisections {
		middle := math.Sqrt(low * high)
		if _, took := done(middle); took > busy {
			low = middle
		} else {
			high = middle
		}
	}
	weight := min(1, max(share, 0)/measuredFrom)
	fitted.ItemsPerSecond = math.Pow(fitted.ItemsPerSecond, 1-weight) * math.Pow(math.Sqrt(low*high), weight)
	return fitted, weight == 1 && busy > leastMeasured
}

const (
	// matters is the part of the time by which a database of another speed has to change
	// it for anything to be told of its speed.
	matters = 0.2
	// leastMeasured is how long has to be worked for others to learn from it.
	leastMeasured = time.Second
)

// bisections bring a factor of maxFactor² below a per cent.
const bisections = 10
