package api

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/holdfast/holdfast/internal/operation"
)

// Throttle bounds how many requests one key or token may make.
type Throttle interface {
	// Take counts a request, if it is allowed.
	Take(ctx context.Context, key string) (operation.Allowance, error)
}

// throttleTime bounds how long a request waits for its count: without an answer it goes on.
const throttleTime = 250 * time.Millisecond

// throttled lets in who has not made too many requests lately, and says in each answer
// how many are left. Source: draft-ietf-httpapi-ratelimit-headers.
func (a *API) throttled(next http.Handler) http.Handler {
	return limited(a, a.opts.Throttle, func(r *http.Request) string { return workspaceOf(r.Context()) + ":" + subjectOf(r.Context()) }, next)
}

// limited bounds the requests that a key stands for.
func limited(a *API, throttle Throttle, key func(*http.Request) string, next http.Handler) http.Handler {
	if throttle == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		counting, cancel := context.WithTimeout(ctx, throttleTime)
		allowance, err := throttle.Take(counting, key(r))
		cancel()
		if err != nil {
			a.logger(ctx).DebugContext(ctx, "a request was not counted", "error", err)
			next.ServeHTTP(w, r)
			return
		}
		wait := int(math.Ceil(allowance.Wait.Seconds()))
		h := w.Header()
		h.Set("RateLimit-Policy", fmt.Sprintf(`"requests";q=%d;w=%d`, allowance.Most, int(allowance.Period.Seconds())))
		h.Set("RateLimit", fmt.Sprintf(`"requests";r=%d;t=%d`, allowance.Left, wait))
		if !allowance.Allowed {
			newProblem(ctx, http.StatusTooManyRequests, "too_many_requests",
				fmt.Sprintf("You may make %d requests a minute. Try again in %d s.", allowance.Most, wait)).
				with("Retry-After", strconv.Itoa(wait)).write(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}
