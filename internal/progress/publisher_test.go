package progress

import (
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/operation"
)

// A Redis that accepts connections and never answers costs one bounded wait, and
// then nothing until it is worth another try.
func TestPublishingToASilentRedisIsBounded(t *testing.T) {
	t.Parallel()
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	client := redis.NewClient(&redis.Options{Addr: silent.Addr().String(), ContextTimeoutEnabled: true})
	defer func() { require.NoError(t, client.Close()) }()
	log := &safeBuffer{}
	p := NewPublisher(client, DefaultStream, slog.New(slog.NewTextHandler(log, nil)))
	now := began
	p.now = func() time.Time { return now }
	start := time.Now()
	p.Publish(t.Context(), operation.Event{OperationID: opID})
	require.Less(t, time.Since(start), 4*time.Second, "the client's own timeouts and retries add up to more")
	require.Contains(t, log.String(), "progress is not published")
	require.False(t, p.ready(), "Redis is left alone")
	now = now.Add(publishPause)
	require.True(t, p.ready())
}

func TestNilPublisherPublishesNothing(t *testing.T) {
	t.Parallel()
	var p *Publisher
	require.NotPanics(t, func() { p.Publish(t.Context(), operation.Event{OperationID: opID}) })
}

// What another version wrote wakes, and never breaks.
func TestDecode(t *testing.T) {
	t.Parallel()
	wake := operation.Event{OperationID: opID}
	tests := []struct {
		name   string
		values map[string]any
		want   operation.Event
		ok     bool
	}{
		{"empty", nil, operation.Event{}, false},
		{"no operation", map[string]any{fieldMessage: "{}"}, operation.Event{}, false},
		{"no message", map[string]any{fieldOperation: opID}, operation.Event{}, false},
		{"not JSON", map[string]any{fieldOperation: opID, fieldMessage: "?"}, wake, true},
		{"unknown type", map[string]any{fieldOperation: opID, fieldMessage: `{"type":"new","seq":7}`}, wake, true},
		{"nothing in it", map[string]any{fieldOperation: opID, fieldMessage: `{"type":"state","seq":7}`}, wake, true},
		{"no number", map[string]any{fieldOperation: opID, fieldMessage: `{"type":"collection","collection":{"name":"issues"}}`}, wake, true},
		{
			"whole",
			map[string]any{fieldOperation: opID, fieldMessage: `{"type":"collection","seq":7,"at":"2026-03-01T12:00:00Z","collection":{"name":"issues","items":3}}`},
			operation.Event{
				OperationID: opID, Seq: 7, Type: operation.EventCollection, At: began,
				Collection: &operation.CollectionWork{Name: "issues", Items: 3},
			},
			true,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, ok := decode(redis.XMessage{Values: tt.values})
			require.Equal(t, tt.ok, ok)
			require.Equal(t, tt.want, got)
		})
	}
}

func TestStreamIDsAreOrdered(t *testing.T) {
	t.Parallel()
	require.True(t, before("0-0", "1-0"))
	require.True(t, before("9-1", "10-0"), "as numbers, not as text")
	require.True(t, before("5-9", "5-10"))
	require.False(t, before("5-1", "5-1"))
}
