package product_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/dev/internal/product"
)

// A process that is asked to end has ended before whoever asked kills it.
func TestProcessesEndBeforeTheyAreKilled(t *testing.T) {
	t.Setenv("HOLDFAST_SHUTDOWN_TIMEOUT", "1h") // the caller's own, which does not reach them
	out, err := product.New(product.Options{Binary: "/usr/bin/env"}).Run(t.Context())
	require.NoError(t, err)
	require.Contains(t, out, "HOLDFAST_SHUTDOWN_TIMEOUT=10s\n")
	out, err = product.New(product.Options{Binary: "/usr/bin/env", Env: []string{"HOLDFAST_SHUTDOWN_TIMEOUT=1s"}}).Run(t.Context())
	require.NoError(t, err)
	require.Contains(t, out, "HOLDFAST_SHUTDOWN_TIMEOUT=1s\n")
	require.NotContains(t, out, "10s")
}

// Who was interrupted says so, and not that a command of theirs was killed.
func TestAnInterruptedCommandIsNoFailureOfIts(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := product.New(product.Options{Binary: "/bin/sleep"}).Run(ctx, "60")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NotContains(t, err.Error(), "killed")
}
