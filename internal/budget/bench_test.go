package budget

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkEnter is what one request pays when nothing else waits: Enter and Leave, one
// after another.
func BenchmarkEnter(b *testing.B) {
	for name, processes := range map[string]int{"redis": 1, "alone": 0} {
		b.Run(name, func(b *testing.B) {
			f := setup(b, processes, time.Hour/100_000) // as good as no points a minute
			if processes == 0 {
				l, err := newLedger(Options{}, f.times)
				if err != nil {
					b.Fatal(err)
				}
				b.Cleanup(l.Close)
				f.ledgers = append(f.ledgers, l)
			}
			a := f.ledgers[0].Account(account, unlimited)
			ctx := WithFlow(b.Context(), Flow{Lane: LaneInteractive})
			b.ResetTimer()
			for b.Loop() {
				pass, err := a.Enter(ctx, Request{})
				if err != nil {
					b.Fatal(err)
				}
				_ = pass.Leave(ctx, Answer{Sent: true, OK: true}) // it was not refused
			}
		})
	}
}

// BenchmarkSaturated is how many requests a second all processes together get through,
// each with 40 that want to go and answers that take no time.
func BenchmarkSaturated(b *testing.B) {
	for _, processes := range []int{1, 4} {
		b.Run(fmt.Sprintf("processes=%d", processes), func(b *testing.B) {
			f := setup(b, processes, time.Hour/100_000)
			ctx, cancel := context.WithCancel(b.Context())
			defer cancel()
			var wait sync.WaitGroup
			var n atomic.Int64
			b.ResetTimer()
			for i, l := range f.ledgers {
				a := l.Account(account, unlimited)
				flow := WithFlow(ctx, Flow{LaneBackfill, "w", strconv.Itoa(i)})
				for range 40 {
					wait.Go(func() {
						for n.Add(1) <= int64(b.N) {
							pass, err := a.Enter(flow, Request{})
							if err != nil {
								b.Error(err)
								return
							}
							_ = pass.Leave(flow, Answer{Sent: true, OK: true}) // it was not refused
						}
					})
				}
			}
			wait.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
		})
	}
}

func unlimited(context.Context) (Rates, error) { return Rates{}, nil }
