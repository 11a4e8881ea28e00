package github

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// Credential is what a client shows to GitHub. It is safe for concurrent use, and none
// of its printed forms shows a token or a key.
type Credential interface {
	// Token is for a request that is sent now; empty: the request is sent without one.
	// Errors are *Error, *budget.LimitError or those of ctx.
	Token(ctx context.Context) (string, error)
}

// Renewable is a Credential whose tokens are made from something that lasts longer.
type Renewable interface {
	Credential
	// Renew is called when GitHub has answered 401 to a token. It tells whether another
	// one can be had; the next Token is that.
	Renew(ctx context.Context, refused string) (bool, error)
}

// TokenStore shares the tokens of installations among the processes of a fleet.
type TokenStore interface {
	// InstallationToken is the token of a connection for an installation and when it
	// expires. Under a lock that all processes share it gives the one that is kept, or,
	// where there is none or it expires in less than five minutes, has renew make one, keeps
	// it and gives it. Whoever else asks meanwhile waits and gets the same.
	InstallationToken(ctx context.Context, connectionID string, installation int64, renew func(ctx context.Context) (token string, expires time.Time, err error)) (string, time.Time, error)
	// ForgetInstallationToken drops the token that expires then, which GitHub does not
	// accept any more; one that another process has made since stays.
	ForgetInstallationToken(ctx context.Context, connectionID string, expires time.Time) error
}

// Anonymous is no credential: GitHub shows what is public, and allows 60 requests an
// hour from one address. Source:
// docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#primary-rate-limit-for-unauthenticated-users.
func Anonymous() Credential { return anonymous{} }

type anonymous struct{}

func (anonymous) Token(context.Context) (string, error) { return "", nil }

// StaticToken is a personal access token; empty: it is Anonymous.
func StaticToken(token string) Credential {
	if token == "" {
		return Anonymous()
	}
	return &staticToken{token: keep(token)}
}

type staticToken struct{ token secret[string] }

func (s *staticToken) Token(context.Context) (string, error) { return s.token(), nil }

// Format prints none of the token, whatever the verb.
func (s *staticToken) Format(f fmt.State, _ rune) { hide(f) }

// LogValue logs none of the token.
func (s *staticToken) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText writes none of the token.
func (s *staticToken) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// secret is what nothing prints, not even as a part of something else whose own ways to
// print itself are passed over: a function is shown by its address.
type secret[T any] func() T

func keep[T any](v T) secret[T] { return func() T { return v } }

// hidden stands where a secret would.
const hidden = "[hidden]"

func hide(f fmt.State) { fmt.Fprint(f, hidden) }
