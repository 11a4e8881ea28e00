package main

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/activities"
)

func TestDrain(t *testing.T) {
	t.Parallel()
	const within = 30 * time.Second
	for name, tt := range map[string]struct {
		steps  []func(ctx context.Context) // what the stop of each worker waits for
		took   time.Duration
		ended  bool
		handed bool // the steps' context was ended before they did
	}{
		"no work":            {nil, 0, true, false},
		"work that ends":     {[]func(context.Context){after(4 * time.Second), after(7 * time.Second)}, 7 * time.Second, true, false},
		"work that can wait": {[]func(context.Context){after(time.Second), untilEnded(time.Second)}, within - handBackTime + time.Second, true, true},
		"work that hangs":    {[]func(context.Context){forever, forever}, within, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, endStep := context.WithCancelCause(t.Context())
				release, finish := context.WithCancel(t.Context())
				defer finish() // so that no goroutine outlives the test
				stops := make([]func(), len(tt.steps))
				var handed atomic.Bool
				for i, step := range tt.steps {
					stops[i] = func() {
						step(context.WithValue(ctx, releaseKey{}, release))
						if ctx.Err() != nil {
							handed.Store(true)
						}
					}
				}
				began := time.Now()
				require.Equal(t, tt.ended, drain(stops, endStep, within))
				require.Equal(t, tt.took, time.Since(began))
				if tt.ended {
					require.Equal(t, tt.handed, handed.Load())
				}
				require.ErrorIs(t, context.Cause(ctx), activities.ErrWorkerStops)
			})
		})
	}
}

// A short time to stop is shared out as well.
func TestDrainInAShortTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, endStep := context.WithCancelCause(t.Context())
		began := time.Now()
		require.True(t, drain([]func(){func() { untilEnded(0)(ctx) }}, endStep, 3*time.Second))
		require.Equal(t, 2*time.Second, time.Since(began))
	})
}

// releaseKey is the context's key of what ends a step that never ends.
type releaseKey struct{}

func after(d time.Duration) func(context.Context) {
	return func(context.Context) { <-time.After(d) }
}

// untilEnded is a step that ends that long after its context.
func untilEnded(d time.Duration) func(context.Context) {
	return func(ctx context.Context) {
		<-ctx.Done()
		<-time.After(d)
	}
}

func forever(ctx context.Context) {
	if release, ok := ctx.Value(releaseKey{}).(context.Context); ok {
		<-release.Done()
	}
}
