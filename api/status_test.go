package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/api"
	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/operation"
)

// mirrored is a repository about which everything is known that can be.
func mirrored() operation.RepositoryStatus {
	ago := func(d time.Duration) *time.Time {
		t := start.Add(-d).In(time.FixedZone("elsewhere", 3600))
		return &t
	}
	return operation.RepositoryStatus{
		ID: 7, FullName: "octo/mirror", LastSweepAt: ago(20 * time.Hour), NextSweepAt: ago(-4 * time.Hour),
		Unreachable: &operation.Unreachable{Since: *ago(time.Hour), Reason: "github_not_found", Message: "GitHub has no repository octo/mirror."},
		Collections: []operation.CollectionStatus{
			{
				Name: "issues", Items: 120, Transferred: 2, FreshAt: ago(90 * time.Second), SyncedAt: ago(80 * time.Second), Notes: []string{"Only so much."},
				Running: &operation.RunningAt{
					OperationID: missingID, StartedAt: ago(10 * time.Second), Cursor: operation.PassCursor{Phase: "check", Page: 2, Last: 3, Since: *ago(time.Hour)},
				},
				Check: &operation.DriftCheck{
					Drift: operation.Drift{Missing: 1, Extra: 2, Different: 3}, OperationID: missingID,
					StartedAt: *ago(20 * time.Hour), CheckedAt: *ago(19 * time.Hour), Items: 118,
				},
			},
			{Name: "pulls", Running: &operation.RunningAt{}},
		},
	}
}

func (s *store) RepositoryStatus(_ context.Context, workspaceID, fullName string) (operation.RepositoryStatus, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return operation.RepositoryStatus{}, s.err
	}
	if workspaceID != workspace || !strings.EqualFold(fullName, mirrored().FullName) {
		return operation.RepositoryStatus{}, operation.NotFound("No repository of this name is mirrored.")
	}
	return mirrored(), nil
}

func (s *store) Drift(_ context.Context, workspaceID, cursor string, limit int) (operation.DriftReport, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil || workspaceID != workspace {
		return operation.DriftReport{}, s.err
	}
	one := mirrored()
	all := []operation.RepositoryDrift{
		{ID: one.ID, FullName: one.FullName, Unreachable: one.Unreachable, LastSweepAt: one.LastSweepAt, NextSweepAt: one.NextSweepAt, Drift: one.Collections[0].Check.Drift},
		{ID: 8, FullName: "octo/other", Overdue: true},
	}
	from, to, next, err := cut(cursor, limit, len(all))
	if err != nil {
		return operation.DriftReport{}, err
	}
	return operation.DriftReport{
		Drift: operation.Drift{Missing: 1, Extra: 2, Different: 3}, Repositories: 5, Drifted: 1, Overdue: 1, UnreachableOfThem: 1,
		Collections: []operation.CollectionDrift{{Name: "issues", Drift: operation.Drift{Missing: 1, Extra: 2, Different: 3}, Checked: 4, Oldest: start}},
		Conspicuous: all[from:to], NextCursor: next,
	}, nil
}

func TestRepositoryStatus(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t, auth.RoleReader)
	got := b.do(t, http.MethodGet, "/v1/repositories/Octo/Mirror/status", token, nil)
	require.Equal(t, http.StatusOK, got.StatusCode, got.body)
	status := decode[api.RepositoryStatus](t, got)
	require.Equal(t, "octo/mirror", status.FullName)
	require.Equal(t, api.Drift{Missing: 1, Extra: 2, Different: 3}, status.Drift)
	require.Equal(t, start.Add(4*time.Hour), *status.NextSweepAt)
	require.Equal(t, "github_not_found", status.Unreachable.Reason)
	issues, pulls := status.Collections[0], status.Collections[1]
	require.InDelta(t, 90, *issues.AgeSeconds, 0.001)
	require.Equal(t, start.Add(4*time.Hour), *issues.NextCheckAt)
	started, since := start.Add(-10*time.Second), start.Add(-time.Hour)
	require.Equal(t, api.RunningPass{OperationID: missingID, StartedAt: &started, Phase: "check", Page: 2, LastPage: 3, Since: &since}, *issues.Cursor)
	require.EqualValues(t, 118, issues.Check.Items)
	require.EqualValues(t, 3, issues.Check.Different)
	require.Equal(t, []string{"Only so much."}, issues.Notes)
	require.Contains(t, got.body, `"started_at":"2026-03-01T11:59:50Z"`, "in UTC, whatever the database's zone")
	require.Equal(t, api.RunningPass{}, *pulls.Cursor, "a pass that has not read a page")
	require.Nil(t, pulls.AgeSeconds)
	require.Nil(t, pulls.Check)

	require.Equal(t, http.StatusNotFound, b.do(t, http.MethodGet, "/v1/repositories/octo/none/status", token, nil).StatusCode)
	require.Equal(t, http.StatusUnprocessableEntity, b.do(t, http.MethodGet, "/v1/repositories/octo/a.git/status", token, nil).StatusCode)
}

func TestDrift(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t, auth.RoleReader)
	first := b.do(t, http.MethodGet, "/v1/drift?limit=1", token, nil)
	require.Equal(t, `</v1/drift?cursor=1&limit=1>; rel="next"`, first.Header.Get("Link"))
	report := decode[api.DriftReport](t, first)
	require.Equal(t, api.DriftCounts{Repositories: 5, Drifted: 1, Overdue: 1, Unreachable: 1}, report.Counts)
	require.Equal(t, api.Drift{Missing: 1, Extra: 2, Different: 3}, report.Drift)
	require.Equal(t, []api.CollectionDrift{{Drift: report.Drift, Name: "issues", Checked: 4, OldestCheckAt: start}}, report.Collections)
	require.Equal(t, report.Drift, report.Repositories[0].Drift)
	second := decode[api.DriftReport](t, b.do(t, http.MethodGet, "/v1/drift?cursor=1&limit=1", token, nil))
	require.Empty(t, second.NextCursor)
	require.Equal(t, []api.RepositoryDrift{{ID: 8, FullName: "octo/other", Overdue: true}}, second.Repositories)
	require.Equal(t, http.StatusUnprocessableEntity, b.do(t, http.MethodGet, "/v1/drift?cursor=nonsense", token, nil).StatusCode)
}
