package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/workflows"
)

// rowed is an environment whose operation's row can be changed.
type rowed struct {
	*bundle
	state operation.State
	looks int
	// refused counts the steps that were answered with a hold.
	refused int
}

// withRow has the steps see a row: they are refused while it is held, and done else.
func withRow(t *testing.T) *rowed {
	t.Helper()
	r := &rowed{bundle: setupIn(t), state: operation.StateRunning}
	r.plan.Collections = r.plan.Collections[:2] // labels
	r.OnActivity(steps.LookAtOperation, mock.Anything, ref).Return(func(context.Context, activities.OperationRef) (activities.Standing, error) {
		r.looks++
		return activities.Standing{State: r.state}, nil
	}).Maybe()
	r.OnActivity(steps.IndexSearch, mock.Anything, mock.Anything).Return(nil).Maybe()
	return r
}

// reads answers each step of labels: more, so many times, and then done.
func (r *rowed) reads(pages int) {
	r.OnActivity(steps.SyncPages, mock.Anything, r.input("labels")).Return(func(context.Context, activities.Pages) (activities.PagesResult, error) {
		if hold, wait := r.hold(); hold != nil {
			r.refused++
			return activities.PagesResult{Hold: hold, Wait: wait}, nil
		}
		if pages--; pages > 0 {
			return more("labels"), nil
		}
		return done("labels", 1), nil
	})
}

// hold is the answer of a step while the row is held.
func (r *rowed) hold() (*activities.Hold, *activities.Wait) {
	if !r.state.Held() {
		return nil, nil
	}
	return &activities.Hold{State: r.state, Reason: "It is " + string(r.state) + "."}, &activities.Wait{Reason: "It is held.", Pause: time.Minute}
}

// at changes the row after a while, and tells the workflow unless the signal is lost.
func (r *rowed) at(after time.Duration, state operation.State, told bool) {
	r.RegisterDelayedCallback(func() {
		r.state = state
		if told {
			r.SignalWorkflow(workflows.SignalChanged, nil)
		}
	}, after)
}

func TestAPausedSyncStandsByUntilItIsResumed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		told        bool // of the resumption
		least, most time.Duration
	}{
		"told":               {true, 3 * time.Hour, 3*time.Hour + time.Minute},
		"the signal is lost": {false, 3 * time.Hour, 3*time.Hour + 6*time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := withRow(t)
			began := r.Now()
			r.planned()
			r.reads(3)
			r.state = operation.StatePaused
			r.at(3*time.Hour, operation.StateRunning, tt.told)
			require.NoError(t, r.sync())
			require.Equal(t, []activities.Finish{{OperationRef: ref, State: operation.StateSucceeded}}, r.finish)
			require.Equal(t, 1, r.refused, "nothing is asked of a worker's slots while it is paused")
			require.GreaterOrEqual(t, r.Now().Sub(began), tt.least)
			require.LessOrEqual(t, r.Now().Sub(began), tt.most)
			require.LessOrEqual(t, r.looks, 38, "it looks every five minutes")
		})
	}
}

func TestAResumptionThatIsFasterThanTheStepIsNotMissed(t *testing.T) {
	t.Parallel()
	r := withRow(t)
	began := r.Now()
	r.planned()
	first := true
	r.OnActivity(steps.SyncPages, mock.Anything, r.input("labels")).Return(func(context.Context, activities.Pages) (activities.PagesResult, error) {
		if first { // it was paused when it asked, and is resumed before it has answered
			first = false
			r.SignalWorkflow(workflows.SignalChanged, nil)
			return activities.PagesResult{Hold: &activities.Hold{State: operation.StatePaused, Reason: "It is paused."}, Wait: &activities.Wait{Pause: time.Minute}}, nil
		}
		return done("labels", 1), nil
	}).Twice()
	require.NoError(t, r.sync())
	r.AssertExpectations(t)
	require.Less(t, r.Now().Sub(began), 6*time.Minute)
}

func TestASyncThatMustBeApprovedBeginsThen(t *testing.T) {
	t.Parallel()
	r := withRow(t)
	began := r.Now()
	r.state = operation.StateAwaitingApproval
	plans := 0
	r.OnActivity(steps.PlanSync, mock.Anything, ref).Return(func(context.Context, activities.OperationRef) (activities.Plan, error) {
		plans++
		if hold, wait := r.hold(); hold != nil {
			return activities.Plan{Hold: hold, Wait: wait, Forecast: "done in an hour"}, nil
		}
		return r.plan, nil
	})
	r.reads(1)
	r.at(30*time.Hour, operation.StateRunning, true)
	require.NoError(t, r.sync())
	require.Equal(t, 2, plans)
	require.Equal(t, []activities.Finish{{OperationRef: ref, State: operation.StateSucceeded}}, r.finish)
	require.GreaterOrEqual(t, r.Now().Sub(began), 30*time.Hour)
}

func TestARejectedSyncEndsWithoutAWord(t *testing.T) {
	t.Parallel()
	r := withRow(t)
	r.state = operation.StateAwaitingApproval
	r.OnActivity(steps.PlanSync, mock.Anything, ref).Return(func(context.Context, activities.OperationRef) (activities.Plan, error) {
		if r.state == operation.StateRejected {
			return activities.Plan{}, temporal.NewNonRetryableApplicationError("The operation was rejected.", activities.TypeRejected, nil)
		}
		hold, wait := r.hold()
		return activities.Plan{Hold: hold, Wait: wait}, nil
	})
	r.at(time.Hour, operation.StateRejected, true)
	require.NoError(t, r.sync())
	require.Empty(t, r.finish, "its row says so already")
}

func TestAPausedSyncCanBeCancelled(t *testing.T) {
	t.Parallel()
	r := withRow(t)
	r.planned()
	r.reads(1)
	r.state = operation.StatePaused
	r.RegisterDelayedCallback(r.CancelWorkflow, time.Hour)
	require.Error(t, r.sync())
	require.Equal(t, []activities.Finish{{OperationRef: ref, State: operation.StateCancelled}}, r.finish)
}
