package progress

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/holdfast/holdfast/internal/operation"
)

const (
	workspace = "0190a6c8-7e3b-7c3a-9d10-3f2a4b5c6d7e"
	opID      = "0190a6c8-0000-7000-8000-000000000001"
)

// began is the time at which every test's operation was created.
var began = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// source is an EventSource that a test writes to, in the place of Postgres.
type source struct {
	mu      sync.Mutex
	op      operation.Operation
	events  []operation.Event
	kept    int64 // events up to this one are gone
	down    bool
	queries int // calls of Events

	reading chan struct{} // if set: told when an operation has been read, and awaited before the answer
	hung    bool          // Events is not answered
}

func newSource() *source {
	return &source{op: operation.Operation{
		ID: opID, WorkspaceID: workspace, Kind: operation.KindSyncRepository, Subject: "octo/mirror",
		State: operation.StatePending, CreatedAt: began,
	}}
}

var errDown = errors.New("the database is down")

func (s *source) Operation(_ context.Context, workspaceID, id string) (operation.Operation, error) {
	if s.reading != nil {
		defer func() { s.reading <- struct{}{}; <-s.reading }()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return operation.Operation{}, errDown
	}
	if workspaceID != workspace || id != opID {
		return operation.Operation{}, operation.NotFound("there is no such operation")
	}
	op := s.op
	op.Collections = slices.Clone(op.Collections)
	return op, nil
}

func (s *source) Events(ctx context.Context, workspaceID, id string, after int64, limit int) ([]operation.Event, error) {
	if s.hung {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queries++
	if s.down {
		return nil, errDown
	}
	if workspaceID != workspace || id != opID {
		return nil, nil
	}
	from := min(int(max(after, s.kept)), len(s.events))
	return slices.Clone(s.events[from:min(from+limit, len(s.events))]), nil
}

// items commits one page of a collection and returns its event.
func (s *source) items(collection string, n int64) operation.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	work := operation.CollectionWork{Name: collection, State: operation.CollectionRunning, Items: n, Pages: n}
	setCollection(&s.op, work)
	return s.add(operation.Event{Type: operation.EventCollection, Collection: &work})
}

// state commits a change of state and returns its event.
func (s *source) state(state operation.State) operation.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.op.State = state
	op := s.op
	op.Collections = nil
	op.Seq = s.op.Seq + 1
	return s.add(operation.Event{Type: operation.EventState, Operation: &op})
}

// add appends an event. The lock is held.
func (s *source) add(e operation.Event) operation.Event {
	s.op.Seq++
	e.OperationID, e.Seq = opID, s.op.Seq
	e.At = began.Add(time.Duration(e.Seq) * time.Second)
	s.events = append(s.events, e)
	return e
}

// prune forgets the events up to seq.
func (s *source) prune(seq int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = seq
}

// setDown makes every question fail, or succeed again.
func (s *source) setDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// asked is how often events were asked for.
func (s *source) asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queries
}

// pages commits n pages of issues.
func (s *source) pages(n int) []operation.Event {
	events := make([]operation.Event, n)
	for i := range events {
		events[i] = s.items("issues", int64(i+1))
	}
	return events
}

// brief writes a message as a test compares it.
func brief(m Message) string {
	switch {
	case m.Type == MessageSnapshot && m.Reset:
		return fmt.Sprintf("reset %d %s", m.Seq, m.Operation.State)
	case m.Type == MessageSnapshot:
		return fmt.Sprintf("snapshot %d %s", m.Seq, m.Operation.State)
	case m.Type == MessageState:
		return fmt.Sprintf("%d %s", m.Seq, m.Operation.State)
	default:
		return fmt.Sprintf("%d %s %d", m.Seq, m.Collection.Name, m.Collection.Items)
	}
}
