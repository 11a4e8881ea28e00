// Package store keeps Holdfast's state in Postgres: operations and their events,
// passes and their cursors, and the mirrored items. Every query but the one
// generic write of items is generated from queries/*.sql.
package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/holdfast/holdfast/internal/dbsqlc"
)

// Store is safe for concurrent use; one serves a whole process.
type Store struct {
	pool *pgxpool.Pool
	q    *dbsqlc.Queries
}

// New is a store on pool, which the caller closes.
func New(pool *pgxpool.Pool) *Store { return &Store{pool: pool, q: dbsqlc.New()} }

// Open connects to the database at url, with at most maxConns connections. The
// application name tells operators whose connections they see.
func Open(ctx context.Context, url, applicationName string, maxConns int32) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read the database's address: %w", err)
	}
	cfg.MaxConns = maxConns
	cfg.ConnConfig.RuntimeParams["application_name"] = applicationName
	// Each statement is planned when it is executed: a plan that Postgres keeps was
	// made when the table was empty.
	cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	cfg.AfterConnect = bound
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return pool, nil
}

// bound keeps a host that vanished in the middle of a transaction from holding its
// locks until TCP gives up, and whoever waits for a lock from waiting for ever.
func bound(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `set idle_in_transaction_session_timeout = '30s'; set lock_timeout = '15s'; set tcp_keepalives_idle = 30`)
	if err != nil {
		return fmt.Errorf("bound a connection's waits: %w", err)
	}
	return nil
}

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.pool.Ping(ctx); err != nil {
		return fmt.Errorf("reach the database: %w", err)
	}
	return nil
}

// tx runs do in a transaction that is rolled back when do fails.
func (s *Store) tx(ctx context.Context, what string, do func(pgx.Tx) error) error {
	err := pgx.BeginFunc(ctx, s.pool, do)
	return translate(what, err)
}
