package e2e_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/history/v1"

	"github.com/holdfast/holdfast/internal/operation"
)

// builds are the build ids of the workers that decided in a workflow, in their order,
// each once in a row; "" stands for a worker without a version.
func builds(h *history.History) []string {
	var all []string
	for _, e := range h.GetEvents() {
		a := e.GetWorkflowTaskCompletedEventAttributes()
		if a == nil {
			continue
		}
		build := ""
		if v := a.GetDeploymentVersion(); v != nil {
			build = v.GetBuildId()
		}
		if len(all) == 0 || all[len(all)-1] != build {
			all = append(all, build)
		}
	}
	return all
}

// deployed is a worker of a build, and the environment that names it.
func (w *world) deployed(build string) []string {
	env := []string{"HOLDFAST_WORKER_DEPLOYMENT=holdfast", "HOLDFAST_WORKER_BUILD_ID=" + build}
	w.startWorkerWith(env...)
	return env
}

// promote makes a build the current one, as its operator does.
func (w *world) promote(env []string) {
	w.t.Helper()
	out, err := w.product.RunWith(w.t.Context(), env, "worker", "promote")
	require.NoError(w.t, err)
	require.Contains(w.t, out, "is the current version of holdfast.")
}

func TestBuildsOfAWorkerAreVersions(t *testing.T) {
	t.Parallel()
	w := setup(t, options{items: 60_000})
	first := w.deployed("1")
	op := w.startSync()
	_, err := w.product.RunWith(t.Context(), []string{"HOLDFAST_WORKER_DEPLOYMENT=holdfast", "HOLDFAST_WORKER_BUILD_ID=3"}, "worker", "promote", "--wait", "1s")
	require.ErrorContains(t, err, "no worker of build 3 of holdfast asks for workflows of holdfast")
	got, err := w.client.Operation(t.Context(), op.ID)
	require.NoError(t, err)
	require.Equal(t, operation.StatePending, got.State, "a build that is not promoted gets no work")
	w.promote(first)
	require.Eventually(t, func() bool { return w.sim.Stats().Total > 100 }, syncTimeout, time.Millisecond)

	second := w.deployed("2")
	w.promote(second)
	w.requireSucceeded(w.awaitEnd(op.ID))
	require.Equal(t, []string{"1", "2"}, builds(w.history(op.ID)), "a running workflow goes on with the new build")
	again := w.sync()
	require.Equal(t, []string{"2"}, builds(w.history(again.ID)))
	w.requireMirrored()

	out, err := w.product.RunWith(t.Context(), []string{"HOLDFAST_WORKER_DEPLOYMENT="}, "worker", "promote")
	require.ErrorContains(t, err, "HOLDFAST_WORKER_DEPLOYMENT is not set")
	require.Empty(t, out)
}

// Versioning is switched on while workflows run.
func TestVersionsAreSwitchedOnWhileASyncRuns(t *testing.T) {
	t.Parallel()
	w := setup(t, options{items: 30_000})
	plain := w.startWorker()
	op := w.startSync()
	require.Eventually(t, func() bool { return w.sim.Stats().Total > 100 }, syncTimeout, time.Millisecond)
	w.promote(w.deployed("1"))
	stop(t, plain)
	w.requireSucceeded(w.awaitEnd(op.ID))
	require.Equal(t, []string{"", "1"}, builds(w.history(op.ID)))
	w.requireMirrored()
}
