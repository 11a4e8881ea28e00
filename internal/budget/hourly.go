package budget

import (
	"math"
	"time"
)

const (
	// another is by how much the end of a window moves at the least when a new one
	// begins, where windows are long enough. Reports of one window differ by a second,
	// since GitHub tells whole ones.
	another, differ = 5 * time.Second, 1100 * time.Millisecond
	// scoutPatience is how long one request may keep the others waiting that want to
	// know how GitHub answers it.
	scoutPatience = 2 * time.Second
)

// hourly is the window of one resource's hourly budget, as answers report it.
type hourly struct {
	limit, left int64
	reset       time.Time
	known       bool    // GitHub has reported it
	open        bool    // the window has ended, and no answer came since
	price       float64 // of a GraphQL query, on average; REST requests cost 1
	answered    int64   // queries since what is left last shrank

	// unseen is what was taken off left for requests of which no report has told; the last
	// of them was over then. A report on a request that was sent later has told of them.
	unseen   int64
	unseenAt time.Time

	// While scouting one request at a time finds out how GitHub answers.
	scouting bool
	scouted  time.Time // when the first of them went
}

// tolerance is how far two reports of one window may differ.
func tolerance(hour time.Duration) time.Duration { return min(another, max(hour/4, differ)) }

// see notes a report. Answers overtake each other: within one window the least that is
// left is true, and so is the earliest end, since each is late by what GitHub rounds.
// What is left of an earlier window says nothing. sent is when the last of the requests
// was sent that it is about; zero: nobody knows. It tells whether a new window began.
func (h *hourly) see(limit, left int64, reset, sent time.Time, hour time.Duration) (began bool) {
	later := reset.Sub(h.reset)
	switch near := tolerance(hour); {
	case !h.known || later > near:
		h.limit, h.left, h.reset, h.known, h.open, h.unseen = limit, left, reset, true, false, 0
		return true
	case later < -near || h.open:
		return false
	}
	if later < 0 {
		h.reset = reset
	}
	if limit != h.limit {
		h.limit, h.left, h.unseen = limit, left, 0
	}
	told := min(h.told(), left)
	if sent.After(h.unseenAt) {
		h.unseen = 0
	}
	h.left = max(0, told-h.unseen)
	return false
}

// told is what reports say is left.
func (h *hourly) told() int64 { return h.left + h.unseen }

// pass notices the window's end: all of the limit is there again. The first request
// of the new window goes alone, and its answer tells.
func (h *hourly) pass(now time.Time) (passed bool) {
	if !h.known || h.open || now.Before(h.reset) {
		return false
	}
	h.left, h.unseen, h.open, h.scouting, h.scouted = h.limit, 0, true, true, time.Time{}
	return true
}

// spend counts requests of which no report says anything.
func (h *hourly) spend(n int64, now time.Time) {
	if n = min(n, h.left); h.known && n > 0 {
		h.left, h.unseen, h.unseenAt = h.left-n, h.unseen+n, now
	}
}

// remaining is the part of the window that is still to come.
func (h *hourly) remaining(now time.Time, hour time.Duration) float64 {
	if !h.known || h.open {
		return 1
	}
	return max(0, min(1, float64(h.reset.Sub(now))/float64(hour)))
}

// scout lets one request go before all others.
func (h *hourly) scout() { h.scouting, h.scouted = true, time.Time{} }

// scouts is how many more than one may be out now: a scout that takes long must not
// keep all others waiting.
func (h *hourly) scouts(now time.Time) int64 {
	if h.scouted.IsZero() {
		return 0
	}
	return int64(now.Sub(h.scouted) / scoutPatience)
}

const (
	// priceWeight is the weight of the latest queries in what one costs on average.
	priceWeight = 0.2
	// highestPrice bounds that, since others spend as well.
	highestPrice = 50
)

// learnPrice notes what queries cost: it is known only afterwards. Of several that were
// out at once the first answer may show what all have cost, and the others nothing.
func (h *hourly) learnPrice(spent, requests int64) {
	h.answered += requests
	if spent <= 0 || h.answered <= 0 {
		return
	}
	h.price = max(1, h.price)
	h.price += priceWeight * (min(float64(spent)/float64(h.answered), highestPrice) - h.price)
	h.answered = 0
}

// cost is about what one request costs.
func (h *hourly) cost() int64 { return max(1, int64(math.Ceil(h.price))) }
