package e2e_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/dev/internal/fleet"
	"github.com/holdfast/holdfast/internal/testenv"
)

// A short version of `make fleet`: two workers with two credentials keep to GitHub's
// limits together, although Redis forgets all that they told it.
func TestAFleetKeepsToGitHubsLimits(t *testing.T) {
	t.Parallel()
	address, namespace := testenv.Temporal(t)
	plan := fleet.Full()
	plan.Kind, plan.Workers, plan.Requests, plan.Window, plan.Limit = fleet.FlushRedis, 2, 2000, 10*time.Second, 600
	report, err := fleet.Run(t.Context(), fleet.Options{
		Holdfast: binary, Dir: t.TempDir(), DatabaseURL: testenv.DatabaseURL(t), RedisURL: testenv.RedisURL(t),
		TemporalAddress: address, TemporalNamespace: namespace, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}, plan)
	require.NoError(t, err)
	require.NoError(t, report.WriteText(t.Output()))
	report.Person.P99 = 0 // how long things take is a matter of the other tests as well
	require.Empty(t, report.Broken())
	require.GreaterOrEqual(t, report.Requests, int64(plan.Requests)*3/4)
	require.Positive(t, report.Doors["worker-1"])
	require.Positive(t, report.Doors["worker-2"])
}
