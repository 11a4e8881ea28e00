package workflows_test

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/workflows"
)

// A Temporal that accepts connections and never answers must not hold a request up.
func TestTemporalThatDoesNotAnswerIsUnavailable(t *testing.T) {
	t.Parallel()
	silent, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, silent.Close()) })
	c, err := client.NewLazyClient(client.Options{HostPort: silent.Addr().String()})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	starter := workflows.NewStarter(c, client.DefaultNamespace)
	op := operation.Operation{ID: "o", WorkspaceID: "w", Kind: operation.KindSyncRepository}

	began := time.Now()
	require.Equal(t, operation.CodeUnavailable, operation.CodeOf(starter.Start(t.Context(), op)))
	require.Equal(t, operation.CodeUnavailable, operation.CodeOf(starter.Cancel(t.Context(), op)))
	require.Less(t, time.Since(began), 20*time.Second)

	require.Equal(t, operation.CodeInvalid, operation.CodeOf(starter.Start(t.Context(), operation.Operation{Kind: "unknown"})))
}
