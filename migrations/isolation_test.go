package migrations_test

import (
	"context"
	"fmt"
	neturl "net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/postgres"
	"github.com/holdfast/holdfast/internal/testenv"
	"github.com/holdfast/holdfast/migrations"
)

// ours and theirs are workspaces. Nobody is in the second one but the rows of the tests.
const (
	ours   = "00000000-0000-7000-8000-000000000001"
	theirs = "00000000-0000-7000-8000-000000000002"
)

// shared are the tables that are no workspace's.
var shared = []string{"goose_db_version"}

// tables are the tables, but for partitions, that the product may use.
func tables(t *testing.T, pool *pgxpool.Pool) []string {
	t.Helper()
	rows, err := pool.Query(t.Context(), `select relname::text from pg_class
		where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition and relname <> all ($1) order by 1`, shared)
	require.NoError(t, err)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return names
}

func TestEveryTableIsProtected(t *testing.T) {
	t.Parallel()
	pool := testenv.Database(t)
	for _, name := range tables(t, pool) {
		var forced bool
		require.NoError(t, pool.QueryRow(t.Context(), `select relrowsecurity and relforcerowsecurity from pg_class where oid = $1::text::regclass`, name).Scan(&forced))
		require.True(t, forced, "%s is not protected: its migration must call protect('%s')", name, name)
	}
}

func TestTheRoleCanDoLittle(t *testing.T) {
	t.Parallel()
	pool := testenv.Database(t)
	rows, err := pool.Query(t.Context(), `select rolname::text from pg_roles where rolname like 'holdfast\_%'
		and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolcanlogin or rolreplication)`)
	require.NoError(t, err)
	mighty, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Empty(t, mighty)

	role := testenv.Roled(t, pool)
	for _, sql := range []string{
		`select * from changes_default`,
		`select changes_drop(now())`,
		`select protect('operations')`,
		`alter table operations disable row level security`,
		`create policy mine on operations using (true)`,
		`create table mine (id int)`,
		`set role holdfast_across`,
		`delete from open_operations`,
		`insert into workspaces (id, name) values ('` + theirs + `', 'theirs')`,
		`select * from goose_db_version`,
	} {
		tx, err := role.Begin(t.Context())
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), `set local session authorization default; set local role holdfast_app`)
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), sql)
		if strings.HasPrefix(sql, "set role") { // the tests' own user may become whoever it likes
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, "42501", sql)
		}
		require.NoError(t, tx.Rollback(t.Context()))
	}
}

// person is a member of a workspace.
func person(workspace string) string { return "00000000-0000-7000-8000-0000000000a" + workspace[35:] }

// example makes a row of each table that belongs to a workspace.
func example(t *testing.T, tx pgx.Tx, table, workspace string) {
	t.Helper()
	values := map[string]string{
		"workspace_id": workspace, "operations.kind": "sync_repository", "operations.state": "running", "operations.source": "sync",
		"changes.kind": "created", "changes.source": "sync", "operation_collections.state": "running", "operation_events.type": "state",
		"deliveries.state": "pending", "connections.kind": "token", "connections.source": "api", "connections.state": "ok",
		"connection_secrets.connection_id": "of " + workspace, "connection_tokens.connection_id": "of " + workspace, "connections.id": "of " + workspace, "api_keys.role": "reader", "api_keys.hash": `\x0` + workspace[35:],
		"users.id": person(workspace), "memberships.user_id": person(workspace), "memberships.role": "reader",
		"invitations.hash": `\x0` + workspace[35:], "refresh_tokens.hash": `\x0` + workspace[35:], "connection_secrets.field": "token", "workspaces.id": workspace, "repository_states.reason": "not_found",
	}
	rows, err := tx.Query(t.Context(), `select column_name::text, udt_name::text from information_schema.columns
		where table_name = $1 and (is_nullable = 'NO' and column_default is null and is_generated = 'NEVER' or column_name = 'workspace_id') order by ordinal_position`, table)
	require.NoError(t, err)
	type column struct{ Name, Type string }
	columns, err := pgx.CollectRows(rows, pgx.RowToStructByPos[column])
	require.NoError(t, err)
	var names, literals []string
	for _, c := range columns {
		literal, ok := values[table+"."+c.Name]
		if !ok && c.Name == "workspace_id" {
			literal, ok = workspace, true
		}
		if !ok {
			literal = map[string]string{
				"text": "x" + workspace[35:], "int8": "7", "int4": "7", "int2": "7", "bool": "true", "uuid": "00000000-0000-7000-8000-0000000000aa",
				"timestamptz": "2026-01-02 03:04:05Z", "jsonb": "{}", "bytea": `\x00`, "_text": "{}", "tsvector": "x", "float8": "1", "date": "2026-01-02",
			}[c.Type]
			require.NotEmpty(t, literal, "%s.%s is of the type %s, of which the test knows no value", table, c.Name, c.Type)
		}
		names, literals = append(names, c.Name), append(literals, "'"+literal+"'")
	}
	_, err = tx.Exec(t.Context(), fmt.Sprintf("insert into %s (%s) values (%s)", table, strings.Join(names, ", "), strings.Join(literals, ", ")))
	require.NoError(t, err, "%s: say in values what its columns may hold", table)
}

// As each of the two workspaces, and as none, every table shows and lets change the rows
// of that workspace only.
func TestEveryTableKeepsWorkspacesApart(t *testing.T) {
	t.Parallel()
	pool := testenv.Database(t)
	_, err := pool.Exec(t.Context(), `insert into workspaces (id, name) values ($1, 'theirs')`, theirs)
	require.NoError(t, err)
	for _, name := range tables(t, pool) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tx, err := pool.Begin(t.Context())
			require.NoError(t, err)
			defer func() { require.NoError(t, tx.Rollback(context.WithoutCancel(t.Context()))) }()
			exec := func(sql string, args ...any) int64 {
				t.Helper()
				tag, err := tx.Exec(t.Context(), sql, args...)
				require.NoError(t, err, sql)
				return tag.RowsAffected()
			}
			exec(`set local session_replication_role = replica`) // without foreign keys
			before := map[string]int64{}
			for _, w := range []string{ours, theirs} {
				if strings.HasPrefix(name, "connection_") {
					example(t, tx, "connections", w)
				}
				if name == "users" {
					example(t, tx, "memberships", w)
				}
				if name != "workspaces" && name != "change_counters" || w == theirs && name != "workspaces" {
					example(t, tx, name, w)
				}
				before[w] = 1
			}
			exec(`set local role ` + postgres.Role)
			for _, w := range []string{"", ours, theirs} {
				exec(`select set_config('holdfast.workspace', $1, true)`, w)
				var n int64
				require.NoError(t, tx.QueryRow(t.Context(), `select count(*) from `+name).Scan(&n))
				require.Equal(t, before[w], n, "what the workspace %q sees", w)
			}
			exec(`select set_config('holdfast.workspace', '', true)`)
			if name == "workspaces" || name == "users" || strings.HasPrefix(name, "audit_") {
				for _, change := range []string{`delete from `, `truncate `} { // nobody may
					exec(`savepoint changing`)
					_, err = tx.Exec(t.Context(), change+name)
					require.ErrorContains(t, err, "42501", change)
					exec(`rollback to savepoint changing`)
				}
				return
			}
			require.Zero(t, exec(`delete from `+name))
			exec(`select set_config('holdfast.workspace', $1, true)`, ours)
			move := `update ` + name + ` set workspace_id = '` + theirs + `'`
			if strings.HasPrefix(name, "connection_") {
				move = `update ` + name + ` set connection_id = 'of ` + theirs + `'`
			}
			exec(`savepoint moving`)
			_, err = tx.Exec(t.Context(), move)
			require.ErrorContains(t, err, "42501", "a row cannot be given away")
			exec(`rollback to savepoint moving`)
			require.EqualValues(t, 1, exec(`delete from `+name), "its own")
			require.Zero(t, exec(`delete from `+name))
			exec(`reset role`)
			require.EqualValues(t, 1, exec(`delete from `+name), "the other one's is still there")
		})
	}
}

// The owner is shown no more than others, unless it is a superuser; and it need not be one
// to migrate.
func TestAnOrdinaryOwnerMigrates(t *testing.T) {
	t.Parallel()
	ctx, url := t.Context(), testenv.EmptyDatabaseURL(t)
	conn, err := pgx.Connect(ctx, url)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	owner := "owner_of_" + conn.Config().Database
	_, err = conn.Exec(ctx, fmt.Sprintf(`create role %[1]s login createrole password 'x'; alter database %[2]s owner to %[1]s`, owner, conn.Config().Database))
	require.NoError(t, err)
	defer func() {
		_, err := conn.Exec(context.WithoutCancel(ctx), fmt.Sprintf(`reassign owned by %[1]s to current_user; drop owned by %[1]s; drop role %[1]s`, owner))
		require.NoError(t, err)
	}()
	address, err := neturl.Parse(url)
	require.NoError(t, err)
	address.User = neturl.UserPassword(owner, "x")
	theirURL := address.String()
	database := postgres.Address{URL: theirURL}
	require.NoError(t, migrations.Up(ctx, database))

	theirConn, err := pgx.Connect(ctx, theirURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, theirConn.Close(t.Context())) }()
	var n int
	require.NoError(t, theirConn.QueryRow(ctx, `select count(*) from workspaces`).Scan(&n))
	require.Zero(t, n, "policies hold for the owner")
	_, err = theirConn.Exec(ctx, `set role `+postgres.Role)
	require.NoError(t, err)
	_, err = theirConn.Exec(ctx, `select changes_partition(m.month) from (select '2031-01-01'::date as month) m; select changes_expire('2030-01-01')`)
	require.NoError(t, err)
	_, err = theirConn.Exec(ctx, `reset role`)
	require.NoError(t, err)
	require.NoError(t, migrations.DownTo(ctx, database, 0))
}
