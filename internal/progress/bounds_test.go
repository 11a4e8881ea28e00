package progress

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/operation"
)

// quiet is a hub on a source alone, without a reader of Redis.
func quiet(t *testing.T, s *source, o HubOptions) *Hub {
	t.Helper()
	t.Parallel()
	o.Source, o.Logger, o.Poll, o.IdlePoll = s, slog.New(slog.DiscardHandler), never, never
	h := NewHub(o)
	t.Cleanup(h.Close)
	return h
}

// What is committed between the reading of an operation and the placing of its
// topic is told at once, whether the event itself came or only that there is one.
func TestWhatArrivesWhileATopicIsSeededIsToldAtOnce(t *testing.T) {
	t.Parallel()
	for name, tell := range map[string]func(h *Hub, e operation.Event){
		"a wake":           func(h *Hub, _ operation.Event) { h.dispatch(operation.Event{OperationID: opID}) },
		"Redis came back":  func(h *Hub, _ operation.Event) { h.setHealthy(true) },
		"the event itself": func(h *Hub, e operation.Event) { h.dispatch(e) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSource()
			s.pages(2)
			s.reading = make(chan struct{})
			h := quiet(t, s, HubOptions{})
			subscribed := make(chan *Listener)
			go func() {
				l, err := h.Subscribe(context.Background(), workspace, opID, -1)
				if err != nil {
					t.Error(err)
				}
				subscribed <- l
			}()
			<-s.reading // it was read at 2
			tell(h, s.items("issues", 3))
			topic := h.topics[Topic{Kind: TopicOperation, ID: opID}][0]
			forgotten := func() bool {
				topic.mu.Lock()
				defer topic.mu.Unlock()
				return len(topic.pending) == 0 && !topic.forced.Load()
			}
			require.Never(t, forgotten, 3*grace, time.Millisecond, "the topic's loop, which it wakes, has nothing to ask yet")
			s.reading <- struct{}{}
			l := <-subscribed
			defer l.Close()
			require.Equal(t, []string{"snapshot 2 pending", "3 issues 3"}, read(t, l, 2))
		})
	}
}

// A database that accepts a question and never answers ends the listener that
// needs the answer, and does not hold the hub's end up.
func TestASourceThatHangsHoldsNoListenerForLong(t *testing.T) {
	s := newSource()
	s.pages(3)
	s.hung = true
	h := quiet(t, s, HubOptions{SourceTimeout: 20 * time.Millisecond})
	l, err := h.Subscribe(t.Context(), workspace, opID, 0) // from what only the source has
	require.NoError(t, err)
	defer l.Close()
	_, err = l.Next(t.Context())
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// The gap before an event that comes during the seeding is noticed as any other.
func TestAGapThatAppearsWhileATopicIsSeededIsFilled(t *testing.T) {
	s := newSource()
	s.reading = make(chan struct{})
	h := quiet(t, s, HubOptions{})
	go func() {
		<-s.reading
		s.items("issues", 1)
		h.dispatch(s.items("issues", 2))
		s.reading <- struct{}{}
	}()
	l, err := h.Subscribe(t.Context(), workspace, opID, -1)
	require.NoError(t, err)
	defer l.Close()
	require.Equal(t, []string{"snapshot 0 pending", "1 issues 1", "2 issues 2"}, read(t, l, 3))
}

func TestTheHubsEndBreaksAQuestionOff(t *testing.T) {
	s := newSource()
	s.pages(3)
	s.hung = true
	h := quiet(t, s, HubOptions{SourceTimeout: never})
	l, err := h.Subscribe(t.Context(), workspace, opID, 0)
	require.NoError(t, err)
	defer l.Close()
	ended := make(chan error)
	go func() {
		_, err := l.Next(context.Background())
		ended <- err
	}()
	h.Close()
	require.ErrorIs(t, <-ended, ErrClosed)
}

func TestTopicsAreBounded(t *testing.T) {
	s := newSource()
	h := quiet(t, s, HubOptions{MaxTopics: 1})
	first, err := h.Subscribe(t.Context(), workspace, opID, -1)
	require.NoError(t, err)
	second, err := h.Subscribe(t.Context(), workspace, opID, -1)
	require.NoError(t, err, "the same operation is the same topic")
	_, err = h.Subscribe(t.Context(), workspace, "0190a6c8-0000-7000-8000-000000000002", -1)
	require.ErrorIs(t, err, ErrTooManyTopics)
	first.Close()
	second.Close()
	again, err := h.Subscribe(t.Context(), workspace, opID, -1)
	require.NoError(t, err, "what was let go of does not count")
	again.Close()
	for range 3 { // neither does what there is not
		_, err = h.Subscribe(t.Context(), workspace, "0190a6c8-0000-7000-8000-000000000002", -1)
		require.Equal(t, operation.CodeNotFound, operation.CodeOf(err))
	}
}
