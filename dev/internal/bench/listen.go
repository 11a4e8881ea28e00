package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// openingAtOnce is how many listeners connect at the same time.
	openingAtOnce = 64
	// finishPatience is how long after the last event the listeners may wait for theirs.
	finishPatience = 30 * time.Second
	// reopenPause is between two attempts to connect again.
	reopenPause = 100 * time.Millisecond
)

// audience is who listens: as many listeners to each operation, spread over the
// addresses, with a token for each operation.
type audience struct {
	Addresses    []string `json:"addresses"`
	Operations   []string `json:"operations"`
	Tokens       []string `json:"tokens"`
	PerOperation int      `json:"per_operation"`
}

// order is what the process of the listeners is told while it runs.
type order struct {
	Begin bool    `json:"begin,omitempty"` // measure from now on
	Last  []int64 `json:"last,omitempty"`  // end when all have these, by operation
}

// Heard is what the listeners came to.
type Heard struct {
	Listeners  int     `json:"listeners"`
	Deliveries int64   `json:"deliveries"` // while it was measured
	Seconds    float64 `json:"seconds"`
	Latencies  []int64 `json:"-"`
	P50        int64   `json:"p50_us"` // from before the commit to the listener
	P99        int64   `json:"p99_us"`
	Most       int64   `json:"most_us"`
	Lost       int64   `json:"lost"`
	Doubled    int64   `json:"doubled"` // or out of order
	Skipped    int64   `json:"skipped"` // coalesced, and said so
	Dropped    int     `json:"dropped"` // connections that ended
	Resumed    int     `json:"resumed"` // of them
	ResumedMS  int64   `json:"resumed_ms"`
}

// ServeListeners is the process of the listeners. It is told by lines of JSON, and answers
// by them: ready when all listen, and at the end what they heard.
func ServeListeners(ctx context.Context, in io.Reader, out io.Writer) error {
	told, answer := json.NewDecoder(in), json.NewEncoder(out)
	var who audience
	if err := told.Decode(&who); err != nil {
		return fmt.Errorf("read who listens: %w", err)
	}
	c := newCrowd(who)
	defer c.close()
	if err := c.open(ctx); err != nil {
		return err
	}
	if err := answer.Encode(map[string]bool{"ready": true}); err != nil {
		return fmt.Errorf("tell that all listen: %w", err)
	}
	for {
		var o order
		if err := told.Decode(&o); err != nil {
			return fmt.Errorf("read an order: %w", err)
		}
		if o.Begin {
			c.began.Store(time.Now().UnixMicro())
			continue
		}
		heard, err := c.finish(ctx, o.Last)
		if err != nil {
			return err
		}
		if err := answer.Encode(heard); err != nil {
			return fmt.Errorf("tell what was heard: %w", err)
		}
		return nil
	}
}

// crowd is all listeners.
type crowd struct {
	who       audience
	listeners []*listening
	began     atomic.Int64 // microseconds; 0: nothing is measured yet
	ending    atomic.Bool
	wait      sync.WaitGroup
}

func newCrowd(who audience) *crowd {
	c := &crowd{who: who}
	for i := range who.Operations {
		for j := range who.PerOperation {
			c.listeners = append(c.listeners, &listening{crowd: c, operation: i, at: j % len(who.Addresses)})
		}
	}
	return c
}

// open connects all of them and waits until each has its snapshot.
func (c *crowd) open(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(openingAtOnce)
	for _, l := range c.listeners {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err := l.connect(); err != nil {
				return err
			}
			return l.first()
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, l := range c.listeners {
		c.wait.Go(l.run)
	}
	return nil
}

// finish waits until all listeners have all events, and sums up.
func (c *crowd) finish(ctx context.Context, last []int64) (Heard, error) {
	if len(last) != len(c.who.Operations) {
		return Heard{}, errors.New("there is not one last event for each operation")
	}
	seconds := time.Since(time.UnixMicro(c.began.Load())).Seconds()
	every := time.NewTicker(10 * time.Millisecond)
	defer every.Stop()
	for until := time.Now().Add(finishPatience); time.Now().Before(until) && !c.have(last); {
		select {
		case <-ctx.Done():
			return Heard{}, ctx.Err()
		case <-every.C:
		}
	}
	c.close()
	return c.sum(last, seconds)
}

func (c *crowd) have(last []int64) bool {
	return !slices.ContainsFunc(c.listeners, func(l *listening) bool { return l.seq.Load() < last[l.operation] })
}

// close ends all listeners.
func (c *crowd) close() {
	c.ending.Store(true)
	for _, l := range c.listeners {
		l.hangUp()
	}
	c.wait.Wait()
}

func (c *crowd) sum(last []int64, seconds float64) (Heard, error) {
	h := Heard{Listeners: len(c.listeners), Seconds: seconds}
	var firstDrop, lastResume int64
	for _, l := range c.listeners {
		if l.err != nil {
			return h, l.err
		}
		h.Latencies = append(h.Latencies, l.latencies...)
		h.Lost += l.lost + last[l.operation] - l.seq.Load()
		h.Doubled, h.Skipped = h.Doubled+l.doubled, h.Skipped+l.skipped
		if l.droppedAt > 0 {
			h.Dropped++
			if firstDrop == 0 || l.droppedAt < firstDrop {
				firstDrop = l.droppedAt
			}
		}
		if l.resumedAt > 0 {
			h.Resumed++
			lastResume = max(lastResume, l.resumedAt)
		}
	}
	h.Deliveries = int64(len(h.Latencies))
	if h.Resumed > 0 {
		h.ResumedMS = (lastResume - firstDrop) / 1000
	}
	slices.Sort(h.Latencies)
	if n := len(h.Latencies); n > 0 {
		h.P50, h.P99, h.Most = h.Latencies[n/2], h.Latencies[n*99/100], h.Latencies[n-1]
	}
	return h, nil
}
