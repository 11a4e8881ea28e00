package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"

	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/progress"
)

// Why a stream ends before its operation does.
var (
	errTokenExpired   = errors.New("the token has expired")
	errTokenRevoked   = errors.New("the token is not accepted any more")
	errUnexpectedData = errors.New("the client sent data")
)

func streamSpec(config huma.Config) huma.Operation {
	message := map[string]*huma.MediaType{"application/json": {Schema: config.Components.Schemas.Schema(reflect.TypeFor[progress.Message](), true, "Message")}}
	least := 0.0
	spec := huma.Operation{
		OperationID: "stream-operation", Summary: "Follow an operation", Tags: []string{"operations"}, Security: needsToken(),
		Description: "A WebSocket. Each text message is one JSON document, described under 101: first a snapshot, then one message per event, " +
			"numbered by `seq`. After the final state the server closes with 1000. Resume a dropped stream with `?since=` the last `seq` seen.",
		Parameters: []*huma.Param{
			{Name: "id", In: "path", Required: true, Description: "The operation's id.", Schema: &huma.Schema{Type: huma.TypeString, Format: "uuid"}},
			{Name: "since", In: "query", Description: "Leave out the snapshot and begin with the event after this seq.", Schema: &huma.Schema{Type: huma.TypeInteger, Format: "int64", Minimum: &least}},
		},
		Responses: problems(config, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
			http.StatusUnprocessableEntity, http.StatusUpgradeRequired, http.StatusTooManyRequests,
			http.StatusInternalServerError, http.StatusServiceUnavailable),
	}
	spec.Responses["101"] = &huma.Response{Description: "The stream; each of its messages.", Content: message}
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
	if err := a.mustSee(ctx, id); err != nil {
		a.fail(ctx, err).write(w)
		return
	}
	leave, problem := a.streams.begin(ctx)
	if problem != nil {
		problem.write(w)
		return
	}
	defer leave()
	listener, problem := a.subscribe(ctx, id, since)
	if problem != nil {
		problem.write(w)
		return
	}
	defer listener.Close()
	refusal := &refusedUpgrade{ResponseWriter: w}
	conn, err := websocket.Accept(refusal, r, nil)
	if err != nil {
		refusal.problem(ctx, err).write(w)
		return
	}
	endHandshake(r)
	a.serve(context.WithoutCancel(ctx), conn, listener)
}

// subscribe begins to listen, within the time that every request has and as long as
// the server goes on: a stream is not bounded, its opening is.
func (a *API) subscribe(ctx context.Context, id string, since int64) (*progress.Listener, *Problem) {
	opening, cancel := context.WithTimeout(ctx, a.opts.RequestTimeout)
	defer cancel()
	defer context.AfterFunc(a.ending, cancel)()
	listener, err := a.opts.Streams.Subscribe(opening, workspaceOf(ctx), id, since)
	switch {
	case err == nil:
		return listener, nil
	case a.ending.Err() != nil, errors.Is(err, progress.ErrClosed):
		return nil, shuttingDown(ctx)
	case errors.Is(err, progress.ErrTooManyTopics):
		return nil, crowded(ctx)
	default:
		return nil, a.fail(ctx, err)
	}
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
	id, ok := canonicalID(chi.URLParam(r, "id")) // events carry it in lower case
	if !ok {
		fields = append(fields, Field{Location: "path.id", Message: notUUID})
	}
	since = -1
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
		if err == nil && a.revoked(ping) {
			err = errTokenRevoked
		} else if err != nil {
			err = errGone{err}
		}
		cancel()
		if err != nil {
			stop(err)
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
	case errors.Is(err, errTokenRevoked):
		err = conn.Close(websocket.StatusPolicyViolation, "the key is not accepted any more")
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

// revoked tells whether the key or token that opened the stream would be refused now. Where
// that cannot be found out the stream goes on; untilExpiry ends it when its time has come.
func (a *API) revoked(ctx context.Context) bool {
	r := requestOf(ctx)
	if r == nil {
		return false
	}
	now, err := a.identityOf(ctx, r.shown)
	if failure := new(operation.Error); errors.As(err, &failure) || ctx.Err() != nil || errors.Is(err, auth.ErrIssuerAway) || errors.Is(err, auth.ErrExpired) {
		return false
	}
	return err != nil || now.Role != r.identity.Role || !slices.Equal(now.Repositories, r.identity.Repositories)
}

// untilExpiry is how long the token that opened the stream would still be accepted.
func (a *API) untilExpiry(ctx context.Context) time.Duration {
	r := requestOf(ctx)
	if r == nil {
		return 0
	}
	if r.identity.ExpiresAt.IsZero() {
		return math.MaxInt64
	}
	return r.identity.ExpiresAt.Add(auth.Leeway).Sub(a.opts.Now())
}
