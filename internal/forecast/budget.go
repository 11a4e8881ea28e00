package forecast

import (
	"math"
	"time"
)

// Budget is what GitHub still allows. The zero value is a budget without bounds.
type Budget struct {
	Limit int64 // requests in a window; 0: unknown, and so without bounds
	Left  int64 // of the present window
	Reset time.Duration
	// Window is the length of a window; 0 means an hour.
	Window time.Duration
	// Hold is how long nothing may be asked from now on.
	Hold time.Duration
}

func (b Budget) sane() Budget {
	if b.Window <= 0 {
		b.Window = time.Hour
	}
	if b.Limit > 0 && b.Reset <= 0 { // the window has passed meanwhile
		b.Left, b.Reset = b.Limit, b.Window
	}
	return b
}

// pass waits for so many seconds, in which nothing happens but the window's end.
func (f *flow) pass(wait float64) float64 {
	f.waits += wait
	f.spend(wait, 0)
	return wait
}

// spend takes seconds and requests from the budget, and fills it at a window's end.
func (f *flow) spend(took, requests float64) {
	if f.budget.Limit <= 0 {
		return
	}
	f.left -= requests
	if f.reset -= took; f.reset > tiny {
		return
	}
	window := f.budget.Window.Seconds()
	f.left = float64(f.budget.Limit)
	f.reset = window - math.Mod(-min(f.reset, 0), window)
}
