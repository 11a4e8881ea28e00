package progress

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzCursor(f *testing.F) {
	for _, seed := range []string{"", "0", "7", "-1", "01", "7.9", "7.", ".", "9223372036854775807", "9223372036854775808", "+1", "1e3", "0x1", " 1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for parts := 1; parts <= 2; parts++ {
			positions, err := readCursor(text, parts)
			if err != nil {
				require.ErrorIs(t, err, ErrCursor)
				continue
			}
			require.Len(t, positions, parts)
			if text == "" {
				require.Equal(t, int64(fromSnapshot), positions[0])
				continue
			}
			require.Equal(t, text, writeCursor(positions...), "each is written in one way only")
			for _, p := range positions {
				require.GreaterOrEqual(t, p, int64(0))
			}
		}
	})
}

func FuzzTopic(f *testing.F) {
	for _, seed := range []string{
		"", "operations", "operations:", "changes", "changes:1", "operation:" + opID, "operation:{" + opID + "}", "operation:urn:uuid:" + opID,
		"repository:1", "repository:01", "repository:-1", "repository:9223372036854775808", "repository:", "x:1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		topic, err := ParseTopic(text)
		if err != nil {
			require.ErrorIs(t, err, ErrTopic)
			return
		}
		again, err := ParseTopic(topic.String())
		require.NoError(t, err)
		require.Equal(t, topic, again)
		require.Equal(t, topic.Kind == TopicRepository, topic.Number() > 0)
		require.LessOrEqual(t, len(topic.String()), 64)
	})
}
