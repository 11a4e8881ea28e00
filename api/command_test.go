package api

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/progress"
)

// nothing is what streams follow where there is nothing.
type nothing struct{}

func (nothing) Subscribe(context.Context, string, string, int64) (*progress.Listener, error) {
	return nil, progress.ErrTooManyTopics
}

func (nothing) Follow(context.Context, progress.Following) (*progress.Follower, error) {
	return nil, progress.ErrCursor
}

// Whatever a client says is answered with what the document describes.
func FuzzCommand(f *testing.F) {
	for _, seed := range []string{
		``, `{`, `null`, `7`, `[]`, `{}`, `{"type":"subscribe","topic":"operations"}`, `{"type":"subscribe","topic":"changes","cursor":"7"}`,
		`{"type":"unsubscribe","topic":"repository:7"}`, `{"type":"subscribe","topic":"operations"} `, `{"type":"subscribe","topic":"operations"}{}`,
		`{"type":7}`, `{"TYPE":"subscribe","Topic":"changes"}`, "\xff", `{"type":"subscribe","topic":"` + strings.Repeat("x", 100) + `"}`,
	} {
		f.Add([]byte(seed), true)
	}
	a := &API{log: slog.New(slog.DiscardHandler)}
	a.opts.Streams, a.opts.RequestTimeout = nothing{}, 1
	f.Fuzz(func(t *testing.T, data []byte, text bool) {
		kind := websocket.MessageBinary
		if text {
			kind = websocket.MessageText
		}
		c := parseCommand(kind, data)
		require.Equal(t, c, parseCommand(kind, data))
		if c.wrong != "" {
			return
		}
		require.True(t, text, "only text is read")
		require.LessOrEqual(t, len(c.asked.Topic), 64)
		require.LessOrEqual(t, len(c.asked.Cursor), 128)
		if strings.HasPrefix(c.asked.Topic, string(progress.TopicRepository)) {
			return // whose name would be asked for
		}
		answer, bad := a.newFollowing(topicsMost).obey(t.Context(), c.asked)
		require.True(t, bad, "there is nothing to follow")
		refusal, ok := answer.(progress.Refusal)
		require.True(t, ok)
		require.NotEmpty(t, refusal.Message)
		_, err := progress.Encode(refusal)
		require.NoError(t, err)
	})
}
