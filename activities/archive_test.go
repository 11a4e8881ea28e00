package activities_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/archivetest"
	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/operation"
)

// setupArchive is a bundle whose GitHub lives in the time of a series' snapshots.
func setupArchive(t *testing.T, s archivetest.Series) (*bundle, *archivetest.Clock) {
	t.Helper()
	clock := archivetest.NewClock(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))
	b := setup(t, 50, githubsim.Options{Now: clock.Now})
	b.serve(s.Load(t, 0), clock)
	return b, clock
}

// serve puts a later moment of the repository in the place of the earlier one.
func (b *bundle) serve(r *githubsim.Repository, clock *archivetest.Clock) {
	clock.Set(r.Updated())
	b.sim.Add(r)
	b.repo = r
}

// changed lists what the table of changes says an operation found, as differences are told.
func (b *bundle) changed(t tester, op operation.Operation) []string {
	t.Helper()
	rows, err := b.pool.Query(b.t.Context(), `select collection || ' ' || key || ' ' || kind from changes
		where operation_id = $1 order by 1`, op.ID)
	require.NoError(t, err)
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	slices.Sort(all)
	return all
}

// Snapshots of a repository, served one after the other: each incremental sync makes
// the mirror equal, and finds what differs, no more and no less.
func TestSnapshotsAreFollowed(t *testing.T) { //nolint:tparallel // setup says it
	t.Parallel()
	for _, s := range archivetest.All(t) {
		t.Run(s.Name, func(t *testing.T) {
			b, clock := setupArchive(t, s)
			b.syncOf(t, b.repo)
			b.requireConverged(t, b.repo)
			for moment := 1; moment < len(s.Snapshots); moment++ {
				before := b.source(t, b.repo, b.core())
				b.serve(s.Load(t, moment), clock)
				differs := before.difference(b.source(t, b.repo, b.core()))
				require.NotEmpty(t, differs)
				op := b.syncOf(t, b.repo)
				b.requireConverged(t, b.repo)
				require.Equal(t, differs, b.changed(t, op), "snapshot %d", moment+1)
				require.Empty(t, b.changed(t, b.syncOf(t, b.repo)), "nothing has happened since")
			}
		})
	}
}

// What happens without any updated_at saying so is found by one sweep, and named.
func TestWhatArchivesDifferInIsSwept(t *testing.T) { //nolint:tparallel // setup says it
	t.Parallel()
	s := archivetest.All(t)[0] // the made-up one has everything
	for name, change := range archivetest.Changes() {
		t.Run(name, func(t *testing.T) {
			b, clock := setupArchive(t, s)
			b.syncOf(t, b.repo)
			before := b.source(t, b.repo, b.core())
			d := s.Document(t, 0)
			require.True(t, change(d))
			b.serve(s.LoadDocument(t, d), clock)
			differs := before.difference(b.source(t, b.repo, b.core()))
			found := b.changed(t, b.syncOf(t, b.repo))
			found = append(found, b.changed(t, b.sweepOf(t, b.repo))...)
			slices.Sort(found)
			require.Equal(t, fmt.Sprint(differs), fmt.Sprint(found))
			b.requireConverged(t, b.repo)
			require.Empty(t, b.changed(t, b.sweepOf(t, b.repo)))
			require.Empty(t, b.drift(t, b.repo))
		})
	}
}

// All of it at once, over the whole series, with people renamed meanwhile.
func TestMutatedSnapshotsAreSwept(t *testing.T) { //nolint:tparallel // setup says it
	t.Parallel()
	for _, s := range archivetest.All(t) {
		t.Run(s.Name, func(t *testing.T) {
			b, clock := setupArchive(t, s)
			b.syncOf(t, b.repo)
			for moment := range s.Snapshots {
				d := s.Document(t, moment)
				for _, change := range archivetest.Changes() {
					change(d)
				}
				b.serve(s.LoadDocument(t, d), clock)
				for n, login := range b.people(t) {
					require.NoError(t, b.repo.RenameUser(login, fmt.Sprintf("renamed-%d", n)))
				}
				b.syncOf(t, b.repo)
				b.sweepOf(t, b.repo)
				b.requireConverged(t, b.repo)
				require.Empty(t, b.changed(t, b.sweepOf(t, b.repo)))
				require.Empty(t, b.drift(t, b.repo))
			}
		})
	}
}

// people are a few who wrote pull requests.
func (b *bundle) people(t tester) []string {
	t.Helper()
	rows, err := b.pool.Query(b.t.Context(), `select min(user_login) from pulls where repository_id = $1
		and user_login is not null and user_login not like 'renamed-%' group by user_id order by user_id limit 3`, b.repo.ID())
	require.NoError(t, err)
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return slices.DeleteFunc(all, func(login string) bool { return login == "ghost" })
}
