package store

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/holdfast/holdfast/internal/dbsqlc"
)

const (
	// tokenMargin is how long before its end an installation's token is replaced.
	tokenMargin = 5 * time.Minute
	// renewalTime bounds the renewal of a token.
	renewalTime = 20 * time.Second
	// tokenLease is for how long one process may renew it: some more, to keep what came.
	tokenLease = renewalTime + 10*time.Second
	// tokenPoll is how often the others look whether it is there.
	tokenPoll = 100 * time.Millisecond
	// endLeaseTime bounds the end of a lease, which the caller does not wait for otherwise.
	endLeaseTime = 5 * time.Second
)

// installationToken is the token of one connection.
type installationToken struct {
	*Credentials
	workspaceID, id string
	installation    int64
}

// InstallationToken is the token of an App's installation, which all processes share,
// and when it expires. Where there is none, or it expires in less than five minutes,
// renew makes one while the others wait. No transaction is open meanwhile. Of a connection
// that was changed from one installation to another, each finds its own only.
func (c *Credentials) InstallationToken(ctx context.Context, id string, installation int64, renew func(context.Context) (string, time.Time, error)) (token string, expires time.Time, err error) {
	const what = "read an installation's token"
	workspaceID, err := c.workspaceOf(ctx, id)
	if err != nil {
		return "", time.Time{}, err
	}
	if workspaceID == "" {
		return "", time.Time{}, fmt.Errorf("%s: %w", what, errNoConnection)
	}
	t := installationToken{c, workspaceID, id, installation}
	for {
		kept, err := c.Store.q.GetConnectionToken(ctx, c.Store.in(workspaceID), id)
		if err != nil {
			return "", time.Time{}, translate(what, err)
		}
		if len(kept) > 0 {
			if token, expires, ok := t.unseal(kept[0].Sealed, kept[0].ExpiresAt); ok {
				return token, expires, nil
			}
		}
		if token, expires, mine, err := t.renew(ctx, renew); mine || err != nil {
			return token, expires, err
		}
		if err := pause(ctx, tokenPoll); err != nil {
			return "", time.Time{}, err
		}
	}
}

func (t installationToken) binding() []byte {
	return binding(t.workspaceID, t.id, fieldInstallationToken+" "+strconv.FormatInt(t.installation, 10))
}

// unseal is a token that is good for a while.
func (t installationToken) unseal(sealed []byte, until *time.Time) (token string, expires time.Time, ok bool) {
	if t.Sealer == nil || until == nil || until.Sub(t.Now()) < tokenMargin {
		return "", time.Time{}, false
	}
	text, err := t.Sealer.Decrypt(sealed, t.binding())
	return string(text), *until, err == nil // one that cannot be read is replaced
}

// renew makes a token, unless another process does: then it is not mine.
func (t installationToken) renew(ctx context.Context, renew func(context.Context) (string, time.Time, error)) (token string, expires time.Time, mine bool, err error) {
	if t.Sealer == nil {
		return "", time.Time{}, false, errUnsealable()
	}
	db := t.Store.in(t.workspaceID)
	leases, err := t.Store.q.LeaseConnectionToken(ctx, db, dbsqlc.LeaseConnectionTokenParams{ConnectionID: t.id, Lease: tokenLease})
	if err != nil || len(leases) == 0 {
		return "", time.Time{}, false, translate("lease an installation's token", err)
	}
	lease, kept := leases[0], false
	defer func() {
		if kept {
			return
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endLeaseTime)
		defer cancel()
		arg := dbsqlc.EndConnectionTokenLeaseParams{ConnectionID: t.id, LeasedUntil: lease.LeasedUntil}
		if end := t.Store.q.EndConnectionTokenLease(ctx, db, arg); err == nil {
			err = translate("end the lease of an installation's token", end)
		}
	}()
	if token, expires, ok := t.unseal(lease.Sealed, lease.ExpiresAt); ok { // another process was first
		return token, expires, true, nil
	}
	bounded, cancel := context.WithTimeout(ctx, renewalTime)
	defer cancel()
	if token, expires, err = renew(bounded); err != nil {
		return "", time.Time{}, true, err // GitHub's answer, as it is
	}
	sealed, err := t.Sealer.Encrypt([]byte(token), t.binding())
	if err != nil {
		return "", time.Time{}, true, fmt.Errorf("encrypt an installation's token: %w", err)
	}
	err = t.Store.q.PutConnectionToken(ctx, db, dbsqlc.PutConnectionTokenParams{ConnectionID: t.id, LeasedUntil: lease.LeasedUntil, Sealed: sealed, ExpiresAt: &expires})
	kept = err == nil
	return token, expires, true, translate("keep an installation's token", err)
}

// pause waits, as long as ctx lasts.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ForgetInstallationToken drops the token that expires then. One that was made since stays.
func (c *Credentials) ForgetInstallationToken(ctx context.Context, id string, expires time.Time) error {
	workspaceID, err := c.workspaceOf(ctx, id)
	if err != nil || workspaceID == "" {
		return err
	}
	err = c.Store.q.ForgetConnectionToken(ctx, c.Store.in(workspaceID), dbsqlc.ForgetConnectionTokenParams{ConnectionID: id, ExpiresAt: &expires})
	return translate("forget an installation's token", err)
}
