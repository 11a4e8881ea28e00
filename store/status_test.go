package store_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/walk"
	"github.com/holdfast/holdfast/store"
)

const day = 24 * time.Hour

// statuses is the store's view of what can be trusted, with a sweep every day.
func (b *bundle) statuses() *store.Statuses {
	return &store.Statuses{Store: b.Store, Collections: collection.NewRegistry(), Policy: operation.SweepPolicy{Every: day}, Now: time.Now}
}

func (b *bundle) exec(sql string, args ...any) {
	b.t.Helper()
	_, err := b.pool.Exec(b.t.Context(), sql, args...)
	require.NoError(b.t, err)
}

// mirrored makes a repository of which one collection was read.
func (b *bundle) mirrored(id int64, name string) {
	b.exec(`insert into repositories (workspace_id, repository_id, key, raw, hash, raw_hash, observed_at, changed_at, full_name)
		values ($1, $2, $2::bigint::text, '{}', '', '', now(), now(), $3)`, workspace, id, name)
	b.exec(`insert into collection_passes (workspace_id, repository_id, collection, items, started_at, fresh_at, completed_at)
		values ($1, $2, 'issues', 5, now(), now() - interval '2 hours', now() - interval '1 hour')`, workspace, id)
}

func (b *bundle) checked(id int64, missing, extra, different int) {
	b.exec(`insert into collection_checks (workspace_id, repository_id, collection, started_at, checked_at, items, missing, extra, different, operation_id)
		values ($1, $2, 'issues', now() - interval '3 hours', now() - interval '2 hours', 5, $3, $4, $5, $6)`,
		workspace, id, missing, extra, different, uuid.NewString())
}

// state sets when a repository was swept and is to be, in hours from now; nil: never.
func (b *bundle) state(id int64, last, due any) {
	b.exec(`insert into repository_states (workspace_id, repository_id, full_name, checked_at, last_sweep_at, sweep_due_at)
		select workspace_id, repository_id, full_name, now(), now() + interval '1 hour' * $3::int, now() + interval '1 hour' * $4::int
		from repositories where workspace_id = $1 and repository_id = $2
		on conflict (workspace_id, repository_id) do update set last_sweep_at = excluded.last_sweep_at, sweep_due_at = excluded.sweep_due_at`,
		workspace, id, last, due)
}

func TestRepositoryStatus(t *testing.T) {
	b := setup(t)
	b.mirrored(repository, "O/Mirror")
	s := b.statuses()
	status, err := s.RepositoryStatus(t.Context(), workspace, "o/mirror")
	require.NoError(t, err)
	require.Equal(t, int64(repository), status.ID)
	require.Equal(t, "O/Mirror", status.FullName)
	require.Nil(t, status.NextSweepAt, "it is not planned yet")
	require.False(t, status.Overdue)
	require.Len(t, status.Collections, 1)
	require.Nil(t, status.Collections[0].Check)
	require.Nil(t, status.Collections[0].Running)
	require.WithinDuration(t, time.Now().Add(-2*time.Hour), *status.Collections[0].FreshAt, time.Minute)

	cursor, err := json.Marshal(walk.Cursor{Phase: walk.Check, Page: 7, Last: 9, Parent: "x", Since: time.Unix(1000, 0)})
	require.NoError(t, err)
	holder := uuid.NewString()
	b.exec(`update collection_passes set cursor = $1, holder = $2`, cursor, holder)
	b.exec(`insert into collection_passes (workspace_id, repository_id, collection) values ($1, $2, 'review_comments')`, workspace, repository)
	b.exec(`insert into item_transfers (workspace_id, repository_id, collection, key, number, to_url) values ($1, $2, 'issues', '1', 1, 'https://x')`, workspace, repository)
	b.checked(repository, 1, 2, 3)
	b.state(repository, -29, nil)
	b.exec(`update repository_states set unreachable_since = now(), reason = 'github_blocked', message = 'Blocked.'`)
	status, err = s.RepositoryStatus(t.Context(), workspace, "o/mirror")
	require.NoError(t, err)
	require.Equal(t, "github_blocked", status.Unreachable.Reason)
	require.WithinDuration(t, time.Now().Add(-5*time.Hour), *status.NextSweepAt, time.Minute)
	require.False(t, status.Overdue, "not yet: it may be late by a quarter of the interval")
	issues := status.Collections[0]
	require.Equal(t, operation.Drift{Missing: 1, Extra: 2, Different: 3}, issues.Check.Drift)
	require.EqualValues(t, 1, issues.Transferred)
	require.Equal(t, holder, issues.Running.OperationID)
	require.Equal(t, operation.PassCursor{Phase: "check", Page: 7, Last: 9, Parent: "x", Since: time.Unix(1000, 0).UTC()}, utc(issues.Running.Cursor))
	require.Equal(t, "review_comments", status.Collections[1].Name, "in the plan's order")

	b.state(repository, -31, nil)
	status, err = s.RepositoryStatus(t.Context(), workspace, "o/mirror")
	require.NoError(t, err)
	require.True(t, status.Overdue)

	_, err = s.RepositoryStatus(t.Context(), workspace, "o/none")
	require.Equal(t, operation.CodeNotFound, operation.CodeOf(err))
	_, err = s.RepositoryStatus(t.Context(), uuid.NewString(), "o/mirror")
	require.Equal(t, operation.CodeNotFound, operation.CodeOf(err), "of another workspace")
}

func utc(c operation.PassCursor) operation.PassCursor {
	c.Since = c.Since.UTC()
	return c
}

func TestDriftListsWhatToLookAt(t *testing.T) {
	b := setup(t)
	for id, name := range []string{"o/clean", "o/drifted", "o/late", "o/hidden", "o/new"} {
		b.mirrored(int64(id+1), name)
	}
	b.checked(1, 0, 0, 0)
	b.checked(2, 4, 0, 1)
	b.state(1, -1, nil)
	b.state(2, -2, nil)
	b.state(3, -60, 1) // it failed, and was put off
	b.state(4, -1, nil)
	b.exec(`update repository_states set unreachable_since = now(), reason = 'github_not_found' where repository_id = 4`)
	report, err := b.statuses().Drift(t.Context(), workspace, "", 2)
	require.NoError(t, err)
	require.Equal(t, operation.Drift{Missing: 4, Different: 1}, report.Drift)
	require.Equal(t, []int64{5, 1, 1, 1}, []int64{report.Repositories, report.Drifted, report.Overdue, report.UnreachableOfThem})
	require.Len(t, report.Collections, 1)
	require.EqualValues(t, 2, report.Collections[0].Checked)
	require.WithinDuration(t, time.Now().Add(-3*time.Hour), report.Collections[0].Oldest, time.Minute)
	require.Equal(t, []string{"o/drifted", "o/late"}, driftNames(report))
	require.True(t, report.Conspicuous[1].Overdue)
	report, err = b.statuses().Drift(t.Context(), workspace, report.NextCursor, 2)
	require.NoError(t, err)
	require.Equal(t, []string{"o/hidden"}, driftNames(report))
	require.Empty(t, report.NextCursor)

	off := b.statuses()
	off.Policy.Every = 0
	report, err = off.Drift(t.Context(), workspace, "", 10)
	require.NoError(t, err)
	require.Zero(t, report.Overdue, "nothing is overdue where sweeps are off")

	figures, err := b.Figures(t.Context(), operation.SweepPolicy{Every: day})
	require.NoError(t, err)
	require.EqualValues(t, 1, figures.SweepsOverdue)
	require.EqualValues(t, 1, figures.Unreachable)
	require.Equal(t, operation.Drift{Missing: 4, Different: 1}, figures.Checks[0].Drift)
	require.InDelta(t, 3, figures.Checks[0].Oldest.Hours(), 0.1)

	_, err = b.statuses().Drift(t.Context(), workspace, "x", 2)
	require.Equal(t, operation.CodeInvalid, operation.CodeOf(err))
}

func driftNames(r operation.DriftReport) []string {
	names := make([]string, len(r.Conspicuous))
	for i, one := range r.Conspicuous {
		names[i] = one.FullName
	}
	return names
}

func dueNames(due []store.Due) []string {
	names := make([]string, len(due))
	for i, one := range due {
		names[i] = one.FullName
	}
	return names
}

func TestSweepsComeInTurn(t *testing.T) {
	b := setup(t)
	for id := range int64(6) {
		b.mirrored(id+1, fmt.Sprintf("o/r%d", id+1))
	}
	b.state(1, -30, nil) // due for 6 hours
	b.state(2, -20, nil) // not yet
	b.state(3, -20, -10) // asked for 10 hours ago
	b.state(4, -90, 1)   // failed, and put off
	b.state(5, -40, nil) // due, and being swept
	b.exec(`insert into operations (workspace_id, id, kind, subject, input) values ($1, $2, 'reconcile_repository', 'O/R5', '{}')`, workspace, uuid.NewString())
	due, err := b.DueSweeps(t.Context(), workspace, day, 10)
	require.NoError(t, err)
	require.Equal(t, []string{"o/r3", "o/r1"}, dueNames(due))
	require.Equal(t, []string{"issues"}, due[0].Collections)
	var first time.Time
	require.NoError(t, b.pool.QueryRow(t.Context(), `select sweep_due_at from repository_states where repository_id = 6`).Scan(&first))
	require.WithinRange(t, first, time.Now().Add(-time.Minute), time.Now().Add(day), "a new one gets a turn within the interval")
	again, err := b.DueSweeps(t.Context(), workspace, day, 1)
	require.NoError(t, err)
	require.Equal(t, []string{"o/r3"}, dueNames(again), "at most so many")
	var second time.Time
	require.NoError(t, b.pool.QueryRow(t.Context(), `select sweep_due_at from repository_states where repository_id = 6`).Scan(&second))
	require.Equal(t, first, second, "and keeps it")
}

func TestRefreshesComeInTurn(t *testing.T) {
	b := setup(t)
	for id := range int64(4) {
		b.mirrored(id+1, fmt.Sprintf("o/r%d", id+1))
	}
	b.exec(`update collection_passes set fresh_at = now() - interval '1 hour' * repository_id`)
	b.exec(`update collection_passes set fresh_at = null where repository_id = 2`) // never read to its end
	b.state(4, -1, nil)
	b.exec(`update repository_states set unreachable_since = now(), reason = 'github_not_found' where repository_id = 4`)
	due, err := b.DueRefreshes(t.Context(), workspace, 90*time.Minute, 10)
	require.NoError(t, err)
	require.Equal(t, []string{"o/r2", "o/r3"}, dueNames(due))
	b.exec(`insert into operations (workspace_id, id, kind, subject, input) values ($1, $2, 'sync_repository', 'o/r2', '{}')`, workspace, uuid.NewString())
	due, err = b.DueRefreshes(t.Context(), workspace, 90*time.Minute, 10)
	require.NoError(t, err)
	require.Equal(t, []string{"o/r3"}, dueNames(due), "one that is being read is left alone")
}

func TestASweepIsRecorded(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		kind        operation.Kind
		collections []string
		succeeded   bool
		last, due   bool
	}{
		"one that succeeded":      {operation.KindReconcileRepository, []string{"repository", "issues"}, true, true, false},
		"one that failed":         {operation.KindReconcileRepository, []string{"issues"}, false, false, true},
		"of a part of the mirror": {operation.KindReconcileRepository, []string{"labels"}, true, false, false},
		"a sync is none":          {operation.KindSyncRepository, []string{"issues"}, true, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			b.mirrored(repository, "o/r")
			id := uuid.Must(uuid.NewV7()).String()
			_, _, err := b.CreateOperation(t.Context(), operation.New{ID: id, WorkspaceID: workspace, Kind: tt.kind, Source: operation.SourceSweep, Subject: "O/r", Input: json.RawMessage(`{}`)})
			require.NoError(t, err)
			op, _, err := b.StartPlan(t.Context(), workspace, id, tt.collections)
			require.NoError(t, err)
			require.NoError(t, b.RecordSweep(t.Context(), workspace, op.ID, tt.succeeded, time.Hour))
			require.NoError(t, b.RecordSweep(t.Context(), workspace, op.ID, tt.succeeded, time.Hour), "twice is as good as once")
			status, err := b.statuses().RepositoryStatus(t.Context(), workspace, "o/r")
			require.NoError(t, err)
			require.Equal(t, tt.last, status.LastSweepAt != nil)
			require.Equal(t, tt.last || tt.due, status.NextSweepAt != nil)
			if tt.last {
				require.WithinDuration(t, *op.StartedAt, *status.LastSweepAt, time.Millisecond)
			}
			if tt.due {
				require.WithinDuration(t, time.Now().Add(time.Hour), *status.NextSweepAt, time.Minute)
			}
		})
	}
}
