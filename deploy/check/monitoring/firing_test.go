package monitoring

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// healthy are the series of two workers and an API to which nothing is wrong: one
// sample a minute for six hours.
const healthy = `
  up{job="holdfast-api", instance="api-1"} 1x360
  up{job="holdfast-worker", instance="worker-1"} 1x360
  up{job="holdfast-worker", instance="worker-2"} 1x360
  holdfast_mirror_age_seconds{job="holdfast-worker", instance="worker-1", collection="issues"} 3600+60x360
  holdfast_mirror_age_seconds{job="holdfast-worker", instance="worker-2", collection="issues"} 3600+60x360
  holdfast_drift_items{job="holdfast-worker", instance="worker-1", collection="issues", kind="missing"} 0x360
  holdfast_drift_items{job="holdfast-worker", instance="worker-1", collection="issues", kind="extra"} 3x360
  holdfast_drift_items{job="holdfast-worker", instance="worker-1", collection="issues", kind="different"} 5x360
  holdfast_sweeps_overdue{job="holdfast-worker", instance="worker-1"} 0x10 2x20 0x330
  holdfast_repositories_unreachable{job="holdfast-worker", instance="worker-1"} 0x360
  holdfast_figures_errors_total{job="holdfast-worker", instance="worker-1"} 0x360
  holdfast_operations{job="holdfast-worker", instance="worker-1", kind="sync_repository", state="failed"} 2x360
  holdfast_operations{job="holdfast-worker", instance="worker-1", kind="sync_repository", state="succeeded"} 40x360
  holdfast_operations{job="holdfast-worker", instance="worker-2", kind="sync_repository", state="failed"} 2x360
  holdfast_operations{job="holdfast-worker", instance="worker-2", kind="sync_repository", state="succeeded"} 40x360
  holdfast_oldest_operation_seconds{job="holdfast-worker", instance="worker-1", kind="sync_repository", state="pending"} 5x360
  holdfast_oldest_operation_seconds{job="holdfast-worker", instance="worker-1", kind="sync_repository", state="running"} 0+60x360
  holdfast_longest_wait_seconds{job="holdfast-worker", instance="worker-1", reason="github_primary_limit"} 0x60 1500-60x20 0x280
  holdfast_operations_waiting{job="holdfast-worker", instance="worker-1", reason="github_unreachable"} 0 1 0x358
  holdfast_github_requests_total{job="holdfast-worker", instance="worker-1", status="200"} 0+300x360
  holdfast_github_requests_total{job="holdfast-worker", instance="worker-1", status="401"} 0x360
  http_server_request_duration_seconds_count{job="holdfast-api", instance="api-1", http_route="/v1/operations", http_response_status_code="200"} 0+600x360
  http_server_request_duration_seconds_count{job="holdfast-api", instance="api-1", http_route="/v1/operations", http_response_status_code="503"} 0+20x360
  http_server_request_duration_seconds_bucket{job="holdfast-api", instance="api-1", http_route="/v1/operations", http_response_status_code="200", le="0.5"} 0+590x360
  http_server_request_duration_seconds_bucket{job="holdfast-api", instance="api-1", http_route="/v1/operations", http_response_status_code="200", le="5"} 0+600x360
  http_server_request_duration_seconds_bucket{job="holdfast-api", instance="api-1", http_route="/v1/operations", http_response_status_code="200", le="+Inf"} 0+600x360
  http_server_request_duration_seconds_bucket{job="holdfast-api", instance="api-1", http_route="/v1/operations/{id}/stream", http_response_status_code="101", le="5"} 0x360
  http_server_request_duration_seconds_bucket{job="holdfast-api", instance="api-1", http_route="/v1/operations/{id}/stream", http_response_status_code="101", le="+Inf"} 0+10x360
  temporal_num_pollers{job="holdfast-worker", instance="worker-1", task_queue="holdfast", poller_type="workflow_task"} 2x360
  temporal_num_pollers{job="holdfast-worker", instance="worker-1", task_queue="github", poller_type="activity_task"} 0x360
  process_resident_memory_bytes{job="holdfast-worker", instance="worker-1"} 150000000x360
  process_resident_memory_bytes{job="holdfast-api", instance="api-1"} 900000000x360
  pgxpool_acquired_connections{job="holdfast-worker", instance="worker-1", db_client_connection_pool_name="h/d", db_system_name="postgresql"} 10x360
  pgxpool_max_connections{job="holdfast-worker", instance="worker-1", db_client_connection_pool_name="h/d", db_system_name="postgresql"} 10x360
  pgxpool_empty_acquire_wait_time_nanoseconds_total{job="holdfast-worker", instance="worker-1", db_client_connection_pool_name="h/d", db_system_name="postgresql"} 0+6000000000x360
`

// with is the healthy series, of which those that begin like a line of changed are
// replaced by it. A line that ends with "gone" takes them away.
func with(t *testing.T, changed ...string) string {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(healthy), "\n")
	for _, change := range changed {
		series := change[:strings.LastIndex(change, "}")+1]
		found := false
		for i, line := range lines {
			if strings.HasPrefix(strings.TrimSpace(line), series) {
				found = true
				lines[i] = "  " + change
			}
		}
		require.True(t, found, series)
	}
	var kept strings.Builder
	for _, line := range lines {
		if !strings.HasSuffix(line, " gone") {
			kept.WriteString(line + "\n")
		}
	}
	return kept.String()
}

const (
	worker1 = `{job="holdfast-worker", instance="worker-1"`
	pool1   = worker1 + `, db_client_connection_pool_name="h/d", db_system_name="postgresql"`
	route   = `{job="holdfast-api", instance="api-1", http_route="/v1/operations", http_response_status_code=`
)

// alertCases say for each alert what makes it fire, and what its summary then says.
var alertCases = map[string]struct {
	changed   []string
	not, when time.Duration // it does not fire yet, and then it does
	summary   string
}{
	"HoldfastMirrorStale": {
		[]string{`holdfast_mirror_age_seconds` + worker1 + `, collection="issues"} 90000+60x360`},
		70 * time.Minute, 90 * time.Minute, "The mirror of issues is 1d 2h 30m 0s old.",
	},
	"HoldfastMirrorMissedItems": {
		[]string{`holdfast_drift_items` + worker1 + `, collection="issues", kind="missing"} 0x60 7x300`},
		65 * time.Minute, 67 * time.Minute, "A full check found 7 items of issues that the mirror lacked.",
	},
	"HoldfastSweepsOverdue": {
		[]string{`holdfast_sweeps_overdue` + worker1 + `} 0x60 2x300`},
		90 * time.Minute, 92 * time.Minute, "2 repositories should have been compared with GitHub long ago.",
	},
	"HoldfastRepositoryUnreachable": {
		[]string{`holdfast_repositories_unreachable` + worker1 + `} 0x60 1x300`},
		75 * time.Minute, 77 * time.Minute, "GitHub does not show 1 of the mirrored repositories any more.",
	},
	"HoldfastFiguresFailing": {
		[]string{`holdfast_figures_errors_total` + worker1 + `} 0x60 0+4x300`},
		70 * time.Minute, 73 * time.Minute, "worker-1 cannot read its figures from Postgres.",
	},
	"HoldfastOperationsFailing": {
		[]string{`holdfast_operations` + worker1 + `, kind="sync_repository", state="failed"} 2x60 12x300`, `holdfast_operations{job="holdfast-worker", instance="worker-2", kind="sync_repository", state="failed"} 2x60 12x300`},
		64 * time.Minute, 67 * time.Minute, "12 operations of the kind sync_repository have failed within an hour.",
	},
	"HoldfastOperationStuck": {
		[]string{`holdfast_oldest_operation_seconds` + worker1 + `, kind="sync_repository", state="pending"} 5x60 0+60x300`},
		80 * time.Minute, 83 * time.Minute, "An operation of the kind sync_repository is pending and was created 22m 0s ago.",
	},
	"HoldfastLongWait": {
		[]string{`holdfast_longest_wait_seconds` + worker1 + `, reason="github_primary_limit"} 0x60 3600-60x60`},
		75 * time.Minute, 77 * time.Minute, "Operations wait for github_primary_limit, the longest for 44m 0s more.",
	},
	"HoldfastGitHubUnreachable": {
		[]string{`holdfast_operations_waiting` + worker1 + `, reason="github_unreachable"} 0x60 3x300`},
		75 * time.Minute, 77 * time.Minute, "GitHub has not answered properly for a quarter of an hour.",
	},
	"HoldfastGitHubRefusesToken": {
		[]string{`holdfast_github_requests_total` + worker1 + `, status="401"} 0x60 1x300`},
		60 * time.Minute, 62 * time.Minute, "GitHub does not accept a credential.",
	},
	"HoldfastAPIErrors": {
		[]string{`http_server_request_duration_seconds_count` + route + `"503"} 0x60 0+60x300`},
		62 * time.Minute, 72 * time.Minute, "More than a twentieth of the API's requests fail.",
	},
	"HoldfastAPISlow": {
		[]string{`http_server_request_duration_seconds_bucket` + route + `"200", le="0.5"} 0+590x60 35400+300x300`},
		74 * time.Minute, 85 * time.Minute, "One of twenty requests for /v1/operations takes longer than 4.55s.",
	},
	"HoldfastNoWorker": {
		[]string{`up` + worker1 + `} 1x60 0x300`, `up{job="holdfast-worker", instance="worker-2"} 1x60`},
		// A target that is not known any more is forgotten after five minutes.
		60 * time.Minute, 69 * time.Minute, "No worker is up.",
	},
	"HoldfastNoAPI": {
		[]string{`up{job="holdfast-api", instance="api-1"} gone`},
		time.Minute, 3 * time.Minute, "No API is up.",
	},
	"HoldfastWorkerDoesNotPoll": {
		[]string{`temporal_num_pollers` + worker1 + `, task_queue="holdfast", poller_type="workflow_task"} 2x60 0x300`},
		65 * time.Minute, 67 * time.Minute, "The worker worker-1 is up and takes no work.",
	},
	"HoldfastWorkerMemory": {
		[]string{`process_resident_memory_bytes` + worker1 + `} 150000000x60 445000000x300`},
		75 * time.Minute, 77 * time.Minute, "The worker worker-1 uses 424.4MiB of memory.",
	},
	"HoldfastDatabasePoolExhausted": {
		[]string{`pgxpool_empty_acquire_wait_time_nanoseconds_total` + pool1 + `} 0x60 0+180000000000x300`},
		70 * time.Minute, 80 * time.Minute, "worker-1 waits for database connections.",
	},
}

func TestNothingFiresWhileAllIsWell(t *testing.T) {
	t.Parallel()
	for at := time.Hour; at <= 6*time.Hour; at += time.Hour {
		require.Empty(t, names(firing(t, with(t), at)), at)
	}
}

func TestEveryAlertFires(t *testing.T) {
	t.Parallel()
	for _, rule := range alertRules(t) {
		t.Run(rule.Alert, func(t *testing.T) {
			t.Parallel()
			c, ok := alertCases[rule.Alert]
			require.True(t, ok, "say what makes it fire")
			series := with(t, c.changed...)
			require.Empty(t, names(firing(t, series, c.not)), "not yet")
			alerts := firing(t, series, c.when)
			require.Equal(t, []string{rule.Alert}, names(alerts), "it, and no other")
			require.Len(t, alerts[rule.Alert], 1, "once, however many workers say so")
			require.Equal(t, c.summary, alerts[rule.Alert][0].Annotations.Get("summary"))
			require.NotContains(t, alerts[rule.Alert][0].Annotations.Get("description"), "error expanding template")
		})
	}
	require.Len(t, alertCases, len(alertRules(t)))
}

// Workers that are all alike count once: three failures that each of five workers
// shows are three.
func TestWorkersAreNotAddedUp(t *testing.T) {
	t.Parallel()
	series := with(t)
	for _, instance := range []string{"worker-3", "worker-4", "worker-5"} {
		for line := range strings.Lines(healthy) {
			if strings.Contains(line, "holdfast_operations{") && strings.Contains(line, "worker-1") {
				series += strings.Replace(line, "worker-1", instance, 1)
			}
		}
	}
	require.Empty(t, names(firing(t, series, 2*time.Hour)))
}
