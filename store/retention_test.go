package store_test

import (
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/operation"
)

// partitions lists those of changes, without the default one.
func (b *bundle) partitions() []string {
	b.t.Helper()
	rows, err := b.pool.Query(b.t.Context(), `select inhrelid::regclass::text from pg_inherits
		where inhparent = 'changes'::regclass and inhrelid <> 'changes_default'::regclass order by 1`)
	require.NoError(b.t, err)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(b.t, err)
	return names
}

func month(n int) string {
	now := time.Now().UTC()
	return "changes_" + time.Date(now.Year(), now.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC).Format("2006_01")
}

// longAgo is in the middle of the month that is so many months ago.
func longAgo(n int) time.Time {
	now := time.Now().UTC()
	return time.Date(now.Year(), now.Month()-time.Month(n), 15, 12, 0, 0, 0, time.UTC)
}

func TestPartitionsAreMadeAheadAndTakeWhatTheDefaultHolds(t *testing.T) {
	b := setup(t)
	require.Equal(t, []string{month(0), month(1), month(2), month(3)}, b.partitions())
	for _, name := range b.partitions() {
		_, err := b.pool.Exec(t.Context(), `drop table `+name)
		require.NoError(t, err)
	}
	op := b.running("labels")
	pass := b.take(op, "labels")
	b.commit(b.page(op, "labels", pass.Fence, label(1, "a")))
	require.Equal(t, 1, b.count(`select count(*) from changes_default`), "a page never fails for want of a partition")

	_, err := b.KeepChanges(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, []string{month(0), month(1), month(2), month(3)}, b.partitions())
	require.Zero(t, b.count(`select count(*) from changes_default`))
	require.Equal(t, 1, b.count(`select count(*) from `+month(0)))
	require.Zero(t, b.count(`select count(*) from pg_class where relname like 'changes\_%' and relkind = 'r' and obj_description(oid) is null`))
	_, err = b.KeepChanges(t.Context(), 0)
	require.NoError(t, err)
}

func TestPartitionsBeginAtMidnightUTC(t *testing.T) {
	b := setup(t)
	b.knownAs("O/R")
	b.at("2020-02-29T23:59:59.999999Z")
	b.at("2020-03-01T00:00:00Z")
	for _, m := range []string{"2020-02-01", "2020-03-01"} {
		_, err := b.pool.Exec(t.Context(), `select changes_partition($1)`, m)
		require.NoError(t, err)
	}
	require.Equal(t, 1, b.count(`select count(*) from changes_2020_03`))
	b.at("2020-02-29T23:59:59.999999Z")
	require.Equal(t, 1, b.count(`select count(*) from changes_2020_02`))
}

// kept has changes of four, three, two months ago and of now, each in its partition.
func (b *bundle) kept() {
	b.t.Helper()
	op := b.running("repository", "labels")
	for n := 4; n > 1; n-- {
		_, err := b.pool.Exec(b.t.Context(), `select changes_partition($1)`, longAgo(n).Format("2006-01")+"-01")
		require.NoError(b.t, err)
	}
	b.knownAs("O/R")
	b.at(longAgo(4).Format(time.RFC3339))
	pass := b.take(op, "labels")
	for n, name := range []string{"a", "b", "c"} {
		b.commit(b.page(op, "labels", pass.Fence, label(1, name)))
		if ago := 3 - n; ago > 1 {
			b.at(longAgo(ago).Format(time.RFC3339))
		}
	}
}

func TestRetentionDropsWholeMonths(t *testing.T) {
	b := setup(t)
	b.kept()
	feed := operation.ChangeFilter{Limit: 1}
	_, old, err := b.Changes(t.Context(), workspace, feed)
	require.NoError(t, err)
	dropped, err := b.KeepChanges(t.Context(), 0)
	require.NoError(t, err)
	require.Zero(t, dropped)
	require.Len(t, b.changes(operation.ChangeFilter{Limit: 10}), 4)

	dropped, err = b.KeepChanges(t.Context(), time.Since(longAgo(2)))
	require.NoError(t, err)
	require.Equal(t, 2, dropped)
	require.Equal(t, []string{month(-2), month(0), month(1), month(2), month(3)}, b.partitions())
	left := b.changes(operation.ChangeFilter{Limit: 10})
	require.Len(t, left, 2, "who gives no cursor gets what there is")
	require.Equal(t, int64(3), left[0].Seq)

	_, _, err = b.Changes(t.Context(), workspace, operation.ChangeFilter{After: old, Limit: 10})
	require.Equal(t, operation.CodeGone, operation.CodeOf(err))
	require.ErrorContains(t, err, "Ask for after=now")
	last := writeSeq(2)
	page, _, err := b.Changes(t.Context(), workspace, operation.ChangeFilter{After: last, Limit: 10})
	require.NoError(t, err, "it has seen all that was dropped")
	require.Len(t, page, 2)
	_, next, err := b.Changes(t.Context(), workspace, operation.ChangeFilter{After: operation.ChangesNow, Limit: 10})
	require.NoError(t, err)
	page, _, err = b.Changes(t.Context(), workspace, operation.ChangeFilter{After: next, Limit: 10})
	require.NoError(t, err)
	require.Empty(t, page)

	state, err := b.ItemAt(t.Context(), workspace, ref("labels", "1"), longAgo(2))
	require.NoError(t, err)
	require.JSONEq(t, label(1, "b"), string(state.Item))
	_, err = b.ItemAt(t.Context(), workspace, ref("labels", "1"), longAgo(3))
	require.Equal(t, operation.CodeGone, operation.CodeOf(err))
}

func TestRetentionClearsTheDefaultPartition(t *testing.T) {
	b := setup(t)
	b.knownAs("O/R")
	b.at(longAgo(5).Format(time.RFC3339))
	op := b.running("labels")
	b.commit(b.page(op, "labels", b.take(op, "labels").Fence, label(1, "a")))
	require.Equal(t, 1, b.count(`select count(*) from changes_default`))
	_, err := b.KeepChanges(t.Context(), time.Since(longAgo(4)))
	require.NoError(t, err)
	require.Equal(t, 1, b.count(`select dropped from change_counters`))
	require.Len(t, b.changes(operation.ChangeFilter{Limit: 10}), 1)
	_, _, err = b.Changes(t.Context(), workspace, operation.ChangeFilter{After: writeSeq(0), Limit: 10})
	require.Equal(t, operation.CodeGone, operation.CodeOf(err))
}

// Nobody waits long for partitions: who cannot have them soon leaves it for later.
func TestKeepingPartitionsGivesWayToWork(t *testing.T) {
	b := setup(t)
	b.kept()
	tx, err := b.pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `select count(*) from changes`)
	require.NoError(t, err)
	_, err = b.KeepChanges(t.Context(), time.Hour)
	require.Equal(t, operation.CodeUnavailable, operation.CodeOf(err), "a reader is at it")
	require.NoError(t, tx.Rollback(t.Context()))
	_, err = b.KeepChanges(t.Context(), time.Hour)
	require.NoError(t, err)

	tx, err = b.pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `select pg_advisory_xact_lock(hashtext('holdfast changes'))`)
	require.NoError(t, err)
	dropped, err := b.KeepChanges(t.Context(), time.Nanosecond)
	require.NoError(t, err, "another process is at it")
	require.Zero(t, dropped)
	require.NoError(t, tx.Rollback(t.Context()))
}

// writeSeq is the cursor behind a change.
func writeSeq(seq int) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "seq %d", seq))
}
