package e2e_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	temporal "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/workflows"
)

// Each way that a sync goes leaves a history that today's workflow replays. With
// HOLDFAST_RECORD_HISTORIES=1 the histories are written to workflows/testdata,
// where the workflow's own tests replay them from then on: record them when a
// release is made, so that a later change is held against what runs there.
func TestHistoriesReplay(t *testing.T) {
	t.Parallel()
	limit := githubsim.FaultPlan{Faults: []githubsim.Fault{
		{Kind: githubsim.FaultTooManyRequests, From: 4, Times: 1, RetryAfter: 6 * time.Second, Hold: true},
	}}
	for name, tt := range map[string]struct {
		options options
		during  func(*world, operation.Operation)
		state   operation.State
	}{
		"succeeded": {options{items: 6000}, func(*world, operation.Operation) {}, operation.StateSucceeded},
		"waited":    {options{items: 300, simulator: githubsim.Options{Faults: limit}}, func(*world, operation.Operation) {}, operation.StateSucceeded},
		"failed":    {options{items: 100}, func(w *world, _ operation.Operation) { w.repo.SetGone(true) }, operation.StateFailed},
		"cancelled": {options{items: 20_000}, func(w *world, op operation.Operation) {
			_, err := w.client.Cancel(w.t.Context(), op.ID)
			require.NoError(w.t, err)
		}, operation.StateCancelled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t, tt.options)
			if tt.state == operation.StateFailed {
				tt.during(w, operation.Operation{})
			}
			op := w.startSync()
			w.startWorker()
			if tt.state == operation.StateCancelled {
				require.Eventually(t, func() bool { return w.sim.Stats().Total > 20 }, syncTimeout, time.Millisecond)
				tt.during(w, op)
			}
			require.Equal(t, tt.state, w.awaitEnd(op.ID).State)

			w.requireReplays(w.history(op.ID), "sync_repository_"+name)
		})
	}
}

// requireReplays replays a history, and keeps it where histories are recorded.
func (w *world) requireReplays(recorded *history.History, name string) {
	w.t.Helper()
	replayer := worker.NewWorkflowReplayer()
	workflows.Register(replayer)
	require.NoError(w.t, replayer.ReplayWorkflowHistory(nil, recorded))
	if os.Getenv("HOLDFAST_RECORD_HISTORIES") == "" {
		return
	}
	raw, err := protojson.MarshalOptions{Indent: " "}.Marshal(recorded)
	require.NoError(w.t, err)
	require.NoError(w.t, os.WriteFile(filepath.Join("..", "..", "workflows", "testdata", name+".json"), raw, 0o600))
}

// history is the whole history of an operation's workflow, once that has ended.
func (w *world) history(id string) *history.History {
	w.t.Helper()
	c, err := temporal.Dial(temporal.Options{HostPort: w.temporalAddress, Namespace: w.temporalNamespace})
	require.NoError(w.t, err)
	defer c.Close()
	var all history.History
	// The operation's row ends a moment before its workflow does: wait for the last event.
	events := c.GetWorkflowHistory(w.t.Context(), id, "", true, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(w.t, err)
		all.Events = append(all.Events, event)
	}
	return &all
}
