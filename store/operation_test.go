package store_test

import (
	"encoding/json"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/store"
)

// A token may name any workspace; only one that exists can have operations.
func TestAnOperationOfAnUnknownWorkspaceIsForbidden(t *testing.T) {
	b := setup(t)
	_, _, err := b.CreateOperation(t.Context(), operation.New{
		ID: uuid.Must(uuid.NewV7()).String(), WorkspaceID: uuid.NewString(), Kind: operation.KindSyncRepository,
		Subject: "o/r", Input: json.RawMessage(`{}`), RequestHash: []byte{1},
	})
	require.ErrorIs(t, err, store.ErrNoWorkspace)
	require.Equal(t, operation.CodeForbidden, operation.CodeOf(err))
	require.Zero(t, b.count(`select count(*) from operations`))
}

// Asking again for what was done already is no conflict: the first answer may have
// been lost on its way.
func TestACancelledOperationMayBeCancelledAgain(t *testing.T) {
	b := setup(t)
	op := b.running("labels")
	_, _, err := b.SetState(t.Context(), workspace, op.ID, operation.StateCancelled, nil)
	require.NoError(t, err)
	got, err := b.RequestCancel(t.Context(), workspace, op.ID)
	require.NoError(t, err)
	require.Equal(t, operation.StateCancelled, got.State)
	require.Len(t, got.Collections, 1)
}

// Whoever comes second with a key gets the operation of whoever came first, also
// when they come at the same moment.
func TestOneKeyMakesOneOperationHoweverManyUseItAtOnce(t *testing.T) {
	b := setup(t)
	type outcome struct {
		id      string
		created bool
		err     error
	}
	outcomes := make(chan outcome)
	const n = 16
	for range n {
		go func() {
			op, created, err := b.CreateOperation(t.Context(), operation.New{
				ID: uuid.Must(uuid.NewV7()).String(), WorkspaceID: workspace, Kind: operation.KindSyncRepository,
				Subject: "o/r", Input: json.RawMessage(`{}`), IdempotencyKey: "k", RequestHash: []byte{1},
			})
			outcomes <- outcome{op.ID, created, err}
		}()
	}
	ids, created := map[string]bool{}, 0
	for range n {
		o := <-outcomes
		require.NoError(t, o.err)
		ids[o.id] = true
		if o.created {
			created++
		}
	}
	require.Len(t, ids, 1)
	require.Equal(t, 1, created)
	require.Equal(t, 1, b.count(`select count(*) from operations`))
}
