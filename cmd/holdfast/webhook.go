package main

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/holdfast/holdfast/internal/connection"
	"github.com/holdfast/holdfast/internal/delivery"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/store"
)

// directory is of the connections that deliveries are sent to: the environment's, and
// those that the database keeps.
type directory struct {
	environment delivery.Connection
	kept        delivery.Directory
}

// Lookup is the connection of that id.
func (d *directory) Lookup(ctx context.Context, id string) (delivery.Connection, bool, error) {
	if id == d.environment.Name {
		return d.environment, true, nil
	}
	if _, err := uuid.Parse(id); err != nil {
		return delivery.Connection{}, false, nil //nolint:nilerr // no id of a connection: there is none
	}
	return d.kept.Lookup(ctx, id)
}

// keptConnections are the connections that the database keeps.
type keptConnections struct{ held *store.Credentials }

// Lookup is the connection of that id, unless it was switched off.
func (k keptConnections) Lookup(ctx context.Context, id string) (c delivery.Connection, ok bool, err error) {
	held, ok, err := k.held.Find(ctx, id)
	if err != nil || !ok || held.State == connection.StateDisabled {
		return c, false, err
	}
	if held.Unreadable != "" {
		return c, false, &operation.Error{Code: operation.CodeUnavailable, Message: held.Unreadable, Err: errors.New("the secrets of connection " + id + " cannot be read")}
	}
	c = delivery.Connection{Name: held.ID, WorkspaceID: held.WorkspaceID}
	for _, secret := range []string{held.Secrets.WebhookSecret, held.Secrets.PreviousWebhookSecret} {
		if secret != "" {
			c.Secrets = append(c.Secrets, secret)
		}
	}
	return c, true, nil
}
