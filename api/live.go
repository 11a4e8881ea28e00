package api

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/coder/websocket"
	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/progress"
)

// updates are the messages that a server sends on the stream of many topics, by their types.
var updates = []struct {
	kind progress.UpdateType
	of   reflect.Type
}{
	{progress.UpdateSubscribed, reflect.TypeFor[progress.Subscribed]()},
	{progress.UpdateUnsubscribed, reflect.TypeFor[progress.Unsubscribed]()},
	{progress.UpdateSnapshot, reflect.TypeFor[progress.Snapshot]()},
	{progress.UpdateCollection, reflect.TypeFor[progress.CollectionUpdate]()},
	{progress.UpdateState, reflect.TypeFor[progress.StateUpdate]()},
	{progress.UpdateChange, reflect.TypeFor[progress.ChangeUpdate]()},
	{progress.UpdateEnded, reflect.TypeFor[progress.Ended]()},
	{progress.UpdateError, reflect.TypeFor[progress.Refusal]()},
	{progress.UpdateHeartbeat, reflect.TypeFor[progress.Heartbeat]()},
	{progress.UpdateReconnect, reflect.TypeFor[progress.Reconnect]()},
}

// describeUpdates adds the schemas of all messages to a document, told apart by type.
func describeUpdates(schemas huma.Registry) *huma.Schema {
	message := &huma.Schema{Discriminator: &huma.Discriminator{PropertyName: "type", Mapping: map[string]string{}}}
	for _, u := range updates {
		ref := schemas.Schema(u.of, true, u.of.Name())
		schemas.SchemaFromRef(ref.Ref).Properties["type"] = &huma.Schema{Type: huma.TypeString, Enum: []any{string(u.kind)}}
		message.Discriminator.Mapping[string(u.kind)] = ref.Ref
		message.OneOf = append(message.OneOf, ref)
	}
	return message
}

func liveSpec(config huma.Config) huma.Operation {
	message := describeUpdates(config.Components.Schemas)
	spec := huma.Operation{
		OperationID: "stream", Summary: "Follow many topics", Tags: []string{"operations"}, Security: needsToken(),
		Description: "A WebSocket on which a client subscribes to topics: operations, changes, operation:<id> and repository:<id>. Each text message is one JSON document. " +
			"Every message about a topic carries the cursor to resume the topic from, also on another server.",
		Responses: problems(config, http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity,
			http.StatusUpgradeRequired, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable),
	}
	spec.Parameters = []*huma.Param{
		{Name: "ticket", In: "query", Description: "A ticket of POST /v1/stream/tickets, in the place of the token.", Schema: &huma.Schema{Type: huma.TypeString}},
		{Name: "topic", In: "query", Description: "Of server-sent events: the topics to follow, 20 at most, separated by commas or each in a parameter of its own.", Schema: &huma.Schema{Type: huma.TypeString}},
		{Name: "Last-Event-ID", In: "header", Description: "Of server-sent events: the id of the last event seen. Browsers send it by themselves.", Schema: &huma.Schema{Type: huma.TypeString}},
	}
	spec.Responses["200"] = &huma.Response{Description: "With Accept: text/event-stream the same messages as server-sent events, each in data.", Content: map[string]*huma.MediaType{"text/event-stream": {}}}
	spec.Responses["101"] = &huma.Response{Description: "The stream; each of the server's messages.", Content: map[string]*huma.MediaType{"application/json": {Schema: message}}}
	return spec
}

// live follows many topics over a WebSocket; docs/stream.md is the contract.
func (a *API) live(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	if problem := a.liveRefusal(r); problem != nil {
		problem.write(w)
		return
	}
	if wantsEvents(r) {
		a.events(w, r)
		return
	}
	leave, problem := a.streams.begin(ctx)
	if problem != nil {
		problem.write(w)
		return
	}
	refusal := &refusedUpgrade{ResponseWriter: w}
	// The origin has been looked at: the library would allow the server's own.
	conn, err := websocket.Accept(refusal, r, &websocket.AcceptOptions{InsecureSkipVerify: true, CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		leave()
		refusal.problem(ctx, err).write(w)
		return
	}
	endHandshake(r)
	// The handler returns: what the request needed need not be held for as long as the
	// stream is, of which there may be thousands.
	go a.serveLive(detached(ctx), conn, leave)
}

// liveRefusal says why a request may not open the stream.
func (a *API) liveRefusal(r *http.Request) *Problem {
	ctx := r.Context()
	if !a.trustsOrigin(r) {
		return newProblem(ctx, http.StatusForbidden, "forbidden_origin", "A page of this origin may not open a stream: it is none of those that HOLDFAST_STREAM_ORIGINS names.")
	}
	if wantsEvents(r) {
		return nil // its query says what to follow
	}
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		return newProblem(ctx, http.StatusUpgradeRequired, "upgrade_required", "This is a WebSocket, or with Accept: text/event-stream a stream of events; a plain request cannot follow it.").
			with("Upgrade", "websocket").with("Connection", "Upgrade")
	}
	var fields []Field
	for name := range r.URL.Query() {
		fields = append(fields, Field{Location: "query." + name, Message: "unknown query parameter"})
	}
	if len(fields) > 0 {
		return invalid(ctx, fields...)
	}
	return nil
}

// trustsOrigin tells whether a request comes from no page, or from one that may.
func (a *API) trustsOrigin(r *http.Request) bool {
	origins := r.Header.Values("Origin")
	return len(origins) == 0 || (len(origins) == 1 && slices.Contains(a.opts.StreamOrigins, origins[0]))
}

// detached is a context of the same request that holds nothing else of it.
func detached(ctx context.Context) context.Context {
	info := requestOf(ctx)
	if info == nil {
		return context.Background()
	}
	kept := &request{id: info.id, path: info.path, log: info.log, identity: info.identity, shown: info.shown, ids: info.ids}
	return operation.WithIDs(context.WithValue(context.Background(), requestKey{}, kept), &kept.ids)
}

// serveLive serves a stream until it ends, whatever it comes to.
func (a *API) serveLive(ctx context.Context, conn *websocket.Conn, leave func()) {
	defer leave()
	defer func() {
		if cause := recover(); cause != nil {
			a.logger(ctx).ErrorContext(ctx, "stream panicked", "panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
			if err := conn.CloseNow(); err != nil {
				a.logger(ctx).DebugContext(ctx, "closing failed", "error", err)
			}
		}
	}()
	newSocket(a, conn).serve(ctx)
}
