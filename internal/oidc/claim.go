package oidc

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/golang-jwt/jwt/v5"

	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/operation"
)

const (
	// longestName bounds a subject with its prefix and a token's id, in bytes.
	longestName = 255
	// mostRepositories bounds those that a claim may name.
	mostRepositories = 100
)

// identity is what a token stands for whose signature, issuer, audience and times were
// found good.
func (i *issuer) identity(t *jwt.Token, claims jwt.MapClaims) (auth.Identity, error) {
	access, err := i.tokenType(t.Header["typ"])
	if err != nil {
		return auth.Identity{}, err
	}
	if err := i.checkParties(claims, access); err != nil {
		return auth.Identity{}, err
	}
	for claim, values := range i.Require {
		if !slices.ContainsFunc(texts(claims[claim]), func(text string) bool { return slices.Contains(values, text) }) {
			return auth.Identity{}, fmt.Errorf("its claim %s is none of those that are required", claim)
		}
	}
	return i.read(t, claims)
}

// tokenType tells whether a token says that it is an access token, and refuses those that
// say they are something else, which others may be given for another purpose (RFC 8725
// section 3.11): a logout token, a DPoP proof, a security event.
func (i *issuer) tokenType(typ any) (access bool, err error) {
	text, ok := typ.(string)
	if typ != nil && !ok {
		return false, errors.New("its typ is no text")
	}
	switch strings.TrimPrefix(strings.ToLower(text), "application/") {
	case "", "jwt":
		if i.TokenType == TypeAccess {
			return false, errors.New("it is no access token, which this issuer's must be")
		}
		return false, nil
	case TypeAccess:
		if i.TokenType == TypeJWT {
			return true, errors.New("it is an access token, which this issuer's must not be")
		}
		return true, nil
	}
	return false, errors.New("its typ is neither JWT nor at+jwt")
}

// checkParties holds what tokens must say of whom they are for. "iat" and "sub" are
// required by OpenID Connect Core 1.0 section 2, and all of it by RFC 9068 section 2.2.
func (i *issuer) checkParties(claims jwt.MapClaims, access bool) error {
	required := []string{"sub", "iat"}
	party := "azp"
	if access {
		required, party = append(required, "client_id", "jti"), "client_id"
	}
	for _, claim := range required {
		if claims[claim] == nil {
			return fmt.Errorf("it has no %s", claim)
		}
	}
	name, _ := claims[party].(string)
	if len(i.AuthorizedParties) > 0 {
		if !slices.Contains(i.AuthorizedParties, name) {
			return fmt.Errorf("its %s is none of the authorized parties", party)
		}
		return nil
	}
	// OpenID Connect Core 1.0 section 3.1.3.7: one for several audiences says whose it is.
	if audience, err := claims.GetAudience(); !access && (err != nil || len(audience) > 1) && name != i.Audience {
		return errors.New("it has several audiences, and its azp is not this one")
	}
	return nil
}

// read is the identity that the claims name.
func (i *issuer) read(t *jwt.Token, claims jwt.MapClaims) (auth.Identity, error) {
	expires, err := claims.GetExpirationTime()
	if err != nil || expires == nil {
		return auth.Identity{}, errors.New("it has no end")
	}
	sub, _ := claims["sub"].(string)
	subject := i.SubjectPrefix + ":" + sub
	if sub == "" || !isName(subject) {
		return auth.Identity{}, fmt.Errorf("its subject is empty, longer than %d bytes with its prefix, or holds characters that cannot be printed", longestName)
	}
	identity := auth.Identity{Subject: subject, WorkspaceID: i.Workspace, TokenID: tokenID(t.Raw, claims), ExpiresAt: expires.Time, Repositories: i.Repositories}
	if i.WorkspaceClaim != "" {
		if identity.WorkspaceID, _ = claims[i.WorkspaceClaim].(string); !isWorkspace(identity.WorkspaceID) {
			return auth.Identity{}, fmt.Errorf("its claim %s is no workspace: no UUID in lower case with hyphens", i.WorkspaceClaim)
		}
	}
	if identity.Role = i.role(claims); !identity.Role.Valid() {
		return auth.Identity{}, errors.New("no role is mapped to what its claims say")
	}
	if i.RepositoriesClaim != "" {
		if identity.Repositories, err = repositories(texts(claims[i.RepositoriesClaim])); err != nil {
			return auth.Identity{}, fmt.Errorf("its claim %s: %w", i.RepositoriesClaim, err)
		}
	}
	return identity, nil
}

// role is the strongest role that the claims stand for, empty for none.
func (i *issuer) role(claims jwt.MapClaims) (role auth.Role) {
	for claim, values := range i.Roles {
		for _, text := range texts(claims[claim]) {
			if mapped, ok := values[text]; ok && (role == "" || mapped.Includes(role)) {
				role = mapped
			}
		}
	}
	return role
}

// repositories reads names of repositories. They are no patterns: what a claim holds may
// have been chosen by who shows the token.
func repositories(names []string) (operation.Patterns, error) {
	if len(names) == 0 || len(names) > mostRepositories {
		return nil, fmt.Errorf("it names no repository, or more than %d", mostRepositories)
	}
	for _, name := range names {
		if !operation.ValidPattern(name) || strings.Contains(name, "*") {
			return nil, errors.New("it does not hold names like octo/mirror")
		}
	}
	return names, nil
}

// texts are a claim's values: one, or each of a list.
func texts(claim any) []string {
	switch value := claim.(type) {
	case string:
		return []string{value}
	case bool:
		return []string{strconv.FormatBool(value)}
	case []any:
		var all []string
		for _, one := range value {
			if text, ok := one.(string); ok {
				all = append(all, text)
			}
		}
		return all
	}
	return nil
}

// tokenID is the token's "jti", or where it has none that can be written to logs one that
// is made of its hash.
func tokenID(raw string, claims jwt.MapClaims) string {
	if id, ok := claims["jti"].(string); ok && id != "" && isName(id) {
		return id
	}
	sum := sha256.Sum256([]byte(raw))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// isName tells whether a text is fit for logs.
func isName(text string) bool {
	return len(text) <= longestName && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}
