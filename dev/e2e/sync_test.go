package e2e_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/operation"
)

func TestSyncMirrorsEverything(t *testing.T) {
	t.Parallel()
	w := setup(t, options{items: 5000})
	w.startWorker()
	op := w.sync()
	w.requireMirrored()
	guarded := []string{"issues", "issue_comments", "pulls", "review_comments"}
	for name, n := range w.asked.Again() {
		require.Contains(t, guarded, name, "pages asked for twice")
		require.LessOrEqual(t, n, 3, "%s: the last page before and after the others, and the first", name)
	}
	for _, c := range op.Collections {
		require.Equal(t, operation.CollectionDone, c.State, c.Name)
	}

	t.Log("a second sync of an unchanged repository writes nothing")
	again := w.sync()
	require.Empty(t, written(again))
	w.requireMirrored()
}

// A repository that is listed by 100 costs one request for 100 items, and a few for
// what a pass begins and ends with.
func TestSyncIsFrugal(t *testing.T) {
	t.Parallel()
	w := setup(t, options{items: 20000})
	w.startWorker()
	w.sync()
	w.requireMirrored()

	stats := w.sim.Stats()
	var items, requests int64
	for endpoint, n := range stats.Requests {
		if endpoint != "reviews" { // one request for each pull
			requests += n
		}
	}
	for _, name := range []string{
		"repository", "labels", "milestones", "issues", "issue_comments", "pulls", "review_comments",
		"commits", "branches", "tags", "releases",
	} {
		items += int64(w.sim.Count("harborline", "relay", name))
	}
	require.LessOrEqual(t, requests*1000, items*13, "%d requests for %d items: %v", requests, items, stats.Requests)
	require.Zero(t, stats.Offences)
}

// Counters inside of other objects move with everything that happens on GitHub.
func TestCountersOfOthersWriteNothing(t *testing.T) {
	t.Parallel()
	w := setup(t, options{})
	w.startWorker()
	w.sync()

	w.repo.Star(3)
	op := w.sync()
	require.LessOrEqual(t, written(op)["repository"], int64(1), "the star count is the repository's own")
	rows := written(op)
	delete(rows, "repository")
	require.Empty(t, rows, "no other object was touched")
	w.requireMirrored()
}
