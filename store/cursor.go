package store

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/holdfast/holdfast/internal/operation"
)

// A cursor is the last row's place in the order, opaque to clients.
func writeCursor(at time.Time, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(at.UTC().Format(time.RFC3339Nano) + " " + id))
}

func readCursor(cursor string) (time.Time, string, error) {
	invalid := &operation.Error{Code: operation.CodeInvalid, Message: "The cursor is not one that this list gave out."}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return time.Time{}, "", invalid
	}
	at, id, _ := strings.Cut(string(raw), " ")
	t, err := time.Parse(time.RFC3339Nano, at)
	if err != nil || uuid.Validate(id) != nil || len(id) != 36 {
		return time.Time{}, "", invalid
	}
	return t, id, nil
}
