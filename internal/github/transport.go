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
	"sync/atomic"
	"time"

	"github.com/holdfast/holdfast/internal/budget"
)

const (
	maxBody        = 64 << 20        // no page of 100 items comes near it
	oneAttempt     = time.Minute     // for an answer, its body included
	attempts       = 4               // of one request, while GitHub does not answer properly
	firstBackoff   = time.Second / 2 // doubled each time
	leastSecondary = time.Minute     // of a limit without a time, where no account knows better
	shortWait      = 5 * time.Second // of a limit, slept through here instead of given to the caller
)

// limitTransport asks with a credential, within an account's budget. It reads each
// answer whole, obeys GitHub's limits and repeats what GitHub did not answer properly.
// It hides the rate headers from go-github, whose client would otherwise block by itself.
type limitTransport struct {
	next       http.RoundTripper
	base       *url.URL
	credential Credential
	account    *budget.Account
	now        func() time.Time
	scale      float64 // of every back-off; 1 in production

	instruments instruments
	// refused is told when GitHub does not accept the credential; nil: nobody is.
	refused func(ctx context.Context, reason string)
}

func (t *limitTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	var err error
	renewed := false
	for attempt := range attempts {
		if attempt > 0 {
			if err := t.sleep(req.Context(), t.backoff(attempt)); err != nil {
				return nil, err
			}
		}
		var (
			resp  *http.Response
			token string
			limit *budget.LimitError
		)
		resp, token, err = t.once(req)
		if err == nil && resp.StatusCode == http.StatusUnauthorized && !renewed {
			renewed, err = t.renewal(req.Context(), resp, token)
		}
		switch {
		case err == nil:
			return t.judge(req.Context(), resp)
		case errors.As(err, &limit):
			wait := limit.Until.Sub(t.now())
			if attempt == attempts-1 || wait > t.scaled(shortWait) || t.sleep(req.Context(), wait) != nil {
				return nil, limit
			}
		case req.Context().Err() != nil:
			return nil, req.Context().Err()
		case KindOf(err) == KindUnauthorized:
			t.tell(req.Context(), err)
			return nil, err
		case timedOut(req.Context(), err):
			return nil, err
		}
	}
	return nil, err
}

// once sends the request one time, with the token that it returns. Its error is a
// *budget.LimitError, one of KindUnauthorized from the credential, or worth a retry.
func (t *limitTransport) once(req *http.Request) (_ *http.Response, token string, err error) {
	ctx := req.Context()
	req, token, err = t.authorize(req)
	if err != nil {
		return nil, "", err
	}
	pass, err := t.enter(req)
	if err != nil {
		return nil, "", err
	}
	countRequest(ctx)
	end, began := t.instruments.begin(ctx), t.now()
	resp, body, err := t.send(req)
	end(resp, err)
	if err != nil {
		// Nothing is known of what GitHub counted: the request was sent.
		return nil, "", errors.Join(err, t.leave(ctx, pass, budget.Answer{Sent: true, Took: t.now().Sub(began)}))
	}
	answer := answerOf(pass.resource, resp.StatusCode, resp.Header, body, t.now().Sub(began))
	if err := t.leave(ctx, pass, answer); err != nil {
		return nil, "", err
	}
	if resp.StatusCode >= http.StatusInternalServerError && resp.StatusCode != http.StatusNotImplemented {
		return nil, "", &Error{Kind: KindUnreachable, Status: resp.StatusCode, RequestID: requestID(resp)}
	}
	if resp.StatusCode == http.StatusOK && len(bytes.TrimSpace(body)) == 0 {
		return nil, "", &Error{Kind: KindUnreachable, Status: resp.StatusCode, Err: errors.New("the answer is empty")}
	}
	resp.Header = resp.Header.Clone()
	for _, name := range []string{"X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset"} {
		resp.Header.Del(name)
	}
	return resp, token, nil
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
		return nil, nil, &Error{Kind: KindUnreachable, Status: resp.StatusCode, RequestID: requestID(resp), Err: err}
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
