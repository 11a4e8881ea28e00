package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/dbsqlc"
)

// resealedAtOnce is how many secrets are encrypted anew in one transaction.
const resealedAtOnce = 100

// Reseal encrypts secrets anew that are encrypted with another key than the primary,
// and tells how many. Those that cannot be read stay, and are told of.
func (c *Credentials) Reseal(ctx context.Context) (resealed, unreadable int, err error) {
	if c.Sealer == nil {
		return 0, 0, nil
	}
	key := int64(c.Sealer.Primary())
	workspaces, err := c.Store.q.StaleSecretWorkspaces(ctx, c.Store.pool, key)
	if err != nil {
		return 0, 0, translate("look for secrets that are encrypted with another key", err)
	}
	for _, workspaceID := range workspaces {
		more, last := true, dbsqlc.StaleSecretsParams{KeyID: key, RowLimit: resealedAtOnce}
		for more {
			var n, left int
			n, left, more, err = c.reseal(ctx, workspaceID, &last)
			resealed, unreadable = resealed+n, unreadable+left
			if err != nil {
				return resealed, unreadable, err
			}
		}
	}
	return resealed, unreadable, nil
}

// reseal encrypts the secrets behind the last that was looked at, and tells whether there
// may be more.
func (c *Credentials) reseal(ctx context.Context, workspaceID string, last *dbsqlc.StaleSecretsParams) (resealed, unreadable int, more bool, err error) {
	err = c.Store.tx(ctx, workspaceID, "encrypt secrets with the present key", func(tx pgx.Tx) error {
		rows, err := c.Store.q.StaleSecrets(ctx, tx, *last)
		if err != nil {
			return err
		}
		arg := dbsqlc.ResealSecretsParams{KeyID: last.KeyID}
		for _, row := range rows {
			last.AfterID, last.AfterField = row.ConnectionID, row.Field
			bound := binding(workspaceID, row.ConnectionID, row.Field)
			text, err := c.Sealer.Decrypt(row.Sealed, bound)
			if err != nil {
				unreadable++
				continue
			}
			fresh, err := c.Sealer.Encrypt(text, bound)
			if err != nil {
				return fmt.Errorf("encrypt the %s of a connection: %w", row.Field, err)
			}
			arg.ConnectionIds, arg.Fields, arg.Sealed = append(arg.ConnectionIds, row.ConnectionID), append(arg.Fields, row.Field), append(arg.Sealed, fresh)
		}
		resealed, more = len(arg.Fields), len(rows) == resealedAtOnce
		if resealed == 0 {
			return nil
		}
		return c.Store.q.ResealSecrets(ctx, tx, arg)
	})
	return resealed, unreadable, more, err
}
