package e2e_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	sdkclient "go.temporal.io/sdk/client"

	"github.com/holdfast/holdfast/dev/internal/product"
	"github.com/holdfast/holdfast/internal/client"
	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/localservice"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/workflows"
)

// mendTime is within what a process that died between a row and its workflow left behind
// is mended.
const mendTime = time.Minute

// slowly has GitHub take its time, so that an operation can be met at work.
func slowly() githubsim.FaultPlan {
	return githubsim.FaultPlan{Faults: []githubsim.Fault{{Kind: githubsim.FaultLatency, Delay: 60 * time.Millisecond}}}
}

func (w *world) state(id string) operation.State {
	w.t.Helper()
	op, err := w.client.Operation(w.t.Context(), id)
	require.NoError(w.t, err)
	return op.State
}

func (w *world) items(id string) (n int64) {
	w.t.Helper()
	op, err := w.client.Operation(w.t.Context(), id)
	require.NoError(w.t, err)
	for _, c := range op.Collections {
		n += c.Items
	}
	return n
}

func (w *world) awaitItems(id string) {
	w.t.Helper()
	require.Eventually(w.t, func() bool { return w.items(id) > 0 }, time.Minute, 5*time.Millisecond)
}

// shown is the state that Temporal's UI shows of an operation.
func (w *world) shown(c sdkclient.Client, id string) string {
	w.t.Helper()
	d, err := c.DescribeWorkflow(w.t.Context(), id, "")
	require.NoError(w.t, err)
	state, _ := d.TypedSearchAttributes.GetKeyword(workflows.AttributeState)
	return state
}

// A sync is paused while it is at work, and cancelled syncs and paused ones take no
// further page; after its resumption the mirror equals GitHub.
func TestASyncIsPausedAndResumed(t *testing.T) {
	t.Parallel()
	w := setup(t, options{items: 5000})
	w.sim.SetFaults(slowly())
	temporal := w.temporal()
	worker := w.startWorker()
	op := w.startSync()
	w.awaitItems(op.ID)
	paused, err := w.client.Pause(t.Context(), op.ID)
	require.NoError(t, err)
	require.Equal(t, operation.StatePaused, paused.State)
	committed := w.items(op.ID)
	require.Eventually(t, func() bool { return w.shown(temporal, op.ID) == "paused" }, 20*time.Second, 20*time.Millisecond, "Temporal's UI says so")
	require.Equal(t, committed, w.items(op.ID), "nothing is committed once it is paused")
	asked := w.sim.Stats().Total

	// Nothing forgets that it is paused.
	require.NoError(t, worker.Kill())
	w.startWorker()
	second, err := w.client.StartSync(t.Context(), client.SyncRequest{Repository: w.repo.FullName(), Collections: []string{"labels"}})
	require.NoError(t, err)
	w.requireSucceeded(w.awaitEnd(second.ID)) // the worker works, and waits for nobody who is paused
	require.Equal(t, operation.StatePaused, w.state(op.ID))
	require.Equal(t, committed, w.items(op.ID))
	require.Less(t, w.sim.Stats().Total-asked, int64(60), "the paused one asks for nothing")

	resumed, err := w.client.Resume(t.Context(), op.ID)
	require.NoError(t, err)
	require.Equal(t, operation.StateRunning, resumed.State)
	w.requireSucceeded(w.awaitEnd(op.ID))
	w.requireMirrored()
}

// Pausing, resuming and cancelling work from the row: whether or not a worker runs.
func TestSteeringNeedsNoWorker(t *testing.T) {
	t.Parallel()
	w := setup(t, options{})
	op := w.startSync()
	for range 2 {
		_, err := w.client.Pause(t.Context(), op.ID)
		require.NoError(t, err)
	}
	cancelled := w.startSync()
	_, err := w.client.Cancel(t.Context(), cancelled.ID)
	require.NoError(t, err)
	w.startWorker()
	require.Equal(t, operation.StateCancelled, w.awaitEnd(cancelled.ID).State)
	require.Equal(t, operation.StatePaused, w.state(op.ID))
	require.Zero(t, w.items(op.ID))
	_, err = w.client.Resume(t.Context(), op.ID)
	require.NoError(t, err)
	w.requireSucceeded(w.awaitEnd(op.ID))
	w.requireMirrored()

	again, err := w.client.Retry(t.Context(), cancelled.ID, "")
	require.NoError(t, err)
	require.Equal(t, cancelled.ID, again.RetryOf)
	w.requireSucceeded(w.awaitEnd(again.ID))
}

func TestASyncIsApprovedOrRejected(t *testing.T) {
	t.Parallel()
	w := setup(t, options{})
	temporal := w.temporal()
	w.startWorker()
	ask := func() operation.Operation {
		op, err := w.client.StartSync(t.Context(), client.SyncRequest{Repository: w.repo.FullName(), Approval: operation.ApprovalRequired})
		require.NoError(t, err)
		require.Eventually(t, func() bool { return w.state(op.ID) == operation.StateAwaitingApproval }, time.Minute, 10*time.Millisecond)
		require.Eventually(t, func() bool { return w.shown(temporal, op.ID) == "awaiting_approval" }, 20*time.Second, 20*time.Millisecond)
		return op
	}
	rejected := ask()
	_, err := w.client.Reject(t.Context(), rejected.ID, "Not during the release.")
	require.NoError(t, err)
	op := w.awaitEnd(rejected.ID)
	require.Equal(t, operation.StateRejected, op.State)
	require.Equal(t, "Not during the release.", op.Failure.Message)
	require.Eventually(t, func() bool { return w.shown(temporal, op.ID) == "rejected" }, 20*time.Second, 20*time.Millisecond, "its workflow ends as well")

	approved := ask()
	require.Zero(t, w.items(approved.ID))
	_, err = w.client.Approve(t.Context(), approved.ID)
	require.NoError(t, err)
	w.requireSucceeded(w.awaitEnd(approved.ID))
	w.requireMirrored()
}

// An API that is killed between an operation's row and Temporal loses nothing of what it
// was asked for, and doubles nothing.
func TestAnAPIIsKilledBetweenRowAndWorkflow(t *testing.T) {
	t.Parallel()
	w := setup(t, options{items: 5000})
	w.sim.SetFaults(slowly())
	w.startWorker()
	temporal := w.temporal()
	way := newDoor(t, w.temporalAddress)
	o := w.productOptions
	o.TemporalAddress = way.address
	behind := product.New(o)
	// killed has a fresh API asked for something, and killed once that is so far.
	killed := func(hold func(), ask func(context.Context, *client.Client) error, far func() bool) {
		t.Helper()
		way.open()
		api, err := behind.StartAPI(t.Context(), "api", 0)
		require.NoError(t, err)
		token, err := behind.Token(t.Context(), "operator")
		require.NoError(t, err)
		c, err := client.New(api.URL, token, nil)
		require.NoError(t, err)
		hold()
		over := make(chan error, 1)
		go func() { over <- ask(t.Context(), c) }()
		require.Eventually(t, far, 20*time.Second, 5*time.Millisecond)
		require.NoError(t, api.Process.Kill())
		require.Error(t, <-over, "whoever asked was not answered")
	}
	count := func() (n int) {
		require.NoError(t, w.pool.QueryRow(t.Context(), `select count(*) from operations`).Scan(&n))
		return n
	}
	key := uuid.NewString()
	start := func(ctx context.Context, c *client.Client) error {
		_, err := c.StartSync(ctx, client.SyncRequest{Repository: w.repo.FullName(), IdempotencyKey: key})
		return err
	}

	// The row is written, and Temporal was not asked.
	killed(way.holdQuestions, start, func() bool { return count() == 1 })
	op, err := w.client.StartSync(t.Context(), client.SyncRequest{Repository: w.repo.FullName(), IdempotencyKey: key})
	require.NoError(t, err, "the same request again")
	require.Equal(t, 1, count())
	w.awaitItems(op.ID)

	// It is paused, resumed and cancelled, and the workflow was not told.
	at := func(state operation.State) func() bool { return func() bool { return w.state(op.ID) == state } }
	killed(way.holdQuestions, func(ctx context.Context, c *client.Client) error { _, err := c.Pause(ctx, op.ID); return err }, at(operation.StatePaused))
	committed := w.items(op.ID)
	require.Eventually(t, func() bool { return w.shown(temporal, op.ID) == "paused" }, 20*time.Second, 20*time.Millisecond, "the next step finds it")
	require.Equal(t, committed, w.items(op.ID))
	killed(way.holdQuestions, func(ctx context.Context, c *client.Client) error { _, err := c.Resume(ctx, op.ID); return err }, at(operation.StateRunning))
	require.Eventually(t, func() bool { return w.items(op.ID) > committed }, mendTime, 50*time.Millisecond, "the sweeper tells it")
	killed(way.holdQuestions, func(ctx context.Context, c *client.Client) error { _, err := c.Cancel(ctx, op.ID); return err }, at(operation.StateCancelling))
	require.Equal(t, operation.StateCancelled, w.awaitEnd(op.ID).State)

	// The row is written, and nobody asks again: a sweeper starts it.
	key = uuid.NewString()
	began := time.Now()
	killed(way.holdQuestions, start, func() bool { return count() == 2 })
	require.Eventually(t, func() bool { return w.pending() == 0 }, mendTime, 20*time.Millisecond)
	t.Logf("a row without a workflow had one after %s", time.Since(began).Round(time.Second))

	// Temporal has started it, and the API has not heard of it.
	key = uuid.NewString()
	killed(way.holdAnswers, start, func() bool { return count() == 3 })
	again, err := w.client.StartSync(t.Context(), client.SyncRequest{Repository: w.repo.FullName(), IdempotencyKey: key})
	require.NoError(t, err)
	require.Equal(t, 3, count())
	w.sim.SetFaults(githubsim.FaultPlan{})
	w.requireSucceeded(w.awaitEnd(again.ID))
	require.Eventually(t, func() bool { return w.open() == 0 }, time.Minute, 50*time.Millisecond)
	w.requireMirrored()
}

// An API that is killed at any moment, again and again, loses and doubles nothing of what
// is asked for until it is answered.
func TestAnAPIIsKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	const rounds = 6
	w := setup(t, options{items: 200})
	w.startWorker()
	seed := uint64(time.Now().UnixNano())
	t.Logf("random moments from seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	token, err := w.product.Token(t.Context(), "operator")
	require.NoError(t, err)
	var current atomic.Pointer[client.Client]
	start := func() *localservice.Process {
		api, err := w.product.StartAPI(t.Context(), "api", 0)
		require.NoError(t, err)
		c, err := client.New(api.URL, token, nil)
		require.NoError(t, err)
		current.Store(c)
		return api.Process
	}
	running := start()
	var ids sync.Map
	var asking sync.WaitGroup
	for range rounds {
		for range 3 {
			key := uuid.NewString()
			asking.Go(func() {
				for t.Context().Err() == nil {
					op, err := current.Load().StartSync(t.Context(), client.SyncRequest{Repository: w.repo.FullName(), Collections: []string{"labels"}, IdempotencyKey: key})
					if err == nil {
						ids.Store(op.ID, true)
						return
					}
				}
			})
		}
		moment := time.NewTimer(time.Duration(random.Int64N(int64(40 * time.Millisecond))))
		<-moment.C
		require.NoError(t, running.Kill())
		running = start()
	}
	asking.Wait()
	require.NoError(t, running.Kill())
	n := 0
	ids.Range(func(any, any) bool { n++; return true })
	require.Equal(t, 3*rounds, n)
	var rows int
	require.NoError(t, w.pool.QueryRow(t.Context(), `select count(*) from operations`).Scan(&rows))
	require.Equal(t, 3*rounds, rows, "what was asked for twice was made once")
	require.Eventually(t, func() bool { return w.open() == 0 }, 2*mendTime, 50*time.Millisecond)
	var succeeded int
	require.NoError(t, w.pool.QueryRow(t.Context(), `select count(*) from operations where state = 'succeeded'`).Scan(&succeeded))
	require.Equal(t, rows, succeeded)
}

// A workflow without a row is stopped.
func TestAWorkflowWithoutAnOperationIsStopped(t *testing.T) {
	t.Parallel()
	w := setup(t, options{items: 5000})
	w.sim.SetFaults(slowly())
	w.startWorker()
	temporal := w.temporal()
	op := w.startSync()
	w.awaitItems(op.ID)
	_, err := w.client.Pause(t.Context(), op.ID)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return w.shown(temporal, op.ID) == "paused" }, 20*time.Second, 20*time.Millisecond)
	_, err = w.pool.Exec(t.Context(), `delete from operations where id = $1`, op.ID)
	require.NoError(t, err)
	began := time.Now()
	require.Eventually(t, func() bool {
		d, err := temporal.DescribeWorkflowExecution(t.Context(), op.ID, "")
		require.NoError(t, err)
		return d.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
	}, mendTime, 50*time.Millisecond)
	t.Logf("stopped after %s", time.Since(began).Round(time.Second))
}

// pending counts the operations that have not begun, open those that have not ended.
func (w *world) pending() int { return w.countWhere(`state = 'pending'`) }

func (w *world) open() int { return w.countWhere(`finished_at is null`) }

func (w *world) countWhere(where string) (n int) {
	w.t.Helper()
	require.NoError(w.t, w.pool.QueryRow(w.t.Context(), `select count(*) from operations where `+where).Scan(&n))
	return n
}
