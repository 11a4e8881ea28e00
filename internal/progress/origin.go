package progress

import (
	"context"
	"fmt"
	"strings"

	"github.com/holdfast/holdfast/internal/operation"
)

// FeedSource is the truth about the feeds of workspaces: Postgres. What it lists is
// numbered without a gap, and begins later than asked for only where it is not kept.
type FeedSource interface {
	// OperationFeed lists at most limit rows of the feed of operations after a position.
	OperationFeed(ctx context.Context, workspaceID string, after int64, limit int) ([]operation.FeedEvent, error)
	// OpenOperations lists operations that have not ended, newest first, and how far the
	// feed reached then.
	OpenOperations(ctx context.Context, workspaceID string, f operation.FeedFilter) ([]operation.Operation, operation.FeedEnds, error)
	// ChangeFeed lists at most limit changes after a number.
	ChangeFeed(ctx context.Context, workspaceID string, after int64, limit int) ([]operation.Change, error)
	// ChangeEnds is how far the changes reach.
	ChangeEnds(ctx context.Context, workspaceID string) (operation.FeedEnds, error)
}

// openMost is how many open operations a snapshot of a feed lists.
const openMost = 100

// entry is one event of an operation or one row of a feed, shared by all listeners.
type entry struct {
	position int64             // in its topic
	subject  string            // of the operation; set in the feed of operations
	event    operation.Event   // in topics of operations
	change   *operation.Change // in topics of changes
	shared   shared
}

// entryOf is an event in the topic of its operation.
func entryOf(e operation.Event) *entry { return &entry{position: e.Seq, event: e} }

// sight is which part of a feed a listener sees.
type sight struct {
	visible    operation.Patterns // the repositories that it may see; none: all
	repository *repository        // of only one; nil: of all
}

// sees tells whether a listener is told of an entry. Of organizations' own changes, and of
// those of repositories whose name is not known, only who may see everything is told.
func (s sight) sees(e *entry) bool {
	if c := e.change; c != nil {
		if s.repository != nil && (c.RepositoryID != s.repository.id || c.Repository == "") {
			return false
		}
		owner, name, known := strings.Cut(c.Repository, "/")
		return len(s.visible) == 0 || (known && s.visible.Match(owner, name))
	}
	if s.repository != nil && !strings.EqualFold(e.subject, s.repository.Name()) {
		return false
	}
	return len(s.visible) == 0 || e.subject == "" || s.visible.MatchSubject(e.subject)
}

// origin is where a topic's entries come from.
type origin interface {
	// begin is how the topic stands, for a listener that sees a part of it.
	begin(ctx context.Context, see sight) (beginning, error)
	// read lists at most limit entries after a position, ascending.
	read(ctx context.Context, after int64, limit int) ([]*entry, error)
}

// beginning is what a listener may begin with, read at one moment.
type beginning struct {
	last, dropped int64                 // positions that can be read, and that cannot any more
	operation     *operation.Operation  // of a topic of one
	operations    []operation.Operation // of the feed: those that are open
	more          bool                  // there are more of them
}

func (h *Hub) origin(workspaceID string, of Topic) origin {
	switch of.Kind {
	case TopicOperations:
		return operationsOrigin{h.opts.Feeds, workspaceID}
	case TopicChanges:
		return changesOrigin{h.opts.Feeds, workspaceID}
	default:
		return operationOrigin{h.opts.Source, workspaceID, of.ID}
	}
}

type operationOrigin struct {
	source          EventSource
	workspaceID, id string
}

func (o operationOrigin) begin(ctx context.Context, see sight) (beginning, error) {
	op, err := o.source.Operation(ctx, o.workspaceID, o.id)
	if err != nil {
		return beginning{}, err
	}
	if !see.visible.MatchSubject(op.Subject) {
		return beginning{}, operation.NotFound("There is no such operation.")
	}
	return beginning{last: op.Seq, operation: &op}, nil
}

func (o operationOrigin) read(ctx context.Context, after int64, limit int) ([]*entry, error) {
	events, err := o.source.Events(ctx, o.workspaceID, o.id, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read events of operation %s: %w", o.id, err)
	}
	entries := make([]*entry, len(events))
	for i, e := range events {
		entries[i] = entryOf(e)
	}
	return entries, nil
}

type operationsOrigin struct {
	feeds       FeedSource
	workspaceID string
}

func (o operationsOrigin) begin(ctx context.Context, see sight) (beginning, error) {
	f := operation.FeedFilter{Visible: see.visible, Limit: openMost + 1}
	if see.repository != nil {
		f.Subject = see.repository.Name()
	}
	ops, ends, err := o.feeds.OpenOperations(ctx, o.workspaceID, f)
	if err != nil {
		return beginning{}, err
	}
	b := beginning{last: ends.Last, dropped: ends.Dropped, operations: ops, more: len(ops) > openMost}
	b.operations = ops[:min(openMost, len(ops))]
	return b, nil
}

func (o operationsOrigin) read(ctx context.Context, after int64, limit int) ([]*entry, error) {
	feed, err := o.feeds.OperationFeed(ctx, o.workspaceID, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read the feed of operations: %w", err)
	}
	entries := make([]*entry, len(feed))
	for i, f := range feed {
		entries[i] = &entry{position: f.Position, subject: f.Subject, event: f.Event}
	}
	return entries, nil
}

type changesOrigin struct {
	feeds       FeedSource
	workspaceID string
}

func (o changesOrigin) begin(ctx context.Context, _ sight) (beginning, error) {
	ends, err := o.feeds.ChangeEnds(ctx, o.workspaceID)
	if err != nil {
		return beginning{}, err
	}
	return beginning{last: ends.Last, dropped: ends.Dropped}, nil
}

func (o changesOrigin) read(ctx context.Context, after int64, limit int) ([]*entry, error) {
	changes, err := o.feeds.ChangeFeed(ctx, o.workspaceID, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read the feed of changes: %w", err)
	}
	entries := make([]*entry, len(changes))
	for i := range changes {
		entries[i] = &entry{position: changes[i].Seq, change: &changes[i]}
	}
	return entries, nil
}
