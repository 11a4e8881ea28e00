package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/dbsqlc"
	"github.com/holdfast/holdfast/internal/operation"
)

// droppedAtOnce bounds how many rows of a workspace's feed one call drops.
const droppedAtOnce = 50_000

// OperationFeed lists the feed of a workspace's operations after a position, in order
// and without a gap but for what is not kept any more. It numbers what was committed
// since it was read last.
func (s *Store) OperationFeed(ctx context.Context, workspaceID string, after int64, limit int) ([]operation.FeedEvent, error) {
	const what = "read the feed of operations"
	if err := s.q.NumberOperationFeed(ctx, s.in(workspaceID), workspaceID); err != nil {
		return nil, translate(what, err)
	}
	rows, err := s.q.ListOperationFeed(ctx, s.in(workspaceID), dbsqlc.ListOperationFeedParams{
		WorkspaceID: workspaceID, After: after, RowLimit: int32(min(limit, 10_000)), //nolint:gosec // bounded here
	})
	if err != nil {
		return nil, translate(what, err)
	}
	feed := make([]operation.FeedEvent, len(rows))
	for i, row := range rows {
		if feed[i], err = toFeedEvent(row); err != nil {
			return nil, err
		}
	}
	return feed, nil
}

func toFeedEvent(row dbsqlc.ListOperationFeedRow) (operation.FeedEvent, error) {
	op, err := toOperation(row.Operation, nil)
	if err != nil {
		return operation.FeedEvent{}, err
	}
	f := operation.FeedEvent{Position: row.Position, Subject: op.Subject}
	if row.Seq == 0 { // it was created, and nothing had become of it
		op.State, op.Seq, op.Waiting, op.Failure, op.StartedAt, op.FinishedAt = operation.StatePending, 0, nil, nil, nil, nil
		op.Forecast, op.Repositories = nil, nil
		f.Event = operation.Event{WorkspaceID: op.WorkspaceID, OperationID: op.ID, Type: operation.EventState, At: row.EventAt, Operation: &op}
		return f, nil
	}
	f.Event, err = toEvent(dbsqlc.OperationEvent{
		WorkspaceID: op.WorkspaceID, OperationID: op.ID, Seq: row.Seq, Type: row.Type, At: row.EventAt, Data: row.Data,
	}, op)
	return f, err
}

// OpenOperations lists a workspace's operations that have not ended, newest first, and
// how far the feed reached when they were read: what comes after that is not in them, or
// in them already.
func (s *Store) OpenOperations(ctx context.Context, workspaceID string, f operation.FeedFilter) (ops []operation.Operation, ends operation.FeedEnds, err error) {
	const what = "list open operations"
	if err := s.q.NumberOperationFeed(ctx, s.in(workspaceID), workspaceID); err != nil {
		return nil, ends, translate(what, err)
	}
	err = s.snapshot(ctx, workspaceID, what, func(tx pgx.Tx) error {
		reach, err := s.q.OperationFeedPosition(ctx, tx, workspaceID)
		if err != nil {
			return err
		}
		if len(reach) > 0 {
			ends = operation.FeedEnds{Last: reach[0].Position, Dropped: reach[0].Dropped}
		}
		rows, err := s.q.ListOpenOperationsOf(ctx, tx, dbsqlc.ListOpenOperationsOfParams{
			WorkspaceID: workspaceID, Visible: f.Visible.Likes(), Subject: optional(f.Subject), RowLimit: int32(f.Limit), //nolint:gosec // small
		})
		if err != nil {
			return err
		}
		ops, err = s.withCollections(ctx, tx, workspaceID, rows)
		return err
	})
	return ops, ends, err
}

// DropOperationFeed drops what the feeds of all workspaces hold from before then, and
// tells how many rows that were.
func (s *Store) DropOperationFeed(ctx context.Context, olderThan time.Duration) (dropped int64, err error) {
	err = s.across(ctx, "drop the past of the feeds of operations", func(tx pgx.Tx) error {
		dropped, err = s.q.DropOperationFeed(ctx, tx, dbsqlc.DropOperationFeedParams{OlderThan: olderThan, AtMost: droppedAtOnce})
		return err
	})
	return dropped, err
}

// ChangeFeed lists a workspace's changes after a number, in order and without a gap but
// for what is not kept any more. The items as they were are left out.
func (s *Store) ChangeFeed(ctx context.Context, workspaceID string, after int64, limit int) ([]operation.Change, error) {
	rows, err := s.q.StreamChanges(ctx, s.in(workspaceID), dbsqlc.StreamChangesParams{
		WorkspaceID: workspaceID, After: after, RowLimit: int32(min(limit, 10_000)), OfOrganizations: s.ofOrganizations, //nolint:gosec // bounded here
	})
	if err != nil {
		return nil, translate("read the feed of changes", err)
	}
	changes := make([]operation.Change, len(rows))
	for i, row := range rows {
		changes[i] = toChange(dbsqlc.ListItemChangesRow{
			Seq: row.Seq, At: row.At, RepositoryID: row.RepositoryID, Collection: row.Collection, Key: row.Key, Number: row.Number,
			Kind: row.Kind, Fields: row.Fields, Source: row.Source, OperationID: row.OperationID,
		})
		changes[i].Purged, changes[i].Repository = row.Purged, row.FullName
	}
	return changes, nil
}

// ChangeEnds is how far a workspace's changes reach.
func (s *Store) ChangeEnds(ctx context.Context, workspaceID string) (operation.FeedEnds, error) {
	counter, err := s.changeCounter(ctx, workspaceID)
	return operation.FeedEnds{Last: counter.Seq, Dropped: counter.Dropped}, translate("read how far the changes reach", err)
}
