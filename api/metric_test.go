package api_test

import (
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/api"
	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/testenv/metrictest"
)

func TestOpenStreamsAreMeasured(t *testing.T) {
	t.Parallel()
	metrics := metrictest.New(t)
	b := setup(t, func(o *api.Options) { o.MeterProvider = metrics.Provider() })
	const listeners = "holdfast.stream.listeners"
	require.Contains(t, metrics.Read(), listeners)
	require.Zero(t, metrics.Read()[listeners])
	op := b.operation(t)
	conn := b.dial(t, op.ID, b.token(t, auth.RoleReader), -1)
	next(t, conn)
	require.InDelta(t, 1, metrics.Read()[listeners], 0)
	require.NoError(t, conn.Close(websocket.StatusNormalClosure, ""))
	require.Eventually(t, func() bool { return metrics.Read()[listeners] == 0 }, patience, time.Millisecond)
}
