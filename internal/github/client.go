// Package github asks GitHub. It uses go-github's client for requests and
// decoding, and decides limits, retries, redirects and paging itself.
package github

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	gogithub "github.com/google/go-github/v58/github"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/holdfast/holdfast/internal/budget"
)

// DefaultBaseURL is the API of github.com.
const DefaultBaseURL = "https://api.github.com/"

// PerPage is the page size of every list: the largest that GitHub allows.
const PerPage = 100

// Options configure a Client.
type Options struct {
	BaseURL    string            // of the API, with a trailing slash
	Credential Credential        // nil: Anonymous
	Account    *budget.Account   // what GitHub's limits are counted on
	Connection string            // the id of the connection that the credential is of
	UserAgent  string            // GitHub asks every client to name itself
	Transport  http.RoundTripper // nil: a transport of its own with sane time-outs
	Now        func() time.Time
	Scale      float64 // of every back-off; 0 means 1
	// Refused is called when GitHub does not accept the credential, with a sentence that
	// says so. It must be quick. Nil: nobody is told.
	Refused func(ctx context.Context, reason string)
	// TracerProvider makes a span of each attempt of a request; nil: none is made.
	// The trace is never handed on to GitHub.
	TracerProvider trace.TracerProvider
	// MeterProvider measures every attempt of a request; nil: nothing is measured.
	MeterProvider metric.MeterProvider
}

// Client asks GitHub with one credential. It is safe for concurrent use.
type Client struct {
	gh         *gogithub.Client
	base       *url.URL
	account    *budget.Account
	connection string
	// scale is of every back-off, and of GitHub's windows where a simulator's are shorter.
	scale float64

	authenticated bool
	now           func() time.Time
	unserved      atomic.Int64 // until when no query is sent, in nanoseconds since 1970
}

// New is a client for one credential. It has a client of go-github's of its own: a
// shared one would hand the first credential's token to the second.
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
	if o.Credential == nil {
		o.Credential = Anonymous()
	}
	if o.Transport == nil {
		o.Transport = NewTransport()
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
			next: o.Transport, base: base, credential: o.Credential, account: o.Account,
			now: o.Now, scale: o.Scale, instruments: measured, refused: o.Refused,
		},
		CheckRedirect: sameHost(base),
	}
	gh := gogithub.NewClient(hc)
	gh.BaseURL, gh.UserAgent = base, o.UserAgent
	_, none := o.Credential.(anonymous)
	return &Client{
		gh: gh, base: base, account: o.Account, connection: o.Connection, scale: o.Scale, authenticated: !none, now: o.Now,
	}, nil
}

// Connection is the id of the connection that the client asks for.
func (c *Client) Connection() string { return c.connection }

// scaled is a back-off, or a time of GitHub's, where both are shorter than in production.
func (c *Client) scaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) * c.scale)
}

// NewTransport is how a process reaches GitHub, for all its clients to share. It adds
// nothing to requests and follows no redirect.
func NewTransport() *http.Transport {
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
