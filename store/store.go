// Package store keeps Holdfast's state in Postgres: operations and their events,
// passes and their cursors, and the mirrored items. Every query but the one
// generic write of items is generated from queries/*.sql.
package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/dbsqlc"
	"github.com/holdfast/holdfast/internal/postgres"
)

// Store is safe for concurrent use; one serves a whole process.
type Store struct {
	pool        *pgxpool.Pool
	q           *dbsqlc.Queries
	transitions transitions
	collections *collection.Registry
	// ofOrganizations are the collections of organizations, whose numbers may be those
	// of repositories.
	ofOrganizations []string
}

// New is a store on pool, which the caller closes.
func New(pool *pgxpool.Pool) *Store {
	collections := collection.NewRegistry()
	return &Store{
		pool: pool, q: dbsqlc.New(), collections: collections,
		ofOrganizations: collections.Expand(collection.ScopeOrganization, []string{collection.PresetAll}),
	}
}

// Option changes how Open connects.
type Option func(*pgxpool.Config)

// WithTracer has t see every statement; nil: nobody does.
func WithTracer(t pgx.QueryTracer) Option {
	return func(c *pgxpool.Config) { c.ConnConfig.Tracer = t }
}

// What a pool does so that a fail-over of the database is over for it as soon as it
// is for the database: connections do not grow old, and idle ones are looked at.
const (
	idleTime    = 5 * time.Minute
	checkPeriod = 30 * time.Second
	// jitterShare of a connection's lifetime is random, so that a fleet does not
	// connect anew all at once.
	jitterShare = 10
)

// WithLifetime closes connections that are older than d; an hour without it.
func WithLifetime(d time.Duration) Option {
	return func(c *pgxpool.Config) { c.MaxConnLifetime, c.MaxConnLifetimeJitter = d, d/jitterShare }
}

// Open connects to the database at address, with at most maxConns connections. The
// application name tells operators whose connections they see.
func Open(ctx context.Context, address postgres.Address, applicationName string, maxConns int32, options ...Option) (*pgxpool.Pool, error) {
	cfg, err := address.PoolConfig()
	if err != nil {
		return nil, err
	}
	cfg.MaxConns, cfg.MaxConnIdleTime, cfg.HealthCheckPeriod = maxConns, idleTime, checkPeriod
	cfg.ConnConfig.RuntimeParams["application_name"] = applicationName
	// Each statement is planned when it is executed: a plan that Postgres keeps was
	// made when the table was empty.
	cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	cfg.AfterConnect = bound
	for _, option := range options {
		option(cfg)
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return pool, nil
}

// bound keeps a host that vanished in the middle of a transaction from holding its
// locks until TCP gives up, and whoever waits for a lock from waiting for ever.
func bound(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `set role `+postgres.Role+`; set idle_in_transaction_session_timeout = '30s'; set lock_timeout = '15s'; set tcp_keepalives_idle = 30; `+preferLZ4)
	if err != nil {
		return fmt.Errorf("become %s and bound a connection's waits: %w", postgres.Role, err)
	}
	return nil
}

// preferLZ4 compresses large values with lz4 where the server was built with it. It
// takes less of Postgres' time than its own pglz (ARCHITECTURE.md has the figures).
const preferLZ4 = `select set_config('default_toast_compression', 'lz4', false)
	from pg_settings where name = 'default_toast_compression' and 'lz4' = any (enumvals)`

// Ping tells whether the database answers, and is migrated.
func (s *Store) Ping(ctx context.Context) error {
	isolated, err := s.q.Isolated(ctx, s.pool)
	if err != nil {
		return fmt.Errorf("reach the database: %w", postgres.Explain(err))
	}
	if !isolated {
		return errors.New("the database was restored without the owners of its views: run holdfast migrate up")
	}
	return nil
}
