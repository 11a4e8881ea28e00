package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/dbsqlc"
)

const (
	// tokenMargin is how long before its end an installation's token is replaced.
	tokenMargin = 5 * time.Minute
	// renewalTime bounds the renewal of a token, during which a transaction is open.
	renewalTime = 20 * time.Second
)

// InstallationToken is the token of an App's installation, which all processes share,
// and when it expires. Where there is none, or it expires in less than five minutes,
// renew makes one while the others wait.
func (c *Credentials) InstallationToken(ctx context.Context, id string, renew func(context.Context) (string, time.Time, error)) (string, time.Time, error) {
	const what = "read an installation's token"
	workspaceID, err := c.workspaceOf(ctx, id)
	if err != nil {
		return "", time.Time{}, err
	}
	if workspaceID == "" {
		return "", time.Time{}, fmt.Errorf("%s: %w", what, errNoConnection)
	}
	bound := binding(workspaceID, id, fieldInstallationToken)
	kept, err := c.Store.q.GetConnectionToken(ctx, c.Store.in(workspaceID), id)
	if err != nil {
		return "", time.Time{}, translate(what, err)
	}
	if len(kept) > 0 {
		if token, expires, ok := c.unseal(dbsqlc.LockConnectionTokenRow(kept[0]), bound); ok {
			return token, expires, nil
		}
	}
	return c.renewToken(ctx, workspaceID, id, bound, renew)
}

// unseal is a token that is good for a while.
func (c *Credentials) unseal(row dbsqlc.LockConnectionTokenRow, bound []byte) (token string, expires time.Time, ok bool) {
	if c.Sealer == nil || row.ExpiresAt == nil || row.ExpiresAt.Sub(c.Now()) < tokenMargin {
		return "", time.Time{}, false
	}
	text, err := c.Sealer.Decrypt(row.Sealed, bound)
	return string(text), *row.ExpiresAt, err == nil // one that cannot be read is replaced
}

func (c *Credentials) renewToken(ctx context.Context, workspaceID, id string, bound []byte, renew func(context.Context) (string, time.Time, error)) (token string, expires time.Time, err error) {
	if c.Sealer == nil {
		return "", time.Time{}, errUnsealable()
	}
	err = c.Store.tx(ctx, workspaceID, "renew an installation's token", func(tx pgx.Tx) error {
		if err := c.Store.q.AddConnectionToken(ctx, tx, id); err != nil {
			return err
		}
		row, err := c.Store.q.LockConnectionToken(ctx, tx, id)
		if err != nil {
			return err
		}
		var ok bool
		if token, expires, ok = c.unseal(row, bound); ok { // another process was first
			return nil
		}
		ctx, cancel := context.WithTimeout(ctx, renewalTime)
		defer cancel()
		if token, expires, err = renew(ctx); err != nil {
			return &renewalError{err}
		}
		text, err := c.Sealer.Encrypt([]byte(token), bound)
		if err != nil {
			return fmt.Errorf("encrypt it: %w", err)
		}
		return c.Store.q.PutConnectionToken(ctx, tx, dbsqlc.PutConnectionTokenParams{ConnectionID: id, Sealed: text, ExpiresAt: &expires})
	})
	var failed *renewalError
	if errors.As(err, &failed) {
		return "", time.Time{}, failed.err // GitHub's answer, not the database's
	}
	return token, expires, err
}

// renewalError keeps what a renewal failed with out of the translation of the
// database's errors.
type renewalError struct{ err error }

func (e *renewalError) Error() string { return e.err.Error() }

// ForgetInstallationToken drops the token that expires then. One that was made since stays.
func (c *Credentials) ForgetInstallationToken(ctx context.Context, id string, expires time.Time) error {
	workspaceID, err := c.workspaceOf(ctx, id)
	if err != nil || workspaceID == "" {
		return err
	}
	err = c.Store.q.ForgetConnectionToken(ctx, c.Store.in(workspaceID), dbsqlc.ForgetConnectionTokenParams{ConnectionID: id, ExpiresAt: &expires})
	return translate("forget an installation's token", err)
}
