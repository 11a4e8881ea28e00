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

// topic holds the latest entries of one operation, or of one feed of a workspace, for
// all its listeners.
type topic struct {
	hub         *Hub
	workspaceID string
	of          Topic
	origin      origin
	holders     int // guarded by the hub's lock
	cancel      context.CancelFunc
	wakes       chan struct{} // something may be missing
	forced      atomic.Bool   // … and only the source can tell

	mu       sync.Mutex
	entries  []*entry                      // contiguous, up to last; guarded by mu, as all below
	last     int64                         // position of the last entry known in order
	pending  map[int64]*entry              // entries behind a gap
	changed  chan struct{}                 // closed and replaced when last moves
	watchers map[*Listener]chan<- struct{} // told as well, by those who follow several topics
	final    bool                          // the last entry ended the operation
}

func newTopic(h *Hub, workspaceID string, of Topic, cancel context.CancelFunc) *topic {
	return &topic{
		hub: h, workspaceID: workspaceID, of: of, origin: h.origin(workspaceID, of), cancel: cancel,
		wakes: make(chan struct{}, 1), last: unseeded,
		pending: map[int64]*entry{}, changed: make(chan struct{}), watchers: map[*Listener]chan<- struct{}{},
	}
}

// watch tells a channel of one place whenever the topic moves, until unwatch.
func (t *topic) watch(l *Listener, ready chan<- struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.watchers[l] = ready
}

func (t *topic) unwatch(l *Listener) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.watchers, l)
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
	tell(t.wakes)
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
		t.pending[e.Seq] = entryOf(e)
	}
	t.advance()
	t.mu.Unlock()
	if t.gap() {
		t.wake()
	}
}

// fill takes entries from the source, ascending. A hole between what was known
// and the first of them means that the source no longer keeps what was there.
func (t *topic) fill(entries []*entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	moved := false
	for _, e := range entries {
		if e.position <= t.last {
			continue
		}
		if e.position > t.last+1 {
			t.entries, t.last = nil, e.position-1
		}
		t.pending[e.position] = e
		moved = t.order() || moved
	}
	if moved {
		t.announce()
	}
}

// advance moves what is pending and next in order to the entries, and tells the
// listeners. The lock is held.
func (t *topic) advance() {
	if t.order() {
		t.announce()
	}
}

// order moves what is pending and next in order to the entries, and tells whether
// there was any. The lock is held.
func (t *topic) order() (moved bool) {
	if t.last == unseeded {
		return false
	}
	for {
		e, ok := t.pending[t.last+1]
		if !ok {
			break
		}
		delete(t.pending, e.position)
		t.entries = append(t.entries, e)
		t.last, moved = e.position, true
		t.final = t.final || (t.of.Kind == TopicOperation && e.event.Operation != nil && e.event.Operation.State.Terminal())
	}
	if !moved {
		return false
	}
	if len(t.entries) > keep {
		t.entries = slices.Clone(t.entries[len(t.entries)-keep/2:])
	}
	for position := range t.pending {
		if position <= t.last {
			delete(t.pending, position)
		}
	}
	return true
}

// announce tells the listeners that there is more. The lock is held.
func (t *topic) announce() {
	close(t.changed)
	t.changed = make(chan struct{})
	for _, ready := range t.watchers {
		tell(ready)
	}
}

// tell says that there is something to look at, to whoever does not know yet.
func tell(ready chan<- struct{}) {
	select {
	case ready <- struct{}{}:
	default: // it knows
	}
}

// after is what a listener at pos reads next: entries if they are here, else a
// channel that closes when there is more. Neither means that the entries after
// pos are no longer here and must be asked of the source.
func (t *topic) after(pos int64, limit int) ([]*entry, <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last <= pos {
		return nil, t.changed
	}
	if len(t.entries) == 0 || t.entries[0].position > pos+1 {
		return nil, nil
	}
	next := t.entries[pos+1-t.entries[0].position:]
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
		entries, err := t.origin.read(query, after, page)
		cancel()
		if err != nil {
			if ctx.Err() == nil {
				t.hub.opts.Logger.WarnContext(ctx, "events cannot be read; trying again",
					"topic", t.of.String(), "after", after, "error", err)
			}
			return
		}
		t.fill(entries)
		if len(entries) < page {
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
