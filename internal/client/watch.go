package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"

	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/progress"
)

const (
	// maxMessage bounds one message of a stream, in bytes.
	maxMessage = 1 << 20
	// pingEvery and pingTimeout find a connection that died without a word.
	pingEvery   = 20 * time.Second
	pingTimeout = 15 * time.Second
	// dialTimeout bounds one attempt to open a stream.
	dialTimeout = 15 * time.Second
)

// retry says how long a dropped stream is tried again.
type retry struct {
	attempts  int           // in a row without one message
	base, max time.Duration // of the pause between two attempts, which doubles
}

// defaultRetry gives an API that restarts about half a minute.
var defaultRetry = retry{attempts: 11, base: 100 * time.Millisecond, max: 5 * time.Second}

// pause is how long to wait after so many failed attempts in a row, with jitter
// so that the listeners of a restarted API do not come back all at once.
func (r retry) pause(failed int) time.Duration {
	d := r.max
	if shift := failed - 1; shift < 16 {
		d = min(r.max, r.base<<shift)
	}
	return d/2 + rand.N(d/2+1) //nolint:gosec // jitter is no secret
}

// Watch follows an operation until it ends and returns it as it ended. fn is
// called after every message, with the operation as it then stands; an error of
// fn ends the watch and is returned.
//
// With since below 0 the stream starts with a snapshot; otherwise with the event
// after since, and what fn sees of the operation is what the events told. A
// connection that drops is opened again from where it was: fn sees every event
// once, in order.
func (c *Client) Watch(ctx context.Context, id string, since int64, fn func(operation.Operation, progress.Message) error) (operation.Operation, error) {
	w := &watch{client: c, id: id, fn: fn, resume: since >= 0}
	w.op = operation.Operation{ID: id, Seq: max(since, 0)}
	for failed := 0; ; {
		before := w.messages
		err := w.connect(ctx)
		switch {
		case err == nil:
			return w.ended(ctx)
		case ctx.Err() != nil:
			return w.op, fmt.Errorf("watch operation %s: %w", id, context.Cause(ctx))
		case isFinal(err):
			return w.op, fmt.Errorf("watch operation %s: %w", id, err)
		case w.messages > before:
			failed = 0
		}
		failed++
		if failed >= c.retry.attempts {
			return w.op, fmt.Errorf("watch operation %s: gave up after %d attempts: %w", id, failed, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(c.retry.pause(failed)):
		}
	}
}

// watch is one Watch: what must survive a dropped connection.
type watch struct {
	client   *Client
	id       string
	fn       func(operation.Operation, progress.Message) error
	op       operation.Operation
	resume   bool // ask for what follows op.Seq instead of a snapshot
	messages int
}

// stopped is an error after which another connection would not help.
type stopped struct{ error }

func (s stopped) Unwrap() error { return s.error }

func isFinal(err error) bool {
	var s stopped
	return errors.As(err, &s)
}

// ended is the operation as it ended. A stream that was resumed after the last
// event closes without a message, so that only asking tells.
func (w *watch) ended(ctx context.Context) (operation.Operation, error) {
	if w.op.State.Valid() && w.op.State.Terminal() {
		return w.op, nil
	}
	return w.client.Operation(ctx, w.id)
}

// connect opens the stream and reads it to its end. It returns nil after the
// server said that there is no more.
func (w *watch) connect(ctx context.Context) error {
	conn, err := w.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.CloseNow() //nolint:errcheck // the stream has ended either way
	conn.SetReadLimit(maxMessage)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		keepAlive(ctx, conn)
	}()
	defer func() { cancel(); <-done }()
	for {
		_, data, err := conn.Read(ctx)
		if err != nil {
			return w.client.closed(err)
		}
		if err := w.message(data); err != nil {
			return err
		}
	}
}

// message applies one message and hands it on.
func (w *watch) message(data []byte) error {
	var m progress.Message
	if err := json.Unmarshal(data, &m); err != nil {
		return fmt.Errorf("read a message of the stream: %w", err)
	}
	if m.Type != progress.MessageSnapshot && m.Seq <= w.op.Seq {
		return nil // seen before the connection dropped
	}
	if err := m.Apply(&w.op); err != nil {
		return fmt.Errorf("the stream has a gap: %w", err)
	}
	w.resume = true
	w.messages++
	if err := w.fn(w.op, m); err != nil {
		return stopped{err}
	}
	return nil
}

// dial opens the stream where the last connection left it.
func (w *watch) dial(ctx context.Context) (*websocket.Conn, error) {
	u := w.client.base.String() + "/v1/operations/" + url.PathEscape(w.id) + "/stream"
	if w.resume {
		u += "?since=" + strconv.FormatInt(w.op.Seq, 10)
	}
	header, err := w.client.opening(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, resp, err := websocket.Dial(ctx, u, &websocket.DialOptions{HTTPClient: w.client.http, HTTPHeader: header})
	if err == nil {
		return conn, nil
	}
	return nil, refusedDial(resp, err)
}

// opening is the header with which a stream is opened.
func (c *Client) opening(ctx context.Context) (http.Header, error) {
	header := http.Header{}
	switch err := c.authorize(ctx, header); {
	case errors.Is(err, ErrUnreachable):
		return nil, err
	case err != nil:
		return nil, stopped{err} // the session cannot be gone on with
	}
	return header, nil
}

// closed reads the end of a connection: nil when the operation has ended, stopped
// when the server will not have us back, and otherwise an error worth another try.
func (c *Client) closed(err error) error {
	var ce websocket.CloseError
	if !errors.As(err, &ce) {
		return fmt.Errorf("the stream dropped: %w", err)
	}
	switch ce.Code {
	case websocket.StatusNormalClosure:
		return nil
	case websocket.StatusPolicyViolation:
		if c.renews {
			return fmt.Errorf("the server ended the stream: %s", ce.Reason) // the next token may be good
		}
		return stopped{fmt.Errorf("the server ended the stream: %s", strings.TrimSuffix(ce.Reason, "."))}
	default:
		return fmt.Errorf("the server ended the stream: %s (%d)", ce.Reason, ce.Code)
	}
}

// keepAlive pings until ctx ends, and drops the connection when no pong comes.
func keepAlive(ctx context.Context, conn *websocket.Conn) {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		ping, cancel := context.WithTimeout(ctx, pingTimeout)
		err := conn.Ping(ping)
		cancel()
		if err != nil {
			conn.CloseNow() //nolint:errcheck // the reader sees the drop and reconnects
			return
		}
	}
}
