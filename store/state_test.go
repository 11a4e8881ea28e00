package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/store"
)

// Whatever is asked for by a name means the same repository: the one that GitHub shows
// under it, not the one that was written last.
func TestANameStandsForTheRepositoryThatGitHubShows(t *testing.T) {
	b := setup(t)
	const gone, shown = 41, 42
	for _, id := range []int64{shown, gone} {
		_, err := b.pool.Exec(t.Context(), `insert into repositories (workspace_id, repository_id, key, full_name, raw, hash, raw_hash, observed_at, changed_at)
			values ($1, $2::bigint, ($2::bigint)::text, 'o/r', '{}', '', '', clock_timestamp(), clock_timestamp())`, workspace, id)
		require.NoError(t, err)
	}
	require.NoError(t, b.NoteRepository(t.Context(), workspace, shown, "o/r"))
	require.NoError(t, b.NoteUnreachable(t.Context(), workspace, gone, "github_not_found", "It is not there."))

	named, err := b.RepositoriesNamed(t.Context(), workspace, "O/R")
	require.NoError(t, err)
	require.Equal(t, []store.Named{{ID: shown}, {ID: gone, Unreachable: true}}, named)
	status, err := b.statuses().RepositoryStatus(t.Context(), workspace, "o/r")
	require.NoError(t, err)
	require.Equal(t, int64(shown), status.ID)
	_, err = b.statuses().RepositoryStatus(t.Context(), workspace, "o/none")
	require.Equal(t, operation.CodeNotFound, operation.CodeOf(err))
}
