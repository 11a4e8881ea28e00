// Package client talks to Holdfast's API: it starts, lists, cancels and follows
// operations, and administers connections. The command line and the demo are clients like any other.
package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/progress"
)

// maxAnswer bounds what is read of one answer, in bytes.
const maxAnswer = 8 << 20

// Client is a client of one Holdfast API with one token. It is safe for
// concurrent use.
type Client struct {
	base  *url.URL
	token func(context.Context) (string, error)
	// renews tells that token may yield another one once one has expired.
	renews bool
	http   *http.Client
	retry  retry
}

// New makes a client of the API at baseURL ("http://localhost:8080") that shows
// token as its bearer token. hc may be nil.
func New(baseURL, token string, hc *http.Client) (*Client, error) {
	c, err := NewWithTokens(baseURL, func(context.Context) (string, error) { return token, nil }, hc)
	if err == nil {
		c.renews = false
	}
	return c, err
}

// NewWithTokens makes a client that asks token for each request's bearer token; an empty
// one is not shown. hc may be nil.
func NewWithTokens(baseURL string, token func(context.Context) (string, error), hc *http.Client) (*Client, error) {
	base, err := url.Parse(strings.TrimSuffix(baseURL, "/"))
	if err != nil {
		return nil, fmt.Errorf("the API's URL %q cannot be read: %w", baseURL, err)
	}
	if (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" {
		return nil, fmt.Errorf("the API's URL %q must start with http:// or https:// and name a host", baseURL)
	}
	if hc == nil {
		hc = &http.Client{Timeout: 30 * time.Second}
	}
	return &Client{base: base, token: token, renews: true, http: hc, retry: defaultRetry}, nil
}

// Problem is an RFC 9457 problem document that the API answered with.
type Problem struct {
	Status    int            `json:"status"`
	Title     string         `json:"title"`
	Detail    string         `json:"detail"`
	Code      string         `json:"code"`
	RequestID string         `json:"request_id"`
	Errors    []ProblemField `json:"errors"`
}

// ProblemField says what is wrong at one place of a request.
type ProblemField struct {
	Location string `json:"location"`
	Message  string `json:"message"`
}

// Error is the problem in one line for people, with the request's id to ask about.
func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.Detail)
	if p.Detail == "" {
		b.WriteString(p.Title)
	}
	for i, f := range p.Errors {
		sep := "; "
		if i == 0 {
			sep = " "
		}
		fmt.Fprintf(&b, "%s%s: %s", sep, f.Location, f.Message)
	}
	fmt.Fprintf(&b, " (HTTP %d", p.Status)
	if p.RequestID != "" {
		b.WriteString(", request " + p.RequestID)
	}
	b.WriteString(")")
	return b.String()
}

// SyncRequest asks for a sync of one repository, or of an organization and its
// repositories.
type SyncRequest struct {
	Repository   string `json:"repository,omitempty"`   // "owner/name"
	Organization string `json:"organization,omitempty"` // its login; either this or Repository

	// Which repositories of the organization, by patterns over their names.
	Include  []string `json:"include,omitempty"`  // empty: all
	Exclude  []string `json:"exclude,omitempty"`  // wins over Include
	Archived bool     `json:"archived,omitempty"` // archived ones as well
	Forks    bool     `json:"forks,omitempty"`    // forks as well

	Collections    []string           `json:"collections,omitempty"` // and presets; empty: core
	Full           bool               `json:"full,omitempty"`        // compare with all that GitHub has
	Lane           operation.Lane     `json:"lane,omitempty"`        // how urgent it is; empty: backfill
	Approval       operation.Approval `json:"approval,omitempty"`    // whether somebody must approve it first
	IdempotencyKey string             `json:"-"`                     // empty: a new one, so that the request may be sent again safely
}

// StartSync starts a sync and returns its operation, or the one that the same
// idempotency key already started.
func (c *Client) StartSync(ctx context.Context, req SyncRequest) (operation.Operation, error) {
	if req.IdempotencyKey == "" {
		req.IdempotencyKey = uuid.NewString()
	}
	body, err := json.Marshal(req)
	if err != nil {
		return operation.Operation{}, fmt.Errorf("encode the request: %w", err)
	}
	header := http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": {req.IdempotencyKey}}
	var op progress.Operation
	if err := c.do(ctx, http.MethodPost, "/v1/syncs", header, body, &op); err != nil {
		return operation.Operation{}, fmt.Errorf("start the sync of %s: %w", cmp.Or(req.Repository, req.Organization), err)
	}
	return op.Domain(), nil
}

// Operation is the operation of that id.
func (c *Client) Operation(ctx context.Context, id string) (operation.Operation, error) {
	var op progress.Operation
	if err := c.do(ctx, http.MethodGet, "/v1/operations/"+url.PathEscape(id), nil, nil, &op); err != nil {
		return operation.Operation{}, fmt.Errorf("read operation %s: %w", id, err)
	}
	return op.Domain(), nil
}

// Operations lists operations, newest first, and the cursor of the next page,
// empty after the last. A zero limit leaves the page's size to the API.
func (c *Client) Operations(ctx context.Context, f operation.Filter) ([]operation.Operation, string, error) {
	query := url.Values{}
	states := make([]string, len(f.States))
	for i, state := range f.States {
		states[i] = string(state)
	}
	for name, value := range map[string]string{
		"state": strings.Join(states, ","), "kind": string(f.Kind), "subject": f.Subject, "parent": f.Parent, "cursor": f.Cursor,
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	for name, at := range map[string]*time.Time{"created_after": f.CreatedAfter, "created_before": f.CreatedBefore} {
		if at != nil {
			query.Set(name, at.Format(time.RFC3339Nano))
		}
	}
	if f.Limit > 0 {
		query.Set("limit", strconv.Itoa(f.Limit))
	}
	var page struct {
		Operations []progress.Operation `json:"operations"`
		NextCursor string               `json:"next_cursor"`
	}
	if err := c.do(ctx, http.MethodGet, "/v1/operations?"+query.Encode(), nil, nil, &page); err != nil {
		return nil, "", fmt.Errorf("list operations: %w", err)
	}
	ops := make([]operation.Operation, len(page.Operations))
	for i, op := range page.Operations {
		ops[i] = op.Domain()
	}
	return ops, page.NextCursor, nil
}

// do sends one request and decodes its answer into out, unless that is nil.
func (c *Client) do(ctx context.Context, method, path string, header http.Header, body []byte, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, c.base.String()+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make the request: %w", err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	if err := c.authorize(ctx, req.Header); err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return unreachable(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return problemOf(resp, answer)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("the API answered %s with something that is not the JSON expected: %w", resp.Status, err)
	}
	return nil
}

// authorize adds what every request carries.
func (c *Client) authorize(ctx context.Context, h http.Header) error {
	token, err := c.token(ctx)
	if err != nil {
		return err
	}
	if token != "" {
		h.Set("Authorization", "Bearer "+token)
	}
	h.Set("Accept", "application/json, application/problem+json")
	h.Set("User-Agent", "holdfast-cli")
	return nil
}

// problemOf turns a refusal into a readable error, whoever wrote its body: a
// proxy in between answers in HTML.
func problemOf(resp *http.Response, body []byte) error {
	p := &Problem{}
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || !strings.HasSuffix(kind, "json") || json.Unmarshal(body, p) != nil {
		p = &Problem{Title: http.StatusText(resp.StatusCode)}
	}
	p.Status = resp.StatusCode
	if p.RequestID == "" {
		p.RequestID = resp.Header.Get("X-Request-Id")
	}
	return p
}

// ErrUnreachable is in the chain of the error of a request that had no answer.
var ErrUnreachable = errors.New("the API cannot be reached")

// unreachable drops the method and the URL that net/http repeats in its errors.
func unreachable(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}
