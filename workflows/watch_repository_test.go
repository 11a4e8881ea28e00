package workflows_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/workflows"
)

var about *activities.Deliveries

// watching is an environment in which a watch meets what it is told to.
type watching struct {
	*bundle
	began  time.Time
	passes []time.Duration // when each pass was made
	claims int
}

func setupWatch(t *testing.T) *watching {
	t.Helper()
	w := &watching{bundle: setup(t)}
	w.OnWorkflow(workflows.SyncRepositoryType, mock.Anything, mock.Anything).Return(func(ctx workflow.Context, _ workflows.SyncRepositoryInput) error {
		w.passes = append(w.passes, workflow.Now(ctx).Sub(w.began))
		return nil
	}).Maybe()
	return w
}

// claim answers the claims with claimed, in their order, and the last one for ever.
func (w *watching) claim(claimed ...activities.Claimed) {
	w.OnActivity(about.ClaimDeliveries, mock.Anything, mock.Anything).Return(func(context.Context, activities.WatchPass) (activities.Claimed, error) {
		c := claimed[min(w.claims, len(claimed)-1)]
		w.claims++
		return c, nil
	})
}

func (w *watching) settle(settled ...activities.Settled) {
	n := 0
	w.OnActivity(about.SettleDeliveries, mock.Anything, mock.Anything).Return(func(context.Context, activities.WatchPassEnd) (activities.Settled, error) {
		s := settled[min(n, len(settled)-1)]
		n++
		return s, nil
	}).Maybe()
}

func (w *watching) run() error {
	w.began = w.Now()
	w.ExecuteWorkflow(workflows.WatchRepositoryType, workflows.WatchRepositoryInput{
		Watched: activities.Watched{WorkspaceID: "w", RepositoryID: 1},
	})
	return w.GetWorkflowError()
}

func pass(id string) activities.Claimed { return activities.Claimed{OperationID: id, Subject: "o/r"} }

func TestABurstIsWorkedAtAGrowingDistance(t *testing.T) {
	w := setupWatch(t)
	w.claim(pass("1"), pass("2"), pass("3"), pass("4"), pass("5"), activities.Claimed{})
	w.settle(activities.Settled{Processed: 100})
	require.NoError(t, w.run())
	require.Equal(t, []time.Duration{0, 2 * time.Second, 6 * time.Second, 14 * time.Second, 22 * time.Second}, w.passes)
	require.Equal(t, time.Minute+30*time.Second, w.Now().Sub(w.began), "it ends when nothing comes for a minute")
}

// While GitHub allows much more, what comes is worked sooner.
func TestABurstIsWorkedSoonerWhileThereIsPlenty(t *testing.T) {
	w := setupWatch(t)
	w.claim(pass("1"), pass("2"), pass("3"), pass("4"), pass("5"), pass("6"), activities.Claimed{})
	ample := activities.Settled{Processed: 100, Ample: true}
	w.settle(ample, ample, ample, activities.Settled{Processed: 100}, ample)
	require.NoError(t, w.run())
	require.Equal(t, []time.Duration{0, 2 * time.Second, 6 * time.Second, 10 * time.Second, 18 * time.Second, 22 * time.Second}, w.passes)
}

func TestALaterDeliveryIsWorkedAtOnce(t *testing.T) {
	w := setupWatch(t)
	w.claim(pass("1"), activities.Claimed{}, pass("2"), activities.Claimed{})
	w.settle(activities.Settled{Processed: 1})
	w.RegisterDelayedCallback(func() { w.SignalWorkflow(workflows.SignalNominated, nil) }, 30*time.Second)
	require.NoError(t, w.run())
	require.Equal(t, []time.Duration{0, 30 * time.Second}, w.passes)
}

// What GitHub still answered in an older state is worked when it may be, not before.
func TestOlderStatesAreLookedAtAgain(t *testing.T) {
	w := setupWatch(t)
	w.claim(pass("1"), activities.Claimed{Waiting: 3, Pause: 8 * time.Second}, pass("2"), activities.Claimed{})
	w.settle(activities.Settled{Again: 3}, activities.Settled{Processed: 3})
	require.NoError(t, w.run())
	require.Equal(t, []time.Duration{0, 10 * time.Second}, w.passes)
}

// A pass that the sweeper has started, or that another worker runs, is awaited.
func TestAPassOfSomebodyElseIsAwaited(t *testing.T) {
	w := setupWatch(t)
	w.claim(pass("1"), activities.Claimed{})
	w.settle(activities.Settled{Open: true}, activities.Settled{Open: true}, activities.Settled{Processed: 1})
	require.NoError(t, w.run())
	require.Equal(t, 10*time.Second+2*time.Second+time.Minute, w.Now().Sub(w.began))
}

// A pass that fails settles its deliveries like any other; the watch goes on.
func TestAFailedPassDoesNotEndTheWatch(t *testing.T) {
	w := &watching{bundle: setup(t)}
	w.OnWorkflow(workflows.SyncRepositoryType, mock.Anything, mock.Anything).
		Return(temporal.NewNonRetryableApplicationError("GitHub has no repository o/r.", "github_not_found", errors.New("404")))
	w.claim(pass("1"), activities.Claimed{Waiting: 1, Pause: 2 * time.Second}, pass("2"), activities.Claimed{})
	w.settle(activities.Settled{Again: 1}, activities.Settled{Left: 1})
	require.NoError(t, w.run())
	require.Equal(t, 4, w.claims)
}

func TestALongWatchContinuesAsNew(t *testing.T) {
	w := setupWatch(t)
	w.claim(pass("1"))
	w.OnActivity(about.SettleDeliveries, mock.Anything, mock.Anything).Return(func(context.Context, activities.WatchPassEnd) (activities.Settled, error) {
		w.SetContinueAsNewSuggested(true)
		return activities.Settled{Processed: 1}, nil
	})
	var again *workflow.ContinueAsNewError
	require.ErrorAs(t, w.run(), &again)
	require.Len(t, w.passes, 1)
}

func TestRecoverDeliveriesWaitsForLimits(t *testing.T) {
	b := setup(t)
	in := activities.Recover{WorkspaceID: "w"}
	wait := &activities.Wait{Reason: "GitHub's hourly limit is used up.", Pause: 40 * time.Minute}
	b.OnActivity(about.RecoverDeliveries, mock.Anything, in).Return(activities.Recovered{Failed: 5, Redelivered: 3, Wait: wait}, nil).Once()
	b.OnActivity(about.RecoverDeliveries, mock.Anything, in).Return(activities.Recovered{Failed: 2, Redelivered: 2, Due: 1}, nil).Once()
	began := b.Now()
	b.ExecuteWorkflow(workflows.RecoverDeliveriesType, workflows.RecoverDeliveriesInput{Recover: in})
	require.NoError(t, b.GetWorkflowError())
	var out activities.Recovered
	require.NoError(t, b.GetWorkflowResult(&out))
	require.Equal(t, activities.Recovered{Failed: 5, Redelivered: 5, Due: 1}, out)
	require.Equal(t, 40*time.Minute, b.Now().Sub(began))
}
