package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/connection"
	"github.com/holdfast/holdfast/internal/dbsqlc"
	"github.com/holdfast/holdfast/internal/operation"
)

// mostConnections bounds the connections of a workspace.
const mostConnections = 100

// Connections keeps the connections of workspaces, for those who administer them.
type Connections struct {
	Store  *Store
	Sealer Sealer // nil: no secret can be kept
}

// Connections lists a workspace's connections by name.
func (c *Connections) Connections(ctx context.Context, workspaceID string) ([]connection.Connection, error) {
	rows, err := c.Store.q.ListConnections(ctx, c.Store.in(workspaceID), workspaceID)
	if err != nil {
		return nil, translate("list connections", err)
	}
	secrets, err := c.secretsOf(ctx, c.Store.in(workspaceID), workspaceID, "")
	if err != nil {
		return nil, err
	}
	all := make([]connection.Connection, len(rows))
	for i, row := range rows {
		all[i] = toConnection(row, secrets[row.ID])
	}
	return all, nil
}

// Connection is one connection. CodeNotFound.
func (c *Connections) Connection(ctx context.Context, workspaceID, id string) (connection.Connection, error) {
	row, err := c.Store.q.GetConnection(ctx, c.Store.in(workspaceID), dbsqlc.GetConnectionParams{WorkspaceID: workspaceID, ID: id})
	if err != nil {
		return connection.Connection{}, translate("read a connection", err)
	}
	return c.complete(ctx, c.Store.in(workspaceID), row)
}

// CreateConnection makes a connection. CodeConflict: its name is taken, the workspace
// mirrors another GitHub, it has too many connections, or secrets cannot be kept.
func (c *Connections) CreateConnection(ctx context.Context, n connection.New) (made connection.Connection, err error) {
	secrets, err := seal(c.Sealer, n.WorkspaceID, n.ID, n.Secrets)
	if err != nil {
		return made, err
	}
	err = c.Store.tx(ctx, n.WorkspaceID, "make a connection", func(tx pgx.Tx) error {
		if err := c.admit(ctx, tx, n); err != nil {
			return err
		}
		row, err := c.Store.q.InsertConnection(ctx, tx, dbsqlc.InsertConnectionParams{
			ID: n.ID, WorkspaceID: n.WorkspaceID, Name: n.Name, Kind: string(n.Kind), BaseUrl: n.BaseURL,
			Repositories: patterns(n.Repositories), AppID: n.AppID, InstallationID: n.InstallationID,
			ReservePercent: n.Reserve.Percent, ReserveRequests: n.Reserve.Requests,
			InFlight: int32(n.InFlight), Hook: n.Hook, //nolint:gosec // at most 100
			Accepted: n.Accepted, Account: n.Account, Login: n.Login,
		})
		if err != nil {
			return err
		}
		if err := c.putSecrets(ctx, tx, n.ID, secrets); err != nil {
			return err
		}
		made, err = c.complete(ctx, tx, row)
		return err
	})
	return made, err
}

// AdmitConnection fails as CreateConnection would now, and makes nothing: nobody should
// ask GitHub about what cannot be kept.
func (c *Connections) AdmitConnection(ctx context.Context, n connection.New) error {
	if _, err := seal(c.Sealer, n.WorkspaceID, n.ID, n.Secrets); err != nil {
		return err
	}
	return c.Store.tx(ctx, n.WorkspaceID, "admit a connection", func(tx pgx.Tx) error { return c.admit(ctx, tx, n) })
}

// admit refuses a connection that the workspace cannot have. Who is admitted is alone
// until the transaction ends.
func (c *Connections) admit(ctx context.Context, tx pgx.Tx, n connection.New) error {
	if err := c.freeName(ctx, tx, n.WorkspaceID, n.ID, n.Name); err != nil {
		return err
	}
	count, err := c.Store.q.CountConnections(ctx, tx, n.WorkspaceID)
	if err != nil {
		return err
	}
	if count >= mostConnections {
		return operation.Conflict("The workspace has as many connections as it may have.")
	}
	others, err := c.Store.q.OtherGitHubs(ctx, tx, dbsqlc.OtherGitHubsParams{WorkspaceID: n.WorkspaceID, ID: n.ID, BaseUrl: n.BaseURL})
	if err != nil {
		return err
	}
	if len(others) > 0 {
		return operation.Conflict("The workspace mirrors " + others[0] + ", and one workspace mirrors one GitHub.")
	}
	return nil
}

// freeName refuses a name that another connection of the workspace has. Whoever may have
// it is alone until the transaction ends.
func (c *Connections) freeName(ctx context.Context, tx pgx.Tx, workspaceID, id, name string) error {
	if err := c.Store.q.LockWorkspaceConnections(ctx, tx, workspaceID); err != nil {
		return err
	}
	taken, err := c.Store.q.NameTaken(ctx, tx, dbsqlc.NameTakenParams{WorkspaceID: workspaceID, Name: name, ID: id})
	if err != nil {
		return err
	}
	if taken {
		return operation.Conflict("The workspace has a connection of this name.")
	}
	return nil
}

// ChangeConnection changes a connection. One whose credential was changed is unchecked
// again. CodeNotFound; CodeConflict: the environment describes it, or the name is taken.
func (c *Connections) ChangeConnection(ctx context.Context, workspaceID, id string, change connection.Change) (changed connection.Connection, err error) {
	secrets, err := seal(c.Sealer, workspaceID, id, change.Secrets)
	if err != nil {
		return changed, err
	}
	err = c.Store.tx(ctx, workspaceID, "change a connection", func(tx pgx.Tx) error {
		if change.Name != nil {
			if err := c.freeName(ctx, tx, workspaceID, id, *change.Name); err != nil {
				return err
			}
		}
		row, err := c.Store.q.LockConnection(ctx, tx, dbsqlc.LockConnectionParams{WorkspaceID: workspaceID, ID: id})
		if err != nil {
			return err
		}
		if row.Source != sourceAPI {
			return operation.Conflict("The environment of the workers describes this connection: change it there.")
		}
		if change.IfVersion != 0 && change.IfVersion != row.Version {
			return operation.Changed("Somebody has changed the connection meanwhile. Read it again.")
		}
		arg := updateOf(row, change)
		if row, err = c.Store.q.UpdateConnection(ctx, tx, arg); err != nil {
			return err
		}
		if err := c.changeSecrets(ctx, tx, id, secrets, change, arg.Renewed); err != nil {
			return err
		}
		changed, err = c.complete(ctx, tx, row)
		return err
	})
	return changed, err
}

// changeSecrets puts and drops secrets. A token that was made with another key goes.
func (c *Connections) changeSecrets(ctx context.Context, tx pgx.Tx, id string, secrets sealed, change connection.Change, renewed bool) error {
	var dropped []string
	if change.WithoutWebhookSecret {
		dropped = append(dropped, connection.FieldWebhookSecret, connection.FieldPreviousWebhookSecret)
	}
	if change.WithoutPreviousWebhookSecret {
		dropped = append(dropped, connection.FieldPreviousWebhookSecret)
	}
	if len(dropped) > 0 {
		err := c.Store.q.DeleteConnectionSecrets(ctx, tx, dbsqlc.DeleteConnectionSecretsParams{ConnectionID: id, Fields: dropped})
		if err != nil {
			return err
		}
	}
	if renewed {
		if err := c.Store.q.DropConnectionToken(ctx, tx, id); err != nil {
			return err
		}
	}
	return c.putSecrets(ctx, tx, id, secrets)
}

// updateOf is a row with what is to be different.
func updateOf(row dbsqlc.Connection, change connection.Change) dbsqlc.UpdateConnectionParams {
	arg := dbsqlc.UpdateConnectionParams{
		WorkspaceID: row.WorkspaceID, ID: row.ID, Name: row.Name, Repositories: row.Repositories, InstallationID: row.InstallationID,
		ReservePercent: row.ReservePercent, ReserveRequests: row.ReserveRequests, InFlight: row.InFlight, Hook: row.Hook,
		State: row.State, StateReason: row.StateReason,
		Renewed: change.Secrets.Token != "" || change.Secrets.PrivateKey != "" || change.InstallationID != nil,
	}
	set(&arg.Name, change.Name)
	set(&arg.InstallationID, change.InstallationID)
	set(&arg.Hook, change.Hook)
	if change.Repositories != nil {
		arg.Repositories = patterns(*change.Repositories)
	}
	if change.Reserve != nil {
		arg.ReservePercent, arg.ReserveRequests = change.Reserve.Percent, change.Reserve.Requests
	}
	if change.InFlight != nil {
		arg.InFlight = int32(*change.InFlight) //nolint:gosec // at most 100
	}
	disabled := row.State == string(connection.StateDisabled)
	set(&disabled, change.Disabled)
	switch {
	case disabled:
		arg.State, arg.StateReason = string(connection.StateDisabled), "It was switched off."
	case arg.Renewed || row.State == string(connection.StateDisabled):
		arg.State, arg.StateReason = string(connection.StateUnchecked), ""
	}
	return arg
}

func set[T any](v, to *T) {
	if to != nil {
		*v = *to
	}
}

// DeleteConnection deletes a connection with its secrets. CodeNotFound; CodeConflict:
// the environment describes it.
func (c *Connections) DeleteConnection(ctx context.Context, workspaceID, id string) error {
	n, err := c.Store.q.DeleteConnection(ctx, c.Store.in(workspaceID), dbsqlc.DeleteConnectionParams{WorkspaceID: workspaceID, ID: id})
	if err != nil {
		return translate("delete a connection", err)
	}
	if n > 0 {
		return nil
	}
	if _, err := c.Connection(ctx, workspaceID, id); err != nil {
		return err
	}
	return operation.Conflict("The environment of the workers describes this connection: it goes when they have none.")
}

func (c *Connections) putSecrets(ctx context.Context, db dbsqlc.DBTX, id string, secrets sealed) error {
	if len(secrets.fields) == 0 {
		return nil
	}
	return c.Store.q.PutConnectionSecrets(ctx, db, dbsqlc.PutConnectionSecretsParams{
		ConnectionID: id, Fields: secrets.fields, Sealed: secrets.values, KeyID: int64(c.Sealer.Primary()),
	})
}

// complete is a row with what is known of its secrets.
func (c *Connections) complete(ctx context.Context, db dbsqlc.DBTX, row dbsqlc.Connection) (connection.Connection, error) {
	secrets, err := c.secretsOf(ctx, db, row.WorkspaceID, row.ID)
	return toConnection(row, secrets[row.ID]), err
}

// secretsOf tells which secrets connections have.
func (c *Connections) secretsOf(ctx context.Context, db dbsqlc.DBTX, workspaceID, id string) (map[string]map[string]bool, error) {
	rows, err := c.Store.q.ListConnectionSecrets(ctx, db, dbsqlc.ListConnectionSecretsParams{WorkspaceID: workspaceID, ID: id})
	if err != nil {
		return nil, translate("list which secrets connections have", err)
	}
	has := map[string]map[string]bool{}
	for _, row := range rows {
		if has[row.ConnectionID] == nil {
			has[row.ConnectionID] = map[string]bool{}
		}
		has[row.ConnectionID][row.Field] = true
	}
	return has, nil
}

// sourceAPI is the source of what was made through the API.
const sourceAPI = "api"

// patterns are never NULL.
func patterns(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func toConnection(row dbsqlc.Connection, secrets map[string]bool) connection.Connection {
	return connection.Connection{
		ID: row.ID, WorkspaceID: row.WorkspaceID, Name: row.Name, Kind: connection.Kind(row.Kind), Source: row.Source,
		BaseURL: row.BaseUrl, Repositories: row.Repositories, AppID: row.AppID, InstallationID: row.InstallationID,
		Reserve:  connection.Reserve{Percent: row.ReservePercent, Requests: row.ReserveRequests},
		InFlight: int(row.InFlight), Account: row.Account, Login: row.Login,
		State: connection.State(row.State), StateReason: row.StateReason, StateSince: row.StateSince, CheckedAt: row.CheckedAt,
		Webhook: connection.Webhook{Hook: row.Hook, HasSecret: secrets[connection.FieldWebhookSecret]},
		Version: row.Version, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
}

// errNoConnection is what a token is asked for that belongs to nothing.
var errNoConnection = errors.New("there is no such connection")
