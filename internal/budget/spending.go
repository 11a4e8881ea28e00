package budget

import "time"

// buckets is into how many parts a spending divides its span.
const buckets = 60

// spending counts what was spent within a span that ends now, so that no stretch of time
// of that length, wherever it begins, has more than what is allowed: a part counts until
// the whole span has passed since its end.
type spending struct {
	width time.Duration
	parts [buckets + 1]int64
	last  int64 // the number of the newest part since 1970
	sum   int64
}

func newSpending(span time.Duration) *spending { return &spending{width: max(span/buckets, 1)} }

// at moves on to now and returns what was spent within the span.
func (s *spending) at(now time.Time) int64 {
	n := now.UnixNano() / int64(s.width)
	if n <= s.last {
		return s.sum
	}
	for i := s.last - buckets; i < n-buckets && i <= s.last; i++ {
		if i < 0 {
			continue
		}
		part := &s.parts[i%int64(len(s.parts))]
		s.sum -= *part
		*part = 0
	}
	s.last = n
	return s.sum
}

// add spends n now.
func (s *spending) add(n int64, now time.Time) {
	s.at(now)
	s.parts[s.last%int64(len(s.parts))] += n
	s.sum += n
}

// relief is how long it takes until at most room of what was spent counts. With
// nothing to wait for it is 0.
func (s *spending) relief(room int64, now time.Time) time.Duration {
	left := s.at(now)
	for i := s.last - buckets; i <= s.last && left > room; i++ {
		if i < 0 {
			continue
		}
		if left -= s.parts[i%int64(len(s.parts))]; left <= room {
			return time.Duration((i+buckets+1)*int64(s.width) - now.UnixNano())
		}
	}
	return 0
}

// since lists what was spent from a time on, by age.
func (s *spending) since(name string, from, now time.Time) []aged {
	s.at(now)
	var spent []aged
	for i := max(0, s.last-buckets); i <= s.last; i++ {
		end := time.Unix(0, (i+1)*int64(s.width))
		if n := s.parts[i%int64(len(s.parts))]; n > 0 && end.After(from) {
			spent = append(spent, aged{Name: name, N: n, Age: millis(max(0, now.Sub(end)))})
		}
	}
	return spent
}
