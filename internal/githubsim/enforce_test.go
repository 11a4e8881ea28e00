package githubsim_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/githubsim"
)

// enforced is a server with GitHub's limits, but for what options say, and its clock. The
// token x is user 7's, unless there are other users.
func enforced(t *testing.T, options githubsim.Options) (*bundle, *movingClock) {
	t.Helper()
	clock := newMovingClock()
	options.Enforce, options.Now = true, clock.now
	if options.Users == nil {
		options.Users = []githubsim.User{{Login: "ada", ID: 7, Tokens: []githubsim.Token{{Value: "x"}}}}
	}
	b := setup(t, options, githubsim.SpecForItems(100))
	b.many = true
	return b, clock
}

func as(token string) []string { return []string{"Authorization", "Bearer " + token} }

// do sends a request without a network, and tells the status.
func (b *bundle) do(t *testing.T, method, path, token string) int {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	b.sim.ServeHTTP(w, req)
	return w.Code
}

func TestTheNumbersAreGitHubs(t *testing.T) {
	t.Parallel()
	b, _ := enforced(t, githubsim.Options{Users: []githubsim.User{{Login: "ada", Tokens: []githubsim.Token{{Value: "a"}}}}})
	for token, want := range map[string][4]int{"a": {5000, 5000, 30, 10}, "": {60, 0, 10, 60}} {
		var headers []string
		if token != "" {
			headers = as(token)
		}
		all := b.get(t, "/rate_limit", headers...).object(t)
		resources := all["resources"].(map[string]any)
		for i, name := range []string{"core", "graphql", "search", "code_search"} {
			require.EqualValues(t, want[i], resources[name].(map[string]any)["limit"], "%q %s", token, name)
		}
		require.Equal(t, resources["core"], all["rate"])
	}
	for range 900 {
		require.Equal(t, http.StatusOK, b.do(t, http.MethodGet, base, "a"))
	}
	require.Contains(t, []int{403, 429}, b.do(t, http.MethodGet, base, "a"))
	require.EqualValues(t, 1, b.sim.Stats().Refused[githubsim.LimitMinute])
	require.Equal(t, http.StatusOK, b.do(t, http.MethodGet, "/rate_limit", "a"), "it is free")
	for range 60 {
		require.Equal(t, http.StatusOK, b.do(t, http.MethodGet, base, ""))
	}
	require.Contains(t, []int{403, 429}, b.do(t, http.MethodGet, base, ""))
	require.EqualValues(t, 1, b.sim.Stats().Refused[githubsim.LimitPrimary])
}

func TestAllTokensOfAUserShareTheLimit(t *testing.T) {
	t.Parallel()
	b, clock := enforced(t, githubsim.Options{Limit: 4, Users: []githubsim.User{
		{Login: "ada", ID: 7, Tokens: []githubsim.Token{{Value: "a"}, {Value: "b"}}},
		{Login: "grace", Tokens: []githubsim.Token{{Value: "g"}}, Limit: 9},
	}})
	for i, token := range []string{"a", "b", "a", "b"} {
		require.Equal(t, strconv.Itoa(3-i), b.get(t, base, as(token)...).Header.Get("X-RateLimit-Remaining"))
	}
	refused := b.get(t, base, as("a")...)
	require.Contains(t, []int{403, 429}, refused.StatusCode)
	require.Contains(t, refused.object(t)["message"], "API rate limit exceeded for user ID 7.")
	require.Equal(t, "0", refused.Header.Get("X-RateLimit-Remaining"))
	require.Equal(t, "8", b.get(t, base, as("g")...).Header.Get("X-RateLimit-Remaining"))
	reset, err := strconv.ParseInt(refused.Header.Get("X-RateLimit-Reset"), 10, 64)
	require.NoError(t, err)
	clock.move(time.Unix(reset, 0).Sub(clock.now()))
	require.Equal(t, http.StatusOK, b.get(t, base, as("b")...).StatusCode)

	windows := b.sim.Windows("user:7")
	require.Len(t, windows, 2)
	require.Equal(t, githubsim.Window{Resource: "core", Limit: 4, Used: 4, Reset: time.Unix(reset, 0).UTC()}, windows[0])
	require.Equal(t, 1, windows[1].Used)
	require.Empty(t, b.sim.Windows("user:8"))
}

func TestPointsOfAMinute(t *testing.T) {
	t.Parallel()
	b, clock := enforced(t, githubsim.Options{PointsPerMinute: 10, ContentPerMinute: 100})
	get := func() int { return b.do(t, http.MethodGet, base, "x") }
	for range 5 {
		require.Equal(t, 200, get())
	}
	clock.move(40 * time.Second)
	require.Equal(t, 404, b.do(t, http.MethodPost, base+"/issues", "x"), "a write costs five")
	require.Contains(t, []int{403, 429}, get(), "any minute counts, not the clock's")
	clock.move(61 * time.Second) // of the wait
	require.Equal(t, 404, b.do(t, http.MethodPost, base+"/issues", "x"))
	for range 5 {
		require.Equal(t, 200, get())
	}
	require.Zero(t, b.sim.Stats().Offences)
	require.EqualValues(t, 1, b.sim.Stats().Refused[githubsim.LimitMinute])
}

func TestContentThatIsCreated(t *testing.T) {
	t.Parallel()
	b, clock := enforced(t, githubsim.Options{ContentPerHour: 200})
	post := func() int { return b.do(t, http.MethodPost, base+"/issues", "x") }
	for range 80 {
		require.Equal(t, 404, post())
	}
	require.Contains(t, []int{403, 429}, post())
	require.EqualValues(t, 1, b.sim.Stats().Refused[githubsim.LimitContent])
	for n := 80; n < 200; n++ {
		if n%80 == 0 {
			clock.move(2 * time.Minute)
		}
		require.Equal(t, 404, post())
	}
	clock.move(2 * time.Minute)
	require.Contains(t, []int{403, 429}, post())
	require.EqualValues(t, 1, b.sim.Stats().Refused[githubsim.LimitContentHour])
	clock.move(time.Hour)
	require.Equal(t, 404, post())
	require.Zero(t, b.sim.Stats().Offences)
}

func TestPointsOfQueries(t *testing.T) {
	t.Parallel()
	b, clock := enforced(t, githubsim.Options{GraphQLPointsPerMinute: 7, GraphQLLimit: 10})
	ask := func(query string) answer { return b.query(t, query, nil) }
	require.Equal(t, "9", ask("{rateLimit{cost}}").Header.Get("X-RateLimit-Remaining"))
	require.NotNil(t, ask("mutation {addStar(input: {starrableId: \"x\"}) {clientMutationId}}").problem(t), "it changes nothing, and costs five")
	require.Equal(t, "8", ask("{rateLimit{cost}}").Header.Get("X-RateLimit-Remaining"))
	refused := ask("{rateLimit{cost}}")
	require.Contains(t, string(refused.body), "You have exceeded a secondary rate limit")
	require.Contains(t, []int{403, 429}, b.get(t, base, as("x")...).StatusCode, "requests as well")
	require.Equal(t, map[githubsim.Limit]int64{githubsim.LimitMinute: 1, githubsim.LimitHold: 1}, b.sim.Stats().Refused)
	require.EqualValues(t, 1, b.sim.Stats().Offences)

	clock.move(5 * time.Minute)
	require.True(t, b.sim.SpendPoints("user:7", 6))
	ask("{rateLimit{cost}}")
	require.Equal(t, "1", b.get(t, base, as("x")...).Header.Get("X-RateLimit-Used"), "a primary limit of its own")
	require.Equal(t, "0", ask("{rateLimit{cost}}").Header.Get("X-RateLimit-Remaining"))
	refused = ask("{rateLimit{cost}}")
	require.Equal(t, http.StatusOK, refused.StatusCode)
	require.Contains(t, []any{"RATE_LIMIT", "RATE_LIMITED"}, refused.problem(t)["type"])
	require.Equal(t, "0", refused.Header.Get("X-RateLimit-Remaining"))
}

func TestRequestsInFlightAreCountedByAccount(t *testing.T) {
	t.Parallel()
	b, _ := enforced(t, githubsim.Options{MaxInFlight: 2, Users: []githubsim.User{
		{Login: "ada", ID: 7, Tokens: []githubsim.Token{{Value: "a"}, {Value: "b"}}}, {Login: "grace", ID: 8, Tokens: []githubsim.Token{{Value: "g"}}},
	}})
	b.sim.SetFaults(plan(githubsim.Fault{Kind: githubsim.FaultLatency, Endpoint: "tags", Delay: time.Hour}))
	ctx, cancel := context.WithCancel(t.Context())
	var held sync.WaitGroup
	for _, token := range []string{"a", "b"} {
		held.Go(func() {
			req := httptest.NewRequestWithContext(ctx, http.MethodGet, base+"/tags", http.NoBody)
			req.Header.Set("Authorization", "Bearer "+token)
			b.sim.ServeHTTP(httptest.NewRecorder(), req)
		})
	}
	require.Eventually(t, func() bool { return b.sim.Stats().InFlight == 2 }, 10*time.Second, time.Millisecond)
	require.Equal(t, 200, b.do(t, http.MethodGet, base, "g"))
	require.Contains(t, []int{403, 429}, b.do(t, http.MethodGet, base, "b"))
	cancel()
	held.Wait()
	require.Contains(t, []int{403, 429}, b.do(t, http.MethodGet, base, "a"), "it is to wait a minute")
	require.Equal(t, 3, b.sim.MaxInFlight("user:7"))
	require.Equal(t, 1, b.sim.MaxInFlight("user:8"))
	require.Zero(t, b.sim.MaxInFlight("user:9"))
	require.Equal(t, map[githubsim.Limit]int64{githubsim.LimitInFlight: 1, githubsim.LimitHold: 1}, b.sim.Stats().Refused)
}

// Whoever does what a refusal says, or waits a minute where it says nothing, is let
// through; both codes and all three ways of saying it come up, and nothing else.
func TestRefusalsAreObeyedAsTheySay(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for seed := range uint64(60) {
		window := time.Hour
		if seed%2 == 0 {
			window = time.Minute // scaled: a minute is a second
		}
		b, clock := enforced(t, githubsim.Options{Seed: seed, PointsPerMinute: 1, GraphQLPointsPerMinute: 1, Window: window})
		for _, ask := range []func() answer{
			func() answer { return b.get(t, base, as("x")...) },
			func() answer { return b.query(t, "{rateLimit{cost}}", nil) },
		} {
			require.NotContains(t, string(ask().body), "secondary")
			refused := ask()
			require.Contains(t, string(refused.body), "You have exceeded a secondary rate limit")
			wait, how := window/60, "unsaid"
			if after := refused.Header.Get("Retry-After"); after != "" {
				how = "date"
				at, err := http.ParseTime(after)
				if err != nil {
					whole, err := strconv.Atoi(after)
					require.NoError(t, err)
					how, at = "seconds", clock.now().Add(time.Duration(whole)*time.Second)
				}
				wait = at.Sub(clock.now())
			}
			seen[strconv.Itoa(refused.StatusCode)+" "+how]++
			clock.move(wait)
			require.NotContains(t, string(ask().body), "secondary", "seed %d, %s", seed, how)
			clock.move(window)
		}
		require.Zero(t, b.sim.Stats().Offences)
	}
	require.Len(t, seen, 9, "200 of queries, 403 and 429, in three ways: %v", seen)
}

func TestAServerWithoutRateLimits(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{WithoutRateLimit: true, Limit: 1, AnonymousLimit: 1, GraphQLLimit: 1}, githubsim.SpecForItems(100))
	res := b.get(t, "/rate_limit")
	require.Equal(t, http.StatusNotFound, res.StatusCode)
	require.Equal(t, "Rate limiting is not enabled.", res.object(t)["message"])
	for range 3 {
		res := b.get(t, base, as("x")...)
		require.Equal(t, http.StatusOK, res.StatusCode)
		require.Empty(t, res.Header.Get("X-RateLimit-Remaining"))
		require.NotNil(t, b.query(t, "{rateLimit{cost}}", nil).at(t, "rateLimit", "cost"))
	}
}

// However many ask at once and change what others see meanwhile, no more get an answer
// than the limit allows, and no fewer.
func TestLimitsHoldWhenManyAskAtOnce(t *testing.T) {
	t.Parallel()
	b, _ := enforced(t, githubsim.Options{Limit: 400, PointsPerMinute: 1000, MaxInFlight: 1000, Users: []githubsim.User{
		{Login: "ada", ID: 7, Tokens: []githubsim.Token{{Value: "a"}, {Value: "b"}, {Value: "c"}}},
	}})
	var let atomic.Int64
	var all sync.WaitGroup
	for n := range 20 {
		all.Go(func() {
			for range 30 {
				if b.do(t, http.MethodGet, base, string("ab"[n%2])) == http.StatusOK {
					let.Add(1)
				}
			}
		})
		all.Go(func() {
			b.sim.RevokeToken("c")
			b.sim.Spend("user:7", 1)
			b.sim.Windows("user:7")
			b.do(t, http.MethodGet, "/rate_limit", "a")
			b.sim.RestoreToken("c")
			b.sim.Stats().Unexcused(time.Second)
		})
	}
	all.Wait()
	windows := b.sim.Windows("user:7")
	require.Len(t, windows, 1)
	require.Equal(t, 400, windows[0].Used)
	require.EqualValues(t, 400-windows[0].Outside, let.Load())
	require.Equal(t, 600-let.Load(), b.sim.Stats().Refused[githubsim.LimitPrimary])
}
