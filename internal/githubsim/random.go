package githubsim

import "math"

// random is a small generator whose sequence is fixed by its seed on every
// platform and for every Go release (SplitMix64).
type random struct{ state uint64 }

func newRandom(parts ...uint64) *random {
	r := &random{state: 0x9e3779b97f4a7c15}
	for _, p := range parts {
		r.state = mix(r.state ^ p)
	}
	return r
}

func (r *random) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	return mix(r.state)
}

// below is a number from 0 to n-1; n must be above 0.
func (r *random) below(n int) int { return int(r.next() % uint64(n)) }

// float is a number from 0 up to 1.
func (r *random) float() float64 { return float64(r.next()>>11) / (1 << 53) }

func (r *random) chance(p float64) bool { return r.float() < p }

// skewed is an index below n; the higher the power, the more often a low one.
func (r *random) skewed(n int, power float64) int {
	return min(int(math.Pow(r.float(), power)*float64(n)), n-1)
}

// wait is a random duration in seconds with a mean, many short and few long.
func (r *random) wait(mean float64) float64 { return -mean * math.Log(1-r.float()) }

func pick[T any](r *random, from []T) T { return from[r.below(len(from))] }
