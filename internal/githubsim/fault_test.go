package githubsim_test

import (
	"errors"
	"io"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/githubsim"
)

func plan(faults ...githubsim.Fault) githubsim.FaultPlan {
	return githubsim.FaultPlan{Seed: 3, Faults: faults}
}

func TestFaultsThatAnswer(t *testing.T) {
	t.Parallel()
	clock, at := fixedClock()
	for _, tc := range []struct {
		name    string
		fault   githubsim.Fault
		status  int
		retry   string
		message string
		kind    string
	}{
		{"500", githubsim.Fault{Kind: githubsim.FaultStatus}, 500, "", "Server Error", "application/json; charset=utf-8"},
		{"502", githubsim.Fault{Kind: githubsim.FaultStatus, Status: 502}, 502, "", "", "text/html; charset=utf-8"},
		{
			"secondary",
			githubsim.Fault{Kind: githubsim.FaultSecondaryLimit},
			403, "",
			"You have exceeded a secondary rate limit", "application/json; charset=utf-8",
		},
		{
			"secondary 429 in seconds",
			githubsim.Fault{Kind: githubsim.FaultSecondaryLimit, Status: 429, RetryAfter: 1500 * time.Millisecond},
			429, "2", "You have exceeded a secondary rate limit", "application/json; charset=utf-8",
		},
		{
			"secondary as a date",
			githubsim.Fault{Kind: githubsim.FaultSecondaryLimit, RetryAfter: time.Minute, RetryAfterDate: true},
			403, at.Add(time.Minute).Format(http.TimeFormat), "You have exceeded a secondary", "application/json; charset=utf-8",
		},
		{
			"429",
			githubsim.Fault{Kind: githubsim.FaultTooManyRequests, RetryAfter: time.Second},
			429, "1",
			"Too Many Requests", "application/json; charset=utf-8",
		},
		{
			"primary",
			githubsim.Fault{Kind: githubsim.FaultPrimaryLimit, Status: 429},
			429, "",
			"API rate limit exceeded", "application/json; charset=utf-8",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, githubsim.Options{Now: clock}, githubsim.SpecForItems(300))
			tc.fault.Times = 1
			b.sim.SetFaults(plan(tc.fault))
			res := b.get(t, base+"/issues")
			require.Equal(t, tc.status, res.StatusCode)
			require.Equal(t, tc.retry, res.Header.Get("Retry-After"))
			require.Equal(t, tc.kind, res.Header.Get("Content-Type"))
			if tc.message != "" {
				require.Contains(t, res.object(t)["message"], tc.message)
			}
			require.EqualValues(t, 1, b.sim.Stats().Faults[tc.fault.Kind])
			require.Zero(t, b.sim.Stats().Offences)
			if tc.fault.Kind == githubsim.FaultPrimaryLimit {
				require.Equal(t, "0", res.Header.Get("X-RateLimit-Remaining"))
				require.Equal(t, http.StatusForbidden, b.get(t, base).StatusCode)
				return
			}
			require.Equal(t, http.StatusOK, b.get(t, base+"/issues").StatusCode)
			offences := b.sim.Stats().Offences
			if tc.fault.Kind == githubsim.FaultStatus {
				require.Zero(t, offences)
			} else {
				require.EqualValues(t, 1, offences, "it came too early")
			}
		})
	}
}

func TestFaultsThatBreakConnections(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.SpecForItems(300))
	for _, kind := range []githubsim.FaultKind{githubsim.FaultShortBody, githubsim.FaultShortChunks} {
		b.sim.SetFaults(plan(githubsim.Fault{Kind: kind, Times: 1}))
		res, err := b.try(t, base+"/issues?state=all")
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, kind)
		require.Equal(t, http.StatusOK, res.StatusCode)
		require.NotEmpty(t, res.body)
		if kind == githubsim.FaultShortChunks {
			require.EqualValues(t, -1, res.ContentLength)
		}
		require.Len(t, b.get(t, base+"/issues?state=all").list(t), 30)
	}
	b.sim.SetFaults(plan(githubsim.Fault{Kind: githubsim.FaultReset}))
	_, err := b.try(t, base)
	require.True(t, errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF), "%v", err)
	require.Eventually(t, func() bool { return b.sim.Stats().Statuses[0] > 0 }, 10*time.Second, time.Millisecond)
}

func TestFaultsByOccurrence(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.SpecForItems(300))
	b.sim.SetFaults(plan(
		githubsim.Fault{Kind: githubsim.FaultStatus, Endpoint: "labels", From: 2, Times: 2},
		githubsim.Fault{Kind: githubsim.FaultStatus, Endpoint: "pulls", Status: 502},
	))
	var statuses []int
	for range 5 {
		statuses = append(statuses, b.get(t, base+"/labels").StatusCode)
	}
	require.Equal(t, []int{200, 500, 500, 200, 200}, statuses)
	require.Equal(t, 502, b.get(t, base+"/pulls").StatusCode)
	require.Equal(t, 200, b.get(t, base+"/issues").StatusCode)
}

func TestFaultsByChanceAreRepeatable(t *testing.T) {
	t.Parallel()
	run := func(seed uint64) (statuses []int) {
		b := setup(t, githubsim.Options{}, githubsim.SpecForItems(300))
		b.sim.SetFaults(githubsim.FaultPlan{Seed: seed, Faults: []githubsim.Fault{{Kind: githubsim.FaultStatus, Probability: 0.3}}})
		for range 60 {
			statuses = append(statuses, b.get(t, base+"/labels").StatusCode)
		}
		return statuses
	}
	first := run(1)
	require.Contains(t, first, 200)
	require.Contains(t, first, 500)
	require.Equal(t, first, run(1))
	require.NotEqual(t, first, run(2))
}

func TestHeldSecondaryLimit(t *testing.T) {
	t.Parallel()
	clock := newMovingClock()
	b := setup(t, githubsim.Options{Now: clock.now}, githubsim.SpecForItems(300))
	b.sim.SetFaults(plan(githubsim.Fault{Kind: githubsim.FaultSecondaryLimit, RetryAfter: 10 * time.Second, Hold: true, Times: 1}))
	require.Equal(t, http.StatusForbidden, b.get(t, base).StatusCode)
	clock.move(4 * time.Second)
	early := b.get(t, base)
	require.Equal(t, http.StatusForbidden, early.StatusCode)
	require.Equal(t, "6", early.Header.Get("Retry-After"))
	require.Equal(t, http.StatusOK, b.get(t, "/rate_limit").StatusCode)
	require.EqualValues(t, 1, b.sim.Stats().Offences)
	clock.move(6 * time.Second)
	require.Equal(t, http.StatusOK, b.get(t, base).StatusCode)
	require.EqualValues(t, 1, b.sim.Stats().Offences)
}

func TestLatency(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.SpecForItems(300))
	b.sim.SetFaults(plan(
		githubsim.Fault{Kind: githubsim.FaultLatency, Delay: 30 * time.Millisecond, Jitter: 10 * time.Millisecond},
		githubsim.Fault{Kind: githubsim.FaultStatus, Endpoint: "tags"},
	))
	for path, status := range map[string]int{"/labels": 200, "/tags": 500} {
		start := time.Now()
		require.Equal(t, status, b.get(t, base+path).StatusCode)
		require.GreaterOrEqual(t, time.Since(start), 30*time.Millisecond)
	}
	require.EqualValues(t, 2, b.sim.Stats().Faults[githubsim.FaultLatency])
}
