package progress

import (
	"errors"
	"strconv"
	"strings"
)

// ErrCursor is what a cursor is refused with that its topic did not give out.
var ErrCursor = errors.New("the cursor is not one that this topic gave out")

// fromSnapshot is the position of who has no cursor.
const fromSnapshot = -1

// writeCursor is where to resume a topic: the positions of its parts.
func writeCursor(positions ...int64) string {
	texts := make([]string, len(positions))
	for i, p := range positions {
		texts[i] = strconv.FormatInt(p, 10)
	}
	return strings.Join(texts, ".")
}

// readCursor reads the positions of a topic's parts; none at all: from a snapshot. Each
// cursor is written in one way only.
func readCursor(cursor string, parts int) ([]int64, error) {
	positions := make([]int64, parts)
	if cursor == "" {
		for i := range positions {
			positions[i] = fromSnapshot
		}
		return positions, nil
	}
	texts := strings.Split(cursor, ".")
	if len(texts) != parts {
		return nil, ErrCursor
	}
	for i, text := range texts {
		p, err := strconv.ParseInt(text, 10, 64)
		if err != nil || p < 0 || strconv.FormatInt(p, 10) != text {
			return nil, ErrCursor
		}
		positions[i] = p
	}
	return positions, nil
}
