package progress

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/holdfast/holdfast/internal/operation"
)

// UpdateType is the kind of a message of the stream of many topics.
type UpdateType string

// What the server sends.
const (
	UpdateSubscribed   UpdateType = "subscribed"
	UpdateUnsubscribed UpdateType = "unsubscribed"
	UpdateSnapshot     UpdateType = "snapshot"
	UpdateCollection   UpdateType = "collection"
	UpdateState        UpdateType = "state"
	UpdateChange       UpdateType = "change"
	UpdateEnded        UpdateType = "ended"
	UpdateError        UpdateType = "error"
	UpdateHeartbeat    UpdateType = "heartbeat"
	UpdateReconnect    UpdateType = "reconnect"
)

// What clients send.
const (
	CommandSubscribe   = "subscribe"
	CommandUnsubscribe = "unsubscribe"
)

// Command is what a client asks for.
type Command struct {
	Type   string `json:"type" enum:"subscribe,unsubscribe"`
	Topic  string `json:"topic" maxLength:"64" doc:"operations, changes, operation:<id> or repository:<id>."`
	Cursor string `json:"cursor,omitempty" maxLength:"128" doc:"Of a subscribe: the cursor of the last message seen of the topic. Absent: begin with a snapshot."`
}

// Head is what each message about a topic begins with.
type Head struct {
	Type   UpdateType `json:"type" enum:"subscribed,unsubscribed,snapshot,collection,state,change,ended"`
	Topic  string     `json:"topic"`
	Cursor string     `json:"cursor" doc:"Where to resume the topic: opaque."`
}

// Subscribed says that a topic is followed from now on, and from where.
type Subscribed struct {
	Head
	Resumed bool `json:"resumed,omitempty" doc:"Everything after the cursor follows. Absent: a snapshot follows first."`
}

// Unsubscribed says that a topic is not followed any more: the last message about it.
type Unsubscribed struct {
	Head
	Code   string `json:"code,omitempty" doc:"Why, where the client did not ask for it: not_found, or unavailable."`
	Reason string `json:"reason,omitempty" doc:"The same for people."`
}

// Snapshot is how a topic stands. Of topic changes it carries nothing but the cursor.
type Snapshot struct {
	Head
	Reset      bool        `json:"reset,omitempty" doc:"What comes after the cursor that was asked for, or told last, is not kept any more: forget what you have of the topic and begin from here."`
	Operation  *Operation  `json:"operation,omitempty" doc:"Of topic operation: all of it."`
	Operations []Operation `json:"operations,omitempty" doc:"Of topics operations and repository: those that have not ended, newest first; absent where there are none."`
	More       bool        `json:"more,omitempty" doc:"More operations are open than are listed here."`
}

// CollectionUpdate is progress of one collection of an operation.
type CollectionUpdate struct {
	Head
	OperationID string                   `json:"operation_id" format:"uuid"`
	Seq         int64                    `json:"seq" doc:"The event's number within its operation. One that is not above the number that you have says nothing new."`
	At          time.Time                `json:"at"`
	Collection  operation.CollectionWork `json:"collection" doc:"Totals so far."`
	Skipped     int64                    `json:"skipped,omitempty" doc:"How many collection messages were left out just before this one because the listener was slow; later totals replaced them."`
}

// StateUpdate is how an operation stands, without its collections.
type StateUpdate struct {
	Head
	OperationID string    `json:"operation_id" format:"uuid"`
	Seq         int64     `json:"seq" doc:"The event's number within its operation; 0: it was created. One that is not above the number that you have says nothing new."`
	At          time.Time `json:"at"`
	Operation   Operation `json:"operation"`
	Skipped     int64     `json:"skipped,omitempty" doc:"How many collection messages were left out just before this one because the listener was slow; later totals replaced them."`
}

// ChangeUpdate is one change of the mirror, without the item as it was.
type ChangeUpdate struct {
	Head
	Change Change `json:"change"`
}

// Ended says that an operation has ended and its topic with it.
type Ended struct {
	Head
}

// Refusal says what was wrong with what a client sent, or what went wrong here.
type Refusal struct {
	Type    UpdateType `json:"type" enum:"error"`
	Topic   string     `json:"topic,omitempty"`
	Code    string     `json:"code"`
	Message string     `json:"message"`
}

// Heartbeat says that the stream is alive where nothing happens.
type Heartbeat struct {
	Type    UpdateType        `json:"type" enum:"heartbeat"`
	At      time.Time         `json:"at"`
	Cursors map[string]string `json:"cursors,omitempty" doc:"By topic, where to resume those that have moved on without a message: what happened in them is not for this listener."`
}

// Reconnect says that the server is about to stop: connect again and resume.
type Reconnect struct {
	Type    UpdateType        `json:"type" enum:"reconnect"`
	Cursors map[string]string `json:"cursors,omitempty" doc:"By topic, where to resume."`
}

// shared is the one encoding of an entry that all its listeners share.
type shared struct {
	once  sync.Once
	frame Frame
	err   error
}

// frame is an entry's message in its own topic.
func (e *entry) frame(topic Topic) (Frame, error) {
	e.shared.once.Do(func() {
		e.shared.frame.Cursor = writeCursor(e.position)
		e.shared.frame.Data, e.shared.err = e.encode(topic.String(), e.shared.frame.Cursor, 0)
	})
	return e.shared.frame, e.shared.err
}

// encode writes an entry's message.
func (e *entry) encode(topic, cursor string, skipped int64) ([]byte, error) {
	head := Head{Topic: topic, Cursor: cursor}
	var message any
	switch {
	case e.change != nil:
		head.Type = UpdateChange
		message = ChangeUpdate{Head: head, Change: FromChange(*e.change)}
	case e.event.Collection != nil:
		head.Type = UpdateCollection
		work := inUTC([]operation.CollectionWork{*e.event.Collection})[0]
		message = CollectionUpdate{Head: head, OperationID: e.event.OperationID, Seq: e.event.Seq, At: e.event.At.UTC(), Collection: work, Skipped: skipped}
	case e.event.Operation != nil:
		head.Type = UpdateState
		op := FromOperation(*e.event.Operation)
		op.Collections = nil
		message = StateUpdate{Head: head, OperationID: op.ID, Seq: e.event.Seq, At: e.event.At.UTC(), Operation: op, Skipped: skipped}
	default:
		return nil, fmt.Errorf("encode entry %d of %s: it carries nothing", e.position, topic)
	}
	return Encode(message)
}

// Encode writes a message as it is sent.
func Encode(message any) ([]byte, error) {
	data, err := json.Marshal(message)
	if err != nil {
		return nil, fmt.Errorf("encode a message of the stream: %w", err)
	}
	return data, nil
}
