package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/holdfast/holdfast/internal/progress"
)

// eventTopicsMost is how many topics one event stream may follow: their cursors stand in
// the id of each of its events.
const eventTopicsMost = 20

// eventStream is a client that follows topics as server-sent events (HTML Living Standard,
// section 9.2). Only the goroutine of its request uses it.
type eventStream struct {
	api     *API
	w       http.ResponseWriter
	control *http.ResponseController
	topics  *following
	names   []string          // in the order in which they were asked for
	cursors map[string]string // of the last message of each
}

// wantsEvents tells whether a request asks for server-sent events.
func wantsEvents(r *http.Request) bool {
	if r.Method != http.MethodGet || r.Header.Get("Upgrade") != "" {
		return false
	}
	for accepted := range strings.SplitSeq(r.Header.Get("Accept"), ",") {
		kind, _, _ := strings.Cut(accepted, ";")
		if strings.EqualFold(strings.TrimSpace(kind), "text/event-stream") {
			return true
		}
	}
	return false
}

// events follows the topics that the query names.
func (a *API) events(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	commands, fields := eventTopics(r)
	if len(fields) > 0 {
		invalid(ctx, fields...).write(w)
		return
	}
	leave, problem := a.streams.begin(ctx)
	if problem != nil {
		problem.write(w)
		return
	}
	defer leave()
	s := &eventStream{api: a, w: w, control: http.NewResponseController(w), topics: a.newFollowing(eventTopicsMost), cursors: map[string]string{}}
	defer s.topics.close()
	if err := s.open(ctx, commands); err != nil {
		a.logger(ctx).DebugContext(ctx, "listener is gone", "error", err)
		return
	}
	if err := s.serve(ctx); err != nil {
		a.logger(ctx).DebugContext(ctx, "event stream ended", "error", err)
	}
}

// eventTopics reads what a request wants to follow, and from where.
func eventTopics(r *http.Request) (commands []progress.Command, fields []Field) {
	cursors, err := url.ParseQuery(r.Header.Get("Last-Event-ID"))
	if err != nil || len(cursors) > eventTopicsMost {
		fields = append(fields, Field{Location: "header.Last-Event-ID", Message: "is not an id that this stream gave out"})
	}
	seen := map[string]bool{}
	for name, values := range r.URL.Query() {
		if name != "topic" {
			fields = append(fields, Field{Location: "query." + name, Message: "unknown query parameter"})
			continue
		}
		for _, value := range values {
			for text := range strings.SplitSeq(value, ",") {
				t, err := progress.ParseTopic(text)
				if err != nil {
					fields = append(fields, Field{Location: "query.topic", Message: err.Error()})
				} else if !seen[t.String()] {
					seen[t.String()] = true
					commands = append(commands, progress.Command{Type: progress.CommandSubscribe, Topic: t.String(), Cursor: cursors.Get(t.String())})
				}
			}
		}
	}
	if len(fields) == 0 && (len(commands) == 0 || len(commands) > eventTopicsMost) {
		fields = append(fields, Field{Location: "query.topic", Message: fmt.Sprintf("name 1 to %d topics", eventTopicsMost)})
	}
	return commands, fields
}

// open begins the answer, and to follow all topics.
func (s *eventStream) open(ctx context.Context, commands []progress.Command) error {
	// The server's bounds are those of requests that end.
	if err := s.control.SetReadDeadline(time.Time{}); err != nil {
		return fmt.Errorf("lift the read deadline: %w", err)
	}
	h := s.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // as nginx has it: a proxy must not hold events back
	s.w.WriteHeader(http.StatusOK)
	if err := s.write("retry: 1000\n\n"); err != nil {
		return err
	}
	for _, c := range commands {
		s.names = append(s.names, c.Topic)
		s.cursors[c.Topic] = c.Cursor
		answer, _ := s.topics.obey(ctx, c)
		if begun, ok := answer.(progress.Subscribed); ok {
			s.cursors[c.Topic] = begun.Cursor
			if !begun.Resumed {
				s.cursors[c.Topic] = "" // until its snapshot has been sent
			}
		}
		if err := s.send(answer); err != nil {
			return err
		}
	}
	return nil
}

// serve sends what happens until the client goes, its rights end, or the server does.
func (s *eventStream) serve(ctx context.Context) error {
	waiting, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer context.AfterFunc(s.api.ending, func() { stop(context.Cause(s.api.ending)) })()
	defer time.AfterFunc(s.api.untilExpiry(ctx), func() { stop(errTokenExpired) }).Stop()
	tick := time.NewTicker(s.api.opts.Heartbeat)
	defer tick.Stop()
	for {
		var err error
		select {
		case <-waiting.Done():
			err = context.Cause(waiting)
		case <-s.topics.ready:
			err = s.topics.take(waiting, func(t progress.Topic, f progress.Frame) error {
				s.cursors[t.String()] = f.Cursor
				return s.event(f.Data)
			})
		case <-tick.C:
			err = s.beat(waiting)
		}
		if err != nil {
			return s.end(ctx, err)
		}
	}
}

// beat says that the stream is alive, and looks whether it should be.
func (s *eventStream) beat(ctx context.Context) error {
	asking, cancel := context.WithTimeout(ctx, s.api.opts.StreamWriteTimeout)
	defer cancel()
	if s.api.revoked(asking) {
		return errTokenRevoked
	}
	for _, last := range s.topics.recheck(asking) {
		if err := s.send(last); err != nil {
			return err
		}
	}
	h := s.topics.heartbeat(s.api.opts.Now())
	for topic, cursor := range h.Cursors {
		s.cursors[topic] = cursor
	}
	return s.send(h)
}

// end says why the stream ends, where there is somebody to tell.
func (s *eventStream) end(ctx context.Context, cause error) error {
	switch {
	case errors.Is(cause, errTokenExpired), errors.Is(cause, errTokenRevoked):
		return s.send(refuse("", "unauthorized", "The token or key is not accepted any more."))
	case ctx.Err() == nil && (errors.Is(cause, errShutdown) || errors.Is(cause, progress.ErrClosed)):
		return s.send(progress.Reconnect{Type: progress.UpdateReconnect, Cursors: s.topics.cursors()})
	default:
		return cause
	}
}

func (s *eventStream) send(message any) error {
	data, err := progress.Encode(message)
	if err != nil {
		return err //nolint:wrapcheck // it says what was being done
	}
	return s.event(data)
}

// event sends one message. Its id has the cursors of all topics: a browser sends it back
// when it connects again.
func (s *eventStream) event(data []byte) error {
	var id strings.Builder
	for _, name := range s.names {
		if s.cursors[name] == "" {
			continue
		}
		if id.Len() > 0 {
			id.WriteByte('&')
		}
		id.WriteString(url.QueryEscape(name) + "=" + s.cursors[name])
	}
	return s.write("id: " + id.String() + "\ndata: " + string(data) + "\n\n")
}

// write sends text; a client that does not take it in time is dropped.
func (s *eventStream) write(text string) error {
	if err := s.control.SetWriteDeadline(time.Now().Add(s.api.opts.StreamWriteTimeout)); err != nil {
		return fmt.Errorf("set the write deadline: %w", err)
	}
	if _, err := s.w.Write([]byte(text)); err != nil {
		return fmt.Errorf("write an event: %w", err)
	}
	if err := s.control.Flush(); err != nil {
		return fmt.Errorf("send an event: %w", err)
	}
	return nil
}
