package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"github.com/holdfast/holdfast/internal/progress"
)

// Update is one message about a topic, as the server sent it.
type Update struct {
	progress.Head
	Raw json.RawMessage `json:"-"` // all of it

	Reset       bool                `json:"reset"`
	Seq         int64               `json:"seq"`
	OperationID string              `json:"operation_id"`
	Operation   *progress.Operation `json:"operation"`
	Collection  *struct {
		Name  string `json:"name"`
		State string `json:"state"`
		Items int64  `json:"items"`
		Total int64  `json:"total"`
	} `json:"collection"`
	Operations []progress.Operation `json:"operations"`
	Change     *progress.Change     `json:"change"`
	Code       string               `json:"code"`
	Reason     string               `json:"reason"`
	Message    string               `json:"message"`
}

// Follow follows topics until all of them have ended, ctx ends or fn fails. fn is called
// with every message about a topic. A connection that drops is opened again, and every
// topic goes on from where it was: fn sees everything once, in order.
func (c *Client) Follow(ctx context.Context, topics []string, fn func(Update) error) error {
	f := &follow{client: c, fn: fn, cursors: map[string]string{}}
	for _, topic := range topics {
		t, err := progress.ParseTopic(topic)
		if err != nil {
			return fmt.Errorf("follow %q: %w", topic, err)
		}
		f.cursors[t.String()] = ""
	}
	for failed := 0; ; {
		before := f.messages
		err := f.connect(ctx)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("follow topics: %w", context.Cause(ctx))
		case isFinal(err):
			return fmt.Errorf("follow topics: %w", err)
		case f.messages > before:
			failed = 0
		}
		failed++
		if failed >= c.retry.attempts {
			return fmt.Errorf("follow topics: gave up after %d attempts: %w", failed, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(c.retry.pause(failed)):
		}
	}
}

// follow is one Follow: what must survive a dropped connection.
type follow struct {
	client   *Client
	fn       func(Update) error
	cursors  map[string]string // of the topics that go on
	messages int
}

// connect opens the stream and reads it to its end. It returns nil when no topic goes on.
func (f *follow) connect(ctx context.Context) error {
	conn, err := f.dial(ctx)
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
	for topic, cursor := range f.cursors {
		data, err := progress.Encode(progress.Command{Type: progress.CommandSubscribe, Topic: topic, Cursor: cursor})
		if err != nil {
			return stopped{err}
		}
		if err := conn.Write(ctx, websocket.MessageText, data); err != nil {
			return fmt.Errorf("subscribe: %w", err)
		}
	}
	for len(f.cursors) > 0 {
		_, data, err := conn.Read(ctx)
		if err != nil {
			return f.client.closed(err)
		}
		if err := f.message(data); err != nil {
			return err
		}
	}
	return nil
}

// message hands on one message and remembers where to resume.
func (f *follow) message(data []byte) error {
	u := Update{Raw: data}
	if err := json.Unmarshal(data, &u); err != nil {
		return fmt.Errorf("read a message of the stream: %w", err)
	}
	switch u.Type {
	case progress.UpdateHeartbeat, progress.UpdateReconnect:
		return f.moved(data)
	case progress.UpdateError:
		return refusedTopic(u.Topic, u.Code, u.Message)
	case progress.UpdateEnded:
		delete(f.cursors, u.Topic)
	case progress.UpdateUnsubscribed:
		return refusedTopic(u.Topic, u.Code, u.Reason)
	case progress.UpdateSubscribed:
		return nil // what follows has a cursor that may be resumed from
	default:
		f.cursors[u.Topic] = u.Cursor
	}
	f.messages++
	if err := f.fn(u); err != nil {
		return stopped{err}
	}
	return nil
}

// moved remembers the cursors of topics that moved on without a message.
func (f *follow) moved(data []byte) error {
	var beat progress.Heartbeat
	if err := json.Unmarshal(data, &beat); err != nil {
		return fmt.Errorf("read a heartbeat of the stream: %w", err)
	}
	for topic, cursor := range beat.Cursors {
		if before := f.cursors[topic]; before != "" {
			f.cursors[topic] = cursor
		}
	}
	return nil
}

// refusedTopic is why a topic cannot be followed: worth another try where it is only that
// the server cannot now.
func refusedTopic(topic, code, sentence string) error {
	err := fmt.Errorf("%s: %s", topic, sentence)
	if code == "unavailable" {
		return err
	}
	return stopped{err}
}

func (f *follow) dial(ctx context.Context) (*websocket.Conn, error) {
	header, err := f.client.opening(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, resp, err := websocket.Dial(ctx, f.client.base.String()+"/v1/stream", &websocket.DialOptions{HTTPClient: f.client.http, HTTPHeader: header})
	if err == nil {
		return conn, nil
	}
	return nil, refusedDial(resp, err)
}

// refusedDial is why a stream could not be opened.
func refusedDial(resp *http.Response, err error) error {
	if resp == nil || resp.StatusCode < http.StatusBadRequest {
		return unreachable(err)
	}
	var body []byte
	if resp.Body != nil {
		// The library keeps the start of a refusal's body for us; a short read only costs detail.
		body, _ = io.ReadAll(resp.Body)
	}
	problem := problemOf(resp, body)
	if resp.StatusCode < http.StatusInternalServerError && resp.StatusCode != http.StatusTooManyRequests {
		return stopped{problem}
	}
	return problem
}
