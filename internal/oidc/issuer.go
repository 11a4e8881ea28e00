// Package oidc verifies tokens of other issuers, which the operator names: those of a
// company's identity provider, or GitHub Actions' for its jobs. It follows OpenID Connect
// Discovery 1.0, RFC 7517 (key sets), RFC 8725 (what JWTs must be held against) and RFC
// 9068 (access tokens), and gives their bearers nothing that the settings do not say.
//
// A Verifier picks the issuer by the token's "iss", unverified, and then holds the whole
// token against that issuer's settings and keys. The keys of an issuer are fetched in the
// background; see keyring.
package oidc

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/operation"
)

// The types of tokens that an issuer's settings may narrow its tokens to.
const (
	TypeJWT    = "jwt"    // ID tokens and most providers' access tokens: "typ" JWT, or none
	TypeAccess = "at+jwt" // access tokens as RFC 9068 has them
)

// algorithms are those that can be accepted, each with the keys that fit it. There is no
// "none" and no HMAC: nobody but the issuer can make a token with what is published.
var algorithms = []string{"RS256", "PS256", "ES256", "ES384", "EdDSA"}

// Issuer is what the operator says of an issuer.
type Issuer struct {
	// URL is the "iss" of its tokens, and where its discovery document is found.
	URL string `json:"issuer"`
	// Audience must be among the "aud" of its tokens.
	Audience string `json:"audience"`
	// Algorithms are those that its tokens may be signed with; RS256 and ES256 if none are named.
	Algorithms []string `json:"algorithms,omitempty"`
	// TokenType narrows the tokens to TypeJWT or TypeAccess; empty: both.
	TokenType string `json:"token_type,omitempty"`
	// AuthorizedParties are whom tokens may be made for ("azp", or "client_id" of an access
	// token). None: anybody, but for tokens of several audiences, which must name Audience.
	AuthorizedParties []string `json:"authorized_parties,omitempty"`
	// Workspace is where all its tokens lead, or WorkspaceClaim the claim that says where.
	Workspace      string `json:"workspace,omitempty"`
	WorkspaceClaim string `json:"workspace_claim,omitempty"`
	// SubjectPrefix keeps its subjects apart from all others: they are PREFIX:SUB.
	SubjectPrefix string `json:"subject_prefix"`
	// Roles are roles by a claim's name and its value, or one of its values. A token
	// that says several gets the strongest, and one that says none is refused.
	Roles map[string]map[string]auth.Role `json:"roles"`
	// Require are claims, each of which must have one of the values.
	Require map[string][]string `json:"require,omitempty"`
	// Repositories are the patterns of what its tokens show, or RepositoriesClaim the claim
	// that names the repositories, without patterns; neither: all of the workspace.
	Repositories      operation.Patterns `json:"repositories,omitempty"`
	RepositoriesClaim string             `json:"repositories_claim,omitempty"`
}

var prefixPattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,30}[a-z0-9]$`)

// reservedPrefixes begin the subjects of Holdfast's own identities.
var reservedPrefixes = []string{"key", "user", "holdfast", "system", "webhook", "schedule"}

// Normalize fills in what was left to its default, and says what of the rest is not
// acceptable, in sentences.
func (i *Issuer) Normalize() error {
	if len(i.Algorithms) == 0 {
		i.Algorithms = []string{"RS256", "ES256"}
	}
	return errors.Join(i.checkURL(), i.checkTokens(), i.checkIdentity(), i.checkRoles(), i.checkRepositories())
}

func (i *Issuer) checkURL() error {
	u, err := url.Parse(i.URL)
	switch {
	case i.URL == "":
		return errors.New("issuer must be set: the URL that its tokens have as iss")
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(i.URL, "#"):
		return errors.New("issuer is no URL without user, query and fragment (OpenID Connect Discovery 1.0, section 3)")
	case !Trusted(u):
		return errors.New("issuer must begin with https://; http:// is for loopback addresses only")
	case i.URL == auth.IssuerName:
		return fmt.Errorf("issuer must not be %q, which is this server's own", auth.IssuerName)
	}
	return nil
}

func (i *Issuer) checkTokens() error {
	var errs []error
	if i.Audience == "" {
		errs = append(errs, errors.New("audience must be set: what its tokens have as aud when they are meant for this server"))
	}
	for _, algorithm := range i.Algorithms {
		if !slices.Contains(algorithms, algorithm) {
			errs = append(errs, fmt.Errorf("algorithms: %q is none of %s", algorithm, strings.Join(algorithms, ", ")))
		}
	}
	if !slices.Contains([]string{"", TypeJWT, TypeAccess}, i.TokenType) {
		errs = append(errs, fmt.Errorf("token_type: %q is neither %s nor %s", i.TokenType, TypeJWT, TypeAccess))
	}
	if slices.Contains(i.AuthorizedParties, "") {
		errs = append(errs, errors.New("authorized_parties holds an empty name"))
	}
	for claim, values := range i.Require {
		if claim == "" || len(values) == 0 || slices.Contains(values, "") {
			errs = append(errs, fmt.Errorf("require: %q needs a claim's name and at least one value, none of them empty", claim))
		}
	}
	return errors.Join(errs...)
}

func (i *Issuer) checkIdentity() error {
	var errs []error
	switch {
	case i.Workspace == "" && i.WorkspaceClaim == "":
		errs = append(errs, errors.New("workspace or workspace_claim must be set: the workspace that its tokens are of, or the claim that names it"))
	case i.Workspace != "" && i.WorkspaceClaim != "":
		errs = append(errs, errors.New("only one of workspace and workspace_claim may be set"))
	case i.Workspace != "" && !isWorkspace(i.Workspace):
		errs = append(errs, fmt.Errorf("workspace: %q is no UUID in lower case with hyphens", i.Workspace))
	}
	switch {
	case i.SubjectPrefix == "":
		errs = append(errs, errors.New("subject_prefix must be set: its subjects are PREFIX:SUB, so that they are nobody else's"))
	case !prefixPattern.MatchString(i.SubjectPrefix):
		errs = append(errs, fmt.Errorf("subject_prefix: %q is not 2 to 32 lower-case letters, digits and hyphens that begin with a letter", i.SubjectPrefix))
	case slices.Contains(reservedPrefixes, i.SubjectPrefix):
		errs = append(errs, fmt.Errorf("subject_prefix: %q begins subjects of this server's own", i.SubjectPrefix))
	}
	return errors.Join(errs...)
}

func (i *Issuer) checkRoles() error {
	if len(i.Roles) == 0 {
		return errors.New("roles must be set: a claim's name, a value of it, and the role that it stands for; without one nobody gets in")
	}
	var errs []error
	for _, claim := range slices.Sorted(maps.Keys(i.Roles)) {
		if claim == "" || len(i.Roles[claim]) == 0 {
			errs = append(errs, fmt.Errorf("roles: %q needs a claim's name and at least one value", claim))
		}
		for _, value := range slices.Sorted(maps.Keys(i.Roles[claim])) {
			if role := i.Roles[claim][value]; value == "" || !role.Valid() {
				errs = append(errs, fmt.Errorf("roles: %s %q stands for %q, which is not one of %v, or is an empty value", claim, value, role, auth.Roles()))
			}
		}
	}
	return errors.Join(errs...)
}

func (i *Issuer) checkRepositories() error {
	if len(i.Repositories) > 0 && i.RepositoriesClaim != "" {
		return errors.New("only one of repositories and repositories_claim may be set")
	}
	if i.Repositories != nil && len(i.Repositories) == 0 {
		return errors.New("repositories is empty: leave it out for all of the workspace")
	}
	var errs []error
	for _, one := range i.Repositories {
		if !operation.ValidPattern(one) {
			errs = append(errs, fmt.Errorf("repositories: %q is no pattern like octo/mirror or octo/*", one))
		}
	}
	return errors.Join(errs...)
}

// Check normalizes issuers, and says of which of them something is wrong. Two issuers may
// share neither their URL nor the prefix of their subjects.
func Check(issuers []Issuer) error {
	var errs []error
	urls, prefixes := map[string]bool{}, map[string]bool{}
	for n := range issuers {
		i := &issuers[n]
		if err := i.Normalize(); err != nil {
			errs = append(errs, fmt.Errorf("issuer %d (%s): %w", n+1, i.URL, err))
			continue
		}
		if urls[i.URL] {
			errs = append(errs, fmt.Errorf("issuer %d (%s) is there twice", n+1, i.URL))
		}
		if prefixes[i.SubjectPrefix] {
			errs = append(errs, fmt.Errorf("issuer %d (%s): another one has the subject_prefix %q as well", n+1, i.URL, i.SubjectPrefix))
		}
		urls[i.URL], prefixes[i.SubjectPrefix] = true, true
	}
	return errors.Join(errs...)
}

// Trusted tells whether what a URL answers with is its host's: by TLS, or since the host
// is this machine.
func Trusted(u *url.URL) bool {
	if u.Scheme == "https" {
		return true
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

// isWorkspace tells whether a text is a workspace as it is written everywhere.
func isWorkspace(text string) bool {
	id, err := uuid.Parse(text)
	return err == nil && id.String() == text
}
