package operation

import (
	"context"
	"log/slog"
	"time"
)

// feedRetention is for how long the feeds of operations can be resumed. The operations'
// own events stay.
const feedRetention = 7 * 24 * time.Hour

// deletedSessions bounds how many sessions that have expired are deleted at once.
const deletedSessions = 1000

// ChangeKeeper keeps the partitions of changes: those of the months to come are there,
// those that are older than the retention are not. Nor is what else has had its time. Any number may run at once.
type ChangeKeeper struct {
	Store interface {
		// KeepChanges makes partitions and drops old ones, and tells how many it dropped.
		KeepChanges(ctx context.Context, retention time.Duration) (dropped int, err error)
		// DropOperationFeed drops what the feeds of operations hold from before then.
		DropOperationFeed(ctx context.Context, olderThan time.Duration) (dropped int64, err error)
		// DeleteSessions deletes that many sessions at most that have expired.
		DeleteSessions(ctx context.Context, limit int) (deleted int64, err error)
	}
	Retention time.Duration // how long changes are kept at least; 0: for ever
	Logger    *slog.Logger
}

// Run keeps them at once and at every tick until ctx ends. What fails is tried again
// at the next: months are made ahead, and there is a partition for what has none.
func (k *ChangeKeeper) Run(ctx context.Context, ticks <-chan time.Time) {
	for {
		switch dropped, err := k.Store.KeepChanges(ctx, k.Retention); {
		case err != nil && ctx.Err() == nil:
			k.Logger.WarnContext(ctx, "the partitions of changes were not kept; trying again later", "error", err)
		case dropped > 0:
			k.Logger.InfoContext(ctx, "dropped changes that are older than the retention", "months", dropped, "retention", k.Retention.String())
		}
		if _, err := k.Store.DropOperationFeed(ctx, feedRetention); err != nil && ctx.Err() == nil {
			k.Logger.WarnContext(ctx, "the past of the feeds of operations was not dropped; trying again later", "error", err)
		}
		if _, err := k.Store.DeleteSessions(ctx, deletedSessions); err != nil && ctx.Err() == nil {
			k.Logger.WarnContext(ctx, "sessions that have expired were not deleted; trying again later", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticks:
		}
	}
}
