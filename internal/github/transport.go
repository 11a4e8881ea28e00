package github

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/holdfast/holdfast/internal/budget"
)

const (
	maxBody        = 64 << 20        // no page of 100 items comes near it
	oneAttempt     = time.Minute     // for an answer, its body included
	attempts       = 4               // of one request, while GitHub does not answer properly
	firstBackoff   = time.Second / 2 // doubled each time
	shortWait      = 5 * time.Second // of a limit, slept through here instead of given to the caller
	leastSecondary = time.Minute     // least wait after a secondary limit without a time
	longestBackoff = 15 * time.Minute
	longestHold    = 65 * time.Minute // the primary window and some; what asks for more is not meant
)

// authTransport adds the token, to requests for the API's own host only: a
// redirect must not carry it elsewhere.
type authTransport struct {
	next  http.RoundTripper
	base  *url.URL
	token string
}

func (t *authTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if t.token == "" || req.URL.Host != t.base.Host || req.URL.Scheme != t.base.Scheme {
		return t.next.RoundTrip(req)
	}
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+t.token)
	return t.next.RoundTrip(req)
}

// limitTransport sends requests through the gate, reads each answer whole, obeys
// GitHub's limits and repeats a read that GitHub did not answer properly. It hides
// the rate headers from go-github, whose client would otherwise block by itself.
type limitTransport struct {
	next  http.RoundTripper
	gate  *budget.Gate
	now   func() time.Time
	scale float64 // of every back-off; 1 in production

	instruments instruments
}

func (t *limitTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	var err error
	for attempt := range attempts {
		if attempt > 0 {
			if err := t.sleep(req.Context(), t.backoff(attempt)); err != nil {
				return nil, err
			}
		}
		var resp *http.Response
		resp, err = t.once(req)
		var limit *budget.LimitError
		switch {
		case err == nil:
			return resp, nil
		case errors.As(err, &limit):
			if wait := limit.Until.Sub(t.now()); wait > t.scaled(shortWait) || t.sleep(req.Context(), wait) != nil {
				return nil, limit
			}
		case timedOut(req.Context(), err):
			return nil, err
		case req.Context().Err() != nil:
			return nil, req.Context().Err()
		}
	}
	return nil, err
}

// once sends the request one time. Its error is a *budget.LimitError or worth a retry.
func (t *limitTransport) once(req *http.Request) (*http.Response, error) {
	enter := t.gate.Enter
	if isQuery(req.Context()) {
		enter = t.gate.EnterGraphQL
	}
	leave, err := enter(req.Context())
	if err != nil {
		return nil, err
	}
	defer leave()
	countRequest(req.Context())
	end, began := t.instruments.begin(req.Context()), t.now()
	resp, body, err := t.send(req)
	end(resp, err)
	if err != nil {
		return nil, err
	}
	t.learn(req.Context(), resp, len(body), t.now().Sub(began))
	if limit := t.limitOf(req.Context(), resp, body); limit != nil {
		return nil, limit
	}
	t.gate.Succeed()
	if resp.StatusCode >= http.StatusInternalServerError && resp.StatusCode != http.StatusNotImplemented {
		return nil, &Error{Kind: KindUnreachable, Status: resp.StatusCode, RequestID: resp.Header.Get("X-GitHub-Request-Id")}
	}
	if resp.StatusCode == http.StatusOK && len(bytes.TrimSpace(body)) == 0 {
		return nil, &Error{Kind: KindUnreachable, Status: resp.StatusCode, Err: errors.New("the answer is empty")}
	}
	resp.Header = resp.Header.Clone()
	for _, name := range []string{"X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset"} {
		resp.Header.Del(name)
	}
	return resp, nil
}

// send sends the request and reads the answer whole. Its error is an *Error of
// KindUnreachable.
func (t *limitTransport) send(req *http.Request) (*http.Response, []byte, error) {
	ctx, cancel := context.WithTimeout(req.Context(), oneAttempt)
	defer cancel() // the body is read whole before
	attempt := req.WithContext(ctx)
	if req.GetBody != nil { // an attempt before this one has read it
		body, err := req.GetBody()
		if err != nil {
			return nil, nil, fmt.Errorf("read the request's body again: %w", err)
		}
		attempt.Body = body
	}
	resp, err := t.next.RoundTrip(attempt)
	if err != nil {
		return nil, nil, &Error{Kind: KindUnreachable, Err: err}
	}
	body, err := readWhole(resp)
	if err != nil {
		return nil, nil, &Error{Kind: KindUnreachable, Status: resp.StatusCode, RequestID: resp.Header.Get("X-GitHub-Request-Id"), Err: err}
	}
	return resp, body, nil
}

var errTooLarge = fmt.Errorf("the answer is larger than %d bytes", maxBody)

// readWhole replaces the body by its bytes, so that a cut-off body is noticed here.
func readWhole(resp *http.Response) (body []byte, err error) {
	defer func() {
		if cerr := resp.Body.Close(); err == nil && cerr != nil {
			err = cerr
		}
		resp.Body = io.NopCloser(bytes.NewReader(body))
	}()
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if len(body) > maxBody {
		return nil, errTooLarge
	}
	return body, nil
}

// limitOf tells whether the answer says that a limit is met, and holds the gate
// if so. Source: docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit.
func (t *limitTransport) limitOf(ctx context.Context, resp *http.Response, body []byte) *budget.LimitError {
	h, hourly := resp.Header, budget.Primary
	spent := h.Get("X-Ratelimit-Remaining") == "0"
	refused := resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusForbidden &&
		(h.Get("Retry-After") != "" || spent || mentionsLimit(body))
	if isQuery(ctx) {
		hourly = budget.Points
		refused = refused || resp.StatusCode == http.StatusOK && reportsLimit(body)
	}
	if !refused {
		if wait, ok := untilReset(h); ok && spent {
			// The next request would be refused, and count against us.
			t.gate.Hold(hourly, t.now().Add(wait))
		}
		return nil
	}
	if wait, ok := retryAfter(h); ok {
		return t.hold(budget.Secondary, wait)
	}
	if wait, ok := untilReset(h); ok && spent {
		return t.hold(hourly, wait)
	}
	return t.hold(budget.Secondary, t.scaled(min(leastSecondary<<(min(t.gate.Strike(), 10)-1), longestBackoff)))
}

// untilReset is how long the primary limit's window goes on, by GitHub's own clock
// since ours may differ, with a second to spare since GitHub gives whole seconds.
// It is not ok for a time that cannot be meant.
func untilReset(h http.Header) (time.Duration, bool) {
	reset, err := strconv.ParseInt(h.Get("X-Ratelimit-Reset"), 10, 64)
	if err != nil {
		return 0, false
	}
	return sane(h, time.Unix(reset+1, 0))
}

// retryAfter reads seconds or a date (RFC 9110, section 10.2.3).
func retryAfter(h http.Header) (time.Duration, bool) {
	value := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil {
		wait := time.Duration(min(seconds, int(longestHold/time.Second))) * time.Second
		return wait, wait > 0
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	return sane(h, at)
}

// sane is how far a time lies ahead of the answer's own date, at most longestHold.
func sane(h http.Header, at time.Time) (time.Duration, bool) {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0, false
	}
	wait := at.Sub(date)
	return min(wait, longestHold), wait > 0
}

func (t *limitTransport) hold(limit budget.Limit, wait time.Duration) *budget.LimitError {
	held := t.gate.Hold(limit, t.now().Add(wait))
	return &held
}

func (t *limitTransport) scaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) * t.scale)
}

func (t *limitTransport) backoff(attempt int) time.Duration {
	d := t.scaled(firstBackoff << (attempt - 1))
	return d/2 + rand.N(d/2+1) //nolint:gosec // jitter, no secret
}

func (t *limitTransport) sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

type requestCounter struct{}

// withCounter makes ctx count every request that leaves for it, retries included.
func withCounter(ctx context.Context) (context.Context, *atomic.Int64) {
	n := new(atomic.Int64)
	return context.WithValue(ctx, requestCounter{}, n), n
}

func countRequest(ctx context.Context) {
	if n, ok := ctx.Value(requestCounter{}).(*atomic.Int64); ok {
		n.Add(1)
	}
}
