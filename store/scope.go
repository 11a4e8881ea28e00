package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/holdfast/holdfast/internal/dbsqlc"
)

// Row-level security shows a transaction the rows of the workspace that it has set, and
// none where it has set none. So every statement goes through a scope: [Store.in] for one
// statement, [Store.tx] and [Store.snapshot] for several.

// setWorkspace says whose rows the transaction sees.
const setWorkspace = `select set_config('holdfast.workspace', $1, true)`

// scoped runs single statements, each in a transaction of its own. The workspace is set
// in the same round trip: one after the other they would take twice as long.
type scoped struct {
	pool      *pgxpool.Pool
	workspace string
}

var _ dbsqlc.DBTX = scoped{}

// in is where the statements about a workspace run.
func (s *Store) in(workspaceID string) scoped { return scoped{s.pool, workspaceID} }

// send sends a statement and reads the answer to what comes before it.
func (s scoped) send(ctx context.Context, sql string, args []any) (pgx.BatchResults, error) {
	var batch pgx.Batch
	batch.Queue(setWorkspace, s.workspace)
	batch.Queue(sql, args...)
	results := s.pool.SendBatch(ctx, &batch)
	if _, err := results.Exec(); err != nil {
		return nil, errors.Join(err, results.Close())
	}
	return results, nil
}

// Exec runs a statement.
func (s scoped) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	results, err := s.send(ctx, sql, args)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	tag, err := results.Exec()
	if closeErr := results.Close(); err == nil {
		err = closeErr
	}
	return tag, err
}

// Query runs a query. Its rows must be closed.
func (s scoped) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	results, err := s.send(ctx, sql, args)
	if err != nil {
		return nil, err
	}
	rows, err := results.Query()
	if err != nil {
		return nil, errors.Join(err, results.Close())
	}
	return &scopedRows{Rows: rows, results: results}, nil
}

// QueryRow runs a query that yields one row.
func (s scoped) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := s.Query(ctx, sql, args...)
	return scopedRow{rows, err}
}

// scopedRows are rows that let go of the connection when they are closed.
type scopedRows struct {
	pgx.Rows
	results pgx.BatchResults
	closed  bool
	err     error // of the end of the transaction
}

// Next moves on to the next row, and closes the rows behind the last one.
func (r *scopedRows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.Close()
	return false
}

// Close ends the transaction.
func (r *scopedRows) Close() {
	if r.closed {
		return
	}
	r.closed = true
	r.Rows.Close()
	r.err = r.results.Close()
}

// Err is what went wrong.
func (r *scopedRows) Err() error {
	if err := r.Rows.Err(); err != nil {
		return err
	}
	return r.err
}

type scopedRow struct {
	rows pgx.Rows
	err  error
}

// Scan reads the one row.
func (r scopedRow) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	defer r.rows.Close()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return pgx.ErrNoRows
	}
	if err := r.rows.Scan(dest...); err != nil {
		return err
	}
	r.rows.Close()
	return r.rows.Err()
}

// tx runs do in a transaction about a workspace, which is rolled back when do fails.
func (s *Store) tx(ctx context.Context, workspaceID, what string, do func(pgx.Tx) error) error {
	return s.begin(ctx, "begin", workspaceID, what, do)
}

// snapshot runs do, which only reads, with all that it reads of one moment.
func (s *Store) snapshot(ctx context.Context, workspaceID, what string, do func(pgx.Tx) error) error {
	return s.begin(ctx, "begin isolation level repeatable read read only", workspaceID, what, do)
}

// begin sets the workspace in the round trip that begins the transaction. Statements
// without arguments can be sent together only as text.
func (s *Store) begin(ctx context.Context, begin, workspaceID, what string, do func(pgx.Tx) error) error {
	id, err := uuid.Parse(workspaceID)
	if err != nil {
		return fmt.Errorf("%s: the workspace %q: %w", what, workspaceID, err)
	}
	options := pgx.TxOptions{BeginQuery: begin + `; select set_config('holdfast.workspace', '` + id.String() + `', true)`}
	return translate(what, pgx.BeginTxFunc(ctx, s.pool, options, do))
}

// across runs do in a transaction that sees no workspace's rows, but what the views and
// functions show that look across workspaces.
func (s *Store) across(ctx context.Context, what string, do func(pgx.Tx) error) error {
	return translate(what, pgx.BeginFunc(ctx, s.pool, do))
}
