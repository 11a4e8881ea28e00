package store_test

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/operation"
)

func newKey(name string) operation.NewAPIKey {
	hash := sha256.Sum256([]byte(name))
	return operation.NewAPIKey{
		ID: uuid.Must(uuid.NewV7()).String(), WorkspaceID: workspace, Name: name, Hash: hash[:], Hint: "hf_" + name,
		Role: "operator", Repositories: operation.Patterns{"octo/*"}, CreatedBy: "ada",
	}
}

func TestAKeyIsFoundByItsHash(t *testing.T) {
	b := setup(t)
	n := newKey("ci")
	expires := time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
	n.ExpiresAt = &expires
	made, err := b.CreateAPIKey(t.Context(), n)
	require.NoError(t, err)
	require.Nil(t, made.LastUsedAt)

	known, ok, err := b.FindAPIKey(t.Context(), n.Hash)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, operation.KnownKey{WorkspaceID: workspace, ID: n.ID, Role: "operator", Repositories: n.Repositories, ExpiresAt: known.ExpiresAt, Stale: true}, known)
	require.True(t, expires.Equal(*known.ExpiresAt))
	known, _, err = b.FindAPIKey(t.Context(), n.Hash)
	require.NoError(t, err)
	require.False(t, known.Stale, "its use is noted once a minute")
	got, err := b.APIKey(t.Context(), workspace, n.ID)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), *got.LastUsedAt, time.Minute)

	_, ok, err = b.FindAPIKey(t.Context(), []byte("another"))
	require.NoError(t, err)
	require.False(t, ok)
}

func TestAKeyIsRevoked(t *testing.T) {
	b := setup(t)
	n := newKey("ci")
	_, err := b.CreateAPIKey(t.Context(), n)
	require.NoError(t, err)
	again := newKey("ci")
	again.Hash = []byte("another")
	_, err = b.CreateAPIKey(t.Context(), again)
	require.Equal(t, operation.CodeConflict, operation.CodeOf(err), "a name stands for one key")

	gone, err := b.RevokeAPIKey(t.Context(), workspace, n.ID, "bob")
	require.NoError(t, err)
	require.Equal(t, "bob", gone.RevokedBy)
	twice, err := b.RevokeAPIKey(t.Context(), workspace, n.ID, "eve")
	require.NoError(t, err)
	require.Equal(t, gone, twice)
	known, ok, err := b.FindAPIKey(t.Context(), n.Hash)
	require.NoError(t, err)
	require.True(t, ok)
	require.True(t, known.Revoked)

	_, err = b.CreateAPIKey(t.Context(), again)
	require.NoError(t, err, "the name is free again")
	keys, err := b.APIKeys(t.Context(), workspace)
	require.NoError(t, err)
	require.Equal(t, []string{again.ID, n.ID}, []string{keys[0].ID, keys[1].ID}, "revoked ones come last")
	_, err = b.RevokeAPIKey(t.Context(), workspace, uuid.NewString(), "bob")
	require.Equal(t, operation.CodeNotFound, operation.CodeOf(err))
}

func TestAWorkspaceHasManyKeysAtMost(t *testing.T) {
	b := setup(t)
	b.exec(`insert into api_keys (workspace_id, id, name, hash, hint, role, created_by)
		select $1, gen_random_uuid(), 'key-' || n, int8send(n), 'h', 'reader', 'ada' from generate_series(1, 1000) n`, workspace)
	_, err := b.CreateAPIKey(t.Context(), newKey("one too many"))
	require.Equal(t, operation.CodeConflict, operation.CodeOf(err))
}
