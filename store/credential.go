package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/connection"
	"github.com/holdfast/holdfast/internal/dbsqlc"
)

// Environment is the connection that a process's environment describes.
type Environment struct {
	ID, WorkspaceID string
	BaseURL         string
	Reserve         connection.Reserve
	InFlight        int
	Hook            string
	Secrets         connection.Secrets // never written to the database
}

// Credentials keeps what GitHub is asked with, for those who ask.
type Credentials struct {
	Store       *Store
	Sealer      Sealer      // nil: no secret can be read
	Environment Environment // with secrets where this process has them
	Now         func() time.Time
}

// Connections lists a workspace's connections with their secrets. One whose secrets
// cannot be read says why.
func (c *Credentials) Connections(ctx context.Context, workspaceID string) ([]connection.Held, error) {
	rows, err := c.Store.q.ListConnections(ctx, c.Store.in(workspaceID), workspaceID)
	if err != nil {
		return nil, translate("list connections", err)
	}
	secrets, err := c.Store.q.ListConnectionSecrets(ctx, c.Store.in(workspaceID), dbsqlc.ListConnectionSecretsParams{WorkspaceID: workspaceID})
	if err != nil {
		return nil, translate("list connections' secrets", err)
	}
	held := make([]connection.Held, len(rows))
	for i, row := range rows {
		held[i] = c.open(row, secrets)
	}
	return held, nil
}

// Find is a connection of any workspace with its secrets. ok is false where there is none.
func (c *Credentials) Find(ctx context.Context, id string) (held connection.Held, ok bool, err error) {
	workspaceID, err := c.workspaceOf(ctx, id)
	if err != nil || workspaceID == "" {
		return held, false, err
	}
	row, err := c.Store.q.GetConnection(ctx, c.Store.in(workspaceID), dbsqlc.GetConnectionParams{WorkspaceID: workspaceID, ID: id})
	if errors.Is(err, pgx.ErrNoRows) {
		return held, false, nil // it was deleted meanwhile
	}
	if err != nil {
		return held, false, translate("find a connection", err)
	}
	arg := dbsqlc.ListConnectionSecretsParams{WorkspaceID: workspaceID, ID: id}
	secrets, err := c.Store.q.ListConnectionSecrets(ctx, c.Store.in(workspaceID), arg)
	if err != nil {
		return held, false, translate("list a connection's secrets", err)
	}
	return c.open(row, secrets), true, nil
}

// workspaceOf is the workspace of a connection; empty: there is no such connection.
func (c *Credentials) workspaceOf(ctx context.Context, id string) (string, error) {
	workspaceID, err := c.Store.q.ConnectionWorkspace(ctx, c.Store.pool, id)
	return workspaceID, translate("find a connection's workspace", err)
}

// open is a row with its secrets, which are among those given.
func (c *Credentials) open(row dbsqlc.Connection, secrets []dbsqlc.ConnectionSecret) connection.Held {
	has := map[string]bool{}
	held := connection.Held{}
	for _, s := range secrets {
		if s.ConnectionID != row.ID {
			continue
		}
		has[s.Field] = true
		if c.Sealer == nil {
			held.Unreadable = unsealable
			continue
		}
		text, err := c.Sealer.Decrypt(s.Sealed, binding(row.WorkspaceID, row.ID, s.Field))
		if err != nil {
			held.Unreadable = "HOLDFAST_SECRETS_KEYSET has no key that its secrets can be read with."
			continue
		}
		held.Secrets.Set(s.Field, string(text))
	}
	held.Connection = toConnection(row, has)
	if row.Source != sourceAPI {
		held.Secrets = c.Environment.Secrets
		held.Webhook.HasSecret = held.Secrets.WebhookSecret != ""
		if held.Kind == connection.KindToken && held.Secrets.Token == "" {
			held.Unreadable = "Its token is in the environment of the workers, and not of this process."
		}
	}
	return held
}

// Describe writes the environment's connection for everybody to see, without its
// secrets. Another one's kind of GitHub switches it off.
func (c *Credentials) Describe(ctx context.Context) error {
	e := c.Environment
	arg := dbsqlc.PutEnvironmentConnectionParams{
		ID: e.ID, WorkspaceID: e.WorkspaceID, Kind: string(connection.KindAnonymous), BaseUrl: e.BaseURL,
		ReservePercent: e.Reserve.Percent, ReserveRequests: e.Reserve.Requests,
		InFlight: int32(e.InFlight), Hook: e.Hook, State: string(connection.StateUnchecked), //nolint:gosec // at most 100
	}
	if e.Secrets.Token != "" {
		arg.Kind = string(connection.KindToken)
		hash := sha256.Sum256([]byte("holdfast token " + e.Secrets.Token))
		arg.Fingerprint = hash[:8]
	}
	return c.Store.tx(ctx, e.WorkspaceID, "describe the environment's connection", func(tx pgx.Tx) error {
		if err := c.Store.q.LockWorkspaceConnections(ctx, tx, e.WorkspaceID); err != nil {
			return err
		}
		others, err := c.Store.q.OtherGitHubs(ctx, tx, dbsqlc.OtherGitHubsParams{WorkspaceID: e.WorkspaceID, ID: e.ID, BaseUrl: e.BaseURL})
		if err != nil {
			return err
		}
		if len(others) > 0 {
			arg.State, arg.StateReason = string(connection.StateDisabled), "The workspace mirrors "+others[0]+", and one workspace mirrors one GitHub."
		}
		return c.Store.q.PutEnvironmentConnection(ctx, tx, arg)
	})
}

// Accept notes that GitHub accepts a connection's credential, and whose it is. Of a
// connection that was changed since that version nothing is noted.
func (c *Credentials) Accept(ctx context.Context, id string, version int64, account, login string) error {
	workspaceID, err := c.workspaceOf(ctx, id)
	if err != nil || workspaceID == "" {
		return err
	}
	err = c.Store.q.AcceptConnection(ctx, c.Store.in(workspaceID), dbsqlc.AcceptConnectionParams{ID: id, Version: version, Account: account, Login: login})
	return translate("note that a credential is accepted", err)
}

// Refuse notes that GitHub does not accept a connection's credential, with a sentence for
// people. Of a connection that was changed since that version nothing is noted.
func (c *Credentials) Refuse(ctx context.Context, id string, version int64, reason string) error {
	workspaceID, err := c.workspaceOf(ctx, id)
	if err != nil || workspaceID == "" {
		return err
	}
	err = c.Store.q.RefuseConnection(ctx, c.Store.in(workspaceID), dbsqlc.RefuseConnectionParams{ID: id, Version: version, Reason: reason})
	return translate("note that a credential is refused", err)
}

// Look tells one of all processes, once in a while, to try a refused credential again.
func (c *Credentials) Look(ctx context.Context, id string, version int64, every time.Duration) (bool, error) {
	workspaceID, err := c.workspaceOf(ctx, id)
	if err != nil || workspaceID == "" {
		return false, err
	}
	n, err := c.Store.q.LookAtConnection(ctx, c.Store.in(workspaceID), dbsqlc.LookAtConnectionParams{ID: id, Version: version, Every: every})
	return n > 0, translate("look at a refused credential again", err)
}
