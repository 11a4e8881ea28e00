package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/testenv"
	"github.com/holdfast/holdfast/internal/testenv/metrictest"
	"github.com/holdfast/holdfast/store"
)

func TestTransitionsAreCountedOnceTheyAreCommitted(t *testing.T) {
	b := setup(t)
	metrics := metrictest.New(t)
	counting, err := b.WithMetrics(metrics.Provider())
	require.NoError(t, err)
	b.Store = counting
	transitions := func() map[string]float64 {
		moved := map[string]float64{}
		for name, n := range metrics.Read() {
			if n > 0 {
				moved[name] = n
			}
		}
		return moved
	}
	require.Len(t, metrics.Read(), len(operation.Kinds())*len(operation.States()), "all are there from the start")

	op := b.running("labels")
	_, err = b.RequestCancel(t.Context(), workspace, op.ID)
	require.NoError(t, err)
	_, err = b.RequestCancel(t.Context(), workspace, op.ID)
	require.NoError(t, err)
	_, _, err = b.SetState(t.Context(), workspace, op.ID, operation.StateRunning, nil)
	require.Equal(t, operation.CodeConflict, operation.CodeOf(err))
	_, _, err = b.SetState(t.Context(), workspace, op.ID, operation.StateCancelled, nil)
	require.NoError(t, err)
	const name = "holdfast.operation.transitions{kind=sync_repository,state="
	require.Equal(t, map[string]float64{name + "pending}": 1, name + "running}": 1, name + "cancelling}": 1, name + "cancelled}": 1}, transitions())

	again := operation.New{
		ID: "0190a6c8-0000-7000-8000-000000000001", WorkspaceID: workspace, Kind: operation.KindSyncRepository,
		Subject: "o/r", Input: []byte(`{}`), IdempotencyKey: "k", RequestHash: []byte("h"),
	}
	for range 2 {
		_, _, err = b.CreateOperation(t.Context(), again)
		require.NoError(t, err)
	}
	require.InDelta(t, 2, transitions()[name+"pending}"], 0, "one that was made before is not made")
}

func TestFigures(t *testing.T) {
	b := setup(t)
	got, err := b.Figures(t.Context(), operation.SweepPolicy{Every: 24 * time.Hour})
	require.NoError(t, err)
	require.Equal(t, operation.Figures{}, got)

	exec := func(sql string, args ...any) {
		_, err := b.pool.Exec(t.Context(), sql, args...)
		require.NoError(t, err)
	}
	old := b.create()
	exec(`update operations set created_at = now() - interval '2 hours' where id = $1`, old.ID)
	b.create()
	waits, failed, longGone := b.running("labels"), b.running("labels"), b.running("labels")
	_, err = b.SetWaiting(t.Context(), workspace, waits.ID, operation.Waiting{
		For: "github_primary_limit", Reason: "GitHub's hourly limit is used up.", Until: time.Now().Add(30 * time.Minute), Collection: "labels",
	})
	require.NoError(t, err)
	_, _, err = b.SetState(t.Context(), workspace, failed.ID, operation.StateFailed, &operation.Failure{Code: "x", Message: "X."})
	require.NoError(t, err)
	_, _, err = b.SetState(t.Context(), workspace, longGone.ID, operation.StateSucceeded, nil)
	require.NoError(t, err)
	exec(`update operations set finished_at = now() - interval '61 minutes' where id = $1`, longGone.ID)
	exec(`insert into repositories (workspace_id, repository_id, key, raw, hash, raw_hash, observed_at, changed_at, deleted_at)
		select $1, n, n, '{}', '', '', now(), now(), case when n = 3 then now() end from generate_series(1, 3) n`, workspace)
	exec(`insert into collection_passes (workspace_id, repository_id, collection, fresh_at)
		values ($1, 1, 'issues', now() - interval '3 hours'), ($1, 2, 'issues', now()), ($1, 1, 'pulls', now() - interval '1 hour'), ($1, 1, 'reviews', null)`, workspace)

	got, err = b.Figures(t.Context(), operation.SweepPolicy{Every: 24 * time.Hour})
	require.NoError(t, err)
	byState := map[operation.State]operation.StateFigure{}
	for _, f := range got.Operations {
		require.Equal(t, operation.KindSyncRepository, f.Kind)
		byState[f.State] = f
	}
	require.Len(t, byState, 3, "one that ended over an hour ago does not count")
	require.Equal(t, int64(2), byState[operation.StatePending].Count)
	require.InDelta(t, 2*time.Hour, byState[operation.StatePending].Oldest, float64(time.Minute))
	require.Equal(t, int64(1), byState[operation.StateRunning].Count)
	require.Equal(t, int64(1), byState[operation.StateFailed].Count)
	require.Zero(t, byState[operation.StateFailed].Oldest)

	require.Len(t, got.Waits, 1)
	require.Equal(t, "github_primary_limit", got.Waits[0].Reason)
	require.Equal(t, int64(1), got.Waits[0].Count)
	require.InDelta(t, 30*time.Minute, got.Waits[0].Longest, float64(time.Minute))

	ages := map[string]time.Duration{}
	for _, f := range got.Mirrors {
		ages[f.Collection] = f.Age
	}
	require.Len(t, ages, 2, "what was never complete has no age")
	require.InDelta(t, 3*time.Hour, ages["issues"], float64(time.Minute), "the oldest counts")
	require.InDelta(t, time.Hour, ages["pulls"], float64(time.Minute))
	require.Equal(t, int64(2), got.Repositories)
}

func TestAWaitThatIsOverIsNotNegative(t *testing.T) {
	b := setup(t)
	op := b.running("labels")
	_, err := b.SetWaiting(t.Context(), workspace, op.ID, operation.Waiting{For: "other_pass", Until: time.Now().Add(-time.Hour), Collection: "labels"})
	require.NoError(t, err)
	got, err := b.Figures(t.Context(), operation.SweepPolicy{Every: 24 * time.Hour})
	require.NoError(t, err)
	require.Equal(t, []operation.WaitFigure{{Reason: "other_pass", Count: 1}}, got.Waits)
}

func TestFiguresEndWithTheirContext(t *testing.T) {
	b := setup(t)
	tx, err := b.pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `lock table operations`)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err = b.Figures(ctx, operation.SweepPolicy{})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Less(t, time.Since(began), 5*time.Second, "nothing else bounds it")
	require.NoError(t, tx.Rollback(t.Context()))
	_, err = b.Figures(t.Context(), operation.SweepPolicy{Every: 24 * time.Hour})
	require.NoError(t, err)
}

// The figures are read every few seconds, of tables that only grow: no query may
// read all operations that there ever were.
func TestFiguresReadNoHistory(t *testing.T) {
	b := setup(t)
	_, err := b.pool.Exec(t.Context(), `insert into operations (workspace_id, id, kind, subject, input, state, created_at, finished_at)
		select $1, gen_random_uuid(), 'sync_repository', 'o/r', '{}', 'succeeded', now() - interval '2 days', now() - interval '1 day' from generate_series(1, 5000)`, workspace)
	require.NoError(t, err)
	config := b.pool.Config()
	config.MaxConns = 1 // Postgres counts what each connection has read
	one, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(one.Close)
	pool := testenv.Roled(t, one)
	b.Store = store.New(pool)
	read := func() (tuples int) {
		_, err := pool.Exec(t.Context(), `select pg_stat_force_next_flush()`)
		require.NoError(t, err)
		require.NoError(t, pool.QueryRow(t.Context(),
			`select seq_tup_read + coalesce(idx_tup_fetch, 0) from pg_stat_user_tables where relname = 'operations'`).Scan(&tuples))
		return tuples
	}
	_, err = b.pool.Exec(t.Context(), `analyze operations`)
	require.NoError(t, err)
	before := read()
	got, err := b.Figures(t.Context(), operation.SweepPolicy{Every: 24 * time.Hour})
	require.NoError(t, err)
	require.Empty(t, got.Operations)
	require.Less(t, read()-before, 100)
}
