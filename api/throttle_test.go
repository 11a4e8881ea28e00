package api_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/api"
	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/operation"
)

// two allows two requests to each.
type two struct {
	mu   sync.Mutex
	seen map[string]int
	err  error
}

func (l *two) Take(_ context.Context, key string) (operation.Allowance, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen[key]++
	left := 2 - l.seen[key]
	return operation.Allowance{Allowed: left >= 0, Most: 2, Period: time.Minute, Left: max(left, 0), Wait: 1500 * time.Millisecond}, l.err
}

func TestTooManyRequests(t *testing.T) {
	t.Parallel()
	limiter := &two{seen: map[string]int{}}
	b := setup(t, func(o *api.Options) { o.Throttle = limiter })
	ada := b.token(t, auth.RoleOperator)
	got := b.do(t, http.MethodGet, "/v1/operations", ada, nil)
	require.Equal(t, http.StatusOK, got.StatusCode)
	require.Equal(t, `"requests";q=2;w=60`, got.Header.Get("RateLimit-Policy"))
	require.Equal(t, `"requests";r=1;t=2`, got.Header.Get("RateLimit"))
	require.Equal(t, http.StatusAccepted, b.do(t, http.MethodPost, "/v1/syncs", ada, strings.NewReader(`{"repository":"octo/mirror"}`)).StatusCode)

	got = b.do(t, http.MethodPost, "/v1/syncs", ada, strings.NewReader(`{"repository":"octo/other"}`))
	require.Equal(t, http.StatusTooManyRequests, got.StatusCode)
	require.Equal(t, "2", got.Header.Get("Retry-After"))
	require.Equal(t, "too_many_requests", got.problem(t).Code)
	require.Len(t, b.starter.started, 1)
	bob := b.grant(t, auth.Grant{Subject: "bob", WorkspaceID: workspace, Role: auth.RoleReader, TTL: time.Hour})
	require.Equal(t, http.StatusOK, b.do(t, http.MethodGet, "/v1/operations", bob, nil).StatusCode)
	require.Empty(t, b.do(t, http.MethodGet, "/healthz", "", nil).Header.Get("RateLimit"), "probes are not counted")

	limiter.mu.Lock()
	limiter.err = errors.New("Redis is away")
	limiter.mu.Unlock()
	require.Equal(t, http.StatusOK, b.do(t, http.MethodGet, "/v1/operations", ada, nil).StatusCode, "nobody is held up where nobody counts")
}
