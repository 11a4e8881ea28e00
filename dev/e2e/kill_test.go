package e2e_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/activities"
)

// killsByDefault keeps `make test` short: a killed worker's steps are given to
// another one after activities.HeartbeatTimeout. Set HOLDFAST_TEST_KILLS for more.
const killsByDefault = 3

// A worker that is killed at any moment costs the pages in flight and nothing else.
func TestWorkerIsKilled(t *testing.T) {
	t.Parallel()
	kills := killsByDefault
	if text := os.Getenv("HOLDFAST_TEST_KILLS"); text != "" {
		var err error
		kills, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("random moments from seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))

	w := setup(t, options{items: 5000 * kills})
	worker := w.startWorker()
	op := w.startSync()
	for range kills {
		// A moment is a number of requests from now on.
		moment := w.sim.Stats().Total + 1 + random.Int64N(120)
		require.Eventually(t, func() bool { return w.sim.Stats().Total >= moment }, syncTimeout, time.Millisecond)
		require.NoError(t, worker.Kill())
		worker = w.startWorker()
	}
	w.requireSucceeded(w.awaitEnd(op.ID))
	w.requireMirrored()
	// In flight are, of each collection, the window that is being committed and the
	// one that is asked for meanwhile.
	inFlight := 2 * activities.DefaultBounds().Window
	for endpoint, again := range w.asked.Again() {
		require.LessOrEqual(t, again, kills*inFlight, "%s: pages asked for again", endpoint)
	}
}
