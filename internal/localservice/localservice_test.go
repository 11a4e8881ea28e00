package localservice

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// parentDir makes this test binary run as a parent that is going to be killed,
// see TestParentKilled.
const parentDir = "LOCALSERVICE_TEST_PARENT_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(parentDir); dir != "" {
		if err := runParent(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

type started struct {
	DatabaseURL string `json:"database_url"`
	Ports       []int  `json:"ports"`
}

// runParent starts the services, says where, and stays until its standard input
// ends, which is long after it has been killed.
func runParent(dir string) error {
	ctx := context.Background()
	p, err := StartPostgres(ctx, PostgresOptions{Dir: filepath.Join(dir, "postgres")})
	if err != nil {
		return err
	}
	r, err := StartRedis(ctx, RedisOptions{Dir: filepath.Join(dir, "redis"), Keep: true})
	if err != nil {
		return err
	}
	s := started{DatabaseURL: p.URL("postgres"), Ports: []int{p.Port(), r.Port()}}
	if err := json.NewEncoder(os.Stdout).Encode(s); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func newTempDir(t *testing.T) string {
	t.Helper()
	dir, err := MemoryDir()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, dir.Remove()) })
	return dir.Path
}

func startPostgres(t *testing.T, o PostgresOptions) *Postgres {
	t.Helper()
	p, err := StartPostgres(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Stop(stopContext(t))) })
	return p
}

func stopContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func query(t *testing.T, url, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	var value string
	require.NoError(t, conn.QueryRow(t.Context(), sql).Scan(&value))
	return value
}

func execute(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	_, err = conn.Exec(t.Context(), sql)
	require.NoError(t, err)
}

func TestPostgresSettings(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		options PostgresOptions
		want    map[string]string
	}{
		"throwaway": {
			PostgresOptions{Throwaway: true, TimeZone: "America/St_Johns"},
			map[string]string{"fsync": "off", "timezone": "America/St_Johns", "listen_addresses": "127.0.0.1"},
		},
		"kept": {
			PostgresOptions{},
			map[string]string{"fsync": "on", "synchronous_commit": "on", "timezone": "UTC", "listen_addresses": "127.0.0.1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.options.Dir = filepath.Join(newTempDir(t), "postgres")
			p := startPostgres(t, tt.options)
			for setting, want := range tt.want {
				require.Equal(t, want, query(t, p.URL("postgres"), "show "+setting), setting)
			}
			require.Equal(t, "UTF8", query(t, p.URL("postgres"), "show server_encoding"))
			require.Equal(t, "ÉTÉ", query(t, p.URL("postgres"), "select upper('été')"), "letters beyond ASCII are letters")
		})
	}
}

func TestPostgresAsksForThePassword(t *testing.T) {
	t.Parallel()
	p := startPostgres(t, PostgresOptions{Dir: filepath.Join(newTempDir(t), "postgres"), Throwaway: true})
	_, err := pgx.Connect(t.Context(), strings.Replace(p.URL("postgres"), p.password, "guess", 1))
	require.ErrorContains(t, err, "password authentication failed")
}

func TestPostgresKeepsItsDataOverAStop(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(newTempDir(t), "postgres")
	p := startPostgres(t, PostgresOptions{Dir: dir})
	execute(t, p.URL("postgres"), "create table kept as select 'here' as value")
	require.NoError(t, p.Stop(stopContext(t)))
	require.NoError(t, p.Process().Err(), "it was stopped, which is no failure")

	again := startPostgres(t, PostgresOptions{Dir: dir})
	require.Equal(t, "here", query(t, again.URL("postgres"), "select value from kept"))
}

func TestPostgresSaysWhichPortIsTaken(t *testing.T) {
	t.Parallel()
	first := startPostgres(t, PostgresOptions{Dir: filepath.Join(newTempDir(t), "postgres"), Throwaway: true})
	_, err := StartPostgres(t.Context(), PostgresOptions{
		Dir: filepath.Join(newTempDir(t), "postgres"), Port: first.Port(), Throwaway: true, Log: slog.New(slog.DiscardHandler),
	})
	require.ErrorContains(t, err, "Address already in use")
}

func TestPostgresReportsACrashAndStartsAgain(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(newTempDir(t), "postgres")
	p, err := StartPostgres(t.Context(), PostgresOptions{Dir: dir, Throwaway: true})
	require.NoError(t, err)
	require.NoError(t, p.Process().Err())
	require.NoError(t, syscall.Kill(p.Process().PID(), syscall.SIGKILL))
	<-p.Process().Done()
	require.ErrorContains(t, p.Process().Err(), "Postgres ended unexpectedly: signal: killed")

	startPostgres(t, PostgresOptions{Dir: dir, Throwaway: true})
}

// A pid file may name a process that is by now another program.
func TestPostgresStartsDespiteAForeignPIDFile(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(newTempDir(t), "postgres")
	p := startPostgres(t, PostgresOptions{Dir: dir, Throwaway: true})
	require.NoError(t, p.Stop(stopContext(t)))

	for name, content := range map[string]string{
		"another program": fmt.Sprintf("%d\n%s\n", os.Getpid(), dir),
		"half written":    "12",
		"empty":           "",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, postmasterFile), []byte(content), 0o600), name)
		again, err := StartPostgres(t.Context(), PostgresOptions{Dir: dir, Throwaway: true})
		require.NoError(t, err, name)
		require.NoError(t, again.Stop(stopContext(t)), name)
	}
}

// A server that outlived its parent all the same is stopped by the next start.
func TestPostgresStopsALeftoverServer(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(newTempDir(t), "postgres")
	first, err := StartPostgres(t.Context(), PostgresOptions{Dir: dir})
	require.NoError(t, err)
	execute(t, first.URL("postgres"), "create table kept as select 'here' as value")

	second := startPostgres(t, PostgresOptions{Dir: dir})
	<-first.Process().Done()
	require.Equal(t, "here", query(t, second.URL("postgres"), "select value from kept"))
}

func TestParentKilled(t *testing.T) {
	t.Parallel()
	dir := newTempDir(t)
	for round := range 2 { // the second round starts on what the first left behind
		s := startAndKillParent(t, dir, round)
		for _, port := range s.Ports {
			require.Eventually(t, func() bool { return PortFree(port) },
				10*time.Second, 10*time.Millisecond, "a child outlived its parent")
		}
	}
	p := startPostgres(t, PostgresOptions{Dir: filepath.Join(dir, "postgres")})
	require.Equal(t, "2", query(t, p.URL("postgres"), "select count(*)::text from rounds"))
}

func startAndKillParent(t *testing.T, dir string, round int) started {
	t.Helper()
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentDir+"="+dir)
	parent.Stderr = os.Stderr
	stdin, err := parent.StdinPipe()
	require.NoError(t, err)
	stdout, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())

	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	require.NoError(t, err, "the parent says where its services are")
	var s started
	require.NoError(t, json.Unmarshal(line, &s))
	execute(t, s.DatabaseURL, "create table if not exists rounds (round int)")
	execute(t, s.DatabaseURL, fmt.Sprintf("insert into rounds values (%d)", round))

	require.NoError(t, parent.Process.Kill())
	require.Error(t, parent.Wait())
	_ = stdin.Close() // the reader is gone
	return s
}

func TestRedis(t *testing.T) {
	t.Parallel()
	dir := newTempDir(t)
	r, err := StartRedis(t.Context(), RedisOptions{Dir: dir, Keep: true})
	require.NoError(t, err)
	client := redisClient(t, r, RedisDatabases-1)
	require.NoError(t, client.Set(t.Context(), "kept", "here", 0).Err())
	require.NoError(t, r.Stop(stopContext(t)))

	again, err := StartRedis(t.Context(), RedisOptions{Dir: dir, Keep: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, again.Stop(stopContext(t))) })
	value, err := redisClient(t, again, RedisDatabases-1).Get(t.Context(), "kept").Result()
	if !again.Real() {
		require.ErrorIs(t, err, redis.Nil, "miniredis keeps nothing")
		return
	}
	require.NoError(t, err)
	require.Equal(t, "here", value)
}

func TestMiniredisStandsIn(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	var log strings.Builder
	r, err := StartRedis(t.Context(), RedisOptions{Dir: t.TempDir(), Log: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Stop(stopContext(t))) })
	require.False(t, r.Real())
	require.Contains(t, log.String(), "redis-server is not installed")

	client := redisClient(t, r, 0)
	require.NoError(t, client.Set(t.Context(), "short", "lived", 50*time.Millisecond).Err())
	require.Eventually(t, func() bool {
		n, err := client.Exists(t.Context(), "short").Result()
		return err == nil && n == 0
	}, 5*time.Second, 10*time.Millisecond, "keys expire")
}

func redisClient(t *testing.T, r *Redis, database int) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(r.URL())
	require.NoError(t, err)
	options.DB = database
	client := redis.NewClient(options)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return client
}
