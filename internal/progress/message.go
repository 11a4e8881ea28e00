package progress

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/holdfast/holdfast/internal/operation"
)

// Operation is an operation as clients see it, in the API's answers and in the
// messages of a stream.
type Operation struct {
	ID           string                     `json:"id" format:"uuid" doc:"Identifies the operation and its Temporal workflow."`
	Kind         operation.Kind             `json:"kind" doc:"What the operation does." example:"sync_repository"`
	Source       operation.Source           `json:"source,omitempty" enum:"sync,webhook,sweep,edit" doc:"What asked for it: a request, a webhook delivery, the scheduled sweep, or an edit of ours."`
	ParentID     string                     `json:"parent_id,omitempty" format:"uuid" doc:"The operation that it is a part of; absent when it stands by itself."`
	RetryOf      string                     `json:"retry_of,omitempty" format:"uuid" doc:"The operation that it repeats, by request; absent when it repeats none."`
	Subject      string                     `json:"subject" doc:"What it works on." example:"octocat/hello-world"`
	Input        json.RawMessage            `json:"input,omitempty" doc:"What was asked for, normalized."`
	State        operation.State            `json:"state" enum:"pending,awaiting_approval,running,paused,cancelling,succeeded,failed,cancelled,rejected" doc:"Where it stands; succeeded, failed, cancelled and rejected are final."`
	Waiting      *operation.Waiting         `json:"waiting,omitempty" doc:"What it waits for, while it waits."`
	Failure      *operation.Failure         `json:"failure,omitempty" doc:"Why it failed, or was rejected."`
	Forecast     *operation.Forecast        `json:"forecast,omitempty" doc:"How much work it is and when it will be done, as estimated last; absent before there is a plan."`
	Collections  []operation.CollectionWork `json:"collections,omitempty" doc:"Progress by collection, in the plan's order; absent before there is a plan, and in the stream's state messages."`
	Repositories *operation.RepositoryWork  `json:"repositories,omitempty" doc:"Progress of the repositories of an organization, each synced by an operation of its own; absent before they are known."`
	Seq          int64                      `json:"seq" doc:"Sequence number of its last event: what to resume a stream from."`
	CreatedAt    time.Time                  `json:"created_at"`
	StartedAt    *time.Time                 `json:"started_at,omitempty"`
	FinishedAt   *time.Time                 `json:"finished_at,omitempty"`
}

// FromOperation is op as clients see it.
func FromOperation(op operation.Operation) Operation {
	return Operation{
		ID: op.ID, Kind: op.Kind, Source: op.Source, ParentID: op.ParentID, RetryOf: op.RetryOf, Subject: op.Subject, Input: op.Input, State: op.State,
		Waiting: op.Waiting, Failure: op.Failure, Forecast: op.Forecast, Collections: inUTC(op.Collections), Repositories: op.Repositories, Seq: op.Seq,
		CreatedAt: op.CreatedAt.UTC(), StartedAt: utc(op.StartedAt), FinishedAt: utc(op.FinishedAt),
	}
}

// utc is t in UTC: clients see one zone, whichever the database's connection has.
func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

// inUTC is a copy of list with its times in UTC.
func inUTC(list []operation.CollectionWork) []operation.CollectionWork {
	out := slices.Clone(list)
	for i := range out {
		out[i].StartedAt, out[i].FinishedAt = utc(out[i].StartedAt), utc(out[i].FinishedAt)
	}
	return out
}

// Domain is o as the rest of the program knows it. The workspace is not part of
// what clients see, and stays empty.
func (o Operation) Domain() operation.Operation {
	return operation.Operation{
		ID: o.ID, Kind: o.Kind, Source: o.Source, ParentID: o.ParentID, RetryOf: o.RetryOf, Subject: o.Subject, Input: o.Input, State: o.State,
		Waiting: o.Waiting, Failure: o.Failure, Forecast: o.Forecast, Collections: o.Collections, Repositories: o.Repositories, Seq: o.Seq,
		CreatedAt: o.CreatedAt, StartedAt: o.StartedAt, FinishedAt: o.FinishedAt,
	}
}

// MessageType is the kind of a Message.
type MessageType string

// The types of messages. All but MessageSnapshot are those of operation.Event.
const (
	MessageSnapshot   MessageType = "snapshot"
	MessageCollection MessageType = MessageType(operation.EventCollection)
	MessageState      MessageType = MessageType(operation.EventState)
)

// Message is one message of a stream. A snapshot holds the whole operation as it
// is after event Seq; a collection or state message is event Seq itself.
//
// For every message but a snapshot, Seq is the previous message's plus one plus
// Skipped. docs/stream.md is the full contract.
type Message struct {
	Type       MessageType               `json:"type" enum:"snapshot,collection,state"`
	Seq        int64                     `json:"seq" doc:"Resume with ?since= this."`
	At         *time.Time                `json:"at,omitempty" doc:"When the event was committed; absent from a snapshot."`
	Operation  *Operation                `json:"operation,omitempty" doc:"In a snapshot: all of it. In a state message: all but its collections."`
	Collection *operation.CollectionWork `json:"collection,omitempty" doc:"Totals so far of one collection."`
	Skipped    int64                     `json:"skipped,omitempty" doc:"How many collection events were left out just before this one because the listener was slow; later totals replaced them."`
	Reset      bool                      `json:"reset,omitempty" doc:"In a snapshot: what was asked for with since is not kept any more or never was; start over from here."`
}

// FromEvent is e as a message.
func FromEvent(e operation.Event) Message {
	m := Message{Type: MessageType(e.Type), Seq: e.Seq, At: utc(&e.At)}
	if e.Collection != nil {
		m.Collection = &inUTC([]operation.CollectionWork{*e.Collection})[0]
	}
	if e.Operation != nil {
		op := FromOperation(*e.Operation)
		op.Collections = nil
		m.Operation = &op
	}
	return m
}

// snapshotOf is a message that starts a listener from op as it is now.
func snapshotOf(op operation.Operation, reset bool) Message {
	whole := FromOperation(op)
	return Message{Type: MessageSnapshot, Seq: op.Seq, Operation: &whole, Reset: reset}
}

// Final tells whether m carries a state that no other can follow.
func (m Message) Final() bool { return m.Operation != nil && m.Operation.State.Terminal() }

// Apply brings op up to m. It fails when m does not follow on op.Seq, so that a
// client never shows progress that it pieced together wrongly.
func (m Message) Apply(op *operation.Operation) error {
	if m.Type == MessageSnapshot && m.Operation != nil {
		*op = m.Operation.Domain()
		return nil
	}
	if m.Seq != op.Seq+1+m.Skipped {
		return fmt.Errorf("message %d does not follow message %d", m.Seq, op.Seq)
	}
	switch {
	case m.Type == MessageState && m.Operation != nil:
		next := m.Operation.Domain()
		next.Collections = op.Collections
		*op = next
	case m.Type == MessageCollection && m.Collection != nil:
		setCollection(op, *m.Collection)
	default:
		return fmt.Errorf("message %d of type %q carries nothing known", m.Seq, m.Type)
	}
	op.Seq = m.Seq
	return nil
}

// setCollection puts work where its name stands in op, or at the end. It copies
// the list: whoever kept the operation from before must not see it change.
func setCollection(op *operation.Operation, work operation.CollectionWork) {
	list := slices.Clone(op.Collections)
	i := slices.IndexFunc(list, func(c operation.CollectionWork) bool { return c.Name == work.Name })
	if i < 0 {
		op.Collections = append(list, work)
		return
	}
	list[i] = work
	op.Collections = list
}
