package e2e_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/history/v1"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/internal/githubsim"
)

// slack is what a process may take beyond its own time to close its connections, on
// a machine that is busy with other tests.
const slack = 6 * time.Second

// lastFailures are the reasons for which steps were tried again: types of errors, and
// "timeout" where a worker was found dead.
func lastFailures(h *history.History) []string {
	var all []string
	for _, e := range h.GetEvents() {
		failure := e.GetActivityTaskStartedEventAttributes().GetLastFailure()
		switch {
		case failure == nil:
		case failure.GetTimeoutFailureInfo() != nil:
			all = append(all, "timeout")
		default:
			all = append(all, failure.GetApplicationFailureInfo().GetType())
		}
	}
	return all
}

// A worker that is asked to stop ends its steps, and the next one goes on at once.
func TestAWorkerStopsInOrder(t *testing.T) {
	t.Parallel()
	w := setup(t, options{items: 6000})
	w.sim.SetFaults(githubsim.FaultPlan{Faults: []githubsim.Fault{{Kind: githubsim.FaultLatency, Delay: 200 * time.Millisecond}}})
	first := w.startWorker()
	op := w.startSync()
	require.Eventually(t, func() bool { return w.sim.Stats().Total > 40 }, syncTimeout, time.Millisecond)
	w.startWorker()
	began := time.Now()
	stop(t, first)
	require.Less(t, time.Since(began), slack, "steps ask for nothing more and end")
	require.Zero(t, first.ExitCode())

	w.sim.SetFaults(githubsim.FaultPlan{})
	w.requireSucceeded(w.awaitEnd(op.ID))
	require.Empty(t, lastFailures(w.history(op.ID)))
	w.requireMirrored()
}

// A step that waits for a GitHub that does not answer is given back before the time
// is over, and not found missing after it.
func TestAWorkerGivesBackWhatDoesNotEnd(t *testing.T) {
	t.Parallel()
	const within = 3 * time.Second
	w := setup(t, options{items: 6000, env: []string{"HOLDFAST_SHUTDOWN_TIMEOUT=" + within.String()}})
	w.sim.SetFaults(githubsim.FaultPlan{Faults: []githubsim.Fault{{Kind: githubsim.FaultLatency, From: 50, Delay: time.Hour}}})
	first := w.startWorker()
	op := w.startSync()
	// As many requests as a worker has in flight are open, and none of them is answered.
	require.Eventually(t, func() bool { return w.sim.Stats().Total >= 49+10 }, syncTimeout, time.Millisecond)
	began := time.Now()
	stop(t, first)
	require.Less(t, time.Since(began), within+slack)
	require.Zero(t, first.ExitCode())

	w.sim.SetFaults(githubsim.FaultPlan{})
	w.startWorker()
	w.requireSucceeded(w.awaitEnd(op.ID))
	failures := lastFailures(w.history(op.ID))
	require.NotEmpty(t, failures)
	for _, failure := range failures {
		require.Equal(t, activities.TypeWorkerStopped, failure)
	}
	w.requireMirrored()
}
