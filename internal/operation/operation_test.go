package operation_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/operation"
)

func TestTransitions(t *testing.T) {
	t.Parallel()
	const (
		p = operation.StatePending
		a = operation.StateAwaitingApproval
		r = operation.StateRunning
		h = operation.StatePaused
		c = operation.StateCancelling
		s = operation.StateSucceeded
		f = operation.StateFailed
		x = operation.StateCancelled
		j = operation.StateRejected
	)
	require.Equal(t, []operation.State{p, a, r, h, c, s, f, x, j}, operation.States())
	allowed := map[[2]operation.State]bool{
		{p, a}: true, {p, r}: true, {p, h}: true, {p, c}: true, {p, f}: true, {p, x}: true,
		{a, r}: true, {a, c}: true, {a, f}: true, {a, x}: true, {a, j}: true,
		{r, h}: true, {r, c}: true, {r, s}: true, {r, f}: true, {r, x}: true,
		{h, p}: true, {h, r}: true, {h, c}: true, {h, s}: true, {h, f}: true, {h, x}: true,
		{c, s}: true, {c, f}: true, {c, x}: true,
	}
	for _, from := range operation.States() {
		require.True(t, from.Valid())
		for _, to := range operation.States() {
			require.Equal(t, allowed[[2]operation.State{from, to}], from.CanBecome(to), "%s -> %s", from, to)
			require.Equal(t, from.CanBecome(to), slices.Contains(operation.Before(to), from))
		}
	}
	for _, state := range operation.States() {
		require.Equal(t, state == s || state == f || state == x || state == j, state.Terminal(), state)
		require.Equal(t, state == a || state == h, state.Held(), state)
		require.Equal(t, state == f || state == x || state == j, state.Retryable(), state)
		require.NotEqual(t, operation.State("").Phrase(), state.Phrase(), state)
	}
	require.False(t, operation.State("unknown").Valid())
	require.False(t, operation.State("").Terminal(), "what is no state is no end")
}

func TestCodeOf(t *testing.T) {
	t.Parallel()
	require.Empty(t, operation.CodeOf(nil))
	require.Equal(t, operation.CodeInternal, operation.CodeOf(errors.New("x")))
	require.Equal(t, operation.CodeNotFound, operation.CodeOf(fmt.Errorf("read: %w", operation.NotFound("There is no such thing."))))
	wrapped := &operation.Error{Code: operation.CodeUnavailable, Message: "Try again.", Err: context.DeadlineExceeded}
	require.ErrorIs(t, wrapped, context.DeadlineExceeded)
	require.Equal(t, "Try again.: context deadline exceeded", wrapped.Error())
}

// world is a store and a Temporal of a sweep.
type world struct {
	open       []operation.Operation
	status     map[string]operation.WorkflowStatus
	started    []string
	cancelled  []string
	told       []string
	running    []operation.Operation // their workflows; those without a workspace are unknown
	orphaned   []string              // operations whose children were cancelled
	paused     []string              // operations whose children were paused
	ended      map[string]operation.State
	published  int
	startError error
}

func (w *world) Open(_ context.Context, _ time.Duration, _ time.Time, after string, limit int32) ([]operation.Operation, error) {
	var out []operation.Operation
	for _, op := range w.open {
		if op.ID > after && len(out) < int(limit) {
			out = append(out, op)
		}
	}
	return out, nil
}

func (w *world) SetState(_ context.Context, _, id string, to operation.State, _ *operation.Failure) (operation.Operation, []operation.Event, error) {
	if w.ended[id] != "" {
		return operation.Operation{}, nil, operation.Conflict("It has ended.")
	}
	w.ended[id] = to
	return operation.Operation{}, []operation.Event{{OperationID: id}}, nil
}

func (w *world) CancelChildren(_ context.Context, _, parent string) ([]operation.Event, error) {
	w.orphaned = append(w.orphaned, parent)
	return []operation.Event{{OperationID: "child of " + parent}}, nil
}

func (w *world) PauseChildren(_ context.Context, _, parent string) ([]operation.Event, error) {
	w.paused = append(w.paused, parent)
	return []operation.Event{{OperationID: "child of " + parent}}, nil
}

func (w *world) Start(_ context.Context, op operation.Operation) error {
	w.started = append(w.started, op.ID)
	return w.startError
}

func (w *world) Cancel(_ context.Context, op operation.Operation) error {
	w.cancelled = append(w.cancelled, op.ID)
	return nil
}

func (w *world) Tell(_ context.Context, op operation.Operation) error {
	w.told = append(w.told, op.ID)
	return nil
}

func (w *world) Running(_ context.Context, page []byte) ([]operation.Operation, []byte, error) {
	i := len(page)
	if i >= len(w.running) {
		return nil, nil, nil
	}
	return w.running[i : i+1], make([]byte, i+1), nil
}

func (w *world) Unknown(_ context.Context, named []operation.Operation) ([]operation.Operation, error) {
	return slices.DeleteFunc(slices.Clone(named), func(op operation.Operation) bool { return op.WorkspaceID != "" }), nil
}

func (w *world) Status(_ context.Context, op operation.Operation) (operation.WorkflowStatus, error) {
	return w.status[op.ID], nil
}

func (w *world) sweeper() *operation.Sweeper {
	return &operation.Sweeper{
		Store: w, Workflows: w, Logger: slog.New(slog.DiscardHandler),
		Publish: func(_ context.Context, events ...operation.Event) { w.published += len(events) },
	}
}

func TestSweepMendsWhatDoesNotAgree(t *testing.T) {
	t.Parallel()
	const (
		missing = operation.WorkflowMissing
		open    = operation.WorkflowOpen
		ended   = operation.WorkflowEnded
		held    = operation.WorkflowHeld
	)
	for _, tt := range []struct {
		state  operation.State
		status operation.WorkflowStatus
		want   string
	}{
		{operation.StatePending, missing, "started"},
		{operation.StatePending, open, ""},
		{operation.StatePending, ended, "failed"},
		{operation.StateRunning, missing, "failed"},
		{operation.StateRunning, open, ""},
		{operation.StateRunning, ended, "failed"},
		{operation.StateAwaitingApproval, missing, "failed"},
		{operation.StateAwaitingApproval, open, ""},
		{operation.StateAwaitingApproval, ended, "failed"},
		{operation.StatePaused, missing, ""},
		{operation.StatePaused, open, ""},
		{operation.StatePaused, ended, "failed"},
		{operation.StateCancelling, missing, "cancelled"},
		{operation.StateCancelling, open, "told again"},
		{operation.StateCancelling, ended, "cancelled"},
		{operation.StateCancelling, held, "told again"},
		{operation.StatePaused, held, ""},
		{operation.StateAwaitingApproval, held, ""},
		{operation.StateRunning, held, "told"},
		{operation.StatePending, held, "told"},
	} {
		t.Run(fmt.Sprintf("%s %s", tt.state, tt.status), func(t *testing.T) {
			t.Parallel()
			w := &world{
				open:   []operation.Operation{{ID: "1", State: tt.state}},
				status: map[string]operation.WorkflowStatus{"1": tt.status}, ended: map[string]operation.State{},
			}
			require.NoError(t, w.sweeper().Sweep(t.Context()))
			require.Equal(t, tt.want == "started", len(w.started) == 1)
			require.Equal(t, tt.want == "told again", len(w.cancelled) == 1)
			require.Equal(t, tt.want == "told", len(w.told) == 1)
			if tt.want == "failed" || tt.want == "cancelled" {
				require.Equal(t, operation.State(tt.want), w.ended["1"])
				require.Equal(t, 1, w.published)
			} else {
				require.Empty(t, w.ended)
			}
		})
	}
}

func TestSweepAndTheParts(t *testing.T) {
	t.Parallel()
	const (
		missing = operation.WorkflowMissing
		open    = operation.WorkflowOpen
		ended   = operation.WorkflowEnded
	)
	for name, tt := range map[string]struct {
		op       operation.Operation
		status   operation.WorkflowStatus
		want     operation.State // empty: it goes on
		children bool            // its parts are cancelled, or paused if it is
	}{
		"a part that its parent left behind is not started": {operation.Operation{State: operation.StatePending, ParentID: "p"}, missing, operation.StateCancelled, false},
		"a part whose workflow is gone":                     {operation.Operation{State: operation.StateRunning, ParentID: "p"}, ended, operation.StateFailed, false},
		"a part that was asked to stop":                     {operation.Operation{State: operation.StateCancelling, ParentID: "p"}, missing, operation.StateCancelled, false},
		"a part that was paused before it began":            {operation.Operation{State: operation.StatePaused, ParentID: "p"}, missing, operation.StateCancelled, false},
		"a paused part whose workflow is gone":              {operation.Operation{State: operation.StatePaused, ParentID: "p", StartedAt: new(time.Time)}, ended, operation.StateFailed, false},
		"a paused one whose workflow Temporal forgot":       {operation.Operation{State: operation.StatePaused, StartedAt: new(time.Time)}, missing, operation.StateFailed, false},
		"a whole that is paused":                            {operation.Operation{State: operation.StatePaused, Kind: operation.KindSyncOrganization}, open, "", true},
		"a whole whose workflow is gone":                    {operation.Operation{State: operation.StateRunning, Kind: operation.KindSyncOrganization}, ended, operation.StateFailed, true},
		"a whole that was asked to stop":                    {operation.Operation{State: operation.StateCancelling, Kind: operation.KindSyncOrganization}, open, "", true},
		"a whole that goes on":                              {operation.Operation{State: operation.StateRunning, Kind: operation.KindSyncOrganization}, open, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.op.ID = "1"
			w := &world{
				open:   []operation.Operation{tt.op},
				status: map[string]operation.WorkflowStatus{"1": tt.status}, ended: map[string]operation.State{},
			}
			require.NoError(t, w.sweeper().Sweep(t.Context()))
			require.Empty(t, w.started)
			require.Equal(t, tt.want, w.ended["1"])
			require.Equal(t, tt.children, len(w.orphaned)+len(w.paused) == 1)
			require.Equal(t, tt.op.State == operation.StatePaused && tt.children, len(w.paused) == 1)
			published := 0
			if tt.want != "" {
				published++
			}
			if tt.children {
				published++
			}
			require.Equal(t, published, w.published)
		})
	}
}

func TestSweepStopsWorkflowsWithoutAnOperation(t *testing.T) {
	t.Parallel()
	w := &world{
		status: map[string]operation.WorkflowStatus{}, ended: map[string]operation.State{},
		running: []operation.Operation{{ID: "1", WorkspaceID: "w"}, {ID: "2"}, {ID: "3", WorkspaceID: "w"}, {ID: "4"}},
	}
	require.NoError(t, w.sweeper().Sweep(t.Context()))
	require.Equal(t, []string{"2", "4"}, w.cancelled)
}

func TestSweepLeavesWhatEndedMeanwhile(t *testing.T) {
	t.Parallel()
	w := &world{
		open:   []operation.Operation{{ID: "1", State: operation.StateRunning}},
		status: map[string]operation.WorkflowStatus{"1": operation.WorkflowEnded},
		ended:  map[string]operation.State{"1": operation.StateSucceeded},
	}
	require.NoError(t, w.sweeper().Sweep(t.Context()))
	require.Zero(t, w.published)
}

func TestSweepLooksAtEveryOperation(t *testing.T) {
	t.Parallel()
	w := &world{ended: map[string]operation.State{}, status: map[string]operation.WorkflowStatus{}, startError: errors.New("unknown kind")}
	for i := range 250 {
		op := operation.Operation{ID: fmt.Sprintf("%03d", i), State: operation.StateRunning}
		w.status[op.ID] = operation.WorkflowEnded
		if i == 3 {
			op.State, w.status[op.ID] = operation.StatePending, operation.WorkflowMissing
		}
		w.open = append(w.open, op)
	}
	require.ErrorContains(t, w.sweeper().Sweep(t.Context()), "operation 003: unknown kind")
	require.Len(t, w.ended, 249, "one that cannot be mended does not keep it from the others")
}

func TestSweepGoesOnWithTheNextTick(t *testing.T) {
	t.Parallel()
	w := &world{
		open:   []operation.Operation{{ID: "1", State: operation.StatePending}},
		status: map[string]operation.WorkflowStatus{"1": operation.WorkflowMissing}, startError: errors.New("Temporal is away"),
	}
	ctx, cancel := context.WithCancel(t.Context())
	ticks, ended := make(chan time.Time), make(chan struct{})
	go func() {
		w.sweeper().Run(ctx, ticks)
		close(ended)
	}()
	ticks <- time.Time{}
	ticks <- time.Time{}
	cancel()
	<-ended
	require.GreaterOrEqual(t, len(w.started), 1)
}
