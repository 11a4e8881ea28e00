package store

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/holdfast/holdfast/internal/operation"
)

// A cursor is the last row's place in the order, opaque to clients. Each place is
// written in one way only, and what is not written so is refused: a cursor that
// was made up or cut off must not list from a place that nobody asked for.

func writeCursor(at time.Time, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(at.UTC().Format(time.RFC3339Nano) + " " + id))
}

func readCursor(cursor string) (time.Time, string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return time.Time{}, "", invalidCursor()
	}
	at, id, _ := strings.Cut(string(raw), " ")
	t, err := time.Parse(time.RFC3339Nano, at)
	if err != nil {
		return time.Time{}, "", invalidCursor()
	}
	parsed, err := uuid.Parse(id)
	if err != nil || writeCursor(t, parsed.String()) != cursor {
		return time.Time{}, "", invalidCursor()
	}
	return t, id, nil
}

// writeIDCursor is the cursor of a list by id.
func writeIDCursor(id int64) string { return strconv.FormatInt(id, 10) }

func readIDCursor(cursor string) (int64, error) {
	id, err := strconv.ParseInt(cursor, 10, 64)
	if err != nil || id <= 0 || writeIDCursor(id) != cursor {
		return 0, invalidCursor()
	}
	return id, nil
}

func invalidCursor() error {
	return &operation.Error{Code: operation.CodeInvalid, Message: "The cursor is not one that this list gave out."}
}

// writeSeqCursor is the cursor of a feed: the number of the last row that was looked at.
func writeSeqCursor(seq int64) string {
	return base64.RawURLEncoding.EncodeToString([]byte("seq " + strconv.FormatInt(seq, 10)))
}

func readSeqCursor(cursor string) (int64, error) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return 0, invalidCursor()
	}
	seq, err := strconv.ParseInt(strings.TrimPrefix(string(raw), "seq "), 10, 64)
	if err != nil || seq < 0 || writeSeqCursor(seq) != cursor {
		return 0, invalidCursor()
	}
	return seq, nil
}
