package progress

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/holdfast/holdfast/internal/operation"
)

const (
	// DefaultStream is the key of the Redis stream that all processes of one
	// installation share.
	DefaultStream = "holdfast:progress"
	// streamLength is about how many entries Redis keeps. A hub that falls behind
	// further asks Postgres.
	streamLength = 10_000
	// publishTimeout bounds what an unreachable Redis may cost the work.
	publishTimeout = 500 * time.Millisecond
	// publishPause is how long a publisher leaves a failing Redis alone.
	publishPause = time.Second

	fieldOperation = "operation"
	fieldWorkspace = "workspace"
	fieldMessage   = "message"
)

// Publisher tells the hubs of all API processes about committed events. It is
// safe for concurrent use. A nil Publisher publishes nothing.
type Publisher struct {
	redis  redis.UniversalClient
	stream string
	log    *slog.Logger
	now    func() time.Time

	mu         sync.Mutex
	failing    bool
	quietUntil time.Time
}

// NewPublisher makes a publisher to the stream of that key; DefaultStream unless
// a test isolates itself. The client needs ContextTimeoutEnabled: otherwise a Redis
// that accepts connections and never answers is waited for as long as the client's
// own timeouts and retries say.
func NewPublisher(client redis.UniversalClient, stream string, log *slog.Logger) *Publisher {
	return &Publisher{redis: client, stream: stream, log: log, now: time.Now}
}

// Publish hands on events whose transaction has committed. It never fails: the
// events are in Postgres, and a hub that misses them here finds them there. What
// went wrong is logged, once per outage.
func (p *Publisher) Publish(ctx context.Context, events ...operation.Event) {
	if p == nil || len(events) == 0 || !p.ready() {
		return
	}
	p.outcome(ctx, p.add(ctx, events))
}

// Wake tells the hubs that something happened to an operation, without saying
// what: they ask Postgres. It is for writers that do not hold the event itself.
func (p *Publisher) Wake(ctx context.Context, workspaceID, operationID string) {
	p.Publish(ctx, operation.Event{WorkspaceID: workspaceID, OperationID: operationID})
}

// add appends the events to the stream in one round trip.
func (p *Publisher) add(ctx context.Context, events []operation.Event) error {
	// The transaction has committed: telling of it is worth a moment also when
	// the caller is being stopped.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), publishTimeout)
	defer cancel()
	_, err := p.redis.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for _, e := range events {
			message, err := json.Marshal(FromEvent(e))
			if err != nil {
				return fmt.Errorf("encode event %d: %w", e.Seq, err)
			}
			pipe.XAdd(ctx, &redis.XAddArgs{
				Stream: p.stream, MaxLen: streamLength, Approx: true,
				Values: []any{fieldOperation, e.OperationID, fieldWorkspace, e.WorkspaceID, fieldMessage, message},
			})
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("publish progress: %w", err)
	}
	return nil
}

// ready tells whether Redis is worth a try: after a failure it is left alone for
// a moment, so that an outage costs the work next to nothing.
func (p *Publisher) ready() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.now().Before(p.quietUntil)
}

// outcome remembers how publishing went and logs when that changes.
func (p *Publisher) outcome(ctx context.Context, err error) {
	p.mu.Lock()
	changed := p.failing != (err != nil)
	p.failing = err != nil
	if p.failing {
		p.quietUntil = p.now().Add(publishPause)
	}
	p.mu.Unlock()
	switch {
	case changed && err != nil:
		p.log.WarnContext(ctx, "progress is not published; listeners are served from Postgres", "error", err)
	case changed:
		p.log.InfoContext(ctx, "progress is published again")
	}
}

// decode reads an entry of the stream back into an event. ok is false for what
// another version wrote and this one does not understand.
func decode(entry redis.XMessage) (e operation.Event, ok bool) {
	id, isID := entry.Values[fieldOperation].(string)
	raw, isMessage := entry.Values[fieldMessage].(string)
	if !isID || !isMessage {
		return operation.Event{}, false
	}
	wake := operation.Event{OperationID: id}
	if workspaceID, ok := entry.Values[fieldWorkspace].(string); ok { // an earlier version does not say
		wake.WorkspaceID = workspaceID
	}
	var m Message
	if err := json.Unmarshal([]byte(raw), &m); err != nil {
		return wake, true // at least it wakes
	}
	e = operation.Event{WorkspaceID: wake.WorkspaceID, OperationID: id, Seq: m.Seq, Type: operation.EventType(m.Type), Collection: m.Collection}
	if m.At != nil {
		e.At = *m.At
	}
	if m.Operation != nil {
		op := m.Operation.Domain()
		e.Operation = &op
	}
	if !carries(e) {
		return wake, true
	}
	return e, true
}

// carries tells whether e is a whole event, and not just a wake.
func carries(e operation.Event) bool {
	switch e.Type {
	case operation.EventCollection:
		return e.Seq > 0 && e.Collection != nil
	case operation.EventState:
		return e.Seq > 0 && e.Operation != nil
	default:
		return false
	}
}
