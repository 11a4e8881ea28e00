package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/connection"
	"github.com/holdfast/holdfast/internal/secret"
	"github.com/holdfast/holdfast/internal/testenv"
	"github.com/holdfast/holdfast/store"
)

// A secret whose key is gone does not keep the others from the present key, and whoever
// wants to remove the old key is told both.
func TestResealingGoesOnPastWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	kept, err := secret.New()
	require.NoError(t, err)
	gone, err := secret.New()
	require.NoError(t, err)
	database := store.New(testenv.Roled(t, testenv.Database(t)))
	create := func(name string, with *secret.Keyset) string {
		made, err := (&store.Connections{Store: database, Sealer: with}).CreateConnection(t.Context(), connection.New{
			ID: uuid.NewString(), WorkspaceID: config.DefaultWorkspace, Name: name, Kind: connection.KindToken, BaseURL: "https://api.github.com/",
			Secrets: connection.Secrets{Token: "ghp_hidden"},
		})
		require.NoError(t, err)
		return made.ID
	}
	create("a", gone)
	readable := create("b", kept)
	rotated, err := kept.Add()
	require.NoError(t, err)
	rotated, err = rotated.Promote(rotated.Keys()[1].ID)
	require.NoError(t, err)

	var said bytes.Buffer
	d := &described{Credentials: &store.Credentials{Store: database, Sealer: rotated, Now: time.Now}}
	d.reseal(t.Context(), slog.New(slog.NewTextHandler(&said, nil)))
	encrypted := strings.Index(said.String(), `"secrets of connections were encrypted with the present key" secrets=1`)
	lost := strings.Index(said.String(), `HOLDFAST_SECRETS_KEYSET lacks their key" secrets=1`)
	require.GreaterOrEqual(t, encrypted, 0, said.String())
	require.Greater(t, lost, encrypted, said.String())
	require.NotContains(t, said.String(), "ghp_hidden")

	alone, err := rotated.Remove(kept.Primary())
	require.NoError(t, err)
	held, ok, err := (&store.Credentials{Store: database, Sealer: alone, Now: time.Now}).Find(t.Context(), readable)
	require.NoError(t, err)
	require.True(t, ok)
	require.Empty(t, held.Unreadable)
	require.Equal(t, "ghp_hidden", held.Secrets.Token)
}
