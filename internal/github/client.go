// Package github asks GitHub. It uses go-github's client for requests and
// decoding, and decides limits, retries, redirects and paging itself.
package github

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	gogithub "github.com/google/go-github/v58/github"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/holdfast/holdfast/internal/budget"
	"github.com/holdfast/holdfast/internal/rawjson"
)

// DefaultBaseURL is the API of github.com.
const DefaultBaseURL = "https://api.github.com/"

// PerPage is the page size of every list: the largest that GitHub allows.
const PerPage = 100

// Options configure a Client.
type Options struct {
	BaseURL   string            // of the API, with a trailing slash
	Token     string            // empty: unauthenticated, 60 requests an hour
	UserAgent string            // GitHub asks every client to name itself
	Transport http.RoundTripper // nil: a transport of its own with sane time-outs
	Gate      *budget.Gate      // shared by all clients of the same credential
	Now       func() time.Time
	Scale     float64 // of every back-off; 0 means 1
	// TracerProvider makes a span of each attempt of a request; nil: none is made.
	// The trace is never handed on to GitHub.
	TracerProvider trace.TracerProvider
	// MeterProvider measures every attempt of a request; nil: nothing is measured.
	MeterProvider metric.MeterProvider
}

// Client asks GitHub with one credential. It is safe for concurrent use.
type Client struct {
	gh   *gogithub.Client
	base *url.URL
}

// New is a client for one credential.
func New(o Options) (*Client, error) {
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Host == "" {
		return nil, fmt.Errorf("GitHub's base URL %q is no URL", o.BaseURL)
	}
	if !strings.HasSuffix(base.Path, "/") {
		base.Path += "/"
	}
	if o.Scale == 0 {
		o.Scale = 1
	}
	if o.Transport == nil {
		o.Transport = newTransport()
	}
	if o.TracerProvider != nil {
		o.Transport = traced(o.Transport, o.TracerProvider)
	}
	measured, err := newInstruments(o.MeterProvider, o.Now)
	if err != nil {
		return nil, err
	}
	hc := &http.Client{
		Transport: &limitTransport{
			next: &authTransport{next: o.Transport, base: base, token: o.Token},
			gate: o.Gate, now: o.Now, scale: o.Scale, instruments: measured,
		},
		CheckRedirect: sameHost(base),
	}
	gh := gogithub.NewClient(hc)
	gh.BaseURL, gh.UserAgent = base, o.UserAgent
	return &Client{gh: gh, base: base}, nil
}

func newTransport() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // documented to be one
	t.MaxIdleConnsPerHost = 32
	t.ResponseHeaderTimeout = 30 * time.Second
	return t
}

// sameHost follows GitHub's redirects of renamed and transferred repositories, and
// refuses one that leads elsewhere.
func sameHost(base *url.URL) func(*http.Request, []*http.Request) error {
	return func(req *http.Request, via []*http.Request) error {
		if req.URL.Host != base.Host || req.URL.Scheme != base.Scheme {
			return &Error{Kind: KindUnexpected, Message: "GitHub redirects to another host, " + req.URL.Host}
		}
		if len(via) >= 5 {
			return &Error{Kind: KindUnexpected, Message: "GitHub redirects in a circle"}
		}
		return nil
	}
}

// Page is one page of a list.
type Page struct {
	Items    []json.RawMessage
	Next     string    // rel=next, verbatim; empty on the last page
	Last     int       // page number of rel=last; 0 when GitHub does not say
	Date     time.Time // of the answer, by GitHub's clock
	Requests int64     // that it took, retries and redirects included
}

// List reads the page of a list at a URL: a path relative to the base URL with its
// query, or a rel=next link verbatim. Errors are *Error or *budget.LimitError; the
// page then holds only Requests.
func (c *Client) List(ctx context.Context, rawURL string) (Page, error) {
	var body bytes.Buffer
	resp, requests, err := c.get(ctx, rawURL, &body)
	p := Page{Requests: requests}
	if err != nil {
		return p, err
	}
	// Not by go-github, whose decoder takes an empty answer for an empty list and
	// reads each item several times.
	if p.Items, err = rawjson.Elements(body.Bytes()); err != nil {
		return Page{Requests: requests}, &Error{Kind: KindUnreachable, Status: resp.StatusCode, Message: "the answer is no list", Err: err}
	}
	p.Next, p.Last = links(resp.Header.Values("Link"))
	if p.Next != "" {
		if err := c.checkLink(p.Next); err != nil {
			return Page{Requests: requests}, err
		}
	}
	p.Date = date(resp)
	return p, nil
}

// Object reads one object, as a page with one item.
func (c *Client) Object(ctx context.Context, rawURL string) (Page, error) {
	var raw json.RawMessage
	resp, requests, err := c.get(ctx, rawURL, &raw)
	if err != nil {
		return Page{Requests: requests}, err
	}
	return Page{Items: []json.RawMessage{raw}, Date: date(resp), Requests: requests}, nil
}

func (c *Client) get(ctx context.Context, rawURL string, into any) (*gogithub.Response, int64, error) {
	if strings.Contains(rawURL, "://") {
		// A link that was kept may be another GitHub's by now.
		if err := c.checkLink(rawURL); err != nil {
			return nil, 0, err
		}
	}
	ctx, counted := withCounter(ctx)
	req, err := c.gh.NewRequest(http.MethodGet, rawURL, nil)
	if err != nil {
		return nil, 0, &Error{Kind: KindUnexpected, Err: err}
	}
	resp, err := c.gh.Do(ctx, req, into)
	if err != nil {
		if ctx.Err() != nil {
			return nil, counted.Load(), ctx.Err()
		}
		return nil, counted.Load(), translate(err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, counted.Load(), &Error{Kind: KindUnexpected, Status: resp.StatusCode, Message: "the answer has no content"}
	}
	return resp, counted.Load(), nil
}

// checkLink refuses a link that leaves the API: it would be asked with the token.
func (c *Client) checkLink(link string) error {
	u, err := url.Parse(link)
	if err != nil || u.Host != c.base.Host || u.Scheme != c.base.Scheme {
		return &Error{Kind: KindUnexpected, Message: "a link of GitHub's answer leads to another host"}
	}
	return nil
}

// date is GitHub's clock. Without it the caller must not rely on its own: zero.
func date(resp *gogithub.Response) time.Time {
	t, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return t
}

// links reads rel=next verbatim and the page number of rel=last (RFC 8288).
// go-github's own reading drops the "after" of GitHub's cursor links.
func links(headers []string) (next string, last int) {
	for _, header := range headers {
		for link := range strings.SplitSeq(header, ",") {
			target, params, ok := strings.Cut(strings.TrimSpace(link), ">")
			if !ok || !strings.HasPrefix(target, "<") {
				continue
			}
			target = target[1:]
			switch {
			case strings.Contains(params, `rel="next"`):
				next = target
			case strings.Contains(params, `rel="last"`):
				if u, err := url.Parse(target); err == nil {
					// A last link without a page number is as good as none.
					last, _ = strconv.Atoi(u.Query().Get("page"))
				}
			}
		}
	}
	return next, last
}
