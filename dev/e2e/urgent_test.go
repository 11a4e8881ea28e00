package e2e_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/history/v1"

	"github.com/holdfast/holdfast/internal/client"
	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/workflows"
)

// Where backfills take all slots of a worker, what somebody waits for finds one at once.
func TestAnInteractiveSyncFindsASlot(t *testing.T) {
	t.Parallel()
	w := setup(t, options{items: 50})
	w.sim.SetFaults(githubsim.FaultPlan{Seed: 1, Faults: []githubsim.Fault{{Kind: githubsim.FaultLatency, Delay: 300 * time.Millisecond}}})
	var backfills []string
	for i := range 8 {
		spec := githubsim.SpecForItems(20_000)
		spec.Owner, spec.Name = "harborline", "large-"+string(rune('a'+i))
		large := githubsim.Generate(uint64(i+2), spec)
		w.sim.Add(large)
		op, err := w.client.StartSync(t.Context(), client.SyncRequest{Repository: large.FullName()})
		require.NoError(t, err)
		backfills = append(backfills, op.ID)
	}
	w.startWorker()
	c := w.temporal()
	require.Eventually(t, func() bool {
		running := 0
		for _, id := range backfills {
			about, err := c.DescribeWorkflowExecution(t.Context(), id, "")
			require.NoError(t, err)
			for _, step := range about.GetPendingActivities() {
				if step.GetActivityType().GetName() == "SyncPages" && step.GetLastStartedTime() != nil {
					running++
				}
			}
		}
		return running >= 20
	}, syncTimeout, 100*time.Millisecond, "all slots are taken")

	op, err := w.client.StartSync(t.Context(), client.SyncRequest{Repository: w.repo.FullName(), Lane: operation.LaneInteractive})
	require.NoError(t, err)
	w.requireSucceeded(w.awaitEnd(op.ID))
	w.requireMirrored()
	longest, queues := slotWaits(w.history(op.ID))
	t.Logf("the longest wait for a slot was %s", longest)
	require.Less(t, longest, time.Second)
	require.Contains(t, queues, workflows.UrgentTaskQueue)
	require.NotContains(t, queues, workflows.GitHubTaskQueue)
	for _, id := range backfills {
		got, err := w.client.Cancel(t.Context(), id)
		require.NoError(t, err, "it had not ended")
		require.NotEqual(t, operation.StateSucceeded, got.State)
	}
}

// slotWaits is how long a workflow's steps waited for a worker's slot at most, and the
// queues in which they did.
func slotWaits(h *history.History) (longest time.Duration, queues map[string]bool) {
	scheduled, queues := map[int64]time.Time{}, map[string]bool{}
	for _, event := range h.GetEvents() {
		if a := event.GetActivityTaskScheduledEventAttributes(); a != nil {
			scheduled[event.GetEventId()], queues[a.GetTaskQueue().GetName()] = event.GetEventTime().AsTime(), true
		}
		if a := event.GetActivityTaskStartedEventAttributes(); a != nil {
			longest = max(longest, event.GetEventTime().AsTime().Sub(scheduled[a.GetScheduledEventId()]))
		}
	}
	return longest, queues
}
