package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/holdfast/holdfast/internal/progress"
)

const (
	// commandMost is how long a client's message may be.
	commandMost = 4 << 10
	// commandBurst and commandEvery bound how often a client may send: that many at once,
	// and one more whenever that time has passed.
	commandBurst = 2 * topicsMost
	commandEvery = 100 * time.Millisecond
	// badMost is how many messages that make no sense a client may send.
	badMost = 20
)

// Why a connection ends before the client wants it to.
var (
	errTooFast = errors.New("the client sends too fast")
	errTooBad  = errors.New("the client sends what makes no sense")
)

// socket is one connection on which a client follows topics. Three goroutines at most:
// one reads, one writes, and now and then one pings.
type socket struct {
	api      *API
	conn     *websocket.Conn
	topics   *following
	commands chan command
	pinged   chan error
	pinging  bool
}

// command is what a client asked for, or what was wrong with it.
type command struct {
	asked progress.Command
	wrong string
}

func newSocket(a *API, conn *websocket.Conn) *socket {
	return &socket{api: a, conn: conn, topics: a.newFollowing(topicsMost), commands: make(chan command, 1), pinged: make(chan error, 1)}
}

// serve serves the connection until it ends. ctx must not end before.
func (s *socket) serve(ctx context.Context) {
	alive, die := context.WithCancel(ctx) // ends with the connection
	defer die()
	waiting, stop := context.WithCancelCause(alive) // ends with the stream, which may be earlier
	defer stop(nil)
	defer context.AfterFunc(s.api.ending, func() { stop(context.Cause(s.api.ending)) })()
	defer time.AfterFunc(s.api.untilExpiry(ctx), func() { stop(errTokenExpired) }).Stop()
	defer s.topics.close()
	var reader sync.WaitGroup
	reader.Go(func() {
		err := s.read(ctx, waiting)
		stop(err)
		if gone := new(errGone); errors.As(err, gone) {
			die()
		}
	})
	err := s.write(waiting, alive)
	stop(err)
	s.hangUp(alive, err)
	reader.Wait()
}

// read hands on what the client sends. Its context must not end before the connection has
// been closed, or there would be no handshake.
func (s *socket) read(ctx, waiting context.Context) error {
	s.conn.SetReadLimit(commandMost)
	allowance, last := float64(commandBurst), time.Now()
	for {
		kind, data, err := s.conn.Read(ctx)
		if err != nil {
			return errGone{err}
		}
		now := time.Now()
		allowance = min(commandBurst, allowance+float64(now.Sub(last))/float64(commandEvery)) - 1
		last = now
		if allowance < 0 {
			return errTooFast
		}
		select {
		case s.commands <- parseCommand(kind, data):
		case <-waiting.Done():
			return context.Cause(waiting)
		}
	}
}

// parseCommand reads what a client sent.
func parseCommand(kind websocket.MessageType, data []byte) command {
	if kind != websocket.MessageText {
		return command{wrong: "Messages are text."}
	}
	var c command
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c.asked); err != nil {
		return command{wrong: "A message is one JSON document with a type, a topic and perhaps a cursor, and nothing else."}
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return command{wrong: "A message is one JSON document."}
	}
	if len(c.asked.Topic) > 64 || len(c.asked.Cursor) > 128 {
		return command{wrong: "The topic or the cursor is too long."}
	}
	return c
}

// write does everything but reading. It returns why there is no more to do.
func (s *socket) write(waiting, alive context.Context) error {
	tick := time.NewTicker(s.api.opts.Heartbeat)
	defer tick.Stop()
	bad := 0
	for {
		select {
		case <-waiting.Done():
			return context.Cause(waiting)
		case c := <-s.commands:
			wrong, err := s.answer(waiting, alive, c)
			if err != nil {
				return err
			}
			if wrong {
				bad++
			}
			if bad > badMost {
				return errTooBad
			}
		case <-s.topics.ready:
			err := s.topics.take(waiting, func(_ progress.Topic, f progress.Frame) error { return s.sendData(alive, f.Data) })
			if err != nil {
				return err
			}
		case err := <-s.pinged:
			s.pinging = false
			if err != nil {
				return err
			}
		case <-tick.C:
			if err := s.beat(waiting, alive); err != nil {
				return err
			}
		}
	}
}

// answer does what a client asked for and says so.
func (s *socket) answer(waiting, alive context.Context, c command) (bad bool, err error) {
	if c.wrong != "" {
		return true, s.send(alive, refuse("", "validation_failed", c.wrong))
	}
	answer, bad := s.topics.obey(waiting, c.asked)
	if cause := context.Cause(waiting); cause != nil {
		return bad, cause
	}
	return bad, s.send(alive, answer)
}

// beat says that the stream is alive, and looks whether it should be.
func (s *socket) beat(waiting, alive context.Context) error {
	if !s.pinging {
		s.pinging = true
		go func() { s.pinged <- s.ping(alive) }()
	}
	for _, last := range s.topics.recheck(waiting) {
		if err := s.send(alive, last); err != nil {
			return err
		}
	}
	return s.send(alive, s.topics.heartbeat(s.api.opts.Now()))
}

// ping fails when the client does not answer, or may not be told any more.
func (s *socket) ping(alive context.Context) error {
	ctx, cancel := context.WithTimeout(alive, s.api.opts.StreamWriteTimeout)
	defer cancel()
	if err := s.conn.Ping(ctx); err != nil {
		return errGone{err}
	}
	if s.api.revoked(ctx) {
		return errTokenRevoked
	}
	return nil
}

func (s *socket) send(ctx context.Context, message any) error {
	data, err := progress.Encode(message)
	if err != nil {
		return err //nolint:wrapcheck // it says what was being done
	}
	return s.sendData(ctx, data)
}

// sendData writes one message; a client that does not take it in time is dropped.
func (s *socket) sendData(ctx context.Context, data []byte) error {
	ctx, cancel := context.WithTimeout(ctx, s.api.opts.StreamWriteTimeout)
	defer cancel()
	if err := s.conn.Write(ctx, websocket.MessageText, data); err != nil {
		return errGone{fmt.Errorf("write a message: %w", err)}
	}
	return nil
}

// hangUp closes the connection with the reason why the stream ended.
func (s *socket) hangUp(ctx context.Context, cause error) {
	status, reason := closing(cause)
	var err error
	switch status {
	case statusGone:
		s.api.logger(ctx).DebugContext(ctx, "listener is gone", "error", cause)
		err = s.conn.CloseNow()
	case websocket.StatusGoingAway:
		err = errors.Join(s.send(ctx, progress.Reconnect{Type: progress.UpdateReconnect, Cursors: s.topics.cursors()}), s.conn.Close(status, reason))
	case websocket.StatusInternalError:
		s.api.logger(ctx).ErrorContext(ctx, "stream failed", "error", cause)
		err = s.conn.Close(status, reason)
	default:
		err = s.conn.Close(status, reason)
	}
	if err != nil {
		s.api.logger(ctx).DebugContext(ctx, "closing handshake failed", "error", err)
	}
}

// statusGone stands for a connection on which nothing can be said any more.
const statusGone websocket.StatusCode = 0

// closing is how to close a connection that ended for that reason.
func closing(cause error) (websocket.StatusCode, string) {
	var gone errGone
	switch {
	case errors.Is(cause, errTokenExpired):
		return websocket.StatusPolicyViolation, "the token has expired"
	case errors.Is(cause, errTokenRevoked):
		return websocket.StatusPolicyViolation, "the key is not accepted any more"
	case errors.Is(cause, errTooFast):
		return websocket.StatusPolicyViolation, "too many messages"
	case errors.Is(cause, errTooBad):
		return websocket.StatusPolicyViolation, "too many messages that make no sense"
	case errors.Is(cause, errShutdown), errors.Is(cause, progress.ErrClosed):
		return websocket.StatusGoingAway, "the server is shutting down; resume with your cursors"
	case errors.As(cause, &gone), errors.Is(cause, context.Canceled):
		return statusGone, ""
	default:
		return websocket.StatusInternalError, "something went wrong on our side; resume with your cursors"
	}
}
