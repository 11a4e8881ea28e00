package migrations_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/postgres"
	"github.com/holdfast/holdfast/internal/testenv"
	"github.com/holdfast/holdfast/migrations"
)

func TestMain(m *testing.M) { testenv.Main(m) }

func TestNumbersHaveNoGap(t *testing.T) {
	t.Parallel()
	names, err := fs.Glob(migrations.FS, "*.sql")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	for i, name := range names {
		require.True(t, strings.HasPrefix(name, fmt.Sprintf("%05d_", i+1)), name)
	}
}

// schema describes every table, column, index, constraint and function.
func schema(t *testing.T, conn *pgx.Conn) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), `
		select 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '')
		from information_schema.columns where table_schema = 'public' and table_name <> 'goose_db_version'
		union all select 'index ' || indexdef from pg_indexes where schemaname = 'public' and tablename <> 'goose_db_version'
		union all select 'constraint ' || conrelid::regclass || ' ' || pg_get_constraintdef(oid) from pg_constraint
			where connamespace = 'public'::regnamespace and conrelid <> 'goose_db_version'::regclass
		union all select 'policy ' || tablename || ' ' || policyname || ' ' || qual from pg_policies where schemaname = 'public'
		union all select 'function ' || proname from pg_proc where pronamespace = 'public'::regnamespace
		order by 1`)
	require.NoError(t, err)
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return all
}

func TestEveryMigrationGoesUpDownUp(t *testing.T) {
	t.Parallel()
	ctx, url := t.Context(), testenv.EmptyDatabaseURL(t)
	conn, err := pgx.Connect(ctx, url)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()

	database := postgres.Address{URL: url}
	require.NoError(t, migrations.Up(ctx, database))
	want := schema(t, conn)
	require.NotEmpty(t, want)
	all, err := migrations.List(ctx, database)
	require.NoError(t, err)
	for i := len(all); i > 0; i-- {
		require.NotNil(t, all[i-1].AppliedAt)
		require.NoError(t, migrations.Down(ctx, database), all[i-1].Source)
	}
	require.Empty(t, schema(t, conn), "the way down leaves nothing")
	require.NoError(t, migrations.Up(ctx, database))
	require.Equal(t, want, schema(t, conn))
	require.NoError(t, migrations.DownTo(ctx, database, 0))
}

// An earlier version knows neither pauses nor approvals: what was paused goes on, and
// what nobody approved does not.
func TestTheWayDownLeavesNoStateThatAnEarlierVersionDoesNotKnow(t *testing.T) {
	t.Parallel()
	ctx, url := t.Context(), testenv.EmptyDatabaseURL(t)
	database := postgres.Address{URL: url}
	require.NoError(t, migrations.Up(ctx, database))
	conn, err := pgx.Connect(ctx, url)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	_, err = conn.Exec(ctx, `insert into operations (workspace_id, id, kind, subject, input, key_subject, idempotency_key, state, started_at, finished_at, failure)
		select w.id, gen_random_uuid(), 'sync_repository', v.subject, '{}', v.subject, 'k', v.state, v.started_at, v.finished_at, v.failure
		from (select id from workspaces limit 1) w, (values
			('begun', 'paused', now(), null::timestamptz, null::jsonb), ('new', 'paused', null, null, null),
			('asked', 'awaiting_approval', null, null, null), ('no', 'rejected', null, now(), '{}')) v (subject, state, started_at, finished_at, failure)`)
	require.NoError(t, err)
	require.NoError(t, migrations.DownTo(ctx, database, 46))
	rows, err := conn.Query(ctx, `select subject || ' ' || state from operations where idempotency_key is null order by 1`)
	require.NoError(t, err)
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Equal(t, []string{"asked cancelled", "begun running", "new pending", "no cancelled"}, got)
}

func TestEveryCollectionHasItsTable(t *testing.T) {
	t.Parallel()
	pool := testenv.Database(t)
	for _, c := range collection.All() {
		columns := map[string]bool{}
		rows, err := pool.Query(t.Context(), `select column_name::text from information_schema.columns where table_name = $1 and is_generated = 'NEVER'`, c.Table)
		require.NoError(t, err)
		names, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		for _, name := range names {
			columns[name] = true
		}
		first := []string{"workspace_id", c.ScopeColumn(), "key", "raw", "raw_bytes", "hash", "raw_hash", "observed_at", "changed_at", "deleted_at"}
		if c.Parents != nil {
			first = append(first, "parent_key")
		}
		for _, name := range first {
			require.True(t, columns[name], "%s has no column %s", c.Table, name)
			delete(columns, name)
		}
		for _, column := range c.Columns {
			require.True(t, columns[column.Name], "%s has no column %s", c.Table, column.Name)
			delete(columns, column.Name)
		}
		require.Empty(t, columns, "no expression fills these columns of %s", c.Table)
	}
}

func TestEveryTableIsDescribed(t *testing.T) {
	t.Parallel()
	pool := testenv.Database(t)
	rows, err := pool.Query(t.Context(), `select relname::text from pg_class
		where relnamespace = 'public'::regnamespace and relkind = 'r' and relname <> 'goose_db_version' and obj_description(oid) is null`)
	require.NoError(t, err)
	bare, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Empty(t, bare)
}
