package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// KeepChanges makes the partitions of changes for this month and the next ones, and
// drops those whose changes are all older than the retention; 0 keeps all. It tells how
// many it dropped. Where another process is at it, it does nothing.
func (s *Store) KeepChanges(ctx context.Context, retention time.Duration) (dropped int, err error) {
	err = s.across(ctx, "keep the partitions of changes", func(tx pgx.Tx) error {
		mine, err := s.q.TryKeepChanges(ctx, tx)
		if err != nil || !mine {
			return err
		}
		if err := s.q.EnsureChangePartitions(ctx, tx); err != nil {
			return fmt.Errorf("make partitions: %w", err)
		}
		if retention <= 0 {
			return nil
		}
		n, err := s.q.DropChanges(ctx, tx, retention)
		dropped = int(n)
		return err
	})
	return dropped, err
}
