package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/progress"
)

// act is what the server does with one connection.
type act func(s *stage)

// stage is one connection as the server sees it. conn is nil before it is accepted.
type stage struct {
	w    http.ResponseWriter
	r    *http.Request
	conn *websocket.Conn
}

// send accepts the connection, if need be, and writes messages.
func (s *stage) send(messages ...progress.Message) {
	if s.conn == nil {
		conn, err := websocket.Accept(s.w, s.r, nil)
		if err != nil {
			panic(err)
		}
		s.conn = conn
	}
	for _, m := range messages {
		data, err := json.Marshal(m)
		if err != nil {
			panic(err)
		}
		if err := s.conn.Write(s.r.Context(), websocket.MessageText, data); err != nil {
			return // the client has hung up
		}
	}
}

func (s *stage) refuse(status int, detail string) {
	s.w.Header().Set("Content-Type", "application/problem+json")
	s.w.WriteHeader(status)
	fmt.Fprintf(s.w, `{"status":%d,"detail":%q}`, status, detail)
}

// play serves one act after another, and repeats the last. It returns the queries
// that it was asked with so far.
func play(t *testing.T, acts ...act) (*Client, func() []string) {
	t.Helper()
	var count atomic.Int64
	queries := make(chan string, 100)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/operations/{id}/stream", func(w http.ResponseWriter, r *http.Request) {
		queries <- r.URL.RawQuery
		s := &stage{w: w, r: r}
		acts[min(int(count.Add(1)), len(acts))-1](s)
		if s.conn != nil {
			s.conn.CloseNow() //nolint:errcheck // most have been closed by then
		}
	})
	mux.HandleFunc("GET /v1/operations/{id}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"id":%q,"state":"succeeded","seq":9}`, opID)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	c, err := New(server.URL, "secret", server.Client())
	require.NoError(t, err)
	c.retry = retry{attempts: 4, base: time.Millisecond, max: 5 * time.Millisecond}
	return c, func() []string {
		var all []string
		for len(queries) > 0 {
			all = append(all, <-queries)
		}
		return all
	}
}

func snapshot(seq int64, state operation.State) progress.Message {
	return progress.Message{Type: progress.MessageSnapshot, Seq: seq, Operation: &progress.Operation{ID: opID, State: state, Seq: seq}}
}

func state(seq int64, state operation.State) progress.Message {
	m := snapshot(seq, state)
	m.Type = progress.MessageState
	return m
}

func issues(seq, n int64) progress.Message {
	return progress.Message{Type: progress.MessageCollection, Seq: seq, Collection: &operation.CollectionWork{Name: "issues", Items: n}}
}

// finish ends a stream as the API does after the final state.
func finish(s *stage) { s.end(websocket.StatusNormalClosure, "the operation has ended") }

// end closes the connection with that code.
func (s *stage) end(code websocket.StatusCode, reason string) {
	s.conn.Close(code, reason) //nolint:errcheck // what the client makes of it is the test
}

// collect is a callback that notes what it is called with.
func collect(seen *[]string) func(operation.Operation, progress.Message) error {
	return func(op operation.Operation, m progress.Message) error {
		*seen = append(*seen, fmt.Sprintf("%s %d", m.Type, op.Seq))
		return nil
	}
}

func TestWatch(t *testing.T) {
	t.Parallel()
	c, queries := play(t, func(s *stage) {
		s.send(snapshot(3, operation.StateRunning), issues(4, 10), state(5, operation.StateSucceeded))
		finish(s)
	})
	var seen []string
	op, err := c.Watch(t.Context(), opID, -1, collect(&seen))
	require.NoError(t, err)
	require.Equal(t, []string{"snapshot 3", "collection 4", "state 5"}, seen)
	require.Equal(t, operation.StateSucceeded, op.State)
	require.Equal(t, int64(10), op.Collections[0].Items, "a state message keeps the progress")
	require.Equal(t, []string{""}, queries())
}

func TestWatchResumesWhereTheConnectionDropped(t *testing.T) {
	t.Parallel()
	c, queries := play(t,
		func(s *stage) { s.send(snapshot(1, operation.StateRunning), issues(2, 10)) }, // dropped without a word
		func(s *stage) { s.refuse(http.StatusServiceUnavailable, "starting") },
		func(s *stage) {
			s.send(issues(2, 10), issues(3, 20)) // 2 again: it is not told twice
			s.end(websocket.StatusGoingAway, "the server is shutting down")
		},
		func(s *stage) { s.send(issues(5, 40)) }, // 4 is missing
		func(s *stage) { s.send(issues(4, 30), state(5, operation.StateFailed)); finish(s) },
	)
	var seen []string
	op, err := c.Watch(t.Context(), opID, -1, collect(&seen))
	require.NoError(t, err)
	require.Equal(t, []string{"snapshot 1", "collection 2", "collection 3", "collection 4", "state 5"}, seen)
	require.Equal(t, operation.StateFailed, op.State)
	require.Equal(t, []string{"", "since=2", "since=2", "since=3", "since=3"}, queries())
}

func TestWatchFromTheMiddle(t *testing.T) {
	t.Parallel()
	c, queries := play(t, func(s *stage) { s.send(issues(8, 10), state(9, operation.StateCancelled)); finish(s) })
	var seen []string
	op, err := c.Watch(t.Context(), opID, 7, collect(&seen))
	require.NoError(t, err)
	require.Equal(t, []string{"collection 8", "state 9"}, seen)
	require.Equal(t, operation.StateCancelled, op.State)
	require.Equal(t, []string{"since=7"}, queries())
}

func TestWatchAfterTheEndAsksHowItEnded(t *testing.T) {
	t.Parallel()
	c, _ := play(t, func(s *stage) { s.send(); finish(s) })
	op, err := c.Watch(t.Context(), opID, 9, collect(new([]string)))
	require.NoError(t, err)
	require.Equal(t, operation.StateSucceeded, op.State)
}

func TestWatchStartsOverAfterAReset(t *testing.T) {
	t.Parallel()
	reset := snapshot(2, operation.StateRunning)
	reset.Reset = true
	c, _ := play(t, func(s *stage) { s.send(reset, state(3, operation.StateSucceeded)); finish(s) })
	var seen []string
	_, err := c.Watch(t.Context(), opID, 99, collect(&seen))
	require.NoError(t, err)
	require.Equal(t, []string{"snapshot 2", "state 3"}, seen)
}

func TestWatchGivesUp(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		act      act
		attempts int
		want     string
	}{
		{"unknown operation", func(s *stage) { s.refuse(404, "There is no such operation.") }, 1, "There is no such operation. (HTTP 404)"},
		{"expired token", func(s *stage) { s.refuse(401, "The token has expired.") }, 1, "The token has expired. (HTTP 401)"},
		{"token expires", func(s *stage) { s.send(); s.end(websocket.StatusPolicyViolation, "the token has expired") }, 1, "the server ended the stream: the token has expired"},
		{"server stays down", func(s *stage) { s.refuse(503, "The server is shutting down.") }, 4, "gave up after 4 attempts: The server is shutting down. (HTTP 503)"},
		{"too many requests", func(s *stage) { s.refuse(429, "Slow down.") }, 4, "gave up after 4 attempts: Slow down."},
		{"server keeps failing", func(s *stage) { s.send(); s.end(websocket.StatusInternalError, "went wrong") }, 4, "gave up after 4 attempts: the server ended the stream: went wrong (1011)"},
		{"nonsense", func(s *stage) {
			s.send()
			s.conn.Write(s.r.Context(), websocket.MessageText, []byte("hello")) //nolint:errcheck // what the client makes of it is the test
		}, 4, "gave up after 4 attempts: read a message of the stream"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, queries := play(t, tt.act)
			_, err := c.Watch(t.Context(), opID, -1, collect(new([]string)))
			require.ErrorContains(t, err, "watch operation "+opID+": ")
			require.ErrorContains(t, err, tt.want)
			require.Equal(t, slices.Repeat([]string{""}, tt.attempts), queries())
		})
	}
}

func TestWatchEndsWithItsCallback(t *testing.T) {
	t.Parallel()
	c, _ := play(t, func(s *stage) { s.send(snapshot(1, operation.StateRunning)); <-s.r.Context().Done() })
	enough := errors.New("enough")
	_, err := c.Watch(t.Context(), opID, -1, func(operation.Operation, progress.Message) error { return enough })
	require.ErrorIs(t, err, enough)
}

func TestWatchEndsWithItsContext(t *testing.T) {
	t.Parallel()
	held := make(chan struct{})
	c, _ := play(t, func(s *stage) { s.send(snapshot(1, operation.StateRunning)); <-held })
	defer close(held)
	ctx, cancel := context.WithCancel(t.Context())
	op, err := c.Watch(ctx, opID, -1, func(operation.Operation, progress.Message) error { cancel(); return nil })
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, int64(1), op.Seq)
}

func TestPausesGrowToTheirBound(t *testing.T) {
	t.Parallel()
	r := retry{base: 100 * time.Millisecond, max: 5 * time.Second}
	for failed, most := range map[int]time.Duration{1: 100 * time.Millisecond, 3: 400 * time.Millisecond, 10: 5 * time.Second, 500: 5 * time.Second} {
		got := r.pause(failed)
		require.LessOrEqual(t, got, most)
		require.GreaterOrEqual(t, got, most/2)
	}
}

func TestNoSecretInAURL(t *testing.T) {
	t.Parallel()
	c, queries := play(t, func(s *stage) { s.send(snapshot(1, operation.StateSucceeded)); finish(s) })
	_, err := c.Watch(t.Context(), opID, -1, collect(new([]string)))
	require.NoError(t, err)
	require.NotContains(t, strings.Join(queries(), " "), "secret")
}

// Whose tokens are renewed goes on with the next one when one has expired, from where it was.
func TestWatchGoesOnWithTheNextToken(t *testing.T) {
	t.Parallel()
	c, queries := play(t,
		func(s *stage) {
			s.send(snapshot(3, operation.StateRunning))
			s.end(websocket.StatusPolicyViolation, "the token has expired")
		},
		func(s *stage) {
			if s.r.Header.Get("Authorization") != "Bearer token 2" {
				s.refuse(http.StatusUnauthorized, "another token")
				return
			}
			s.send(state(4, operation.StateSucceeded))
			finish(s)
		})
	asked := 0
	c.renews, c.token = true, func(context.Context) (string, error) {
		asked++
		return fmt.Sprint("token ", asked), nil
	}
	op, err := c.Watch(t.Context(), opID, -1, func(operation.Operation, progress.Message) error { return nil })
	require.NoError(t, err)
	require.Equal(t, operation.StateSucceeded, op.State)
	require.Equal(t, []string{"", "since=3"}, queries())

	c.token = func(context.Context) (string, error) { return "", errors.New("sign in again") }
	_, err = c.Watch(t.Context(), opID, -1, nil)
	require.ErrorContains(t, err, "sign in again")
	require.Empty(t, queries())
}
