package github

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/holdfast/holdfast/internal/budget"
)

// longestHold is the primary window and some; what asks for more is not meant.
const longestHold = 65 * time.Minute

// answerOf is what an answer tells of GitHub's limits. Source:
// docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#checking-the-status-of-your-rate-limit.
func answerOf(resource budget.Resource, status int, h http.Header, body []byte, took time.Duration) budget.Answer {
	a := budget.Answer{Sent: true, Took: took, Size: len(body), Refused: refusalOf(resource, status, h, body)}
	// Who shows a credential that GitHub does not accept is counted by address, as nobody.
	if status != http.StatusUnauthorized {
		a.OK = a.Refused == nil && status < http.StatusInternalServerError
		a.Rate = rateOf(resource, h)
	}
	return a
}

// rateOf reads the headers about the hourly limit; nil where there are none, or none
// about this one: GitHub has others, for search among them.
func rateOf(resource budget.Resource, h http.Header) *budget.Rate {
	if other(resource, h) {
		return nil
	}
	limit, err := strconv.ParseInt(h.Get("X-Ratelimit-Limit"), 10, 64)
	if err != nil || limit < 0 {
		return nil
	}
	left, err := strconv.ParseInt(h.Get("X-Ratelimit-Remaining"), 10, 64)
	if err != nil || left < 0 {
		return nil
	}
	reset, ok := untilReset(h)
	if !ok {
		return nil
	}
	return &budget.Rate{Limit: limit, Left: left, Reset: reset}
}

// other tells that an answer's rate is not that of the resource which was asked for.
func other(resource budget.Resource, h http.Header) bool {
	told := h.Get("X-Ratelimit-Resource")
	return told != "" && told != string(resource)
}

// refusalOf tells whether the answer says that a limit is met, and for how long; nil if
// it does not. Source:
// docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit.
func refusalOf(resource budget.Resource, status int, h http.Header, body []byte) *budget.Refusal {
	spent := h.Get("X-Ratelimit-Remaining") == "0"
	refused := status == http.StatusTooManyRequests || status == http.StatusForbidden &&
		(h.Get("Retry-After") != "" || spent || mentionsLimit(body))
	hourly := budget.Primary
	if resource == budget.GraphQL {
		hourly = budget.Points
		refused = refused || status == http.StatusOK && reportsLimit(body)
	}
	if !refused {
		return nil
	}
	if wait, ok := retryAfter(h); ok {
		return &budget.Refusal{Limit: budget.Secondary, Wait: wait}
	}
	if wait, ok := untilReset(h); ok && spent {
		if other(resource, h) {
			hourly = budget.Secondary
		}
		return &budget.Refusal{Limit: hourly, Wait: wait}
	}
	return &budget.Refusal{Limit: budget.Secondary}
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
	// Beyond the range of numbers it is the largest there is.
	if seconds, err := strconv.ParseInt(value, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		wait := time.Duration(max(0, min(seconds, int64(longestHold/time.Second)))) * time.Second
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

// requestOf is what a request costs. Whatever changes something costs five points and
// counts, but for deleting, as creating content; a query is read only. Source:
// docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits.
func requestOf(req *http.Request) budget.Request {
	if isQuery(req.Context()) {
		return budget.Request{Resource: budget.GraphQL}
	}
	write := req.Method != http.MethodGet && req.Method != http.MethodHead
	return budget.Request{
		Resource: budget.Core, Write: write,
		Content: write && req.Method != http.MethodDelete && req.Context().Value(contentlessMark{}) == nil,
	}
}

type contentlessMark struct{}

// withoutContent marks a request that changes something but creates no content.
func withoutContent(ctx context.Context) context.Context {
	return context.WithValue(ctx, contentlessMark{}, true)
}
