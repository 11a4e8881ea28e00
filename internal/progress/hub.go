package progress

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/holdfast/holdfast/internal/operation"
)

var (
	// ErrClosed is what a listener gets when its hub shuts down.
	ErrClosed = errors.New("the hub is closed")
	// ErrTooManyTopics is what a listener gets when as many operations are followed
	// as the hub takes, and it asks for one more.
	ErrTooManyTopics = errors.New("too many operations are followed at once")
)

// EventSource is the truth about operations and their events: Postgres.
type EventSource interface {
	// Operation is the operation with its collections and the Seq of its last
	// event, read at one moment. CodeNotFound when the workspace has no such.
	Operation(ctx context.Context, workspaceID, id string) (operation.Operation, error)
	// Events lists at most limit events after that seq, ascending.
	Events(ctx context.Context, workspaceID, id string, after int64, limit int) ([]operation.Event, error)
}

// HubOptions says what a hub works with.
type HubOptions struct {
	Redis  redis.UniversalClient
	Source EventSource
	// Feeds are the feeds of workspaces; nil: only operations can be followed.
	Feeds  FeedSource
	Logger *slog.Logger
	// Stream is the key of the Redis stream; DefaultStream if empty.
	Stream string
	// Poll is how often the source is asked about each operation that has
	// listeners while Redis is down, and how long after the last event first while
	// it is up; a second if 0.
	Poll time.Duration
	// IdlePoll is the longest pause between two such questions while Redis is up,
	// which double from Poll; 5 s if 0. It bounds for how long an event that was
	// committed but never published stays unseen.
	IdlePoll time.Duration
	// SourceTimeout bounds each question to the source about an operation that has
	// listeners; 5 s if 0. A listener that needs the answer fails when it ends, the
	// others are served when the source answers again.
	SourceTimeout time.Duration
	// MaxTopics is how many operations may be followed at once, by however many
	// listeners each; 10,000 if 0. Each costs a goroutine, up to 1,024 events in
	// memory, and a question to the source now and then.
	MaxTopics int
}

// Hub hands the events of operations to their listeners. There is one per
// process, with one reader of the Redis stream however many listen. It is safe
// for concurrent use.
type Hub struct {
	opts    HubOptions
	ctx     context.Context // the hub's life: topics outlive the calls that start them
	close   context.CancelFunc
	healthy atomic.Bool // the reader of the Redis stream is keeping up

	mu     sync.Mutex
	topics map[Topic][]*topic // more than one of an operation only for a foreign workspace's attempt
	count  int                // of topics
	closed bool
	wait   sync.WaitGroup
}

// NewHub makes a hub. Until Run it serves listeners from the source alone.
func NewHub(o HubOptions) *Hub {
	if o.Stream == "" {
		o.Stream = DefaultStream
	}
	if o.Poll <= 0 {
		o.Poll = time.Second
	}
	if o.IdlePoll <= 0 {
		o.IdlePoll = 5 * time.Second
	}
	if o.SourceTimeout <= 0 {
		o.SourceTimeout = 5 * time.Second
	}
	if o.MaxTopics <= 0 {
		o.MaxTopics = 10_000
	}
	h := &Hub{opts: o, topics: map[Topic][]*topic{}}
	h.ctx, h.close = context.WithCancel(context.Background())
	return h
}

// Run reads the Redis stream until ctx ends, and then closes the hub. While Redis
// is down it keeps trying, and listeners are served from the source.
func (h *Hub) Run(ctx context.Context) {
	stop := context.AfterFunc(ctx, h.Close)
	defer stop()
	defer h.Close()
	r := reader{hub: h}
	r.run(ctx)
}

// Close ends all listeners with ErrClosed and waits for the hub's goroutines.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.close()
	h.wait.Wait()
}

// Subscribe starts to listen to an operation: with since below 0 from a snapshot
// of it as it is now, otherwise from the event after since. It fails with
// CodeNotFound when the workspace has no such operation, with ErrClosed, with
// ErrTooManyTopics, and with what the source fails with. It waits for the source
// as long as ctx does. The listener must be closed.
func (h *Hub) Subscribe(ctx context.Context, workspaceID, id string, since int64) (*Listener, error) {
	return h.listen(ctx, workspaceID, Topic{Kind: TopicOperation, ID: id}, sight{}, since)
}

// listen starts to listen to a topic of one operation or one feed.
func (h *Hub) listen(ctx context.Context, workspaceID string, of Topic, see sight, since int64) (*Listener, error) {
	// The topic first, the position second: what happens in between is waiting in
	// the topic and not lost.
	t, err := h.acquire(workspaceID, of)
	if err != nil {
		return nil, err
	}
	begin, err := t.origin.begin(ctx, see)
	if err != nil {
		h.release(t)
		return nil, fmt.Errorf("begin to follow %s: %w", of, err)
	}
	t.seed(begin.last)
	return newListener(h, t, begin, see, since), nil
}

// acquire finds or starts a topic, and holds it.
func (h *Hub) acquire(workspaceID string, of Topic) (*topic, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, ErrClosed
	}
	for _, t := range h.topics[of] {
		if t.workspaceID == workspaceID {
			t.holders++
			return t, nil
		}
	}
	if h.count >= h.opts.MaxTopics {
		return nil, ErrTooManyTopics
	}
	ctx, cancel := context.WithCancel(h.ctx)
	t := newTopic(h, workspaceID, of, cancel)
	t.holders = 1
	h.count++
	h.topics[of] = append(h.topics[of], t)
	h.wait.Go(func() { t.run(ctx) })
	return t, nil
}

// release lets go of a topic, and ends it when nobody holds it any more.
func (h *Hub) release(t *topic) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t.holders--
	if t.holders > 0 {
		return
	}
	t.cancel()
	h.count--
	rest := slices.DeleteFunc(h.topics[t.of], func(other *topic) bool { return other == t })
	if len(rest) == 0 {
		delete(h.topics, t.of)
		return
	}
	h.topics[t.of] = rest
}

// dispatch hands an event from Redis to the topics of its operation, if any, and tells
// the feeds of its workspace that there may be something.
func (h *Hub) dispatch(e operation.Event) {
	h.mu.Lock()
	topics := slices.Clone(h.topics[Topic{Kind: TopicOperation, ID: e.OperationID}])
	var feeds []*topic
	for _, kind := range []TopicKind{TopicOperations, TopicChanges} {
		for _, t := range h.topics[Topic{Kind: kind}] {
			if t.workspaceID == e.WorkspaceID {
				feeds = append(feeds, t)
			}
		}
	}
	h.mu.Unlock()
	for _, t := range topics {
		t.offer(e)
	}
	for _, t := range feeds {
		t.force()
	}
}

// setHealthy notes how the reader fares. Whenever that changes, events may have
// been missed: every topic asks the source.
func (h *Hub) setHealthy(healthy bool) {
	if h.healthy.Swap(healthy) != healthy {
		h.refillAll()
	}
}

// refillAll makes every topic ask the source.
func (h *Hub) refillAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, topics := range h.topics {
		for _, t := range topics {
			t.force()
		}
	}
}
