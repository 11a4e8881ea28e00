package e2e_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	temporal "go.temporal.io/sdk/client"
)

// A namespace that is new, or was lost and made anew, lacks the search attributes that
// operations carry until somebody adds them. Here no worker has, yet a start succeeds.
func TestAStartMakesUpForMissingSearchAttributes(t *testing.T) {
	t.Parallel()
	w := setup(t, options{items: 300})
	c, err := temporal.Dial(temporal.Options{HostPort: w.temporalAddress, Namespace: w.temporalNamespace})
	require.NoError(t, err)
	defer c.Close()
	require.Eventually(t, func() bool {
		_, err := c.DescribeWorkflowExecution(t.Context(), w.startSync().ID, "")
		return err == nil
	}, time.Minute, time.Second)
}
