package e2e_test

import (
	"fmt"
	"math"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/client"
	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/progress"
)

// told is what an operation foretold, and how it was.
type told struct {
	first, half *operation.Forecast // before it began; when half of its time was over
	requests    int64
	seconds     float64
}

// off is by how much an estimate differed, in per cent.
func off(estimate, was float64) float64 { return 100 * (estimate - was) / was }

// foretell syncs a repository and notes its forecasts.
func (w *world) foretell(name string) told {
	w.t.Helper()
	op, err := w.client.StartSync(w.t.Context(), client.SyncRequest{Repository: name})
	require.NoError(w.t, err)
	var all []operation.Forecast
	op, err = w.client.Watch(w.t.Context(), op.ID, 0, func(op operation.Operation, _ progress.Message) error {
		if op.Forecast != nil && (len(all) == 0 || !all[len(all)-1].At.Equal(op.Forecast.At)) {
			all = append(all, *op.Forecast)
		}
		return nil
	})
	require.NoError(w.t, err)
	w.requireSucceeded(op)
	require.NotEmpty(w.t, all, "it foretells nothing")
	t := told{first: &all[0], half: &all[0], requests: op.Requests(), seconds: op.FinishedAt.Sub(*op.StartedAt).Seconds()}
	middle := op.StartedAt.Add(op.FinishedAt.Sub(*op.StartedAt) / 2)
	for i := range all {
		if all[i].At.Before(middle) {
			t.half = &all[i]
		}
	}
	return t
}

// A sync of 10,000 items at a steady latency knows before it begins how many requests
// it will make, and about how long it takes. How near the time comes is a matter of the
// machine and of what else it does: HOLDFAST_FORECAST=1 holds it to a fifth and shows
// the figures of docs/sync.md.
func TestASyncForetellsItsWorkAndItsTime(t *testing.T) {
	t.Parallel()
	strict := os.Getenv("HOLDFAST_FORECAST") != ""
	latencies := []time.Duration{50 * time.Millisecond}
	if strict {
		latencies = []time.Duration{50 * time.Millisecond, 75 * time.Millisecond, 100 * time.Millisecond}
	}
	for _, latency := range latencies {
		faults := githubsim.FaultPlan{Faults: []githubsim.Fault{{Kind: githubsim.FaultLatency, Delay: latency}}}
		w := setup(t, options{items: 10_000, simulator: githubsim.Options{Faults: faults}})
		names := []string{w.repo.FullName()}
		if strict {
			for seed := range uint64(2) {
				spec := githubsim.SpecForItems(10_000)
				spec.Owner, spec.Name, spec.ID = "tideline", fmt.Sprintf("anchor-%d", seed), int64(seed)+9_000_000
				other := githubsim.Generate(100+seed, spec)
				w.sim.Add(other)
				names = append(names, other.FullName())
			}
		}
		w.startWorker()
		for run, name := range names {
			got := w.foretell(name)
			t.Logf("latency %s, run %d: %d requests, foretold %d (%+.1f %%), at half %d (%+.1f %%); %.2f s, foretold %.2f (%+.1f %%), at half %.2f (%+.1f %%); items a second %.0f, latency %.1f ms, %+v",
				latency, run+1, got.requests, got.first.Requests, off(float64(got.first.Requests), float64(got.requests)),
				got.half.Requests, off(float64(got.half.Requests), float64(got.requests)),
				got.seconds, got.first.Seconds, off(got.first.Seconds, got.seconds), got.half.Seconds, off(got.half.Seconds, got.seconds),
				got.first.Basis.ItemsPerSecond, got.half.Basis.LatencyMS, got.half.Basis)
			require.InEpsilon(t, got.requests, got.first.Requests, 0.2)
			require.InEpsilon(t, got.requests, got.half.Requests, 0.2)
			if strict {
				require.Less(t, math.Abs(off(got.first.Seconds, got.seconds)), 20.0)
				require.Less(t, math.Abs(off(got.half.Seconds, got.seconds)), 20.0)
			}
		}
	}
}
