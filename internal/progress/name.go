package progress

import (
	"errors"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// TopicKind is what a topic tells of.
type TopicKind string

// The kinds of topics.
const (
	TopicOperation  TopicKind = "operation"  // operation:<id>: all of one operation
	TopicOperations TopicKind = "operations" // states and coarse progress of all operations
	TopicRepository TopicKind = "repository" // repository:<id>: its operations and its changes
	TopicChanges    TopicKind = "changes"    // what was observed to change
)

// ErrTopic is what ParseTopic refuses.
var ErrTopic = errors.New("a topic is operations, changes, operation: and the id of an operation, or repository: and GitHub's number of a repository")

// Topic is what can be followed.
type Topic struct {
	Kind TopicKind
	ID   string // of the operation or repository; empty of the others
}

// ParseTopic reads a topic as clients write it.
func ParseTopic(text string) (Topic, error) {
	kind, id, has := strings.Cut(text, ":")
	t := Topic{Kind: TopicKind(kind), ID: id}
	switch t.Kind {
	case TopicOperations, TopicChanges:
		if has {
			return Topic{}, ErrTopic
		}
	case TopicOperation:
		parsed, err := uuid.Parse(id)
		if err != nil || len(id) != len(parsed.String()) {
			return Topic{}, ErrTopic
		}
		t.ID = parsed.String() // events carry it in lower case
	case TopicRepository:
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil || n <= 0 || strconv.FormatInt(n, 10) != id {
			return Topic{}, ErrTopic
		}
	default:
		return Topic{}, ErrTopic
	}
	return t, nil
}

// String writes the topic as clients do.
func (t Topic) String() string {
	if t.ID == "" {
		return string(t.Kind)
	}
	return string(t.Kind) + ":" + t.ID
}

// Number is the id of a repository; 0 of what is none.
func (t Topic) Number() int64 {
	if t.Kind != TopicRepository {
		return 0
	}
	n, err := strconv.ParseInt(t.ID, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
