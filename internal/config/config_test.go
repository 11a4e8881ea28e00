package config_test

import (
	"encoding/base64"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/config"
)

var seed = base64.StdEncoding.EncodeToString(make([]byte, 32))

// complete is an environment that both the API and the worker accept.
func complete(changes ...string) config.Environment {
	env := config.Environment{
		"HOLDFAST_DATABASE_URL=postgres://u:s3cret@localhost/holdfast", "HOLDFAST_REDIS_URL=redis://localhost",
		"HOLDFAST_JWT_PRIVATE_KEY=" + seed, "TEMPORAL_ADDRESS=localhost:7233",
	}
	return append(env, changes...)
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	a, err := config.LoadAPI(complete())
	require.NoError(t, err)
	require.Equal(t, ":8080", a.Listen)
	require.Equal(t, slog.LevelInfo, a.LogLevel)
	require.Equal(t, 30*time.Second, a.ShutdownTimeout)
	require.Equal(t, "localhost:7233", a.Temporal.HostPort)
	require.Equal(t, "default", a.Temporal.Namespace)
	keys, err := a.Keys()
	require.NoError(t, err)
	require.Len(t, keys, 1)

	w, err := config.LoadWorker(complete("TEMPORAL_NAMESPACE=other", "HOLDFAST_LOG_LEVEL=debug"))
	require.NoError(t, err)
	require.Equal(t, "https://api.github.com/", w.GitHubURL)
	require.Equal(t, 10, w.GitHubInFlight)
	require.Equal(t, "other", w.Temporal.Namespace)
	require.Equal(t, slog.LevelDebug, w.LogLevel)
}

func TestErrorsNameTheVariableAndHideItsValue(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		worker bool
		env    config.Environment
	}{
		{"HOLDFAST_DATABASE_URL", false, config.Environment{"HOLDFAST_REDIS_URL=redis://localhost"}},
		{"HOLDFAST_DATABASE_URL", false, complete("HOLDFAST_DATABASE_URL=mysql://s3cret@localhost")},
		{"HOLDFAST_DATABASE_URL", false, complete("HOLDFAST_DATABASE_URL=")},
		{"HOLDFAST_DATABASE_MAX_CONNS", false, complete("HOLDFAST_DATABASE_MAX_CONNS=1")},
		{"HOLDFAST_REDIS_URL", false, complete("HOLDFAST_REDIS_URL=http://s3cret@x")},
		{"HOLDFAST_LOG_LEVEL", false, complete("HOLDFAST_LOG_LEVEL=loud")},
		{"HOLDFAST_SHUTDOWN_TIMEOUT", false, complete("HOLDFAST_SHUTDOWN_TIMEOUT=-1s")},
		{"HOLDFAST_JWT_PRIVATE_KEY", false, complete("HOLDFAST_JWT_PRIVATE_KEY=s3cret")},
		{"HOLDFAST_JWT_PUBLIC_KEY", false, complete("HOLDFAST_JWT_PUBLIC_KEY=s3cret")},
		{"HOLDFAST_JWT_PRIVATE_KEY", false, complete("HOLDFAST_JWT_PRIVATE_KEY=")},
		{"GITHUB_API_URL", true, complete("GITHUB_API_URL=s3cret")},
		{"HOLDFAST_GITHUB_IN_FLIGHT", true, complete("HOLDFAST_GITHUB_IN_FLIGHT=101")},
		{"HOLDFAST_GITHUB_TIME_SCALE", true, complete("HOLDFAST_GITHUB_TIME_SCALE=0")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var err error
			if tt.worker {
				_, err = config.LoadWorker(tt.env)
			} else {
				_, err = config.LoadAPI(tt.env)
			}
			require.ErrorContains(t, err, tt.name)
			require.NotContains(t, err.Error(), "s3cret")
		})
	}
	_, err := config.LoadDatabase(config.Environment{})
	require.ErrorContains(t, err, "HOLDFAST_DATABASE_URL")
}
