package activities

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
)

// What passes by itself is an error once: when it has not passed.
func TestAPersistentFailureIsReportedOnce(t *testing.T) {
	t.Parallel()
	away := temporal.NewApplicationError("A step failed and is tried again.", TypeStepFailed)
	for attempt, want := range map[int32]slog.Level{1: slog.LevelWarn, 2: slog.LevelWarn, 3: slog.LevelError, 4: slog.LevelWarn} {
		require.Equal(t, want, severity(away, attempt), attempt)
	}
}
