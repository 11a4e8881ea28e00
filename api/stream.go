package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/progress"
)

// Why a stream ends before its operation does.
var (
	errTokenExpired   = errors.New("the token has expired")
	errUnexpectedData = errors.New("the client sent data")
)

func streamSpec(config huma.Config) huma.Operation {
	schemas := config.Components.Schemas
	problem := map[string]*huma.MediaType{problemType: {Schema: schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")}}
	message := map[string]*huma.MediaType{"application/json": {Schema: schemas.Schema(reflect.TypeFor[progress.Message](), true, "Message")}}
	least := 0.0
	spec := huma.Operation{
		OperationID: "stream-operation", Summary: "Follow an operation", Tags: []string{"operations"}, Security: needsToken(),
		Description: "A WebSocket. Each text message is one JSON document, described under 101: first a snapshot, then one message per event, " +
			"numbered by `seq`. After the final state the server closes with 1000. Resume a dropped stream with `?since=` the last `seq` seen.",
		Parameters: []*huma.Param{
			{Name: "id", In: "path", Required: true, Description: "The operation's id.", Schema: &huma.Schema{Type: huma.TypeString, Format: "uuid"}},
			{Name: "since", In: "query", Description: "Leave out the snapshot and begin with the event after this seq.", Schema: &huma.Schema{Type: huma.TypeInteger, Format: "int64", Minimum: &least}},
		},
		Responses: map[string]*huma.Response{"101": {Description: "The stream; each of its messages.", Content: message}},
	}
	for _, status := range []int{401, 404, 422, 426, 500, 503} {
		spec.Responses[strconv.Itoa(status)] = &huma.Response{Description: http.StatusText(status), Content: problem}
	}
	return spec
}

// stream follows an operation over a WebSocket; docs/stream.md is the contract.
func (a *API) stream(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	id, since, problem := streamTarget(r)
	if problem != nil {
		problem.write(w)
		return
	}
	about(ctx, id)
	if !a.beginStream() {
		newProblem(ctx, http.StatusServiceUnavailable, "unavailable", "The server is shutting down.").with("Retry-After", "1").write(w)
		return
	}
	defer a.streams.Done()
	listener, err := a.opts.Streams.Subscribe(ctx, workspaceOf(ctx), id, since)
	if err != nil {
		a.fail(ctx, err).write(w)
		return
	}
	defer listener.Close()
	refusal := &refusedUpgrade{ResponseWriter: w}
	conn, err := websocket.Accept(refusal, r, nil)
	if err != nil {
		refusal.problem(ctx, err).write(w)
		return
	}
	a.serve(context.WithoutCancel(ctx), conn, listener)
}

// streamTarget reads what to follow from where; since is below 0 for a snapshot.
func streamTarget(r *http.Request) (id string, since int64, problem *Problem) {
	ctx := r.Context()
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		return "", 0, newProblem(ctx, http.StatusUpgradeRequired, "upgrade_required",
			"This is a WebSocket; a plain request cannot follow it. To read the operation once, leave out /stream.").
			with("Upgrade", "websocket").with("Connection", "Upgrade")
	}
	var fields []Field
	id, since = chi.URLParam(r, "id"), -1
	parsed, err := uuid.Parse(id)
	if err != nil || parsed.String() != strings.ToLower(id) {
		fields = append(fields, Field{Location: "path.id", Message: "expected string to be RFC 4122 uuid"})
	}
	id = parsed.String() // events carry it in lower case
	query := r.URL.Query()
	for name, values := range query {
		if name != "since" {
			fields = append(fields, Field{Location: "query." + name, Message: "unknown query parameter"})
			continue
		}
		n, err := strconv.ParseInt(values[0], 10, 64)
		if err != nil || n < 0 {
			fields = append(fields, Field{Location: "query.since", Message: "expected a whole number from 0"})
		}
		since = n
	}
	if len(fields) > 0 {
		return "", 0, invalid(ctx, fields...)
	}
	return id, since, nil
}

// serve sends a listener's messages until there are no more, and closes with the reason.
func (a *API) serve(ctx context.Context, conn *websocket.Conn, listener *progress.Listener) {
	alive, die := context.WithCancel(ctx) // ends with the connection
	defer die()
	waiting, stop := context.WithCancelCause(alive) // ends with the stream, which may be earlier
	defer stop(nil)
	defer context.AfterFunc(a.ending, func() { stop(context.Cause(a.ending)) })()
	defer time.AfterFunc(a.untilExpiry(ctx), func() { stop(errTokenExpired) }).Stop()
	var helpers sync.WaitGroup
	helpers.Go(func() { listen(ctx, conn, stop, die) })
	helpers.Go(func() { a.beat(waiting, alive, conn, stop) })
	err := a.pump(waiting, alive, conn, listener)
	stop(nil)
	a.hangUp(ctx, conn, err)
	helpers.Wait()
}

// listen reads what the client sends: reading is what answers pings and the closing
// handshake. Data is not expected; its first frame ends the stream. The context must
// not end before the connection has been closed, or there would be no handshake.
func listen(ctx context.Context, conn *websocket.Conn, stop context.CancelCauseFunc, die context.CancelFunc) {
	if _, _, err := conn.Reader(ctx); err != nil {
		stop(errGone{err})
		die()
		return
	}
	stop(errUnexpectedData)
}

// pump writes messages as they come. It returns why there are no more.
func (a *API) pump(waiting, alive context.Context, conn *websocket.Conn, listener *progress.Listener) error {
	for {
		messages, err := listener.Next(waiting)
		if cause := context.Cause(waiting); err != nil && cause != nil {
			return cause // what a query says of a context that ended is not why
		}
		if err != nil {
			return fmt.Errorf("wait for messages: %w", err)
		}
		for _, m := range messages {
			if err := context.Cause(waiting); err != nil {
				return err
			}
			if err := a.send(alive, conn, m); err != nil {
				return errGone{err}
			}
		}
	}
}

// errGone is a connection on which nothing can be said any more.
type errGone struct{ error }

func (e errGone) Unwrap() error { return e.error }

// send writes one message; a listener that does not take it in time is dropped.
func (a *API) send(ctx context.Context, conn *websocket.Conn, m progress.Message) error {
	data, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode message %d: %w", m.Seq, err)
	}
	ctx, cancel := context.WithTimeout(ctx, a.opts.StreamWriteTimeout)
	defer cancel()
	if err := conn.Write(ctx, websocket.MessageText, data); err != nil {
		return fmt.Errorf("write message %d: %w", m.Seq, err)
	}
	return nil
}

// beat pings the listener until waiting ends, and ends the stream without a pong.
func (a *API) beat(waiting, alive context.Context, conn *websocket.Conn, stop context.CancelCauseFunc) {
	tick := time.NewTicker(a.opts.Heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-waiting.Done():
			return
		case <-tick.C:
		}
		ping, cancel := context.WithTimeout(alive, a.opts.StreamWriteTimeout)
		err := conn.Ping(ping)
		cancel()
		if err != nil {
			stop(errGone{err})
			return
		}
	}
}

// hangUp closes the connection with the reason why the stream ended.
func (a *API) hangUp(ctx context.Context, conn *websocket.Conn, err error) {
	var gone errGone
	switch {
	case errors.Is(err, io.EOF):
		err = conn.Close(websocket.StatusNormalClosure, "the operation has ended")
	case errors.Is(err, errTokenExpired):
		err = conn.Close(websocket.StatusPolicyViolation, "the token has expired")
	case errors.Is(err, errUnexpectedData):
		err = conn.Close(websocket.StatusPolicyViolation, "this stream takes no messages")
	case errors.Is(err, errShutdown), errors.Is(err, progress.ErrClosed):
		err = conn.Close(websocket.StatusGoingAway, "the server is shutting down; resume with since")
	case errors.As(err, &gone), errors.Is(err, context.Canceled):
		a.logger(ctx).DebugContext(ctx, "listener is gone", "error", err)
		err = conn.CloseNow()
	default:
		a.logger(ctx).ErrorContext(ctx, "stream failed", "error", err)
		err = conn.Close(websocket.StatusInternalError, "something went wrong on our side; resume with since")
	}
	if err != nil {
		a.logger(ctx).DebugContext(ctx, "closing handshake failed", "error", err)
	}
}

// untilExpiry is how long the token that opened the stream would still be accepted.
func (a *API) untilExpiry(ctx context.Context) time.Duration {
	r := requestOf(ctx)
	if r == nil {
		return 0
	}
	return r.identity.ExpiresAt.Add(auth.Leeway).Sub(a.opts.Now())
}

// refusedUpgrade keeps the WebSocket library from writing its refusals as plain
// text: they are written as problems afterwards.
type refusedUpgrade struct {
	http.ResponseWriter
	status int
}

func (u *refusedUpgrade) WriteHeader(status int) {
	if status >= http.StatusBadRequest {
		u.status = status
		return
	}
	u.ResponseWriter.WriteHeader(status)
}

func (u *refusedUpgrade) Write(p []byte) (int, error) {
	if u.status != 0 {
		return len(p), nil
	}
	n, err := u.ResponseWriter.Write(p)
	if err != nil {
		return n, fmt.Errorf("write the answer: %w", err)
	}
	return n, nil
}

// Unwrap lets the library find the connection to take over.
func (u *refusedUpgrade) Unwrap() http.ResponseWriter { return u.ResponseWriter }

// problem is the refusal in the form of all others.
func (u *refusedUpgrade) problem(ctx context.Context, err error) *Problem {
	switch {
	case u.status == http.StatusForbidden:
		return newProblem(ctx, u.status, "forbidden_origin", "A page of another origin may not open this stream.")
	case u.status >= http.StatusBadRequest && u.status < http.StatusInternalServerError:
		return newProblem(ctx, u.status, "upgrade_refused", "The WebSocket handshake is not acceptable; RFC 6455 version 13 is spoken here.")
	default:
		logOf(ctx).ErrorContext(ctx, "request failed", "error", err)
		return newProblem(ctx, http.StatusInternalServerError, "internal", internalDetail)
	}
}
