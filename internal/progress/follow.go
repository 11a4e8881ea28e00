package progress

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/holdfast/holdfast/internal/operation"
)

// ErrNoFeeds is what a follower of a feed gets from a hub that has none.
var ErrNoFeeds = errors.New("this hub has no feeds")

// Following says how to follow a topic.
type Following struct {
	WorkspaceID string
	Topic       Topic
	Cursor      string             // empty: from a snapshot
	Visible     operation.Patterns // the repositories that may be seen; none: all
	Repository  string             // owner/name of the topic's repository, as it is now
	// Ready is told, without waiting, whenever there may be something to take.
	Ready chan<- struct{}
}

// repository is the one repository that a follower is told of. Its name may change.
type repository struct {
	id   int64
	name atomic.Pointer[string]
}

// Name is owner/name, as it was said last.
func (r *repository) Name() string {
	if name := r.name.Load(); name != nil {
		return *name
	}
	return ""
}

// Follower is a place in one topic, for who follows many of them at once: it never waits
// for something to happen. It is not safe for concurrent use.
type Follower struct {
	topic      Topic
	repository *repository
	parts      []*Listener // one; of a repository the feed of operations and that of changes
	told       string      // cursor of the last message
}

// Frame is one message of a topic, encoded. Listeners share its bytes: they must not be
// changed.
type Frame struct {
	Cursor string // where to resume the topic after it
	Data   []byte
}

// Follow begins to follow a topic. It fails as Subscribe does, and with ErrCursor. The
// follower must be closed.
func (h *Hub) Follow(ctx context.Context, f Following) (*Follower, error) {
	names := []Topic{f.Topic}
	see := sight{visible: f.Visible}
	out := &Follower{topic: f.Topic}
	if f.Topic.Kind == TopicRepository {
		names = []Topic{{Kind: TopicOperations}, {Kind: TopicChanges}}
		out.repository = &repository{id: f.Topic.Number()}
		out.Rename(f.Repository)
		see.repository = out.repository
	}
	if f.Topic.Kind != TopicOperation && h.opts.Feeds == nil {
		return nil, ErrNoFeeds
	}
	positions, err := readCursor(f.Cursor, len(names))
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		l, err := h.listen(ctx, f.WorkspaceID, name, see, positions[i])
		if err != nil {
			out.Close()
			return nil, err
		}
		out.parts = append(out.parts, l)
	}
	out.told = out.Cursor()
	for _, l := range out.parts {
		l.topic.watch(l, f.Ready)
	}
	return out, nil
}

// Topic is what is followed.
func (f *Follower) Topic() Topic { return f.topic }

// Resumed tells whether everything after the cursor follows, without a snapshot.
func (f *Follower) Resumed() bool {
	for _, l := range f.parts {
		if l.first != nil {
			return false
		}
	}
	return true
}

// Cursor is where to resume the topic after what was taken.
func (f *Follower) Cursor() string {
	positions := make([]int64, len(f.parts))
	for i, l := range f.parts {
		positions[i] = l.pos
	}
	return writeCursor(positions...)
}

// Moved is the cursor, if it has moved since a message told it, and remembers it as told.
func (f *Follower) Moved() (cursor string, moved bool) {
	cursor = f.Cursor()
	moved = cursor != f.told
	f.told = cursor
	return cursor, moved
}

// Rename says what the topic's repository is called now.
func (f *Follower) Rename(name string) {
	if f.repository != nil {
		f.repository.name.Store(&name)
	}
}

// Close lets go of the topic. It may be called more than once.
func (f *Follower) Close() {
	for _, l := range f.parts {
		l.Close()
	}
}

// Take is what there is to send now, encoded, in order. more says to take again at once;
// otherwise Ready will be told. It fails with io.EOF once an operation has ended and
// everything of it was taken, and as Listener.Next does.
func (f *Follower) Take(ctx context.Context) (frames []Frame, more bool, err error) {
	if !f.Resumed() {
		first, err := f.snapshot(ctx)
		if err != nil {
			return nil, false, err
		}
		return []Frame{first}, true, nil
	}
	for i, l := range f.parts {
		before := f.positions()
		steps, wait, err := l.take(ctx)
		if err != nil {
			return frames, false, err
		}
		if l.first != nil { // it begins anew
			return frames, true, nil
		}
		for _, s := range steps {
			before[i] = s.position
			frame, err := f.encode(s, before)
			if err != nil {
				return frames, false, err
			}
			frames = append(frames, frame)
			f.told = frame.Cursor
		}
		more = more || wait == nil
	}
	return frames, more, nil
}

func (f *Follower) positions() []int64 {
	positions := make([]int64, len(f.parts))
	for i, l := range f.parts {
		positions[i] = l.pos
	}
	return positions
}

// snapshot takes the snapshots that parts begin with, as one. Where one part begins anew
// the other does as well: a client forgets all that it has of the topic.
func (f *Follower) snapshot(ctx context.Context) (Frame, error) {
	for _, l := range f.parts {
		if l.first != nil {
			continue
		}
		b, err := l.topic.origin.begin(ctx, l.see)
		if err != nil {
			return Frame{}, fmt.Errorf("begin anew to follow %s: %w", f.topic, err)
		}
		l.restart(b, true)
	}
	m := Snapshot{Head: Head{Type: UpdateSnapshot, Topic: f.topic.String(), Cursor: f.Cursor()}}
	for _, l := range f.parts {
		b := l.first.begin
		m.Reset = m.Reset || l.first.reset
		m.More = m.More || b.more
		if b.operation != nil {
			op := FromOperation(*b.operation)
			m.Operation = &op
		}
		for _, op := range b.operations {
			m.Operations = append(m.Operations, FromOperation(op))
		}
		l.first = nil
	}
	f.told = m.Cursor
	data, err := Encode(m)
	return Frame{m.Cursor, data}, err
}

// encode is the message of one step, shared where all listeners of the topic get the same.
func (f *Follower) encode(s step, positions []int64) (Frame, error) {
	if len(f.parts) == 1 && s.skipped == 0 {
		return s.entry.frame(f.topic)
	}
	cursor := writeCursor(positions...)
	data, err := s.entry.encode(f.topic.String(), cursor, s.skipped)
	return Frame{cursor, data}, err
}

// Over tells whether an error of Take says that the topic has come to its end.
func Over(err error) bool { return errors.Is(err, io.EOF) }
