package schedule_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/schedule"
)

// The id of a run's operation is one that the API takes, and another for each run.
func TestOperationIDFollowsFromTheRun(t *testing.T) {
	t.Parallel()
	first := schedule.OperationID("0190a6c8-7e3b-7c3a-9d10-3f2a4b5c6d7e")
	require.Equal(t, first, schedule.OperationID("0190a6c8-7e3b-7c3a-9d10-3f2a4b5c6d7e"))
	require.NotEqual(t, first, schedule.OperationID("0190a6c8-7e3b-7c3a-9d10-3f2a4b5c6d7f"))
	require.NoError(t, uuid.Validate(first))
}
