package github

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	gogithub "github.com/google/go-github/v58/github"

	"github.com/holdfast/holdfast/internal/budget"
)

// Kind classifies what GitHub answered for whoever has to decide on it.
type Kind string

// The kinds. Only KindUnreachable and a *budget.LimitError are worth a retry.
const (
	KindUnauthorized Kind = "github_unauthorized" // 401: the token is wrong, expired or revoked
	KindForbidden    Kind = "github_forbidden"    // 403 that is no limit: the token may not read it
	KindNotFound     Kind = "github_not_found"    // 404: it is not there, or the token may not see it
	KindConflict     Kind = "github_conflict"     // 409: an empty git repository, among others
	KindGone         Kind = "github_gone"         // 410: deleted, or switched off in the repository
	KindRejected     Kind = "github_rejected"     // 422: the request is not one that GitHub takes
	KindBlocked      Kind = "github_blocked"      // 451: blocked for legal reasons
	KindUnreachable  Kind = "github_unreachable"  // no answer, a broken one, or 5xx
	KindUnexpected   Kind = "github_unexpected"   // anything else
	// KindNotServed is for queries: this GitHub has no GraphQL, or none for this client.
	KindNotServed Kind = "github_graphql_not_served"
	// KindTooLarge is for queries: GitHub gave up on this one, a smaller one may do.
	KindTooLarge Kind = "github_query_too_large"
)

// Error is an answer of GitHub's that is no success.
type Error struct {
	Kind      Kind
	Status    int    // 0 when there was no answer
	Message   string // GitHub's own, for people
	RequestID string // X-GitHub-Request-Id, for GitHub's support
	Err       error

	reason string // why the credential is refused, where that is known better than by Kind
}

func (e *Error) Error() string {
	s := string(e.Kind)
	if e.Status != 0 {
		s = fmt.Sprintf("%s (%d)", s, e.Status)
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.RequestID != "" {
		s += " [request " + e.RequestID + "]"
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// KindOf is the kind of err, or "" when it is none of GitHub's.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}

// translate turns go-github's errors into ours, once.
func translate(err error) error {
	if err == nil {
		return nil
	}
	var (
		limit  *budget.LimitError
		ours   *Error
		answer *gogithub.ErrorResponse
	)
	switch {
	case errors.As(err, &limit):
		return limit
	case errors.As(err, &ours):
		return ours
	case errors.As(err, &answer):
		return &Error{
			Kind: kindOfStatus(answer.Response.StatusCode), Status: answer.Response.StatusCode,
			Message: answer.Message, RequestID: answer.Response.Header.Get("X-GitHub-Request-Id"),
		}
	default:
		return &Error{Kind: KindUnreachable, Err: err}
	}
}

func kindOfStatus(status int) Kind {
	switch status {
	case http.StatusUnauthorized:
		return KindUnauthorized
	case http.StatusForbidden:
		return KindForbidden
	case http.StatusRequestTimeout:
		return KindUnreachable
	case http.StatusNotFound:
		return KindNotFound
	case http.StatusConflict:
		return KindConflict
	case http.StatusGone:
		return KindGone
	case http.StatusUnprocessableEntity:
		return KindRejected
	case http.StatusUnavailableForLegalReasons:
		return KindBlocked
	}
	if status >= http.StatusInternalServerError {
		return KindUnreachable
	}
	return KindUnexpected
}

// mentionsLimit recognizes a secondary limit by its wording: GitHub sends some of
// them without any header that says so.
func mentionsLimit(body []byte) bool {
	s := strings.ToLower(string(body))
	return strings.Contains(s, "secondary rate limit") || strings.Contains(s, "secondary-rate-limit") || strings.Contains(s, "abuse detection") ||
		strings.Contains(s, "api rate limit exceeded")
}
