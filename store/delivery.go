package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/dbsqlc"
	"github.com/holdfast/holdfast/internal/delivery"
)

// InsertDelivery keeps a delivery. The state is empty where one with the same GUID was
// kept before: nothing was written then.
func (s *Store) InsertDelivery(ctx context.Context, d delivery.Delivery) (delivery.State, error) {
	items, err := json.Marshal(append([]delivery.Item{}, d.Items...))
	if err != nil {
		return "", fmt.Errorf("encode the items of a delivery: %w", err)
	}
	states, err := s.q.InsertDelivery(ctx, s.in(d.WorkspaceID), dbsqlc.InsertDeliveryParams{
		WorkspaceID: d.WorkspaceID, Guid: d.GUID, Connection: d.Connection, Event: d.Event, Action: d.Action,
		RepositoryID: d.RepositoryID, Repository: d.Repository, OrganizationID: d.OrganizationID, Organization: d.Organization,
		Collections: append([]string{}, d.Collections...), Items: items, Payload: d.Payload,
	})
	if err != nil || len(states) == 0 {
		return "", translate("keep a delivery", err)
	}
	return delivery.State(states[0]), nil
}

// ClaimDeliveries claims the deliveries of a repository that may be worked now for a
// pass, and tells which mirrored collections they nominate, each once.
func (s *Store) ClaimDeliveries(ctx context.Context, r delivery.Repository, operationID string) ([]string, error) {
	rows, err := s.q.ClaimDeliveries(ctx, s.in(r.WorkspaceID), dbsqlc.ClaimDeliveriesParams{
		WorkspaceID: r.WorkspaceID, RepositoryID: r.ID, OperationID: operationID,
	})
	if err != nil {
		return nil, translate("claim deliveries", err)
	}
	names := make([]string, len(rows))
	for i, row := range rows {
		names[i] = row.Collection
	}
	return names, nil
}

// PendingDeliveries tells how many deliveries of a repository wait, and how long until
// the first of them may be worked.
func (s *Store) PendingDeliveries(ctx context.Context, r delivery.Repository) (n int64, pause time.Duration, err error) {
	row, err := s.q.NextDeliveryLook(ctx, s.in(r.WorkspaceID), dbsqlc.NextDeliveryLookParams{WorkspaceID: r.WorkspaceID, RepositoryID: r.ID})
	return row.Waiting, row.Pause, translate("count the deliveries that wait", err)
}

// Settled counts deliveries of one event and action that came into a state.
type Settled struct {
	Event  string
	Action string
	State  delivery.State // pending: they are looked at again
	Count  int64
}

// Settle says which deliveries to settle, and how.
type Settle struct {
	delivery.Repository
	OperationID string // of the pass that they were claimed for, and that has ended
	Failed      bool   // the pass shows nothing
	Collections *collection.Registry
	MostLooks   int32 // that are followed by another
	// Sweep tells of what was settled whether only a sweep can see what happened.
	Sweep func([]Settled) bool
}

// SettleDeliveries decides what becomes of the deliveries of a pass: processed if the
// mirror shows what they are about, else, or if the pass failed, looked at again after
// 2, 4, 8 … seconds, or left after the last look.
func (s *Store) SettleDeliveries(ctx context.Context, in Settle) (settled []Settled, err error) {
	err = s.tx(ctx, in.WorkspaceID, "settle deliveries", func(tx pgx.Tx) error {
		older := []string{}
		if !in.Failed {
			if older, err = s.olderDeliveries(ctx, tx, in); err != nil {
				return fmt.Errorf("compare them with the mirror: %w", err)
			}
		}
		rows, err := s.q.SettleDeliveries(ctx, tx, dbsqlc.SettleDeliveriesParams{
			WorkspaceID: in.WorkspaceID, OperationID: in.OperationID, Older: older, Failed: in.Failed, MostLooks: in.MostLooks,
		})
		if err != nil {
			return err
		}
		for _, row := range rows {
			settled = append(settled, Settled{Event: row.Event, Action: row.Action, State: delivery.State(row.State), Count: row.Deliveries})
		}
		if !in.Sweep(settled) {
			return nil
		}
		return s.q.MarkSweepsDue(ctx, tx, dbsqlc.MarkSweepsDueParams{WorkspaceID: in.WorkspaceID, RepositoryIds: []int64{in.ID}})
	})
	return settled, err
}

// olderDeliveries are the GUIDs of the claimed deliveries about an item that the
// mirror has not, or has in an older state. There is one statement for each of the
// few collections that have such items: each has a table of its own.
func (s *Store) olderDeliveries(ctx context.Context, tx pgx.Tx, in Settle) ([]string, error) {
	names, err := s.q.DeliveryItemCollections(ctx, tx, dbsqlc.DeliveryItemCollectionsParams{WorkspaceID: in.WorkspaceID, OperationID: in.OperationID})
	if err != nil {
		return nil, err
	}
	older := []string{}
	for _, name := range names {
		c, ok := in.Collections.ByName(name)
		if !ok || c.Member == "" {
			continue // a newer version wrote it; this one cannot compare it
		}
		rows, err := tx.Query(ctx, olderSQL(c), in.WorkspaceID, in.ID, in.OperationID, name)
		if err != nil {
			return nil, err
		}
		guids, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return nil, err
		}
		older = append(older, guids...)
	}
	return older, nil
}

// olderSQL finds the claimed deliveries whose item of one collection the mirror shows
// in no state as new. Like the write of items it is not generated: the table is the
// collection's. A collection that is not mirrored for the repository has nothing to show.
func olderSQL(c collection.Collection) string {
	return `select d.guid
from deliveries d
cross join jsonb_to_recordset(d.items) as i (collection text, key text, updated_at timestamptz)
left join lateral (
    select t.updated_at, t.deleted_at from ` + table(c) + ` t
    where t.workspace_id = $1 and t.` + c.ScopeColumn() + ` = $2 and t.key = i.key
    offset 0
) t on true
where d.operation_id = $3 and d.workspace_id = $1 and d.state = 'pending' and i.collection = $4
  and t.deleted_at is null and (t.updated_at is null or t.updated_at < i.updated_at)
  and exists (
      select from collection_passes p where p.workspace_id = $1 and p.repository_id = $2 and p.collection = $4
  )`
}

// Unannounced lists repositories with deliveries that are older than age and of which
// their watch was not told, or that long ago; at most limit.
func (s *Store) Unannounced(ctx context.Context, age, told time.Duration, limit int32) ([]delivery.Repository, error) {
	rows, err := s.q.ListUnannounced(ctx, s.pool, dbsqlc.ListUnannouncedParams{OlderThan: age, ToldBefore: told, RowLimit: limit})
	if err != nil {
		return nil, translate("list deliveries that nobody watches", err)
	}
	out := make([]delivery.Repository, len(rows))
	for i, row := range rows {
		out[i] = delivery.Repository{WorkspaceID: row.WorkspaceID, ID: row.RepositoryID}
	}
	return out, nil
}

// MarkAnnounced notes that a repository's watch was told of all that waits, but for
// what it was told of within that time.
func (s *Store) MarkAnnounced(ctx context.Context, r delivery.Repository, told time.Duration) error {
	return translate("note that a watch was told", s.q.MarkAnnounced(ctx, s.in(r.WorkspaceID), dbsqlc.MarkAnnouncedParams{
		WorkspaceID: r.WorkspaceID, RepositoryID: r.ID, ToldBefore: told,
	}))
}

// DeleteDeliveries deletes at most limit deliveries that were finished longer ago than
// age, and tells how many.
func (s *Store) DeleteDeliveries(ctx context.Context, age time.Duration, limit int32) (int64, error) {
	n, err := s.q.DeleteDeliveries(ctx, s.pool, dbsqlc.DeleteDeliveriesParams{OlderThan: age, RowLimit: limit})
	return n, translate("delete old deliveries", err)
}

// KnownDeliveries are those of the GUIDs that were received.
func (s *Store) KnownDeliveries(ctx context.Context, workspaceID string, guids []string) ([]string, error) {
	known, err := s.q.KnownDeliveries(ctx, s.in(workspaceID), dbsqlc.KnownDeliveriesParams{WorkspaceID: workspaceID, Guids: guids})
	return known, translate("look deliveries up", err)
}

// DeliveryLook is when the deliveries of a hook were last listed, by GitHub's clock;
// zero: never.
func (s *Store) DeliveryLook(ctx context.Context, workspaceID, connection, hook string) (time.Time, error) {
	at, err := s.q.DeliveryLook(ctx, s.in(workspaceID), dbsqlc.DeliveryLookParams{WorkspaceID: workspaceID, Connection: connection, Hook: hook})
	if err != nil || len(at) == 0 {
		return time.Time{}, translate("read when deliveries were last listed", err)
	}
	return at[0], nil
}

// SetDeliveryLook notes when the deliveries of a hook were listed.
func (s *Store) SetDeliveryLook(ctx context.Context, workspaceID, connection, hook string, at time.Time) error {
	return translate("note when deliveries were listed", s.q.UpsertDeliveryLook(ctx, s.in(workspaceID), dbsqlc.UpsertDeliveryLookParams{
		WorkspaceID: workspaceID, Connection: connection, Hook: hook, LookedAt: at,
	}))
}

// RepositoryIDs are the mirrored repositories of that owner, and the one of that name.
// Either may be empty.
func (s *Store) RepositoryIDs(ctx context.Context, workspaceID, owner, fullName string) ([]int64, error) {
	ids, err := s.q.ListRepositoryIDs(ctx, s.in(workspaceID), dbsqlc.ListRepositoryIDsParams{WorkspaceID: workspaceID, Owner: owner, FullName: fullName})
	return ids, translate("list an owner's repositories", err)
}

// RepositoryName is the present owner/name of a mirrored repository; empty: it is not
// mirrored.
func (s *Store) RepositoryName(ctx context.Context, workspaceID string, repositoryID int64) (string, error) {
	names, err := s.q.RepositoryName(ctx, s.in(workspaceID), dbsqlc.RepositoryNameParams{WorkspaceID: workspaceID, RepositoryID: repositoryID})
	if err != nil || len(names) == 0 {
		return "", translate("read a repository's name", err)
	}
	return names[0], nil
}

// MarkSweepsDue has repositories compared with GitHub as soon as the sweep's schedule
// comes by, whenever they were last.
func (s *Store) MarkSweepsDue(ctx context.Context, workspaceID string, repositoryIDs ...int64) error {
	return translate("mark sweeps as due", s.q.MarkSweepsDue(ctx, s.in(workspaceID), dbsqlc.MarkSweepsDueParams{
		WorkspaceID: workspaceID, RepositoryIds: repositoryIDs,
	}))
}
