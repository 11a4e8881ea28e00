package github

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

const (
	// renewBefore is how long before its end a token of an installation, which GitHub gives
	// for an hour, is replaced.
	renewBefore = 5 * time.Minute
	// renewAgain is how long a renewal that failed is not tried again while the old token
	// still holds.
	renewAgain = 30 * time.Second
)

// appKey shows an App as itself: by a JWT that is signed for each request.
type appKey struct {
	id  int64
	key secret[*rsa.PrivateKey]
	now func() time.Time
}

func (a *appKey) Token(context.Context) (string, error) { return signJWT(a.key(), a.id, a.now()) }

// Format prints none of the key, whatever the verb.
func (a *appKey) Format(f fmt.State, _ rune) { hide(f) }

// LogValue logs none of the key.
func (a *appKey) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText writes none of the key.
func (a *appKey) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// NewApp is a client that asks as an App itself, not as one of its installations: for
// tokens, and for what GitHub knows of the App. GitHub counts its requests apart from
// the installations', so o has an account of its own; the credential of o is not used.
func NewApp(o Options, appID int64, key *rsa.PrivateKey) (*Client, error) {
	o.Credential = &appKey{id: appID, key: keep(key), now: o.Now}
	return New(o)
}

// Installation is the Credential of an App in one account. GitHub gives it tokens for
// an hour each, which all processes share through a TokenStore. Source:
// docs.github.com/rest/apps/apps#create-an-installation-access-token-for-an-app.
type Installation struct {
	app        *Client // asks as the App
	id         int64
	connection string
	tokens     TokenStore
	now        func() time.Time
	turn       chan struct{} // held by whoever asks the store

	mu      sync.Mutex
	token   secret[string] // nil: none
	expires time.Time
	again   time.Time // before then the store is not asked for another while the token holds
}

// NewInstallation is the credential of the installation with that id. A client of
// NewApp asks for its tokens, which are kept under the connection's id.
func NewInstallation(app *Client, id int64, connectionID string, tokens TokenStore) *Installation {
	return &Installation{app: app, id: id, connection: connectionID, tokens: tokens, now: app.now, turn: make(chan struct{}, 1)}
}

// Token gives the token at hand, or the one that a process of the fleet has made since,
// or makes one. It is replaced five minutes before it expires, by one request while the
// others use the old one; while that fails, it is used to its end. KindUnauthorized:
// GitHub gives none, and says why.
func (i *Installation) Token(ctx context.Context) (string, error) {
	token, ok := i.kept()
	if ok {
		return token, nil
	}
	if token == "" {
		select {
		case i.turn <- struct{}{}:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	} else {
		select {
		case i.turn <- struct{}{}:
		default: // somebody replaces it
			return token, nil
		}
	}
	defer func() { <-i.turn }()
	if token, ok := i.kept(); ok { // whoever had the turn before has brought it
		return token, nil
	}
	token, expires, err := i.tokens.InstallationToken(ctx, i.connection, i.id, i.mint)
	return i.take(token, expires, err)
}

// kept is the token at hand, empty where there is none that holds; ok tells whether it
// need not be replaced yet.
func (i *Installation) kept() (token string, ok bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := i.now()
	if i.token == nil || !now.Before(i.expires) {
		return "", false
	}
	return i.token(), i.expires.Sub(now) > i.app.scaled(renewBefore) || now.Before(i.again)
}

// take keeps what the store gave; where it gave nothing, the old token if it holds.
func (i *Installation) take(token string, expires time.Time, err error) (string, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := i.now()
	i.again = now.Add(i.app.scaled(renewAgain))
	if err == nil {
		i.token, i.expires = keep(token), expires
		return token, nil
	}
	if i.token != nil && now.Before(i.expires) {
		return i.token(), nil
	}
	return "", err
}

// Renew has the next Token be another one than the refused, which GitHub took for good
// once: it was revoked, or the App's key was.
func (i *Installation) Renew(ctx context.Context, refused string) (bool, error) {
	i.mu.Lock()
	if i.token == nil || i.token() != refused {
		i.mu.Unlock()
		return true, nil
	}
	expires := i.expires
	i.token = nil
	i.mu.Unlock()
	if err := i.tokens.ForgetInstallationToken(ctx, i.connection, expires); err != nil {
		return false, fmt.Errorf("forget a token that GitHub does not accept: %w", err)
	}
	return true, nil
}

// mint asks GitHub for a token with all that the installation was granted.
func (i *Installation) mint(ctx context.Context) (string, time.Time, error) {
	given, _, err := i.app.gh.Apps.CreateInstallationToken(withoutContent(ofItsOwn(ctx)), i.id, nil)
	if err != nil {
		if ctx.Err() != nil {
			return "", time.Time{}, ctx.Err()
		}
		return "", time.Time{}, mintError(translate(err))
	}
	if given.GetToken() == "" || given.GetExpiresAt().IsZero() {
		return "", time.Time{}, &Error{Kind: KindUnreachable, Message: "GitHub's answer holds no token for the installation"}
	}
	return given.GetToken(), given.GetExpiresAt().Time, nil
}

// ofItsOwn is ctx without what it says of the request that a token is needed for.
func ofItsOwn(ctx context.Context) context.Context {
	ctx = context.WithValue(ctx, queryMark{}, nil)
	ctx = context.WithValue(ctx, freeMark{}, nil)
	return context.WithValue(ctx, requestCounter{}, nil)
}

// mintError says what it means for the credential that GitHub gave no token: a wrong
// key (401), a suspended installation (403), one that was removed (404).
func mintError(err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	refused := &Error{Kind: KindUnauthorized, Status: e.Status, RequestID: e.RequestID, Message: e.Message}
	switch e.Kind {
	case KindUnauthorized:
		refused.reason = "GitHub does not accept the App's id with its private key."
	case KindNotFound, KindGone:
		refused.reason = "GitHub knows no such installation of the App: it was removed, or never there."
	case KindForbidden, KindRejected:
		refused.reason = "GitHub gives the App no token for its installation."
	default:
		return err
	}
	return refused
}

// Format prints neither token nor key, whatever the verb.
func (i *Installation) Format(f fmt.State, _ rune) { hide(f) }

// LogValue logs neither token nor key.
func (i *Installation) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText writes neither token nor key.
func (i *Installation) MarshalText() ([]byte, error) { return []byte(hidden), nil }
