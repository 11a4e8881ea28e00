package e2e_test

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	temporal "go.temporal.io/sdk/client"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/progress"
	"github.com/holdfast/holdfast/store"
)

// An API that dies after it wrote the row and before it started the workflow
// leaves what this test writes. The sweeper of any worker starts it.
func TestARowWithoutAWorkflowIsStarted(t *testing.T) {
	t.Parallel()
	w := setup(t, options{items: 300})
	input, err := json.Marshal(operation.SyncInput{Repository: w.repo.FullName()})
	require.NoError(t, err)
	op, _, err := store.New(w.pool).CreateOperation(t.Context(), operation.New{
		ID: uuid.Must(uuid.NewV7()).String(), WorkspaceID: config.DefaultWorkspace,
		Kind: operation.KindSyncRepository, Subject: w.repo.FullName(), Input: input,
	})
	require.NoError(t, err)
	w.startWorker()
	w.requireSucceeded(w.awaitEnd(op.ID))
	w.requireMirrored()
}

// A workflow that an operator terminates cannot write its operation's end.
func TestARowWhoseWorkflowIsGoneIsEnded(t *testing.T) {
	t.Parallel()
	w := setup(t, options{items: 20_000})
	worker := w.startWorker()
	op := w.startSync()
	require.Eventually(t, func() bool { return w.sim.Stats().Total > 10 }, syncTimeout, time.Millisecond)
	c, err := temporal.Dial(temporal.Options{HostPort: w.temporalAddress, Namespace: w.temporalNamespace})
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, worker.Kill())
	require.NoError(t, c.TerminateWorkflow(t.Context(), op.ID, "", "by hand"))
	w.startWorker()
	ended := w.awaitEnd(op.ID)
	require.Equal(t, operation.StateFailed, ended.State)
	require.Equal(t, "workflow_ended", ended.Failure.Code)

	w.sync()
	w.requireMirrored()
}

// A listener whose connection breaks, since the API is killed and started again,
// sees every event once and in order, and the end.
func TestAStreamIsResumedAfterTheAPIIsKilled(t *testing.T) {
	t.Parallel()
	w := setup(t, options{items: 6000})
	port := w.apiPort()
	op := w.startSync()
	half, killed := make(chan struct{}), make(chan struct{})
	var seqs []int64
	var states []operation.State
	ended := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), syncTimeout)
		defer cancel()
		_, err := w.client.Watch(ctx, op.ID, 0, func(now operation.Operation, m progress.Message) error {
			seqs = append(seqs, m.Seq)
			if len(states) == 0 || states[len(states)-1] != now.State {
				states = append(states, now.State)
			}
			if len(seqs) == 10 {
				close(half)
				<-killed
			}
			return nil
		})
		ended <- err
	}()
	w.startWorker()
	<-half
	require.NoError(t, w.api.Process.Kill())
	close(killed)
	api, err := w.product.StartAPI(t.Context(), "api", port)
	require.NoError(t, err)
	w.stopAtEnd(api.Process)

	require.NoError(t, <-ended)
	require.Equal(t, []operation.State{operation.StateRunning, operation.StateSucceeded}, states)
	for i, seq := range seqs {
		require.Equal(t, int64(i+1), seq, "no event is lost and none comes twice")
	}
	got, err := w.client.Operation(t.Context(), op.ID)
	require.NoError(t, err)
	require.Equal(t, got.Seq, seqs[len(seqs)-1])
	w.requireMirrored()
}

func (w *world) apiPort() int {
	w.t.Helper()
	u, err := url.Parse(w.api.URL)
	require.NoError(w.t, err)
	port, err := strconv.Atoi(u.Port())
	require.NoError(w.t, err)
	return port
}

// Cancelling works while no worker is there to be told.
func TestCancelWorksWithoutAWorker(t *testing.T) {
	t.Parallel()
	w := setup(t, options{items: 20_000})
	worker := w.startWorker()
	op := w.startSync()
	require.Eventually(t, func() bool { return w.sim.Stats().Total > 10 }, syncTimeout, time.Millisecond)
	require.NoError(t, worker.Kill())
	_, err := w.client.Cancel(t.Context(), op.ID)
	require.NoError(t, err)
	asked := w.sim.Stats().Total
	w.startWorker()
	require.Equal(t, operation.StateCancelled, w.awaitEnd(op.ID).State)
	require.Equal(t, asked, w.sim.Stats().Total, "nothing was asked for after the cancel")

	w.sync()
	w.requireMirrored()
}
