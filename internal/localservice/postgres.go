package localservice

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// PostgresOptions says which server to start.
type PostgresOptions struct {
	// Dir is the data directory. It is created when there is none, and kept.
	Dir string
	// Port on 127.0.0.1. 0: a free one.
	Port int
	// Throwaway trades durability for speed: after a crash of the machine the data is
	// worthless, after one of the server the last commits may be missing.
	Throwaway bool
	// TimeZone of sessions that set none. Empty: UTC. Tests set another, so that
	// times without a zone break early.
	TimeZone string
	// Log receives what a person should know, such as a download. nil: discarded.
	Log *slog.Logger
}

// Postgres is a running server.
type Postgres struct {
	port     int
	password string
	process  *Process
}

const (
	startAttempts = 3
	startTimeout  = 60 * time.Second // a server that was killed recovers first
)

// StartPostgres starts a server and returns once it accepts connections.
func StartPostgres(ctx context.Context, o PostgresOptions) (*Postgres, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	c, err := prepareCluster(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("prepare Postgres: %w", err)
	}
	password, err := c.password()
	if err != nil {
		return nil, err
	}
	for attempt := 1; ; attempt++ {
		p := &Postgres{port: o.Port, password: password}
		if o.Port == 0 {
			if p.port, err = FreePort(); err != nil {
				return nil, err
			}
		}
		err = p.start(ctx, c, o)
		if err == nil {
			return p, nil
		}
		// Somebody may have taken the free port meanwhile; or the last processes of
		// a killed server still hold its shared memory.
		if attempt == startAttempts || ctx.Err() != nil {
			return nil, err
		}
		o.Log.WarnContext(ctx, "Postgres did not start, trying again", "error", err)
	}
}

// prepareCluster finds the binaries and makes the data directory ready to start on.
func prepareCluster(ctx context.Context, o PostgresOptions) (cluster, error) {
	user, err := serverAccount()
	if err != nil {
		return cluster{}, err
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return cluster{}, err
	}
	c := cluster{dir: dir, user: user}
	if !user.reaches(dir) {
		if c.dir, err = relocated(dir); err != nil {
			return cluster{}, err
		}
		o.Log.WarnContext(ctx, "Postgres does not run as root, and its user cannot enter the data directory; it is kept elsewhere",
			"user", user.name, "wanted", dir, "kept", c.dir)
	}
	major, err := c.majorVersion()
	if err != nil {
		return cluster{}, err
	}
	if c.bin, err = locateBinaries(ctx, user, major, o.Log); err != nil {
		return cluster{}, err
	}
	if major != 0 && c.bin.major != major {
		return cluster{}, fmt.Errorf("the data in %s is Postgres %d's and this machine has Postgres %s: install version %d, or remove the directory to start anew",
			c.dir, major, c.bin.version, major)
	}
	if c.exists() {
		return c, c.stopLeftover(ctx)
	}
	if err := os.MkdirAll(filepath.Dir(c.dir), 0o755); err != nil { //nolint:gosec // the server's user must pass through it
		return cluster{}, fmt.Errorf("create %s: %w", filepath.Dir(c.dir), err)
	}
	return c, c.create(ctx, !o.Throwaway)
}

// locateBinaries prefers the version that made the data, then the newest.
func locateBinaries(ctx context.Context, user *account, major int, log *slog.Logger) (binaries, error) {
	for _, want := range []int{major, 0} {
		if b, ok := findBinaries(ctx, installDirs(), want); ok {
			return b, nil
		}
	}
	log.InfoContext(ctx, "no Postgres is installed, downloading one", "version", string(downloadedVersion))
	return downloadBinaries(ctx, user, "")
}

// relocated is where data is kept for a directory that the server's user cannot
// enter: one that lasts, named after the directory.
func relocated(dir string) (string, error) {
	base := "/var/lib/holdfast-dev"
	if err := ownDir(base); err != nil {
		return "", fmt.Errorf("create a data directory: %w", err)
	}
	name := sha256.Sum256([]byte(dir))
	return filepath.Join(base, hex.EncodeToString(name[:6]), filepath.Base(dir)), nil
}

// start runs the server and waits until it is ready.
func (p *Postgres) start(ctx context.Context, c cluster, o PostgresOptions) error {
	logPath := c.dir + ".log"
	logFile, err := os.OpenFile(logPath, os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("create Postgres's log: %w", err)
	}
	defer func() { _ = logFile.Close() }() // the server has its own descriptor
	p.process, err = StartProcess(Command{
		Name: "Postgres", Path: c.bin.path("postgres"), Args: p.args(c, o), Dir: c.dir, Env: serverEnv(),
		Log: logFile, LogPath: logPath, user: c.user,
		StopSignal:  syscall.SIGINT,  // "fast": roll back and end
		DeathSignal: syscall.SIGQUIT, // "immediate": end at once, recover at the next start
	})
	if err != nil {
		return err
	}
	err = waitUntil(ctx, startTimeout, func() bool {
		select {
		case <-p.process.Done():
			return true
		default:
			pid, status, err := c.postmaster()
			return err == nil && pid == p.serverPID(pid) && status == "ready"
		}
	})
	if ended := p.process.Err(); ended != nil {
		return ended
	}
	if err != nil {
		return errors.Join(fmt.Errorf("wait for Postgres: %w%s", err, p.process.LogTail(20)), p.process.Kill())
	}
	return nil
}

// serverPID is the server's own id. Where a shell watches over the server only
// the pid file knows it.
func (p *Postgres) serverPID(inFile int) int {
	if p.process.watched() {
		return inFile
	}
	return p.process.PID()
}

func (p *Postgres) args(c cluster, o PostgresOptions) []string {
	settings := map[string]string{
		"listen_addresses":        loopback,
		"unix_socket_directories": c.dir,
		"max_connections":         "300",
		"shared_buffers":          "128MB",
		"timezone":                "UTC",
	}
	// A socket's path has to fit into 103 bytes on macOS and 107 on Linux.
	if len(c.dir)+len("/.s.PGSQL.65535.lock") > 103 {
		settings["unix_socket_directories"] = ""
	}
	if o.TimeZone != "" {
		settings["timezone"] = o.TimeZone
	}
	if o.Throwaway {
		settings["fsync"] = "off"
		settings["synchronous_commit"] = "off"
		settings["full_page_writes"] = "off"
		settings["wal_level"] = "minimal"
		settings["max_wal_senders"] = "0"
	}
	args := []string{"-D", c.dir, "-p", strconv.Itoa(p.port)}
	for name, value := range settings {
		args = append(args, "-c", name+"="+value)
	}
	return args
}

// URL addresses a database of the server as its superuser.
func (p *Postgres) URL(database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(superuser, p.password),
		Host: net.JoinHostPort(loopback, strconv.Itoa(p.port)), Path: database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Port is the server's port on 127.0.0.1.
func (p *Postgres) Port() int { return p.port }

// Process is the server's process.
func (p *Postgres) Process() *Process { return p.process }

// Stop ends the server in order: open transactions are rolled back, and the next
// start has nothing to recover.
func (p *Postgres) Stop(ctx context.Context) error { return p.process.Stop(ctx) }

// CreateDatabase makes a database where there is none of that name.
func (p *Postgres) CreateDatabase(ctx context.Context, name string) (err error) {
	conn, err := pgx.Connect(ctx, p.URL("postgres"))
	if err != nil {
		return fmt.Errorf("connect to Postgres: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	var exists bool
	if err := conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", name).Scan(&exists); err != nil {
		return fmt.Errorf("look for the database %s: %w", name, err)
	}
	if exists {
		return nil
	}
	if _, err := conn.Exec(ctx, "create database "+pgx.Identifier{name}.Sanitize()); err != nil {
		return fmt.Errorf("create the database %s: %w", name, err)
	}
	return nil
}
