// Package auth issues and verifies the tokens that the API asks for: JWTs signed
// with Ed25519 (alg "EdDSA", RFC 8037). It knows no HTTP.
//
// A token names its key by thumbprint in the header's "kid". Several public keys
// may be trusted at once, so that a key is replaced without a moment in which
// valid tokens are refused: add the new key, sign with it, drop the old key after
// the longest lifetime of its tokens.
package auth

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/holdfast/holdfast/internal/operation"
)

const (
	// IssuerName is the "iss" of every token.
	IssuerName = "holdfast"
	// Audience is the "aud" of every token.
	Audience = "holdfast-api"
	// Leeway is how far the clocks of issuer and verifier may differ.
	Leeway = 30 * time.Second
	// maxSubject bounds the "sub", in bytes.
	maxSubject = 255
)

// Role is what a token's bearer may do.
type Role string

// The roles, each of which may do what those before it may.
const (
	RoleReader   Role = "reader"   // may read
	RoleOperator Role = "operator" // may also start and cancel operations
	RoleAdmin    Role = "admin"    // may also change settings
)

// Roles lists every role, from the weakest.
func Roles() []Role { return []Role{RoleReader, RoleOperator, RoleAdmin} }

// Valid tells whether r is a role at all.
func (r Role) Valid() bool { return slices.Contains(Roles(), r) }

// Includes tells whether r may do all that other may.
func (r Role) Includes(other Role) bool {
	return other.Valid() && slices.Index(Roles(), r) >= slices.Index(Roles(), other)
}

// The reasons for which a token is refused.
var (
	ErrMalformed   = errors.New("the token is not a JWT")
	ErrSignature   = errors.New("the token's signature is not by a trusted key")
	ErrExpired     = errors.New("the token has expired")
	ErrNotYetValid = errors.New("the token is not valid yet")
	ErrInvalid     = errors.New("the token's claims are not acceptable")
	ErrUnknownKey  = errors.New("there is no such key")
	ErrRevoked     = errors.New("the key was revoked")
	ErrSessionOver = errors.New("the session has ended")
	ErrIssuerAway  = errors.New("the token's issuer has not told its keys yet")
)

// Identity is who showed a token, and what it allows.
type Identity struct {
	Subject     string
	WorkspaceID string // UUID, in lower case with hyphens
	Role        Role
	TokenID     string    // "jti", or the key's id
	ExpiresAt   time.Time // what the token allows ends here, plus Leeway; zero: never
	// SessionID is the sign-in that the token descends from; empty: it is of none.
	SessionID string
	// Repositories are what it may see; none: all of the workspace.
	Repositories operation.Patterns
}

// Limited tells whether it may see a part of the workspace only.
func (i Identity) Limited() bool { return len(i.Repositories) > 0 }

// claims is the payload of a token.
type claims struct {
	jwt.RegisteredClaims
	Workspace string `json:"workspace"`
	Role      Role   `json:"role"`
	// Session is named as OpenID Connect's sign-out specifications name it.
	Session string `json:"sid,omitempty"`
}

// Validate holds the claims that are our own; the parser calls it after those
// that RFC 7519 registers.
func (c claims) Validate() error {
	if c.Subject == "" {
		return errors.New("it has no subject")
	}
	// The subject is written to logs and counted by; it is a name, not a document.
	if len(c.Subject) > maxSubject || strings.ContainsFunc(c.Subject, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return fmt.Errorf("its subject is longer than %d bytes, or holds characters that cannot be printed", maxSubject)
	}
	if c.ID == "" {
		return errors.New("it has no id")
	}
	// Workspaces are compared as texts in many places: there is one way to write one.
	if id, err := uuid.Parse(c.Workspace); err != nil || id.String() != c.Workspace {
		return errors.New("its workspace is not a UUID in lower case with hyphens")
	}
	if !c.Role.Valid() {
		return errors.New("its role is not known")
	}
	if id, err := uuid.Parse(c.Session); c.Session != "" && (err != nil || id.String() != c.Session) {
		return errors.New("its session is not a UUID in lower case with hyphens")
	}
	return nil
}

// Issuer signs tokens with one key.
type Issuer struct {
	key ed25519.PrivateKey
	kid string
	now func() time.Time
}

// NewIssuer makes an issuer that signs with key and reads the time from now.
func NewIssuer(key ed25519.PrivateKey, now func() time.Time) *Issuer {
	return &Issuer{key: key, kid: Thumbprint(PublicKey(key)), now: now}
}

// Grant is what a new token shall allow, to whom and for how long.
type Grant struct {
	Subject     string // whom it is for: printable, at most 255 bytes
	WorkspaceID string // UUID, in lower case with hyphens
	Role        Role
	TTL         time.Duration
	SessionID   string // UUID of the sign-in that it descends from; empty: of none
}

// Issue signs a token for g. It refuses what Verify would not accept.
func (i *Issuer) Issue(g Grant) (string, error) {
	if g.TTL <= 0 {
		return "", fmt.Errorf("a token cannot live for %s", g.TTL)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("make the token's id: %w", err)
	}
	now := i.now()
	c := claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: IssuerName, Audience: jwt.ClaimStrings{Audience}, Subject: g.Subject, ID: id.String(),
			IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(g.TTL)),
		},
		Workspace: g.WorkspaceID, Role: g.Role, Session: g.SessionID,
	}
	if err := c.Validate(); err != nil {
		return "", fmt.Errorf("the token would not be accepted: %w", err)
	}
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, c)
	token.Header["kid"] = i.kid
	signed, err := token.SignedString(i.key)
	if err != nil {
		return "", fmt.Errorf("sign the token: %w", err)
	}
	return signed, nil
}

// Verifier accepts the tokens of the keys that it trusts. It remembers those that it has
// verified; its keys are never exchanged, so one Voucher stands for all of them.
type Verifier struct {
	keys    map[string]ed25519.PublicKey // by thumbprint
	parser  *jwt.Parser
	now     func() time.Time
	cache   *Cache
	voucher Voucher
}

// NewVerifier makes a verifier that trusts keys, at least one, and reads the time
// from now.
func NewVerifier(now func() time.Time, keys ...ed25519.PublicKey) (*Verifier, error) {
	if len(keys) == 0 {
		return nil, errors.New("no public key to verify tokens with")
	}
	v := &Verifier{keys: make(map[string]ed25519.PublicKey, len(keys)), now: now, cache: NewCache(0)}
	for _, key := range keys {
		if len(key) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("a public key of %d bytes instead of %d", len(key), ed25519.PublicKeySize)
		}
		v.keys[Thumbprint(key)] = key
	}
	v.parser = jwt.NewParser(
		// The one algorithm: neither "none" nor an HMAC with the public key as its secret.
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
		jwt.WithStrictDecoding(),
		jwt.WithIssuer(IssuerName), jwt.WithAudience(Audience),
		jwt.WithExpirationRequired(), jwt.WithNotBeforeRequired(), jwt.WithIssuedAt(),
		jwt.WithLeeway(Leeway), jwt.WithTimeFunc(now),
	)
	return v, nil
}

// JWKs are the keys whose tokens are accepted, by their ids.
func (v *Verifier) JWKs() []JWK {
	var keys []JWK
	for _, id := range slices.Sorted(maps.Keys(v.keys)) {
		keys = append(keys, toJWK(v.keys[id]))
	}
	return keys
}

// Verify reads a token and says whose it is. Its errors wrap ErrMalformed,
// ErrSignature, ErrExpired, ErrNotYetValid or ErrInvalid, and never quote the token.
func (v *Verifier) Verify(token string) (Identity, error) {
	now := v.now()
	if identity, ok := v.cache.Get(token, now); ok {
		return identity, nil
	}
	identity, err := v.verify(token)
	if err == nil {
		v.cache.Put(token, identity, &v.voucher, now)
	}
	return identity, err
}

// verify is Verify without what is remembered.
func (v *Verifier) verify(token string) (Identity, error) {
	if len(token) > MaxToken {
		return Identity{}, fmt.Errorf("%w: it is longer than %d bytes", ErrMalformed, MaxToken)
	}
	var c claims
	_, err := v.parser.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		if _, critical := t.Header["crit"]; critical {
			// RFC 7515 section 4.1.11: an extension that we do not know must not be ignored.
			return nil, errors.New("it demands an extension that is not known")
		}
		kid, _ := t.Header["kid"].(string)
		key, ok := v.keys[kid]
		if !ok {
			return nil, errors.New("its key is not known")
		}
		return key, nil
	})
	if err != nil {
		return Identity{}, fmt.Errorf("%w: %w", Reason(err), err)
	}
	return Identity{
		Subject: c.Subject, WorkspaceID: c.Workspace, Role: c.Role,
		TokenID: c.ID, ExpiresAt: c.ExpiresAt.Time, SessionID: c.Session,
	}, nil
}

// Reason says which of the errors above one of golang-jwt's parser stands for. The
// signature is judged before any claim, so an expired token is known to have been good.
func Reason(err error) error {
	switch {
	case errors.Is(err, jwt.ErrTokenMalformed):
		return ErrMalformed
	case errors.Is(err, jwt.ErrTokenSignatureInvalid), errors.Is(err, jwt.ErrTokenUnverifiable):
		return ErrSignature
	case errors.Is(err, jwt.ErrTokenInvalidAudience), errors.Is(err, jwt.ErrTokenInvalidIssuer):
		return ErrInvalid // also when it has expired: a new one of its kind would not help
	case errors.Is(err, jwt.ErrTokenExpired):
		return ErrExpired
	case errors.Is(err, jwt.ErrTokenNotValidYet), errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return ErrNotYetValid
	default:
		return ErrInvalid
	}
}
