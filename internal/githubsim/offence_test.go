package githubsim_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/githubsim"
)

func TestOffencesSayWhoseTheyAreAndWhen(t *testing.T) {
	t.Parallel()
	b, clock := enforced(t, githubsim.Options{PointsPerMinute: 1, Seed: 2})
	other := httptest.NewServer(b.sim) // another worker's way to the same server
	t.Cleanup(other.Close)
	elsewhere := func() { b.get(t, other.URL+base, as("x")...) }
	here := func() { b.get(t, base, as("x")...) }
	here()
	here()
	clock.move(3 * time.Millisecond)
	elsewhere()
	clock.move(2 * time.Second)
	here()
	elsewhere()
	all := b.sim.Stats()
	require.EqualValues(t, 3, all.Offences)
	require.Len(t, all.Offending, 3)
	first := all.Offending[0]
	require.Equal(t, 3*time.Millisecond, first.Since)
	require.Equal(t, strings.TrimPrefix(other.URL, "http://"), first.Client)
	require.Equal(t, githubsim.LimitMinute, first.Limit)
	require.Equal(t, "repository", first.Endpoint)
	require.Equal(t, "user:7", first.Account)
	require.Positive(t, first.Left)
	require.Equal(t, first.Wait, all.Offending[1].Wait)
	require.Len(t, all.Unexcused(10*time.Millisecond), 2, "the one that may have left before is no offence")
	require.Len(t, all.Unexcused(time.Millisecond), 3)
	require.Len(t, all.Unexcused(time.Minute), 1, "one of each worker at most")
}

func TestOffencesMakeTheWaitLonger(t *testing.T) {
	t.Parallel()
	for _, prolong := range []bool{true, false} {
		b, clock := enforced(t, githubsim.Options{PointsPerMinute: 1, Prolong: prolong})
		get := func() int { return b.do(t, http.MethodGet, base, "x") }
		require.Equal(t, 200, get())
		require.NotEqual(t, 200, get())
		clock.move(45 * time.Second)
		require.NotEqual(t, 200, get())
		clock.move(17 * time.Second)
		require.Equal(t, !prolong, get() == 200)
		clock.move(61 * time.Second)
		require.Equal(t, 200, get())
		want := int64(1)
		if prolong {
			want = 2
		}
		require.Equal(t, want, b.sim.Stats().Offences)
	}
}

func TestAnOutsideToolSpends(t *testing.T) {
	t.Parallel()
	b, _ := enforced(t, githubsim.Options{Limit: 100, Users: []githubsim.User{{Login: "ada", ID: 7, Tokens: []githubsim.Token{{Value: "a"}}}}})
	require.True(t, b.sim.Spend("user:7", 30))
	require.Equal(t, "69", b.get(t, base, as("a")...).Header.Get("X-RateLimit-Remaining"))
	require.True(t, b.sim.Spend("user:7", 1000), "no more than there is")
	require.NotEqual(t, 200, b.get(t, base, as("a")...).StatusCode)
	require.False(t, b.sim.Spend("user:8", 1))
	windows := b.sim.Windows("user:7")
	require.Len(t, windows, 1)
	require.Equal(t, 99, windows[0].Outside)
	require.Equal(t, 100, windows[0].Used)
}
