package progress

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast/holdfast/internal/operation"
)

const (
	// keep is how many events a topic holds at most; it drops the older half then.
	keep = 1024
	// pendingMost bounds the events held back behind a gap; the source has the rest.
	pendingMost = 1024
	// page is how many events the source is asked for at once.
	page = 500
	// grace is how long a gap may be just two publishers overtaking each other.
	grace = 30 * time.Millisecond
)

// unseeded is the position of a topic before it is known.
const unseeded = -1

// topic holds the latest events of one operation for all its listeners.
type topic struct {
	hub             *Hub
	workspaceID, id string
	holders         int // guarded by the hub's lock
	cancel          context.CancelFunc
	wakes           chan struct{} // something may be missing
	forced          atomic.Bool   // … and only the source can tell

	mu      sync.Mutex
	events  []operation.Event         // contiguous, up to last; guarded by mu, as all below
	last    int64                     // seq of the last event known in order
	pending map[int64]operation.Event // events behind a gap
	changed chan struct{}             // closed and replaced when last moves
	final   bool                      // the last event ended the operation
}

func newTopic(h *Hub, workspaceID, id string, cancel context.CancelFunc) *topic {
	return &topic{
		hub: h, workspaceID: workspaceID, id: id, cancel: cancel,
		wakes: make(chan struct{}, 1), last: unseeded,
		pending: map[int64]operation.Event{}, changed: make(chan struct{}),
	}
}

// seed sets where a new topic starts: at the operation as it was read. What was
// told of it meanwhile is looked at now: before, nobody knew what was missing.
func (t *topic) seed(seq int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last != unseeded {
		return
	}
	t.last = seq
	t.advance()
	if t.forced.Load() || len(t.pending) > 0 {
		t.wake()
	}
}

// force makes run ask the source.
func (t *topic) force() {
	t.forced.Store(true)
	t.wake()
}

// wake makes run look whether there still is a gap, and if so ask the source.
func (t *topic) wake() {
	select {
	case t.wakes <- struct{}{}:
	default: // it is about to
	}
}

// offer takes an event from Redis. Twice or late it changes nothing; early it
// waits until the events before it have come.
func (t *topic) offer(e operation.Event) {
	if e.Seq == 0 { // says only that there is something
		t.force()
		return
	}
	t.mu.Lock()
	if e.Seq > t.last && len(t.pending) < pendingMost {
		t.pending[e.Seq] = e
	}
	t.advance()
	t.mu.Unlock()
	if t.gap() {
		t.wake()
	}
}

// fill takes events from the source, ascending. A hole between what was known
// and the first of them means that the source no longer keeps what was there.
func (t *topic) fill(events []operation.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range events {
		if e.Seq <= t.last {
			continue
		}
		if e.Seq > t.last+1 {
			t.events, t.last = nil, e.Seq-1
		}
		t.pending[e.Seq] = e
		t.advance()
	}
}

// advance moves what is pending and next in order to the events, and tells the
// listeners. The lock is held.
func (t *topic) advance() {
	if t.last == unseeded {
		return
	}
	moved := false
	for {
		e, ok := t.pending[t.last+1]
		if !ok {
			break
		}
		delete(t.pending, e.Seq)
		t.events = append(t.events, e)
		t.last, moved = e.Seq, true
		t.final = t.final || (e.Operation != nil && e.Operation.State.Terminal())
	}
	if !moved {
		return
	}
	if len(t.events) > keep {
		t.events = slices.Clone(t.events[len(t.events)-keep/2:])
	}
	for seq := range t.pending {
		if seq <= t.last {
			delete(t.pending, seq)
		}
	}
	close(t.changed)
	t.changed = make(chan struct{})
}

// after is what a listener at pos reads next: events if they are here, else a
// channel that closes when there is more. Neither means that the events after
// pos are no longer here and must be asked of the source.
func (t *topic) after(pos int64, limit int) ([]operation.Event, <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last <= pos {
		return nil, t.changed
	}
	if len(t.events) == 0 || t.events[0].Seq > pos+1 {
		return nil, nil
	}
	next := t.events[pos+1-t.events[0].Seq:]
	return slices.Clone(next[:min(limit, len(next))]), nil
}

// run asks the source whenever something may be missing, until ctx ends or the
// operation has. It is the topic's only reader of the source, so that one wake
// costs one query for all listeners together.
func (t *topic) run(ctx context.Context) {
	pause := t.hub.opts.Poll
	for {
		seen := t.position()
		woken := t.await(ctx, pause)
		if ctx.Err() != nil {
			return
		}
		if t.position() == unseeded {
			continue // seed wakes again, and what forces a question stays until then
		}
		if t.forced.Swap(false) || (woken && t.gap()) || (!woken && t.position() == seen) {
			t.refill(ctx)
		}
		if t.ended() {
			return
		}
		if t.hub.healthy.Load() && t.position() == seen {
			pause = min(2*pause, t.hub.opts.IdlePoll)
		} else {
			pause = t.hub.opts.Poll
		}
	}
}

// await returns after pause, or true soon after a wake if something is missing.
func (t *topic) await(ctx context.Context, pause time.Duration) (woken bool) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-t.wakes:
		select {
		case <-ctx.Done():
		case <-time.After(grace):
		}
		return true
	}
	return false
}

// refill asks the source for everything after what is known.
func (t *topic) refill(ctx context.Context) {
	for {
		after := t.position()
		query, cancel := context.WithTimeout(ctx, t.hub.opts.SourceTimeout)
		events, err := t.hub.opts.Source.Events(query, t.workspaceID, t.id, after, page)
		cancel()
		if err != nil {
			if ctx.Err() == nil {
				t.hub.opts.Logger.WarnContext(ctx, "events cannot be read; trying again",
					"operation_id", t.id, "after", after, "error", err)
			}
			return
		}
		t.fill(events)
		if len(events) < page {
			return
		}
	}
}

// gap tells whether events wait for one that has not come.
func (t *topic) gap() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.pending) > 0 && t.last != unseeded
}

func (t *topic) position() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last
}

func (t *topic) ended() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.final
}
