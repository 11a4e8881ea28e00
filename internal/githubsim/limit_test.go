package githubsim_test

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-github/v58/github"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/githubsim"
)

// movingClock is a clock that a test moves.
type movingClock struct {
	mu sync.Mutex
	at time.Time
}

func newMovingClock() *movingClock {
	return &movingClock{at: time.Date(2025, 7, 1, 12, 0, 0, 500, time.UTC)}
}

func (c *movingClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *movingClock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func TestPrimaryLimit(t *testing.T) {
	t.Parallel()
	clock := newMovingClock()
	b := setup(t, githubsim.Options{Limit: 3, AnonymousLimit: 1, Window: time.Minute, Now: clock.now}, githubsim.SpecForItems(300))
	for want := 2; want >= 0; want-- {
		res := b.get(t, base+"/labels", "Authorization", "Bearer a")
		require.Equal(t, http.StatusOK, res.StatusCode)
		require.Equal(t, strconv.Itoa(want), res.Header.Get("X-RateLimit-Remaining"))
		require.Equal(t, strconv.Itoa(3-want), res.Header.Get("X-RateLimit-Used"))
		require.Equal(t, "3", res.Header.Get("X-RateLimit-Limit"))
	}
	require.Zero(t, b.sim.Stats().Offences)
	refused := b.get(t, base+"/labels", "Authorization", "Bearer a")
	require.Equal(t, http.StatusForbidden, refused.StatusCode)
	require.Contains(t, refused.object(t)["message"], "API rate limit exceeded for user ID")
	require.Equal(t, "0", refused.Header.Get("X-RateLimit-Remaining"))
	require.Zero(t, b.sim.Stats().Offences, "the refused one did not know")

	require.Equal(t, http.StatusForbidden, b.get(t, base, "Authorization", "Bearer a").StatusCode)
	require.EqualValues(t, 1, b.sim.Stats().Offences)

	look := b.get(t, "/rate_limit", "Authorization", "Bearer a").object(t)
	require.EqualValues(t, 0, look["rate"].(map[string]any)["remaining"])
	require.Equal(t, http.StatusOK, b.get(t, base, "Authorization", "Bearer b").StatusCode, "a window for each token")
	require.Equal(t, http.StatusOK, b.get(t, base).StatusCode)
	require.Equal(t, http.StatusForbidden, b.get(t, base).StatusCode)
	require.EqualValues(t, 1, b.sim.Stats().Offences)

	reset, err := strconv.ParseInt(refused.Header.Get("X-RateLimit-Reset"), 10, 64)
	require.NoError(t, err)
	until := time.Unix(reset, 0).Sub(clock.now())
	require.InDelta(t, time.Minute, until, float64(time.Second))
	clock.move(until - time.Nanosecond)
	require.Equal(t, http.StatusForbidden, b.get(t, base, "Authorization", "Bearer a").StatusCode)
	clock.move(time.Nanosecond)
	require.Equal(t, http.StatusOK, b.get(t, base, "Authorization", "Bearer a").StatusCode)
}

func TestClientKnowsTheLimits(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{AnonymousLimit: 1}, githubsim.SpecForItems(300))
	client := b.github(t)
	_, _, err := client.Repositories.Get(context.Background(), owner, name)
	require.NoError(t, err)
	_, _, err = client.Repositories.Get(context.Background(), owner, name)
	var primary *github.RateLimitError
	require.ErrorAs(t, err, &primary)
	require.Equal(t, 1, primary.Rate.Limit)

	b = setup(t, githubsim.Options{}, githubsim.SpecForItems(300))
	b.sim.SetFaults(githubsim.FaultPlan{Faults: []githubsim.Fault{{Kind: githubsim.FaultSecondaryLimit, RetryAfter: 7 * time.Second}}})
	_, _, err = b.github(t).Repositories.Get(context.Background(), owner, name)
	var secondary *github.AbuseRateLimitError
	require.ErrorAs(t, err, &secondary)
	require.Equal(t, 7*time.Second, secondary.GetRetryAfter())
}

func TestRequestsInFlight(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{MaxInFlight: 2, Window: time.Minute}, githubsim.SpecForItems(300))
	b.sim.SetFaults(githubsim.FaultPlan{Faults: []githubsim.Fault{
		{Kind: githubsim.FaultLatency, Endpoint: "tags", Delay: time.Hour},
	}})
	ctx, cancel := context.WithCancel(t.Context())
	var held sync.WaitGroup
	for range 2 {
		held.Go(func() {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url+base+"/tags", http.NoBody)
			if err == nil {
				if res, err := b.client.Do(req); err == nil {
					_ = res.Body.Close()
				}
			}
		})
	}
	require.Eventually(t, func() bool { return b.sim.Stats().InFlight == 2 }, 10*time.Second, time.Millisecond)
	res := b.get(t, base+"/branches")
	require.Equal(t, http.StatusForbidden, res.StatusCode)
	require.Equal(t, "1", res.Header.Get("Retry-After"))
	require.Contains(t, res.object(t)["message"], "secondary rate limit")
	cancel()
	held.Wait()
	require.Eventually(t, func() bool { return b.sim.Stats().InFlight == 0 }, 10*time.Second, time.Millisecond)
	require.Equal(t, 3, b.sim.Stats().MaxInFlight)
}

func TestStats(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var seen []string
	b := setup(t, githubsim.Options{Observe: func(x githubsim.Exchange) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, x.Endpoint+" "+x.URL+" "+strconv.Itoa(x.Status))
	}}, githubsim.SpecForItems(300))
	for _, path := range []string{
		"", "/labels", "/milestones", "/issues", "/issues/comments", "/issues/1", "/pulls", "/pulls/comments", "/pulls/1",
		"/pulls/1/reviews", "/commits", "/branches", "/branches/main", "/tags", "/releases", "/issues?page=2", "/wikis",
	} {
		b.get(t, base+path)
	}
	b.get(t, "/rate_limit")
	b.get(t, "/user")
	require.Eventually(t, func() bool { return b.sim.Stats().InFlight == 0 }, 10*time.Second, time.Millisecond)
	stats := b.sim.Stats()
	require.EqualValues(t, 19, stats.Total)
	require.Equal(t, map[string]int64{
		"repository": 1, "labels": 1, "milestones": 1, "issues": 2, "issue_comments": 1, "issue": 1, "pulls": 1,
		"review_comments": 1, "pull": 1, "reviews": 1, "commits": 1, "branches": 1, "branch": 1, "tags": 1, "releases": 1,
		"rate_limit": 1, "user": 1, "unknown": 1,
	}, stats.Requests)
	require.EqualValues(t, 1, stats.Statuses[http.StatusUnauthorized])
	mu.Lock()
	require.Contains(t, seen, "issues "+base+"/issues?page=2 200")
	mu.Unlock()
	b.sim.ResetStats()
	require.Zero(t, b.sim.Stats().Total)
	require.Empty(t, b.sim.Stats().Requests)
}
