package testenv

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/holdfast/holdfast/internal/postgres"
	"github.com/holdfast/holdfast/migrations"
)

// templateLock is the key of the advisory lock under which one of several test
// processes makes the template. Any constant will do.
const templateLock = 0x686f6c64

// poolSize suits tests of concurrency and lets many databases share one server.
const poolSize = 10

// Database is a pool on a migrated database that is the test's own; both are gone
// when the test is over.
func Database(t testing.TB) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(DatabaseURL(t))
	if err != nil {
		t.Fatalf("read the test database's URL: %v", err)
	}
	config.MaxConns = poolSize
	pool, err := pgxpool.NewWithConfig(setupContext(t), config)
	if err != nil {
		t.Fatalf("connect to the test database: %v", err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// Roled is a pool on the database of another one, as the product connects to it.
func Roled(t testing.TB, pool *pgxpool.Pool) *pgxpool.Pool {
	t.Helper()
	config := pool.Config()
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "set role "+postgres.Role)
		return err
	}
	roled, err := pgxpool.NewWithConfig(setupContext(t), config)
	if err != nil {
		t.Fatalf("connect to the test database: %v", err)
	}
	t.Cleanup(roled.Close)
	return roled
}

// DatabaseURL addresses a migrated database that is the test's own, as the server's
// superuser. It is dropped when the test is over, whoever is still connected.
func DatabaseURL(t testing.TB) string {
	t.Helper()
	server := serverURL(t, databaseVariable, startPostgres)
	template, err := migratedTemplate(setupContext(t), server)
	if err != nil {
		t.Fatalf("make a migrated template: %v", err)
	}
	return createDatabase(t, server, template)
}

// EmptyDatabaseURL is like [DatabaseURL] without the migrations, for the tests of
// the migrations themselves.
func EmptyDatabaseURL(t testing.TB) string {
	t.Helper()
	return createDatabase(t, serverURL(t, databaseVariable, startPostgres), "template0")
}

func createDatabase(t testing.TB, server, template string) string {
	t.Helper()
	name := "test_" + randomName()
	if err := execute(setupContext(t), server,
		fmt.Sprintf("create database %s template %s", name, template),
		fmt.Sprintf("alter database %s set timezone to '%s'", name, timeZone),
	); err != nil {
		t.Fatalf("create a test database: %v", err)
	}
	t.Cleanup(func() {
		if err := execute(setupContext(t), server, fmt.Sprintf("drop database %s with (force)", name)); err != nil {
			t.Errorf("drop the test database: %v", err)
		}
	})
	address, err := withDatabase(server, name)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// migratedTemplate is the name of a database with all migrations applied, to clone
// from. It is made once per server and set of migrations, by whichever process
// comes first.
func migratedTemplate(ctx context.Context, server string) (_ string, err error) {
	hash, err := hashFiles(migrations.FS)
	if err != nil {
		return "", fmt.Errorf("read the migrations: %w", err)
	}
	name := "holdfast_template_" + hash
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return "", fmt.Errorf("connect to the server: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }() // lets go of the lock as well
	if _, err := conn.Exec(ctx, "select pg_advisory_lock($1)", templateLock); err != nil {
		return "", fmt.Errorf("wait for the template's lock: %w", err)
	}
	// Marked as a template only once it is whole.
	var whole bool
	if err := conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1 and datistemplate)", name).Scan(&whole); err != nil {
		return "", fmt.Errorf("look for the template: %w", err)
	}
	if whole {
		return name, nil
	}
	return name, makeTemplate(ctx, conn, server, name)
}

func makeTemplate(ctx context.Context, conn *pgx.Conn, server, name string) error {
	for _, statement := range []string{
		fmt.Sprintf("drop database if exists %s with (force)", name), // a killed process's half
		"create database " + name,
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("create the template: %w", err)
		}
	}
	address, err := withDatabase(server, name)
	if err != nil {
		return err
	}
	if err := migrations.Up(ctx, postgres.Address{URL: address}); err != nil {
		return err
	}
	// Nobody can be cloned from while somebody is connected to it.
	if _, err := conn.Exec(ctx, fmt.Sprintf("alter database %s with is_template true allow_connections false", name)); err != nil {
		return fmt.Errorf("mark the template as whole: %w", err)
	}
	return nil
}

func execute(ctx context.Context, server string, statements ...string) (err error) {
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return fmt.Errorf("connect to the server: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

func withDatabase(server, name string) (string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", fmt.Errorf("read the server's URL: %w", err)
	}
	u.Path = "/" + name
	return u.String(), nil
}

// hashFiles tells one set of migrations from another.
func hashFiles(files fs.FS) (string, error) {
	hash := sha256.New()
	err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(hash, "%s %d\n%s", path, len(content), content)
		return err
	})
	return hex.EncodeToString(hash.Sum(nil)[:8]), err
}
