package operation_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/operation"
)

func TestTransitions(t *testing.T) {
	t.Parallel()
	const (
		p = operation.StatePending
		r = operation.StateRunning
		c = operation.StateCancelling
		s = operation.StateSucceeded
		f = operation.StateFailed
		x = operation.StateCancelled
	)
	allowed := map[[2]operation.State]bool{
		{p, r}: true, {p, c}: true, {p, f}: true, {p, x}: true,
		{r, c}: true, {r, s}: true, {r, f}: true, {r, x}: true,
		{c, s}: true, {c, f}: true, {c, x}: true,
	}
	for _, from := range operation.States() {
		require.True(t, from.Valid())
		for _, to := range operation.States() {
			require.Equal(t, allowed[[2]operation.State{from, to}], from.CanBecome(to), "%s -> %s", from, to)
			require.Equal(t, from.CanBecome(to), contains(operation.Before(to), from))
		}
	}
	for _, state := range operation.States() {
		require.Equal(t, state == s || state == f || state == x, state.Terminal(), state)
	}
	require.False(t, operation.State("unknown").Valid())
	require.False(t, operation.State("").Terminal(), "what is no state is no end")
}

func contains(all []operation.State, one operation.State) bool {
	for _, s := range all {
		if s == one {
			return true
		}
	}
	return false
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
	unstarted, open []operation.Operation
	running         map[string]bool
	started         []string
	ended           map[string]operation.State
	published       int
	startError      error
}

func (w *world) Unstarted(context.Context, time.Duration, int32) ([]operation.Operation, error) {
	return w.unstarted, nil
}

func (w *world) Open(_ context.Context, _ time.Time, after string, limit int32) ([]operation.Operation, error) {
	var out []operation.Operation
	for _, op := range w.open {
		if op.ID > after && len(out) < int(limit) {
			out = append(out, op)
		}
	}
	return out, nil
}

func (w *world) SetState(_ context.Context, _, id string, to operation.State, _ *operation.Failure) (operation.Operation, operation.Event, error) {
	if w.ended[id] != "" {
		return operation.Operation{}, operation.Event{}, operation.Conflict("It has ended.")
	}
	w.ended[id] = to
	return operation.Operation{}, operation.Event{OperationID: id}, nil
}

func (w *world) Start(_ context.Context, op operation.Operation) error {
	w.started = append(w.started, op.ID)
	return w.startError
}

func (w *world) Running(_ context.Context, op operation.Operation) (bool, error) {
	return w.running[op.ID], nil
}

func (w *world) sweeper() *operation.Sweeper {
	return &operation.Sweeper{
		Store: w, Workflows: w, Logger: slog.New(slog.DiscardHandler),
		Publish: func(_ context.Context, events ...operation.Event) { w.published += len(events) },
	}
}

func TestSweepMendsBothSides(t *testing.T) {
	t.Parallel()
	w := &world{
		unstarted: []operation.Operation{{ID: "new"}},
		open: []operation.Operation{
			{ID: "1", State: operation.StateRunning},
			{ID: "2", State: operation.StateRunning},
			{ID: "3", State: operation.StateCancelling},
			{ID: "4", State: operation.StateRunning},
		},
		running: map[string]bool{"1": true},
		ended:   map[string]operation.State{"4": operation.StateSucceeded}, // by itself, meanwhile
	}
	require.NoError(t, w.sweeper().Sweep(t.Context()))
	require.Equal(t, []string{"new"}, w.started)
	require.Equal(t, map[string]operation.State{
		"2": operation.StateFailed, "3": operation.StateCancelled, "4": operation.StateSucceeded,
	}, w.ended)
	require.Equal(t, 2, w.published)
}

func TestSweepLooksAtEveryPage(t *testing.T) {
	t.Parallel()
	w := &world{ended: map[string]operation.State{}}
	for i := range 250 {
		w.open = append(w.open, operation.Operation{ID: fmt.Sprintf("%03d", i), State: operation.StateRunning})
	}
	require.NoError(t, w.sweeper().Sweep(t.Context()))
	require.Len(t, w.ended, 250)
}

func TestSweepGoesOnWithTheNextTick(t *testing.T) {
	t.Parallel()
	w := &world{unstarted: []operation.Operation{{ID: "new"}}, startError: errors.New("Temporal is away")}
	require.ErrorContains(t, w.sweeper().Sweep(t.Context()), "Temporal is away")

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
	require.GreaterOrEqual(t, len(w.started), 2)
}
