package report_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/dev/internal/report"
	"github.com/holdfast/holdfast/dev/internal/source"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// fixed is a source that tells nothing but its name and, if any, its requests.
type fixed struct {
	source.Source
	requests map[string]int64
}

func (fixed) Repository() string { return "octocat/hello" }

func (f fixed) Requests() (map[string]int64, int64, bool) {
	return f.requests, 12, f.requests != nil
}

func (fixed) Count(context.Context, *pgxpool.Pool) (map[string]source.Count, error) { return nil, nil }

func at(second int) *time.Time {
	t := time.Unix(int64(second), 0)
	return &t
}

func example(s source.Source) report.Report {
	op := operation.Operation{
		State: operation.StateSucceeded, StartedAt: at(0), FinishedAt: at(9),
		Collections: []operation.CollectionWork{
			{Name: "labels", Requests: 2, StartedAt: at(1), FinishedAt: at(3)},
			{Name: "reviews", Requests: 7, StartedAt: at(3)},
		},
	}
	labels := int64(5)
	return report.New(op, s, map[string]source.Count{
		"labels":  {Source: &labels, Mirrored: 5},
		"reviews": {Mirrored: 3},
	}, "http://127.0.0.1:8233")
}

func TestReportAsJSON(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, example(fixed{}).WriteJSON(&out))
	require.JSONEq(t, `{
		"repository": "octocat/hello", "state": "succeeded", "requests": 9, "seconds": 9, "temporal_ui": "http://127.0.0.1:8233",
		"collections": {
			"labels": {"source": 5, "mirrored": 5, "requests": 2, "seconds": 2},
			"reviews": {"source": null, "mirrored": 3, "requests": 7, "seconds": 0}
		}}`, out.String())
	require.True(t, json.Valid([]byte(out.String())))
}

// What GitHub counted goes before what the operation says of itself.
func TestReportPrefersTheSourcesRequests(t *testing.T) {
	t.Parallel()
	r := example(fixed{requests: map[string]int64{"labels": 4, "user": 8}})
	require.EqualValues(t, 12, r.Requests)
	require.EqualValues(t, 4, r.Collections["labels"].Requests)
	require.Zero(t, r.Collections["reviews"].Requests)
}

func TestReportAsATable(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, example(fixed{}).WriteTable(&out))
	require.Contains(t, out.String(), "collection        on GitHub   mirrored   requests   seconds\n")
	require.Contains(t, out.String(), "labels                    5          5          2       2.0\n")
	require.Contains(t, out.String(), "reviews            not told          3          7       0.0\n")
	require.Contains(t, out.String(), "in all                                          9       9.0\n")
}

func TestReportNamesADifference(t *testing.T) {
	t.Parallel()
	_, differs := example(fixed{}).Differs()
	require.False(t, differs)
	r := report.New(operation.Operation{}, fixed{}, map[string]source.Count{"tags": {Difference: "1 missing [v1]"}}, "")
	what, differs := r.Differs()
	require.True(t, differs)
	require.Equal(t, "tags: 1 missing [v1]", what)
}

func TestQueriesRunOnAnyMirror(t *testing.T) {
	t.Parallel()
	pool := testenv.Database(t)
	var empty strings.Builder
	require.NoError(t, report.ShowQueries(t.Context(), &empty, pool), "also on an empty one")
	require.Contains(t, empty.String(), "year  pulls  merged  median_hours_to_merge")

	for _, statement := range []string{
		`insert into issues (workspace_id, repository_id, key, raw, hash, raw_hash, observed_at, changed_at, number, title, comments)
			values ($1, 1, '10', '{}', '', '', now(), now(), 7, 'Reconnect: it''s racing', 3)`,
		`insert into search_documents (workspace_id, repository_id, collection, key, document, changed_at)
			values ($1, 1, 'issues', '10', to_tsvector('english', 'Reconnect: it''s racing'), now())`,
		`insert into pulls (workspace_id, repository_id, key, raw, hash, raw_hash, observed_at, changed_at, created_at, merged_at)
			values ($1, 1, '20', '{}', '', '', now(), now(), '2024-12-31T23:30:00Z', '2025-01-02T01:30:00Z')`,
	} {
		_, err := pool.Exec(t.Context(), statement, config.DefaultWorkspace)
		require.NoError(t, err)
	}
	var out strings.Builder
	require.NoError(t, report.ShowQueries(t.Context(), &out, pool))
	require.Contains(t, out.String(), "websearch_to_tsquery('english', 'reconnect or racing')")
	require.Regexp(t, `7 +0\.\d+ +Reconnect: it's racing`, out.String())
	require.Regexp(t, `2024 +1 +1 +26\n`, out.String())
}
