package testenv

import (
	"os"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/sdk/client"
)

func TestMain(m *testing.M) { Main(m) }

func TestDatabasesAreSeparateAndMigrated(t *testing.T) {
	t.Parallel()
	first, second := Database(t), Database(t)
	_, err := first.Exec(t.Context(), "create table only_here (id int)")
	require.NoError(t, err)

	var tables int
	const count = "select count(*) from pg_tables where schemaname = 'public' and tablename = any($1)"
	require.NoError(t, second.QueryRow(t.Context(), count, []string{"only_here"}).Scan(&tables))
	require.Zero(t, tables)
	require.NoError(t, second.QueryRow(t.Context(), count, []string{"operations", "issues"}).Scan(&tables))
	require.Equal(t, 2, tables)

	var zone string
	require.NoError(t, second.QueryRow(t.Context(), "show timezone").Scan(&zone))
	require.Equal(t, timeZone, zone)
}

func TestDatabaseIsDroppedWhoeverIsConnected(t *testing.T) { //nolint:tparallel // its part has to end before it goes on
	t.Parallel()
	var name string
	t.Run("user", func(t *testing.T) {
		conn, err := pgx.Connect(t.Context(), DatabaseURL(t))
		require.NoError(t, err)
		require.NoError(t, conn.QueryRow(t.Context(), "select current_database()").Scan(&name))
		// The connection stays open: the cleanup has to cope with it.
	})
	var exists bool
	require.NoError(t, Database(t).QueryRow(t.Context(), "select exists (select from pg_database where datname = $1)", name).Scan(&exists))
	require.False(t, exists)
}

func TestEmptyDatabaseIsEmpty(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), EmptyDatabaseURL(t))
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	var tables int
	require.NoError(t, conn.QueryRow(t.Context(), "select count(*) from pg_tables where schemaname = 'public'").Scan(&tables))
	require.Zero(t, tables)
}

// The template is made by one of many, also after a process was killed halfway.
func TestTemplateIsMadeOnce(t *testing.T) {
	t.Parallel()
	server := serverURL(t, databaseVariable, startPostgres)
	names := make([]string, 5)
	var group sync.WaitGroup
	for i := range names {
		group.Go(func() {
			name, err := migratedTemplate(setupContext(t), server)
			if err == nil { // checked below, in the test's own goroutine
				names[i] = name
			}
		})
	}
	group.Wait()
	for _, name := range names {
		require.NotEmpty(t, name)
		require.Equal(t, names[0], name)
	}
}

func TestHalfATemplateIsMadeAnew(t *testing.T) {
	t.Parallel()
	server := serverURL(t, databaseVariable, startPostgres)
	name := "holdfast_template_test_" + randomName()
	require.NoError(t, execute(setupContext(t), server, "create database "+name))
	conn, err := pgx.Connect(t.Context(), server)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()

	require.NoError(t, makeTemplate(t.Context(), conn, server, name))
	var whole bool
	require.NoError(t, conn.QueryRow(t.Context(), "select datistemplate and not datallowconn from pg_database where datname = $1", name).Scan(&whole))
	require.True(t, whole)
	require.NoError(t, execute(setupContext(t), server, "alter database "+name+" is_template false", "drop database "+name))
}

func TestRedisDatabasesAreSeparateAndReturned(t *testing.T) { //nolint:tparallel // its part has to end before it goes on
	t.Parallel()
	first, second := Redis(t), Redis(t)
	require.NotEqual(t, first.Options().DB, second.Options().DB)
	require.NoError(t, first.Set(t.Context(), "key", "first", 0).Err())
	n, err := second.Exists(t.Context(), "key").Result()
	require.NoError(t, err)
	require.Zero(t, n)

	var database int
	t.Run("user", func(t *testing.T) {
		client := Redis(t)
		database = client.Options().DB
		require.NoError(t, client.Set(t.Context(), "key", "left", 0).Err())
	})
	options := *first.Options()
	options.DB = database // leased to nobody for many turns to come
	returned := redis.NewClient(&options)
	defer func() { require.NoError(t, returned.Close()) }()
	n, err = returned.DBSize(t.Context()).Result()
	require.NoError(t, err)
	require.Zero(t, n, "it was emptied")
}

func TestTemporalNamespaceIsReady(t *testing.T) {
	t.Parallel()
	address, namespace := Temporal(t)
	c, err := client.DialContext(t.Context(), client.Options{HostPort: address, Namespace: namespace})
	require.NoError(t, err)
	defer c.Close()
	have, err := c.OperatorService().ListSearchAttributes(t.Context(), &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	require.NoError(t, err)
	for _, name := range []string{"HoldfastWorkspace", "HoldfastRepository", "HoldfastKind", "HoldfastState"} {
		require.Contains(t, have.CustomAttributes, name)
	}
}

// A required service that is missing is a failure, never a skip.
func TestRequiredServiceFails(t *testing.T) {
	t.Setenv(requireVariable, "1")
	for _, variable := range []string{databaseVariable, redisVariable, temporalVariable, openAPIVariable, schemaVariable} {
		t.Setenv(variable, "")
		require.NoError(t, os.Unsetenv(variable))
	}
	r := &recorder{TB: t}
	for name, ask := range map[string]func(){
		"database": func() { DatabaseURL(r) },
		"redis":    func() { RedisURL(r) },
		"temporal": func() { Temporal(r) },
		"openapi":  func() { GitHubOpenAPI(r) },
		"schema":   func() { GitHubSchema(r) },
	} {
		r.failed = false
		done := make(chan struct{})
		go func() {
			defer close(done)
			ask()
		}()
		<-done
		require.True(t, r.failed, name)
	}
}
