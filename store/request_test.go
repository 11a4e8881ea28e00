package store_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/store"
)

// awaiting makes an operation that awaits approval.
func (b *bundle) awaiting() operation.Operation {
	b.t.Helper()
	op, _, err := b.CreateOperation(b.t.Context(), operation.New{
		ID: uuid.Must(uuid.NewV7()).String(), WorkspaceID: workspace, Kind: operation.KindSyncRepository,
		Subject: "o/r", Input: json.RawMessage(`{"repository": "o/r", "approval": "required"}`),
	})
	require.NoError(b.t, err)
	waiting := operation.Waiting{For: "approval", Reason: "Somebody has to approve it.", Until: time.Now().Add(time.Hour).UTC().Truncate(time.Second)}
	forecast := &operation.Forecast{Requests: 7, DoneAt: time.Now().UTC()}
	op, event, err := b.AwaitApproval(b.t.Context(), workspace, op.ID, []store.Planned{{Name: "labels", Total: 3}}, forecast, waiting)
	require.NoError(b.t, err)
	require.Equal(b.t, &waiting, op.Waiting)
	require.Equal(b.t, &waiting, event.Operation.Waiting)
	require.EqualValues(b.t, 7, event.Operation.Forecast.Requests)
	return op
}

// in makes an operation in a state.
func (b *bundle) in(state operation.State) operation.Operation {
	b.t.Helper()
	switch state {
	case operation.StatePending:
		return b.create()
	case operation.StateAwaitingApproval:
		return b.awaiting()
	case operation.StateRejected:
		got, err := b.Reject(b.t.Context(), workspace, b.awaiting().ID, operation.Rejected("no"))
		require.NoError(b.t, err)
		return got
	case operation.StateRunning, operation.StatePaused, operation.StateCancelling, operation.StateSucceeded, operation.StateFailed, operation.StateCancelled:
	}
	op := b.running("labels")
	if state == operation.StateRunning {
		return op
	}
	var failure *operation.Failure
	if state == operation.StateFailed {
		failure = &operation.Failure{Code: "c", Message: "m"}
	}
	op, _, err := b.SetState(b.t.Context(), workspace, op.ID, state, failure)
	require.NoError(b.t, err)
	return op
}

// What may be asked of an operation in which state, and what comes of it. What is not
// listed is a conflict, and changes nothing.
func TestWhatMayBeAskedOfAnOperation(t *testing.T) {
	b := setup(t)
	const (
		pending, awaiting, running, paused = operation.StatePending, operation.StateAwaitingApproval, operation.StateRunning, operation.StatePaused
		cancelling, cancelled, rejected    = operation.StateCancelling, operation.StateCancelled, operation.StateRejected
	)
	for verb, tt := range map[string]struct {
		ask  func(id string) (operation.Operation, error)
		want map[operation.State]operation.State
	}{
		"pause": {
			func(id string) (operation.Operation, error) { return b.RequestPause(t.Context(), workspace, id) },
			map[operation.State]operation.State{pending: paused, running: paused, paused: paused},
		},
		"resume": {
			func(id string) (operation.Operation, error) { return b.RequestResume(t.Context(), workspace, id) },
			map[operation.State]operation.State{pending: pending, running: running, paused: running},
		},
		"approve": {
			func(id string) (operation.Operation, error) { return b.Approve(t.Context(), workspace, id) },
			map[operation.State]operation.State{awaiting: running},
		},
		"reject": {
			func(id string) (operation.Operation, error) {
				return b.Reject(t.Context(), workspace, id, operation.Rejected("too much"))
			},
			map[operation.State]operation.State{awaiting: rejected, rejected: rejected},
		},
		"cancel": {
			func(id string) (operation.Operation, error) { return b.RequestCancel(t.Context(), workspace, id) },
			map[operation.State]operation.State{
				pending: cancelling, awaiting: cancelling, running: cancelling, paused: cancelling, cancelling: cancelling, cancelled: cancelled,
			},
		},
	} {
		for _, state := range operation.States() {
			op := b.in(state)
			require.Equal(t, state, op.State)
			got, err := tt.ask(op.ID)
			want, allowed := tt.want[state]
			if !allowed {
				require.Equal(t, operation.CodeConflict, operation.CodeOf(err), "%s of one that is %s", verb, state)
				require.ErrorContains(t, err, fmt.Sprintf("The operation %s; there is nothing to %s.", state.Phrase(), verb))
				require.Equal(t, op.Seq, b.operation(op.ID).Seq)
				continue
			}
			require.NoError(t, err, "%s of one that is %s", verb, state)
			require.Equal(t, want, got.State)
			again, err := tt.ask(op.ID)
			require.NoError(t, err, "asking twice is as good as asking once")
			require.Equal(t, got.State, again.State)
			require.Equal(t, got.Seq, again.Seq)
		}
	}
	for _, ask := range []func() (operation.Operation, error){
		func() (operation.Operation, error) { return b.RequestPause(t.Context(), workspace, uuid.NewString()) },
		func() (operation.Operation, error) { return b.RequestResume(t.Context(), workspace, uuid.NewString()) },
		func() (operation.Operation, error) { return b.Approve(t.Context(), uuid.NewString(), b.awaiting().ID) },
	} {
		_, err := ask()
		require.Equal(t, operation.CodeNotFound, operation.CodeOf(err))
	}
}

func TestAPausedOperationCommitsNothingUntilItIsResumed(t *testing.T) {
	b := setup(t)
	op := b.running("labels")
	pass := b.take(op, "labels")
	_, err := b.SetWaiting(t.Context(), workspace, op.ID, operation.Waiting{For: "x", Reason: "x", Until: time.Now().Add(time.Hour), Collection: "labels"})
	require.NoError(t, err)
	paused, err := b.RequestPause(t.Context(), workspace, op.ID)
	require.NoError(t, err)
	require.Nil(t, paused.Waiting, "it waits for somebody, whatever GitHub says")
	require.NotNil(t, paused.StartedAt)
	_, err = b.CommitPage(t.Context(), b.page(op, "labels", pass.Fence, label(1, "a")))
	require.ErrorIs(t, err, store.ErrNotRunning)
	require.Zero(t, b.count(`select count(*) from labels`))

	resumed, err := b.RequestResume(t.Context(), workspace, op.ID)
	require.NoError(t, err)
	require.Equal(t, paused.StartedAt, resumed.StartedAt)
	b.commit(b.page(op, "labels", pass.Fence, label(1, "a")))
	require.Equal(t, 1, b.count(`select count(*) from labels`))
	events, err := b.Events(t.Context(), workspace, op.ID, 0, 100)
	require.NoError(t, err)
	require.Len(t, events, int(b.operation(op.ID).Seq), "numbered without a gap")
}

// Another sync need not wait until somebody resumes the first. That one cannot write
// any more until it has the pass again.
func TestAPausedOperationLetsGoOfItsPasses(t *testing.T) {
	b := setup(t)
	op := b.running("labels")
	first := b.take(op, "labels")
	other := b.running("labels")
	_, err := b.TakePass(t.Context(), key("labels"), other, true)
	var held *store.HeldError
	require.ErrorAs(t, err, &held)
	_, err = b.RequestPause(t.Context(), workspace, op.ID)
	require.NoError(t, err)
	second := b.take(other, "labels")
	_, err = b.RequestResume(t.Context(), workspace, op.ID)
	require.NoError(t, err)
	_, err = b.CommitPage(t.Context(), b.page(op, "labels", first.Fence, label(1, "a")))
	require.ErrorIs(t, err, store.ErrStaleFence)
	b.commit(b.page(other, "labels", second.Fence, label(1, "a")))
	_, err = b.TakePass(t.Context(), key("labels"), op, true)
	require.ErrorAs(t, err, &held)
}

// One that is paused between its plan's reading and its writing must not begin.
func TestAPlanDoesNotWakeAPausedOperation(t *testing.T) {
	b := setup(t)
	op := b.create()
	_, err := b.RequestPause(t.Context(), workspace, op.ID)
	require.NoError(t, err)
	_, _, err = b.StartPlan(t.Context(), workspace, op.ID, []string{"labels"})
	require.Equal(t, operation.CodeConflict, operation.CodeOf(err))
	_, _, err = b.AwaitApproval(t.Context(), workspace, op.ID, nil, nil, operation.Waiting{})
	require.Equal(t, operation.CodeConflict, operation.CodeOf(err))
	resumed, err := b.RequestResume(t.Context(), workspace, op.ID)
	require.NoError(t, err)
	require.Equal(t, operation.StatePending, resumed.State, "it had not begun")
}

func TestApprovalBeginsWhatWasPlanned(t *testing.T) {
	b := setup(t)
	op := b.awaiting()
	require.Nil(t, op.StartedAt)
	approved, err := b.Approve(t.Context(), workspace, op.ID)
	require.NoError(t, err)
	require.NotNil(t, approved.StartedAt)
	require.Nil(t, approved.Waiting)
	require.Len(t, approved.Collections, 1)
	require.NoError(t, b.ExtendPlan(t.Context(), workspace, op.ID, []string{"labels", "issues"}))
	got := b.operation(op.ID)
	require.Len(t, got.Collections, 2)
	require.EqualValues(t, 3, got.Collections[0].Total, "what was planned stays")
	_, err = b.RequestPause(t.Context(), workspace, op.ID)
	require.NoError(t, err)
	again, err := b.Approve(t.Context(), workspace, op.ID)
	require.NoError(t, err, "the first answer may have been lost on its way")
	require.Equal(t, operation.StatePaused, again.State)

	rejected, err := b.Reject(t.Context(), workspace, b.awaiting().ID, operation.Rejected("Not this week."))
	require.NoError(t, err)
	require.Equal(t, &operation.Failure{Code: "rejected", Message: "Not this week."}, rejected.Failure)
	require.NotNil(t, rejected.FinishedAt)
}

func TestPausingAParentPausesItsChildren(t *testing.T) {
	b := setup(t)
	parent, children := b.family(3)
	_, _, err := b.StartPlan(t.Context(), workspace, children[0].ID, []string{"labels"})
	require.NoError(t, err)
	_, _, err = b.SetState(t.Context(), workspace, children[1].ID, operation.StateCancelled, nil)
	require.NoError(t, err)
	_, err = b.RequestPause(t.Context(), workspace, parent.ID)
	require.NoError(t, err)
	state := func(i int) operation.State { return b.operation(children[i].ID).State }
	require.Equal(t, operation.StatePaused, state(0))
	require.Equal(t, operation.StateCancelled, state(1))
	require.Equal(t, operation.StatePaused, state(2))
	late := []operation.New{{ID: uuid.NewString(), Subject: "o/late", Input: json.RawMessage(`{}`)}}
	require.ErrorIs(t, b.CreateChildren(t.Context(), workspace, parent.ID, operation.KindSyncRepository, late), store.ErrNotRunning)

	_, err = b.RequestResume(t.Context(), workspace, children[0].ID)
	require.Equal(t, operation.CodeConflict, operation.CodeOf(err))
	require.ErrorContains(t, err, "part of operation "+parent.ID+", which is paused")
	open, err := b.Open(t.Context(), 0, time.Time{}, "", 10)
	require.NoError(t, err)
	require.Len(t, open, 2, "one that has not begun is its parent's to start")

	// A child that ends all the same counts.
	_, events, err := b.SetState(t.Context(), workspace, children[0].ID, operation.StateSucceeded, nil)
	require.NoError(t, err)
	require.Len(t, events, 2)
	_, err = b.RequestResume(t.Context(), workspace, parent.ID)
	require.NoError(t, err)
	require.Equal(t, operation.StateSucceeded, state(0))
	require.Equal(t, operation.StatePending, state(2))
	got, err := b.Events(t.Context(), workspace, children[2].ID, 0, 10)
	require.NoError(t, err)
	require.Len(t, got, 2)

	_, err = b.RequestPause(t.Context(), workspace, parent.ID)
	require.NoError(t, err)
	_, err = b.RequestCancel(t.Context(), workspace, parent.ID)
	require.NoError(t, err)
	require.Equal(t, operation.StateCancelling, state(2), "a paused part is cancelled at once")
}

func TestPausedPartsThatNobodyWillEndAreEnded(t *testing.T) {
	b := setup(t)
	parent, children := b.family(2)
	_, _, err := b.StartPlan(t.Context(), workspace, children[0].ID, []string{"labels"})
	require.NoError(t, err)
	_, err = b.RequestPause(t.Context(), workspace, parent.ID)
	require.NoError(t, err)
	events, err := b.EndChildren(t.Context(), workspace, parent.ID)
	require.NoError(t, err)
	require.Len(t, events, 3)
	require.Equal(t, operation.StateFailed, b.operation(children[0].ID).State, "it had a workflow")
	require.Equal(t, operation.StateCancelled, b.operation(children[1].ID).State)
}

func TestAKeyIsItsClientsForADay(t *testing.T) {
	b := setup(t)
	create := func(client string, hash byte) (operation.Operation, bool, error) {
		return b.CreateOperation(t.Context(), operation.New{
			ID: uuid.Must(uuid.NewV7()).String(), WorkspaceID: workspace, Kind: operation.KindSyncRepository,
			Subject: "o/r", Input: json.RawMessage(`{}`), RequestedBy: client, IdempotencyKey: "k", RequestHash: []byte{hash},
		})
	}
	first, created, err := create("alice", 1)
	require.NoError(t, err)
	require.True(t, created)
	_, created, err = create("bob", 2)
	require.NoError(t, err)
	require.True(t, created, "another client's keys are its own")
	_, _, err = create("alice", 2)
	require.Equal(t, operation.CodeIdempotencyMismatch, operation.CodeOf(err))

	_, err = b.pool.Exec(t.Context(), `update operations set created_at = now() - interval '25 hours' where id = $1`, first.ID)
	require.NoError(t, err)
	second, created, err := create("alice", 2)
	require.NoError(t, err)
	require.True(t, created)
	require.NotEqual(t, first.ID, second.ID)
	again, created, err := create("alice", 2)
	require.NoError(t, err)
	require.False(t, created)
	require.Equal(t, second.ID, again.ID)
}

func TestOperationsAreFiltered(t *testing.T) {
	b := setup(t)
	first, second := b.running("labels"), b.in(operation.StatePaused)
	retry, _, err := b.CreateOperation(t.Context(), operation.New{
		ID: uuid.Must(uuid.NewV7()).String(), WorkspaceID: workspace, Kind: operation.KindSyncRepository, RetryOf: first.ID,
		Subject: "O/Other", Input: json.RawMessage(`{}`),
	})
	require.NoError(t, err)
	for i, op := range []operation.Operation{first, second, retry} {
		_, err := b.pool.Exec(t.Context(), `update operations set created_at = '2026-01-01Z'::timestamptz + $2 * interval '1 day' where id = $1`, op.ID, i)
		require.NoError(t, err)
	}
	day := func(n int) *time.Time {
		at := time.Date(2026, 1, 1+n, 0, 0, 0, 0, time.UTC)
		return &at
	}
	for name, tt := range map[string]struct {
		filter operation.Filter
		want   []string
	}{
		"several states":   {operation.Filter{States: []operation.State{operation.StateRunning, operation.StatePaused}}, []string{second.ID, first.ID}},
		"subject":          {operation.Filter{Subject: "o/OTHER"}, []string{retry.ID}},
		"created after":    {operation.Filter{CreatedAfter: day(1)}, []string{retry.ID, second.ID}},
		"created before":   {operation.Filter{CreatedBefore: day(1)}, []string{first.ID}},
		"created in a day": {operation.Filter{CreatedAfter: day(1), CreatedBefore: day(2)}, []string{second.ID}},
		"nothing":          {operation.Filter{Subject: "o/r", States: []operation.State{operation.StateFailed}}, nil},
	} {
		tt.filter.Limit = 10
		ops, _, err := b.Operations(t.Context(), workspace, tt.filter)
		require.NoError(t, err, name)
		var ids []string
		for _, op := range ops {
			ids = append(ids, op.ID)
		}
		require.Equal(t, tt.want, ids, name)
	}
	require.Equal(t, first.ID, b.operation(retry.ID).RetryOf)
}
