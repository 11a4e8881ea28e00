package config_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/config"
)

func TestChangesRetention(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]time.Duration{"": 90 * 24 * time.Hour, "0": 0, "24h": 24 * time.Hour, "8760h": 8760 * time.Hour} {
		env := complete()
		if value != "" {
			env = complete("HOLDFAST_CHANGES_RETENTION=" + value)
		}
		c, err := config.LoadWorker(env)
		require.NoError(t, err, value)
		require.Equal(t, want, c.ChangesRetention)
	}
	for _, value := range []string{"1h", "-24h", "90"} {
		_, err := config.LoadWorker(complete("HOLDFAST_CHANGES_RETENTION=" + value))
		require.ErrorContains(t, err, "HOLDFAST_CHANGES_RETENTION", value)
	}
}
