package progress

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/holdfast/holdfast/internal/operation"
)

const (
	// batch is how many events a listener takes at once.
	batch = 256
	// coalesceAbove is how many events a listener may be behind before collection
	// events that later ones replace are left out.
	coalesceAbove = 64
)

// Listener reads one operation's messages at its own pace. It buffers nothing of
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
	close sync.Once

	first  *Message // a snapshot to start with
	pos    int64    // seq of the last event handed out
	whole  int64    // up to here nothing is left out
	ending int64    // seq at which the operation had ended when it was read; 0 if it had not
	done   bool
}

// newListener places a listener at since, or at op as it was read.
func newListener(h *Hub, t *topic, op operation.Operation, since int64) *Listener {
	l := &Listener{hub: h, topic: t}
	if since < 0 || since > op.Seq {
		l.restart(op, since > op.Seq)
		return l
	}
	l.pos, l.whole = since, op.Seq
	l.note(op)
	return l
}

// restart places the listener at op, with a snapshot to begin with.
func (l *Listener) restart(op operation.Operation, reset bool) {
	m := snapshotOf(op, reset)
	l.first, l.pos, l.whole = &m, op.Seq, op.Seq
	l.note(op)
}

// note remembers where an operation that has ended ends.
func (l *Listener) note(op operation.Operation) {
	if op.State.Terminal() {
		l.ending = op.Seq
	}
}

// Close lets go of the operation. It may be called more than once.
func (l *Listener) Close() {
	l.close.Do(func() { l.hub.release(l.topic) })
}

// Next waits for the next messages, in order. It fails with io.EOF after the
// operation's final state, with ErrClosed when the hub shuts down, with the
// context's error, and with what the source fails with.
func (l *Listener) Next(ctx context.Context) ([]Message, error) {
	for {
		if l.first != nil {
			m := *l.first
			l.first = nil
			return []Message{m}, nil
		}
		if l.done || (l.ending > 0 && l.pos >= l.ending) {
			return nil, io.EOF
		}
		events, err := l.events(ctx)
		if err != nil && l.hub.ctx.Err() != nil {
			return nil, ErrClosed // what a question says that was broken off is not why
		}
		if err != nil {
			return nil, err
		}
		if len(events) > 0 {
			return l.hand(events), nil
		}
	}
}

// events is what comes after the listener's position: at least one event, or none
// when the listener has been placed anew.
func (l *Listener) events(ctx context.Context) ([]operation.Event, error) {
	for {
		events, more := l.topic.after(l.pos, batch)
		if len(events) > 0 {
			return events, nil
		}
		if more == nil {
			return l.ask(ctx)
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

// ask reads from the source what the topic no longer holds, for as long as one
// question may take. What the source does not hold either starts the listener over.
func (l *Listener) ask(ctx context.Context) ([]operation.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, l.hub.opts.SourceTimeout)
	defer cancel()
	defer context.AfterFunc(l.hub.ctx, cancel)()
	t, source := l.topic, l.hub.opts.Source
	events, err := source.Events(ctx, t.workspaceID, t.id, l.pos, page)
	if err != nil {
		return nil, fmt.Errorf("read events after %d: %w", l.pos, err)
	}
	if len(events) > 0 && events[0].Seq == l.pos+1 {
		return events, nil
	}
	op, err := source.Operation(ctx, t.workspaceID, t.id)
	if err != nil {
		return nil, fmt.Errorf("read operation %s: %w", t.id, err)
	}
	l.restart(op, true)
	return nil, nil
}

// hand turns events into messages and moves the listener past them.
func (l *Listener) hand(events []operation.Event) []Message {
	thin := l.pos >= l.whole && len(events) > coalesceAbove
	latest := map[string]int64{}
	for _, e := range events {
		if e.Collection != nil {
			latest[e.Collection.Name] = e.Seq
		}
	}
	messages := make([]Message, 0, len(events))
	var skipped int64
	for _, e := range events {
		if thin && e.Collection != nil && latest[e.Collection.Name] != e.Seq {
			skipped++
			continue
		}
		m := FromEvent(e)
		m.Skipped, skipped = skipped, 0
		messages = append(messages, m)
		l.done = l.done || m.Final()
	}
	l.pos = events[len(events)-1].Seq
	return messages
}
