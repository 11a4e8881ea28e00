package oidc

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"go.opentelemetry.io/otel/metric"

	"github.com/holdfast/holdfast/internal/auth"
)

// Workspaces knows which workspaces there are.
type Workspaces interface {
	WorkspaceExists(ctx context.Context, id string) (bool, error)
}

// Options says what a Verifier works with.
type Options struct {
	Issuers       []Issuer // as Check has left them
	Workspaces    Workspaces
	Logger        *slog.Logger
	MeterProvider metric.MeterProvider // nil: nothing is measured
	// Transport reaches the issuers; nil: one of its own.
	Transport http.RoundTripper
	// Now is the clock that tokens are judged by; time.Now if nil.
	Now func() time.Time
}

// Verifier accepts tokens of the issuers that it knows. It is safe for concurrent use.
type Verifier struct {
	issuers    map[string]*issuer // by "iss"
	workspaces Workspaces
	cache      *auth.Cache
	now        func() time.Time
}

// issuer is an issuer with its keys.
type issuer struct {
	Issuer
	keys   *keyring
	parser *jwt.Parser
}

// New makes a verifier. It asks nobody: Run does.
func New(o Options) (*Verifier, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	client := newClient()
	if o.Transport != nil {
		client.Transport = o.Transport
	}
	v := &Verifier{issuers: map[string]*issuer{}, workspaces: o.Workspaces, cache: auth.NewCache(0), now: o.Now}
	measured, err := newMetrics(o.MeterProvider, v)
	if err != nil {
		return nil, err
	}
	for _, one := range o.Issuers {
		v.issuers[one.URL] = &issuer{
			Issuer: one,
			keys:   &keyring{issuer: one.URL, accept: one.Algorithms, client: client, log: o.Logger, now: o.Now, metrics: measured},
			parser: jwt.NewParser(
				jwt.WithValidMethods(one.Algorithms), jwt.WithStrictDecoding(),
				jwt.WithIssuer(one.URL), jwt.WithAudience(one.Audience),
				jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(auth.Leeway), jwt.WithTimeFunc(o.Now),
			),
		}
	}
	return v, nil
}

// Run keeps the issuers' keys fresh until ctx ends.
func (v *Verifier) Run(ctx context.Context) {
	var wait sync.WaitGroup
	for _, i := range v.issuers {
		wait.Go(func() { i.keys.run(ctx) })
	}
	wait.Wait()
}

// Verify reads a token and says whose it is. mine is false for one whose "iss" is none of
// the issuers, of which nothing is known then. Errors wrap those of package auth, of which
// ErrIssuerAway says that there were no keys yet, and never quote the token; one of
// Workspaces is passed on.
func (v *Verifier) Verify(ctx context.Context, token string) (identity auth.Identity, mine bool, err error) {
	if len(v.issuers) == 0 {
		return auth.Identity{}, false, nil
	}
	now := v.now()
	if identity, ok := v.cache.Get(token, now); ok {
		return identity, true, nil
	}
	i, ok := v.issuers[issuerOf(token)]
	if !ok {
		return auth.Identity{}, false, nil
	}
	identity, voucher, err := i.verify(ctx, token)
	if err != nil {
		return auth.Identity{}, true, err
	}
	exists, err := v.workspaces.WorkspaceExists(ctx, identity.WorkspaceID)
	if err != nil {
		return auth.Identity{}, true, fmt.Errorf("look for the token's workspace: %w", err)
	}
	if !exists {
		return auth.Identity{}, true, fmt.Errorf("%w: there is no workspace %s", auth.ErrInvalid, identity.WorkspaceID)
	}
	v.cache.Put(token, identity, voucher, now)
	return identity, true, nil
}

// issuerOf is what a token says of its issuer, which anybody may have written.
func issuerOf(token string) string {
	if len(token) > auth.MaxToken {
		return ""
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return ""
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var claims map[string]json.RawMessage // names of claims are told apart by case
	var iss string
	if json.Unmarshal(raw, &claims) != nil || json.Unmarshal(claims["iss"], &iss) != nil {
		return ""
	}
	return iss
}

// verify holds a token against what is known of its issuer.
func (i *issuer) verify(ctx context.Context, token string) (auth.Identity, *auth.Voucher, error) {
	claims := jwt.MapClaims{}
	var signer key
	var away bool
	parsed, err := i.parser.ParseWithClaims(token, claims, func(t *jwt.Token) (any, error) {
		if _, critical := t.Header["crit"]; critical {
			// RFC 7515 section 4.1.11: an extension that we do not know must not be ignored.
			return nil, errors.New("it demands an extension that is not known")
		}
		kid, _ := t.Header["kid"].(string)
		if kid == "" || len(kid) > longestKeyID {
			return nil, errors.New("it does not say which key signed it")
		}
		k, found, had := i.keys.find(ctx, keyID{kid, t.Method.Alg()})
		if away = !had; !found {
			return nil, errors.New("its key is not known, or not one for its algorithm")
		}
		signer = k
		return k.public, nil
	})
	switch {
	case away:
		return auth.Identity{}, nil, fmt.Errorf("%w: %s", auth.ErrIssuerAway, i.URL)
	case err != nil:
		return auth.Identity{}, nil, fmt.Errorf("%w: %w", auth.Reason(err), err)
	}
	identity, err := i.identity(parsed, claims)
	if err != nil {
		return auth.Identity{}, nil, fmt.Errorf("%w: %w", auth.ErrInvalid, err)
	}
	return identity, signer.voucher, nil
}
