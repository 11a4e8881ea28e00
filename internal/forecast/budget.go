package forecast

import (
	"math"
	"time"
)

// Budget is what GitHub still allows. The zero value is a budget without bounds.
type Budget struct {
	Hour   Window
	Minute Window
	// Hold is how long nothing may be asked from now on.
	Hold time.Duration
}

// Window is one of the times in which GitHub allows a number of requests.
type Window struct {
	Limit  int64 // requests in a window; 0: unknown, and so without bounds, unless None says otherwise
	None   bool  // no request is allowed at all
	Left   int64 // of the present one
	Reset  time.Duration
	Length time.Duration
}

// purse is a window under way.
type purse struct {
	limit, left   float64 // requests
	reset, length float64 // seconds
}

// purses are the windows of a budget that are bounded. Those without a length have the
// usual one.
func (b Budget) purses() []*purse {
	var out []*purse
	for i, w := range []Window{b.Hour, b.Minute} {
		if w.Limit <= 0 {
			continue
		}
		if w.Length <= 0 {
			w.Length = []time.Duration{time.Hour, time.Minute}[i]
		}
		if w.Reset <= 0 { // the window has passed meanwhile
			w.Left, w.Reset = w.Limit, w.Length
		}
		out = append(out, &purse{float64(w.Limit), float64(w.Left), w.Reset.Seconds(), w.Length.Seconds()})
	}
	return out
}

// pass waits for so many seconds, in which nothing happens but a window's end.
func (f *flow) pass(wait float64) float64 {
	f.waits += wait
	f.spend(wait, 0)
	return wait
}

// spend takes seconds and requests from the budget, and fills it at a window's end.
func (f *flow) spend(took, requests float64) {
	for _, p := range f.purses {
		p.left -= requests
		if p.reset -= took; p.reset > tiny {
			continue
		}
		p.left = p.limit
		p.reset = p.length - math.Mod(-min(p.reset, 0), p.length)
	}
}

// empty is how long it takes until the last window that has nothing left ends; 0: there
// is none.
func (f *flow) empty() (wait float64) {
	for _, p := range f.purses {
		if p.left <= tiny {
			wait = max(wait, p.reset)
		}
	}
	return wait
}

// until is when a window ends, or has nothing left at that many requests a second.
func (f *flow) until(rate float64) float64 {
	step := math.Inf(1)
	for _, p := range f.purses {
		step = min(step, p.reset)
		if rate > 0 {
			step = min(step, p.left/rate)
		}
	}
	return step
}
