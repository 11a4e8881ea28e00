package client

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/progress"
)

// follows plays one act after another on the stream of many topics, each with what the
// client has said first.
func follows(t *testing.T, acts ...func(conn *websocket.Conn, said progress.Command) []string) *Client {
	t.Helper()
	var count atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return // the client sees it
		}
		defer conn.CloseNow() //nolint:errcheck // it may have been closed
		_, data, err := conn.Read(r.Context())
		var said progress.Command
		if err != nil || json.Unmarshal(data, &said) != nil {
			return
		}
		for _, message := range acts[min(int(count.Add(1)), len(acts))-1](conn, said) {
			if conn.Write(r.Context(), websocket.MessageText, []byte(message)) != nil {
				return
			}
		}
	}))
	t.Cleanup(server.Close)
	c, err := New(server.URL, "secret", server.Client())
	require.NoError(t, err)
	c.retry = retry{attempts: 4, base: time.Millisecond, max: 5 * time.Millisecond}
	return c
}

func TestFollowResumesWhereItWas(t *testing.T) {
	t.Parallel()
	var cursors []string
	c := follows(t, func(_ *websocket.Conn, said progress.Command) []string {
		cursors = append(cursors, said.Cursor)
		return []string{
			`{"type":"subscribed","topic":"changes","cursor":"4"}`, `{"type":"snapshot","topic":"changes","cursor":"4"}`,
			`{"type":"change","topic":"changes","cursor":"5","change":{"seq":5}}`, `{"type":"heartbeat","cursors":{"changes":"9"}}`,
		}
	}, func(_ *websocket.Conn, said progress.Command) []string {
		cursors = append(cursors, said.Cursor)
		return []string{`{"type":"subscribed","topic":"changes","cursor":"9","resumed":true}`, `{"type":"change","topic":"changes","cursor":"10","change":{"seq":10}}`}
	})
	enough := errors.New("enough")
	var seen []string
	err := c.Follow(t.Context(), []string{"changes"}, func(u Update) error {
		seen = append(seen, string(u.Type)+" "+u.Cursor)
		if u.Cursor == "10" {
			return enough
		}
		return nil
	})
	require.ErrorIs(t, err, enough)
	require.Equal(t, []string{"snapshot 4", "change 5", "change 10"}, seen)
	require.Equal(t, []string{"", "9"}, cursors)
}

func TestFollowEndsWithItsOperations(t *testing.T) {
	t.Parallel()
	c := follows(t, func(_ *websocket.Conn, said progress.Command) []string {
		return []string{`{"type":"ended","topic":"` + said.Topic + `","cursor":"7"}`}
	})
	require.NoError(t, c.Follow(t.Context(), []string{"operation:0190A6C8-0000-7000-8000-000000000001"}, func(Update) error { return nil }))
}

func TestFollowGivesUp(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		`{"type":"error","topic":"changes","code":"not_found","message":"There is nothing."}`:        "There is nothing.",
		`{"type":"unsubscribed","topic":"changes","cursor":"1","code":"not_found","reason":"Gone."}`: "Gone.",
		`{"type":"error","topic":"changes","code":"unavailable","message":"Not now."}`:               "gave up after 4 attempts",
		`nonsense`: "gave up after 4 attempts",
	} {
		c := follows(t, func(*websocket.Conn, progress.Command) []string { return []string{message} })
		c.retry.attempts = 4
		err := c.Follow(t.Context(), []string{"changes"}, func(Update) error { return nil })
		require.ErrorContains(t, err, want, message)
	}
	c := follows(t)
	require.ErrorIs(t, c.Follow(t.Context(), []string{"all"}, nil), progress.ErrTopic)
}
