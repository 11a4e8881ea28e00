package api

import (
	"context"

	"github.com/holdfast/holdfast/internal/connection"
	"github.com/holdfast/holdfast/internal/operation"
)

// ConnectionStore keeps the connections of workspaces, with their secrets encrypted.
type ConnectionStore interface {
	// Connections lists all connections of a workspace, by name.
	Connections(ctx context.Context, workspaceID string) ([]connection.Connection, error)
	// Connection is one connection. CodeNotFound.
	Connection(ctx context.Context, workspaceID, id string) (connection.Connection, error)
	// AdmitConnection fails as CreateConnection would now, and keeps nothing.
	AdmitConnection(ctx context.Context, n connection.New) error
	// CreateConnection keeps a new connection. CodeConflict when its name is
	// taken, the workspace's connections have another base URL, or this server has nothing
	// to encrypt secrets with.
	CreateConnection(ctx context.Context, n connection.New) (connection.Connection, error)
	// ChangeConnection changes a connection; with a new secret it is unchecked again.
	// CodeNotFound; CodeConflict as above, and for the environment's.
	ChangeConnection(ctx context.Context, workspaceID, id string, c connection.Change) (connection.Connection, error)
	// DeleteConnection forgets a connection and its secrets. CodeNotFound; CodeConflict for
	// the environment's.
	DeleteConnection(ctx context.Context, workspaceID, id string) error
}

// KeyStore keeps the keys of the API by their hashes.
type KeyStore interface {
	// CreateAPIKey keeps a new key. CodeConflict when a key has its name, or the workspace
	// has too many.
	CreateAPIKey(ctx context.Context, n operation.NewAPIKey) (operation.APIKey, error)
	// APIKeys lists a workspace's keys by name, those that were revoked last.
	APIKeys(ctx context.Context, workspaceID string) ([]operation.APIKey, error)
	// APIKey is one key. CodeNotFound.
	APIKey(ctx context.Context, workspaceID, id string) (operation.APIKey, error)
	// RevokeAPIKey has a key be refused from now on, or finds that it is. CodeNotFound.
	RevokeAPIKey(ctx context.Context, workspaceID, id, by string) (operation.APIKey, error)
	// FindAPIKey is what the key with that hash stands for, of whichever workspace, and
	// notes that it was used. ok is false where there is none.
	FindAPIKey(ctx context.Context, hash []byte) (key operation.KnownKey, ok bool, err error)
}

// AuditStore keeps who asked for what. Nothing in it is ever changed.
type AuditStore interface {
	// RecordAudit keeps an event.
	RecordAudit(ctx context.Context, e operation.AuditEvent) error
	// RecordAuditOutcome keeps how its request was answered.
	RecordAuditOutcome(ctx context.Context, workspaceID, id string, status int, location string) error
	// AuditEvents lists a page, newest first, and the cursor of the next page, empty after
	// the last. CodeInvalid for a cursor that it did not make.
	AuditEvents(ctx context.Context, workspaceID string, f operation.AuditFilter) ([]operation.AuditEvent, string, error)
}

// ConnectionChecker asks GitHub about connections.
type ConnectionChecker interface {
	// Check asks GitHub about a connection now, and notes what it says. That GitHub refuses
	// the credential, or cannot be asked, is no error. CodeNotFound.
	Check(ctx context.Context, workspaceID, id string) (connection.Check, error)
	// CheckNew asks GitHub the same about a connection that nobody keeps yet.
	CheckNew(ctx context.Context, n connection.New) (connection.Check, error)
}

// Budgets knows how the accounts stand that GitHub's limits are counted on.
type Budgets interface {
	// Budgets are those of a workspace's connections. CodeUnavailable.
	Budgets(ctx context.Context, workspaceID string) ([]connection.Budget, error)
}
