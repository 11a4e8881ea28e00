package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/operation"
)

// A cursor is refused, or it is just the one that is written for its place.
func FuzzCursors(f *testing.F) {
	f.Add(writeCursor(time.Unix(1, 2), "0190a6c8-0000-7000-8000-000000000001"))
	f.Add(writeIDCursor(7))
	f.Add(writeSeqCursor(0))
	f.Add("MjAyNi0wMS0wMlQwMzowNDowNVogeA")
	f.Fuzz(func(t *testing.T, cursor string) {
		refused := func(err error) bool {
			require.True(t, err == nil || operation.CodeOf(err) == operation.CodeInvalid, "%v", err)
			return err != nil
		}
		if at, id, err := readCursor(cursor); !refused(err) {
			require.Equal(t, cursor, writeCursor(at, id))
		}
		if id, err := readIDCursor(cursor); !refused(err) {
			require.Equal(t, cursor, writeIDCursor(id))
			require.Positive(t, id)
		}
		if seq, err := readSeqCursor(cursor); !refused(err) {
			require.Equal(t, cursor, writeSeqCursor(seq))
			require.GreaterOrEqual(t, seq, int64(0))
		}
	})
}
