package progress

import (
	"context"
	"fmt"
	"io"
	"sync"
)

const (
	// batch is how many events a listener takes at once.
	batch = 256
	// coalesceAbove is how many events a listener may be behind before collection
	// events that later ones replace are left out.
	coalesceAbove = 64
)

// Listener reads one topic at its own pace. It buffers nothing of
// its own: it holds a place among the events that its topic shares, so that a slow
// listener costs no memory and blocks nobody.
//
// A listener that keeps up gets every event. One that is more than 64 events
// behind gets, of what it has not seen, every state event and the last event of
// each collection, whose totals replace those left out; Message.Skipped counts
// them. What it asked for with since is never thinned out.
type Listener struct {
	hub   *Hub
	topic *topic
	see   sight
	close sync.Once

	first  *step // a snapshot to start with
	pos    int64 // position of the last entry handed out
	whole  int64 // up to here nothing is left out
	ending int64 // seq at which the operation had ended when it was read; 0 if it had not
	done   bool
}

// step is what a listener is told next: a snapshot, or an entry.
type step struct {
	begin    *beginning
	reset    bool
	entry    *entry
	skipped  int64 // collection events left out just before the entry
	position int64
}

// newListener places a listener at since, or at the topic as it was read.
func newListener(h *Hub, t *topic, b beginning, see sight, since int64) *Listener {
	l := &Listener{hub: h, topic: t, see: see}
	if since < 0 || since > b.last || since < b.dropped {
		l.restart(b, since >= 0)
		return l
	}
	l.pos, l.whole = since, b.last
	l.note(b)
	return l
}

// restart places the listener at the topic as it was read, with a snapshot to begin with.
func (l *Listener) restart(b beginning, reset bool) {
	l.first = &step{begin: &b, reset: reset, position: b.last}
	l.pos, l.whole = b.last, b.last
	l.note(b)
}

// note remembers where an operation that has ended ends.
func (l *Listener) note(b beginning) {
	if b.operation != nil && b.operation.State.Terminal() {
		l.ending = b.last
	}
}

// Close lets go of the topic. It may be called more than once.
func (l *Listener) Close() {
	l.close.Do(func() {
		l.topic.unwatch(l)
		l.hub.release(l.topic)
	})
}

// Next waits for the next messages, in order. It fails with io.EOF after the
// operation's final state, with ErrClosed when the hub shuts down, with the
// context's error, and with what the source fails with.
func (l *Listener) Next(ctx context.Context) ([]Message, error) {
	for {
		steps, more, err := l.take(ctx)
		if err != nil {
			return nil, err
		}
		if len(steps) > 0 {
			return messagesOf(steps), nil
		}
		if more == nil {
			continue
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for events: %w", context.Cause(ctx))
		case <-l.hub.ctx.Done():
			return nil, ErrClosed
		}
	}
}

// messagesOf are the steps of a topic of one operation, as its own stream has them.
func messagesOf(steps []step) []Message {
	messages := make([]Message, len(steps))
	for i, s := range steps {
		if s.begin != nil {
			messages[i] = snapshotOf(*s.begin.operation, s.reset)
			continue
		}
		messages[i] = FromEvent(s.entry.event)
		messages[i].Skipped = s.skipped
	}
	return messages
}

// take is what there is for the listener now, without waiting for more: nothing and a
// channel that closes when there is, or neither when it must be asked again at once. It
// waits for the source, where it has to be asked. It fails as Next does.
func (l *Listener) take(ctx context.Context) ([]step, <-chan struct{}, error) {
	if l.first != nil {
		s := *l.first
		l.first = nil
		return []step{s}, nil, nil
	}
	if l.done || (l.ending > 0 && l.pos >= l.ending) {
		return nil, nil, io.EOF
	}
	entries, more := l.topic.after(l.pos, batch)
	if len(entries) == 0 && more == nil {
		var err error
		entries, err = l.ask(ctx)
		if err != nil && l.hub.ctx.Err() != nil {
			return nil, nil, ErrClosed // what a question says that was broken off is not why
		}
		if err != nil {
			return nil, nil, err
		}
	}
	if len(entries) == 0 {
		return nil, more, nil
	}
	return l.hand(entries), nil, nil
}

// ask reads from the source what the topic no longer holds, for as long as one
// question may take. What the source does not hold either starts the listener over.
func (l *Listener) ask(ctx context.Context) ([]*entry, error) {
	ctx, cancel := context.WithTimeout(ctx, l.hub.opts.SourceTimeout)
	defer cancel()
	defer context.AfterFunc(l.hub.ctx, cancel)()
	entries, err := l.topic.origin.read(ctx, l.pos, page)
	if err != nil {
		return nil, fmt.Errorf("read what comes after %d: %w", l.pos, err)
	}
	if len(entries) > 0 && entries[0].position == l.pos+1 {
		return entries, nil
	}
	b, err := l.topic.origin.begin(ctx, l.see)
	if err != nil {
		return nil, fmt.Errorf("begin anew to follow %s: %w", l.topic.of, err)
	}
	l.restart(b, true)
	return nil, nil
}

// part is what progress replaces: an earlier event of the same is not worth telling.
type part struct{ operation, collection string }

// hand turns entries into what the listener is told, and moves it past them.
func (l *Listener) hand(entries []*entry) []step {
	thin := l.pos >= l.whole && len(entries) > coalesceAbove
	var latest map[part]int64
	if thin {
		latest = map[part]int64{}
	}
	for _, e := range entries {
		if thin && e.event.Collection != nil {
			latest[part{e.event.OperationID, e.event.Collection.Name}] = e.position
		}
	}
	steps := make([]step, 0, len(entries))
	var skipped int64
	for _, e := range entries {
		if !l.see.sees(e) {
			continue
		}
		if thin && e.event.Collection != nil && latest[part{e.event.OperationID, e.event.Collection.Name}] != e.position {
			skipped++
			continue
		}
		s := step{entry: e, skipped: skipped, position: e.position}
		skipped = 0
		steps = append(steps, s)
		l.done = l.done || (l.topic.of.Kind == TopicOperation && e.event.Operation != nil && e.event.Operation.State.Terminal())
	}
	l.pos = entries[len(entries)-1].position
	return steps
}
