package forecast

import (
	"math"
	"time"
)

// usual is how many items a second the database takes where nothing was learnt: what a
// virtual machine with two cores does that runs everything.
const usual = 4000

// Learn is how many items a second the database takes, from what earlier syncs
// measured: their geometric mean.
func Learn(measured []float64) float64 {
	if len(measured) == 0 {
		return usual
	}
	var sum float64
	for _, m := range measured {
		sum += math.Log(m)
	}
	return math.Exp(sum / float64(len(measured)))
}

// PageLatency is how long a page of items will take to come: as measured lately, or
// as an earlier sync measured it, but at least as long as a short answer does now and
// not out of all proportion to it.
func PageLatency(short, pages, earlier time.Duration) time.Duration {
	known := pages
	if known == 0 {
		known = earlier
	}
	if short == 0 {
		return known
	}
	return min(max(known, short), disproportion*short)
}

// disproportion is how many times as long as a short answer a page of items may take.
const disproportion = 5
