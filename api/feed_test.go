package api_test

import (
	"context"
	"slices"

	"github.com/holdfast/holdfast/internal/operation"
)

// OperationFeed lists what was appended, all of it.
func (s *store) OperationFeed(_ context.Context, workspaceID string, after int64, limit int) ([]operation.FeedEvent, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return nil, s.err
	}
	var feed []operation.FeedEvent
	for i, e := range s.feed {
		position := int64(i + 1)
		at := slices.IndexFunc(s.ops, func(o operation.Operation) bool { return o.ID == e.OperationID })
		if position <= max(after, s.dropped) || s.ops[at].WorkspaceID != workspaceID || len(feed) == limit {
			continue
		}
		feed = append(feed, operation.FeedEvent{Position: position, Subject: s.ops[at].Subject, Event: e})
	}
	return feed, nil
}

func (s *store) OpenOperations(_ context.Context, workspaceID string, f operation.FeedFilter) ([]operation.Operation, operation.FeedEnds, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return nil, operation.FeedEnds{}, s.err
	}
	var open []operation.Operation
	for _, op := range slices.Backward(s.ops) {
		if op.WorkspaceID == workspaceID && !op.State.Terminal() && f.Visible.MatchSubject(op.Subject) &&
			(f.Subject == "" || f.Subject == op.Subject) && len(open) < f.Limit {
			open = append(open, op)
		}
	}
	return open, operation.FeedEnds{Last: int64(len(s.feed)), Dropped: s.dropped}, nil
}

func (s *store) ChangeFeed(_ context.Context, _ string, after int64, limit int) ([]operation.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := min(int(after), len(s.changes))
	return slices.Clone(s.changes[from:min(from+limit, len(s.changes))]), s.err
}

func (s *store) ChangeEnds(context.Context, string) (operation.FeedEnds, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return operation.FeedEnds{Last: int64(len(s.changes))}, s.err
}

// changed commits a change of an item of a repository.
func (s *store) changed(repositoryID int64, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := int64(len(s.changes) + 1)
	s.changes = append(s.changes, operation.Change{
		Seq: n, At: start, RepositoryID: repositoryID, Repository: name, Collection: "issues", Key: "17", Number: n, Kind: operation.ChangeCreated, Source: operation.SourceSync,
	})
}
