package github

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// unservedFor is how long a client that was told that there is no GraphQL here does
// not ask again: GitHub Enterprise Servers are upgraded, proxies change.
const unservedFor = 15 * time.Minute

// largestLimitAnswer bounds the answers that are searched for a limit: those that
// report one hold nothing else.
const largestLimitAnswer = 16 << 10

// errUnserved is why a query was not sent.
var errUnserved = errors.New("GraphQL needs a token, or was not served a short while ago")

// Result is what a query brought.
type Result struct {
	Data json.RawMessage // the value of "data", never null
	// Errors are those that concern parts of Data: what they name is null there.
	Errors   []QueryError
	Date     time.Time // of the answer, by GitHub's clock
	Requests int64     // that it took, retries included
}

// QueryError is one of GraphQL's own errors.
type QueryError struct {
	Type       string `json:"type"`
	Message    string `json:"message"`
	Path       []any  `json:"path"` // response names, and indexes as float64
	Extensions struct {
		Code string `json:"code"`
	} `json:"extensions"`
}

// AsError is the error as one of the kinds.
func (e QueryError) AsError() *Error {
	return &Error{Kind: e.kind(), Status: http.StatusOK, Message: e.Message}
}

func (e QueryError) kind() Kind {
	switch e.Type {
	case "NOT_FOUND":
		return KindNotFound
	case "FORBIDDEN", "INSUFFICIENT_SCOPES":
		return KindForbidden
	case "MAX_NODE_LIMIT_EXCEEDED", "RESOURCE_LIMITS_EXCEEDED":
		return KindTooLarge
	case "INTERNAL", "SERVICE_UNAVAILABLE":
		return KindUnreachable
	}
	// What took GitHub longer than ten seconds has no type, only this sentence.
	if strings.Contains(e.Message, "Something went wrong while executing your query") || strings.Contains(strings.ToLower(e.Message), "timed out") {
		return KindTooLarge
	}
	return KindRejected
}

// Failed is why there is nothing under a name of the query's own; nil if there is.
func (r Result) Failed(name string) error {
	for _, e := range r.Errors {
		if len(e.Path) == 1 && e.Path[0] == name {
			return e.AsError()
		}
	}
	return nil
}

// Within is the first error that GitHub had at a place of the answer or below it: what
// stands there is not all that there is. Nil if there is none.
func (r Result) Within(place ...string) error {
	for _, e := range r.Errors {
		if len(e.Path) < len(place) {
			continue
		}
		same := true
		for i, name := range place {
			same = same && e.Path[i] == name
		}
		if same {
			return e.AsError()
		}
	}
	return nil
}

// graphqlURL is the GraphQL endpoint that belongs to a REST base URL: of GitHub
// Enterprise Server it is /api/graphql beside /api/v3. Source:
// docs.github.com/enterprise-server/graphql/guides/forming-calls-with-graphql#the-graphql-endpoint.
func graphqlURL(base *url.URL) *url.URL {
	u := *base
	if path, ok := strings.CutSuffix(u.Path, "/api/v3/"); ok {
		u.Path = path + "/api/graphql"
	} else {
		u.Path += "graphql"
	}
	return &u
}

// Queries tells whether GraphQL can be asked, as far as is known: it needs a token, and
// was not refused a short while ago.
func (c *Client) Queries() bool { return c.authenticated && c.now().UnixNano() >= c.unserved.Load() }

// GraphQL sends a query, which must be one that reads: it is repeated when GitHub
// does not answer properly. Errors are *Error or *budget.LimitError; the result then
// holds only Requests. KindNotServed says that there is no GraphQL for this client,
// KindTooLarge that a smaller query may do. What GitHub could not give of a part of
// the query is among the result's Errors.
func (c *Client) GraphQL(ctx context.Context, query string, variables map[string]any) (Result, error) {
	if !c.Queries() {
		return Result{}, &Error{Kind: KindNotServed, Err: errUnserved}
	}
	ctx, counted := withCounter(asQuery(ctx))
	req, err := c.gh.NewRequest(http.MethodPost, graphqlURL(c.base).String(), map[string]any{"query": query, "variables": variables})
	if err != nil {
		return Result{}, &Error{Kind: KindUnexpected, Err: err}
	}
	var body bytes.Buffer
	resp, err := c.gh.Do(ctx, req, &body)
	if err != nil {
		if ctx.Err() != nil {
			return Result{Requests: counted.Load()}, ctx.Err()
		}
		return Result{Requests: counted.Load()}, c.queryError(translate(err))
	}
	r, err := readResult(body.Bytes())
	if err != nil {
		return Result{Requests: counted.Load()}, err
	}
	r.Date, r.Requests = date(resp), counted.Load()
	return r, nil
}

// queryError is what an answer means that has no result in it.
func (c *Client) queryError(err error) error {
	var e *Error
	if !errors.As(err, &e) || e.Kind == KindUnauthorized { // whatever the status that says so
		return err
	}
	switch e.Status {
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		return &Error{Kind: KindTooLarge, Status: e.Status, RequestID: e.RequestID, Message: "GitHub could not answer the query in time", Err: e.Err}
	case http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone, http.StatusNotImplemented:
		c.unserved.Store(c.now().Add(unservedFor).UnixNano())
		return &Error{Kind: KindNotServed, Status: e.Status, RequestID: e.RequestID, Message: e.Message}
	}
	if errors.Is(e.Err, errTooLarge) {
		return &Error{Kind: KindTooLarge, Status: e.Status, RequestID: e.RequestID, Err: e.Err}
	}
	return err
}

// readResult reads an answer of status 200.
func readResult(body []byte) (Result, error) {
	var answer struct {
		Data   json.RawMessage `json:"data"`
		Errors []QueryError    `json:"errors"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return Result{}, &Error{Kind: KindUnreachable, Status: http.StatusOK, Message: "the answer is no GraphQL result", Err: err}
	}
	if none := len(answer.Data) == 0 || string(answer.Data) == "null"; none && len(answer.Errors) == 0 {
		return Result{}, &Error{Kind: KindUnreachable, Status: http.StatusOK, Message: "the answer is no GraphQL result"}
	} else if none {
		return Result{}, answer.Errors[0].AsError()
	}
	for _, e := range answer.Errors {
		// What came is not all that there is, and does not say where it ends.
		if kind := e.kind(); kind == KindTooLarge || kind == KindUnreachable {
			return Result{}, e.AsError()
		}
	}
	return Result{Data: answer.Data, Errors: answer.Errors}, nil
}

type queryMark struct{}

// asQuery marks a request as a GraphQL query.
func asQuery(ctx context.Context) context.Context { return context.WithValue(ctx, queryMark{}, true) }

// isQuery tells a GraphQL query from a REST request.
func isQuery(ctx context.Context) bool { return ctx.Value(queryMark{}) != nil }

// timedOut tells that a query took GitHub too long. Sending it again would take as
// long; its sender has to ask for less.
func timedOut(ctx context.Context, err error) bool {
	var e *Error
	return isQuery(ctx) && errors.As(err, &e) &&
		(e.Status == http.StatusBadGateway || e.Status == http.StatusGatewayTimeout || errors.Is(e.Err, errTooLarge))
}

// reportsLimit tells that a query's answer of status 200 is GitHub's refusal. Source:
// docs.github.com/graphql/overview/rate-limits-and-node-limits-for-the-graphql-api#exceeding-the-rate-limit.
func reportsLimit(body []byte) bool {
	if len(body) > largestLimitAnswer {
		return false
	}
	var answer struct {
		Message string       `json:"message"`
		Errors  []QueryError `json:"errors"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return false
	}
	for _, e := range answer.Errors {
		if e.Type == "RATE_LIMITED" || e.Type == "RATE_LIMIT" || len(e.Path) == 0 && mentionsLimit([]byte(e.Message)) {
			return true
		}
	}
	return mentionsLimit([]byte(answer.Message))
}
