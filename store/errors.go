package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/postgres"
)

// Errors that callers decide on.
var (
	// ErrStaleFence says that another worker took the pass: this one must stop,
	// nothing of its page was written.
	ErrStaleFence = errors.New("another worker has taken this pass")
	// ErrNotRunning says that the operation may not work any more: it was
	// cancelled or has ended. Nothing was written.
	ErrNotRunning = errors.New("the operation is not running")
	// ErrNoWorkspace says that the workspace for which something was to be written
	// does not exist. It comes with operation.CodeForbidden: only a token names a
	// workspace, and one that was issued for another server is good for nothing here.
	ErrNoWorkspace = errors.New("the workspace does not exist")
)

// HeldError says that another operation's pass over the collection is running.
type HeldError struct{ Holder string }

func (e *HeldError) Error() string {
	return "operation " + e.Holder + " is reading this collection"
}

// translate turns the driver's errors into the domain's, once.
func translate(what string, err error) error {
	if err == nil {
		return nil
	}
	var domain *operation.Error
	var held *HeldError
	switch {
	case errors.As(err, &domain), errors.As(err, &held),
		errors.Is(err, ErrStaleFence), errors.Is(err, ErrNotRunning), errors.Is(err, ErrMirrorDiffers),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w", what, err)
	case errors.Is(err, pgx.ErrNoRows):
		return &operation.Error{Code: operation.CodeNotFound, Message: "There is no such thing in this workspace.", Err: fmt.Errorf("%s: %w", what, err)}
	}
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && !unavailable(pgErr.Code) {
		switch {
		case pgErr.Code == invalidText:
			return &operation.Error{Code: operation.CodeNotFound, Message: "There is no such thing in this workspace.", Err: fmt.Errorf("%s: %w", what, err)}
		case pgErr.Code == foreignKey && strings.HasSuffix(pgErr.ConstraintName, workspaceKey):
			return &operation.Error{
				Code: operation.CodeForbidden, Message: "The token is for a workspace that this server does not have.",
				Err: fmt.Errorf("%s: %w: %w", what, ErrNoWorkspace, err),
			}
		}
		return fmt.Errorf("%s: %w", what, err)
	}
	return &operation.Error{Code: operation.CodeUnavailable, Message: "The database cannot be reached. Try again shortly.", Err: fmt.Errorf("%s: %w", what, postgres.Explain(err))}
}

const (
	// invalidText is what Postgres answers to an id that is no UUID.
	invalidText = "22P02"
	// foreignKey is what it answers to a reference to what does not exist; workspaceKey
	// ends the names of the references to a workspace.
	foreignKey   = "23503"
	workspaceKey = "_workspace_id_fkey"
)

// unavailable tells the SQLSTATE classes that pass by themselves: connection
// exceptions, sessions that were idle in a transaction for too long, insufficient
// resources, locks not had in time, operator intervention (PostgreSQL manual,
// appendix A).
func unavailable(sqlstate string) bool {
	switch sqlstate[:2] {
	case "08", "25", "53", "55", "57":
		return true
	default:
		return false
	}
}

// unstorable tells whether Postgres refused a value for what it holds: data
// exceptions and exceeded program limits.
func unstorable(err error) bool {
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) {
		return false
	}
	return pgErr.Code[:2] == "22" || pgErr.Code[:2] == "54"
}
