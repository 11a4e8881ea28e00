package progress

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

// bundle is a hub that runs, the source and the Redis behind it, and a publisher.
type bundle struct {
	source    *source
	redis     *redis.Client // past the proxy
	proxy     *proxy
	hub       *Hub
	publisher *Publisher
	log       *safeBuffer
	stop      func() // ends Run and waits for it
}

// never is a poll interval that no test reaches: what arrives came through Redis.
const never = time.Hour

func setup(t *testing.T, poll, idle time.Duration) *bundle {
	t.Helper()
	direct := testenv.Redis(t)
	b := &bundle{source: newSource(), log: &safeBuffer{}, proxy: newProxy(t, direct.Options().Addr), redis: direct}
	log := slog.New(slog.NewTextHandler(b.log, nil))
	client := redis.NewClient(&redis.Options{
		Addr: b.proxy.addr, DB: direct.Options().DB, Username: direct.Options().Username, Password: direct.Options().Password,
		MaxRetries: -1, DialerRetries: 1,
	})
	b.publisher = NewPublisher(client, DefaultStream, log)
	b.hub = NewHub(HubOptions{Redis: client, Source: b.source, Logger: log, Poll: poll, IdlePoll: idle})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.hub.Run(ctx)
	}()
	b.stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(func() {
		b.stop()
		require.NoError(t, client.Close())
	})
	require.Eventually(t, b.hub.healthy.Load, patience, time.Millisecond)
	return b
}

func (b *bundle) subscribe(t *testing.T, since int64) *Listener {
	t.Helper()
	l, err := b.hub.Subscribe(t.Context(), workspace, opID, since)
	require.NoError(t, err)
	t.Cleanup(l.Close)
	return l
}

// publish hands on what was just committed, as an activity does.
func (b *bundle) publish(events ...operation.Event) {
	b.publisher.Publish(context.Background(), events...)
}

// read takes messages off a listener until there are n, in brief.
func read(t *testing.T, l *Listener, n int) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var got []string
	for len(got) < n {
		messages, err := l.Next(ctx)
		require.NoError(t, err, "after %v", got)
		for _, m := range messages {
			got = append(got, brief(m))
		}
	}
	return got
}

func requireEnd(t *testing.T, l *Listener) {
	t.Helper()
	_, err := l.Next(t.Context())
	require.ErrorIs(t, err, io.EOF)
}

func TestSnapshotThenEventsThenEnd(t *testing.T) {
	t.Parallel()
	b := setup(t, never, never)
	b.source.state(operation.StateRunning)
	b.source.items("issues", 100)
	l := b.subscribe(t, -1)
	require.Equal(t, []string{"snapshot 2 running"}, read(t, l, 1))
	b.publish(b.source.items("issues", 200), b.source.items("labels", 11))
	b.publish(b.source.state(operation.StateSucceeded))
	require.Equal(t, []string{"3 issues 200", "4 labels 11", "5 succeeded"}, read(t, l, 3))
	requireEnd(t, l)
	require.Zero(t, b.source.asked(), "Redis spares every query")
}

func TestSince(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		since int64
		prune int64
		want  []string
	}{
		{"from the beginning", 0, 0, []string{"1 running", "2 issues 1", "3 issues 2", "4 succeeded"}},
		{"from the middle", 2, 0, []string{"3 issues 2", "4 succeeded"}},
		{"from the end", 4, 0, nil},
		{"beyond the end", 5, 0, []string{"reset 4 succeeded"}},
		{"older than what is kept", 1, 2, []string{"reset 4 succeeded"}},
		{"just what is kept", 2, 2, []string{"3 issues 2", "4 succeeded"}},
		{"nothing is kept", 0, 4, []string{"reset 4 succeeded"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, never, never)
			b.source.state(operation.StateRunning)
			b.source.pages(2)
			b.source.state(operation.StateSucceeded)
			b.source.prune(tt.prune)
			l := b.subscribe(t, tt.since)
			require.Equal(t, tt.want, read(t, l, len(tt.want)))
			requireEnd(t, l)
		})
	}
}

func TestSinceThenLive(t *testing.T) {
	t.Parallel()
	b := setup(t, never, never)
	b.source.pages(3)
	l := b.subscribe(t, 1)
	require.Equal(t, []string{"2 issues 2", "3 issues 3"}, read(t, l, 2))
	b.publish(b.source.items("issues", 4))
	require.Equal(t, []string{"4 issues 4"}, read(t, l, 1))
}

// What happens between a listener's topic and its snapshot is neither lost nor told twice.
func TestResumeLosesAndRepeatsNothingWhileEventsArrive(t *testing.T) {
	t.Parallel()
	b := setup(t, 20*time.Millisecond, 20*time.Millisecond)
	const n = 600
	go func() {
		for i := range n {
			b.publish(b.source.items("issues", int64(i+1)))
		}
		b.publish(b.source.state(operation.StateSucceeded))
	}()
	op := operation.Operation{State: operation.StatePending}
	since := int64(-1)
	for !op.State.Terminal() {
		l := b.subscribe(t, since)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		for range 3 { // then hang up
			messages, err := l.Next(ctx)
			if err != nil {
				require.ErrorIs(t, err, io.EOF)
				break
			}
			for _, m := range messages {
				require.NoError(t, m.Apply(&op))
			}
		}
		cancel()
		l.Close()
		since = op.Seq
	}
	require.Equal(t, int64(n+1), op.Seq)
	require.Equal(t, int64(n), op.Collections[0].Items)
}

func TestOvertakingPublishersCostNoQuery(t *testing.T) {
	t.Parallel()
	b := setup(t, never, never)
	l := b.subscribe(t, -1)
	one, two, three := b.source.items("issues", 1), b.source.items("issues", 2), b.source.items("issues", 3)
	read(t, l, 1)
	b.publish(three, one, two, two)
	require.Equal(t, []string{"1 issues 1", "2 issues 2", "3 issues 3"}, read(t, l, 3))
	require.Zero(t, b.source.asked())
}

func TestGapIsRefilledOnceForAll(t *testing.T) {
	t.Parallel()
	b := setup(t, never, never)
	var listeners []*Listener
	for range 50 {
		l := b.subscribe(t, -1)
		read(t, l, 1)
		listeners = append(listeners, l)
	}
	b.source.items("issues", 1) // never published
	b.publish(b.source.items("issues", 2))
	for _, l := range listeners {
		require.Equal(t, []string{"1 issues 1", "2 issues 2"}, read(t, l, 2))
	}
	require.Equal(t, 1, b.source.asked())
}

func TestWakeAsksTheSource(t *testing.T) {
	t.Parallel()
	b := setup(t, never, never)
	l := b.subscribe(t, -1)
	read(t, l, 1)
	b.source.state(operation.StateCancelling)
	b.publisher.Wake(t.Context(), workspace, opID)
	require.Equal(t, []string{"1 cancelling"}, read(t, l, 1))
}

func TestEventNeverPublishedIsFoundByPolling(t *testing.T) {
	t.Parallel()
	b := setup(t, 20*time.Millisecond, 50*time.Millisecond)
	l := b.subscribe(t, -1)
	read(t, l, 1)
	b.source.state(operation.StateFailed)
	require.Equal(t, []string{"1 failed"}, read(t, l, 1))
	requireEnd(t, l)
}

func TestRedisEmptied(t *testing.T) {
	t.Parallel()
	b := setup(t, never, never)
	l := b.subscribe(t, -1)
	b.publish(b.source.items("issues", 1))
	require.Equal(t, []string{"snapshot 0 pending", "1 issues 1"}, read(t, l, 2))
	b.source.items("issues", 2) // lost with the stream
	require.NoError(t, b.redis.Del(t.Context(), DefaultStream).Err())
	require.Equal(t, []string{"2 issues 2"}, read(t, l, 1), "the emptied stream is noticed")
	b.publish(b.source.items("issues", 3))
	require.Equal(t, []string{"3 issues 3"}, read(t, l, 1))
}

func TestRedisStoppedAndBack(t *testing.T) {
	t.Parallel()
	b := setup(t, 20*time.Millisecond, never)
	l := b.subscribe(t, -1)
	b.publish(b.source.items("issues", 1))
	require.Equal(t, []string{"snapshot 0 pending", "1 issues 1"}, read(t, l, 2))
	b.proxy.stop()
	b.publish(b.source.items("issues", 2))
	require.Equal(t, []string{"2 issues 2"}, read(t, l, 1), "polled while Redis is down")
	b.proxy.start(t)
	require.Eventually(t, b.hub.healthy.Load, patience, time.Millisecond)
	require.Eventually(t, b.publisher.ready, patience, time.Millisecond)
	b.publish(b.source.items("issues", 3))
	require.Equal(t, []string{"3 issues 3"}, read(t, l, 1))
	require.Contains(t, b.log.String(), "Redis is not reachable")
	require.Contains(t, b.log.String(), "progress is published again")
}

func TestSourceDownIsTriedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, 10*time.Millisecond, 10*time.Millisecond)
	l := b.subscribe(t, -1)
	read(t, l, 1)
	b.source.setDown(true)
	_, err := b.hub.Subscribe(t.Context(), workspace, opID, -1)
	require.ErrorIs(t, err, errDown)
	b.source.items("issues", 1)
	before := b.source.asked()
	require.Eventually(t, func() bool { return b.source.asked() > before+1 }, patience, time.Millisecond)
	b.source.setDown(false)
	require.Equal(t, []string{"1 issues 1"}, read(t, l, 1))
}

func TestUnknownOperation(t *testing.T) {
	t.Parallel()
	b := setup(t, never, never)
	held := b.subscribe(t, -1)
	for _, where := range [][2]string{{workspace, "0190a6c8-0000-7000-8000-00000000ffff"}, {"another workspace", opID}} {
		_, err := b.hub.Subscribe(t.Context(), where[0], where[1], -1)
		require.Equal(t, operation.CodeNotFound, operation.CodeOf(err))
	}
	held.Close()
	held.Close()
	b.hub.mu.Lock()
	defer b.hub.mu.Unlock()
	require.Empty(t, b.hub.topics, "no topic is left behind")
}

func TestCloseEndsListeners(t *testing.T) {
	t.Parallel()
	b := setup(t, never, never)
	l := b.subscribe(t, -1)
	read(t, l, 1)
	ended := make(chan error)
	go func() {
		_, err := l.Next(context.Background())
		ended <- err
	}()
	b.stop()
	require.ErrorIs(t, <-ended, ErrClosed)
	_, err := b.hub.Subscribe(t.Context(), workspace, opID, -1)
	require.ErrorIs(t, err, ErrClosed)
}

// It runs before the parallel tests, whose goroutines would be counted.
func TestNoGoroutineIsLeft(t *testing.T) {
	testenv.Redis(t) // starts the server, if this process has to
	before := goleak.IgnoreCurrent()
	t.Run("hub", func(t *testing.T) {
		b := setup(t, 10*time.Millisecond, 10*time.Millisecond)
		for _, since := range []int64{-1, 0} {
			l, err := b.hub.Subscribe(t.Context(), workspace, opID, since)
			require.NoError(t, err)
			defer l.Close()
		}
		b.publish(b.source.items("issues", 2), b.source.state(operation.StateSucceeded))
	})
	goleak.VerifyNone(t, before)
}

// safeBuffer is a bytes.Buffer for a log that is written while it is read.
type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}
