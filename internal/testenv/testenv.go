// Package testenv gives tests the real services they run on: a Postgres database, a
// Redis and a Temporal namespace of each test's own. Only tests import it.
//
// Under `make test` the services run already, and their addresses stand in
//
//	HOLDFAST_TEST_DATABASE_URL      a superuser's, to any database of the server
//	HOLDFAST_TEST_REDIS_URL
//	HOLDFAST_TEST_TEMPORAL_ADDRESS
//	HOLDFAST_TEST_GITHUB_OPENAPI    the path of GitHub's description of its API
//	HOLDFAST_TEST_GITHUB_SCHEMA     the path of GitHub's GraphQL schema
//
// A package that is tested alone, as in `go test ./store`, starts the Postgres and
// the Redis that it needs itself, once per test process. They die with the process;
// a package that calls [Main] also removes their files at once, and otherwise the
// next start does. Temporal is too heavy for that: without an address its tests skip.
// GitHub's descriptions are taken from the user's cache, or fetched from npm into it.
//
// With HOLDFAST_TEST_REQUIRE=1 nothing is started and nothing is skipped: a service
// without an address fails the test that asks for it.
package testenv

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast/holdfast/internal/localservice"
	"github.com/holdfast/holdfast/internal/localservice/temporalnamespace"
)

// The environment that this package reads.
const (
	databaseVariable = "HOLDFAST_TEST_DATABASE_URL"
	redisVariable    = "HOLDFAST_TEST_REDIS_URL"
	temporalVariable = "HOLDFAST_TEST_TEMPORAL_ADDRESS"
	openAPIVariable  = "HOLDFAST_TEST_GITHUB_OPENAPI"
	schemaVariable   = "HOLDFAST_TEST_GITHUB_SCHEMA"
	requireVariable  = "HOLDFAST_TEST_REQUIRE"
)

// timeZone of test databases is not UTC and half an hour off, so that a time that
// lost its zone is wrong wherever a test looks.
const timeZone = "America/St_Johns"

// setupTimeout bounds each step of a test's set-up and cleanup.
const setupTimeout = 2 * time.Minute

// services are those that this process started: the one state that tests of a
// process share, since a server for each would take longer than the tests.
var services struct {
	sync.Mutex
	dir      *localservice.Dir
	postgres *localservice.Postgres
	redis    *localservice.Redis
}

// Main runs a package's tests and then stops what was started for them. It is all
// that a TestMain needs to do.
func Main(m *testing.M) {
	code := m.Run()
	if err := stopServices(); err != nil {
		fmt.Fprintln(os.Stderr, "testenv:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// Temporal is the address of a Temporal server and a namespace that is the test's
// own, with Holdfast's search attributes.
func Temporal(t testing.TB) (address, namespace string) {
	t.Helper()
	address = os.Getenv(temporalVariable)
	if address == "" {
		if required() {
			t.Fatalf("%s is not set", temporalVariable)
		}
		t.Skipf("%s is not set: run `make test`", temporalVariable)
	}
	namespace = "test-" + randomName()
	if err := temporalnamespace.Ensure(setupContext(t), address, namespace); err != nil {
		t.Fatalf("make a Temporal namespace: %v", err)
	}
	return address, namespace
}

func required() bool { return os.Getenv(requireVariable) == "1" }

// serverURL is the address in the variable or else of the server that start starts.
func serverURL(t testing.TB, variable string, start func(context.Context) (string, error)) string {
	t.Helper()
	if url := os.Getenv(variable); url != "" {
		return url
	}
	if required() {
		t.Fatalf("%s is not set", variable)
	}
	services.Lock()
	defer services.Unlock()
	url, err := start(setupContext(t))
	if err != nil {
		t.Fatalf("%s is not set, and starting a server failed: %v", variable, err)
	}
	return url
}

func startPostgres(ctx context.Context) (string, error) {
	if services.postgres == nil {
		dir, err := serviceDir()
		if err != nil {
			return "", err
		}
		services.postgres, err = localservice.StartPostgres(ctx, localservice.PostgresOptions{
			Dir: filepath.Join(dir, "postgres"), Throwaway: true, TimeZone: timeZone, Log: logger(),
		})
		if err != nil {
			return "", err
		}
	}
	return services.postgres.URL("postgres"), nil
}

func startRedis(ctx context.Context) (string, error) {
	if services.redis == nil {
		dir, err := serviceDir()
		if err != nil {
			return "", err
		}
		services.redis, err = localservice.StartRedis(ctx, localservice.RedisOptions{
			Dir: filepath.Join(dir, "redis"), Log: logger(),
		})
		if err != nil {
			return "", err
		}
	}
	return services.redis.URL(), nil
}

func serviceDir() (string, error) {
	if services.dir == nil {
		dir, err := localservice.MemoryDir()
		if err != nil {
			return "", err
		}
		services.dir = dir
	}
	return services.dir.Path, nil
}

func stopServices() error {
	services.Lock()
	defer services.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), setupTimeout)
	defer cancel()
	var errs []error
	if services.postgres != nil {
		errs = append(errs, services.postgres.Stop(ctx))
	}
	if services.redis != nil {
		errs = append(errs, services.redis.Stop(ctx))
	}
	if services.dir != nil {
		errs = append(errs, services.dir.Remove())
	}
	services.postgres, services.redis, services.dir = nil, nil, nil
	return errors.Join(errs...)
}

func logger() *slog.Logger { return slog.New(slog.NewTextHandler(os.Stderr, nil)) }

// setupContext lives on in cleanups, where the test's own context has ended.
func setupContext(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), setupTimeout)
	t.Cleanup(cancel)
	return ctx
}

// randomName is unique and fits into names of databases and namespaces.
func randomName() string { return strings.ToLower(rand.Text()[:16]) }
