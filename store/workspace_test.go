package store_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestWorkspaceExists(t *testing.T) {
	b := setup(t)
	for id, want := range map[string]bool{workspace: true, uuid.Must(uuid.NewV7()).String(): false} {
		exists, err := b.WorkspaceExists(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, want, exists, id)
	}
}
