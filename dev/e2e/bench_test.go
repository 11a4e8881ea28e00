package e2e_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// What it measures is nobody's business here, only that it measures and ends.
func TestBenchmarkMeasuresBothAndLeavesNothing(t *testing.T) {
	t.Parallel()
	temp := openDir(t)
	cmd := dev(t, []string{"JSON=1", "MARKDOWN=", "TMPDIR=" + temp}, "bench", "--holdfast", binary, "--items", "1000", "--latency", "5ms", "--runs", "1", "--for", "2s")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Run(), "%s", &stderr)
	var report struct {
		All []struct {
			Contender string             `json:"contender"`
			Items     int64              `json:"items"`
			Seconds   float64            `json:"seconds"`
			CPU       map[string]float64 `json:"cpu_seconds"`
			Peak      map[string]int64   `json:"peak_bytes"`
			Requests  int64              `json:"requests"`
			Events    int64              `json:"history_events"`
		} `json:"all"`
		Upkeep struct {
			Steps []struct {
				Requests int64 `json:"requests"`
				Written  int64 `json:"rows_written"`
			} `json:"steps"`
		} `json:"upkeep"`
		Freshness struct {
			Deliveries int                `json:"deliveries"`
			Seconds    map[string]float64 `json:"seconds"`
		} `json:"freshness"`
	}
	require.NoError(t, json.Unmarshal(stdout.Bytes(), &report), "%s", &stdout)
	require.Len(t, report.All, 2)
	for i, parts := range [][]string{{"api", "worker"}, {"loop"}} {
		run := report.All[i]
		require.EqualValues(t, 1000, run.Items)
		require.Positive(t, run.Seconds)
		require.Positive(t, run.Requests)
		require.Equal(t, i == 0, run.Events > 0, "the loop has no history")
		for _, part := range append(parts, "postgres", "redis", "temporal", "simulator") {
			require.Contains(t, run.CPU, part)
			require.Positive(t, run.Peak[part], part)
		}
	}
	var written []bool
	for _, step := range report.Upkeep.Steps {
		require.Positive(t, step.Requests)
		written = append(written, step.Written > 0)
	}
	require.Equal(t, []bool{true, false, false, true, false}, written, "by the first sync and by that after the changes")
	require.Equal(t, 100, report.Freshness.Deliveries)
	require.Positive(t, report.Freshness.Seconds["p50"])
	require.GreaterOrEqual(t, report.Freshness.Seconds["p99"], report.Freshness.Seconds["p50"])
	left, err := filepath.Glob(filepath.Join(temp, "holdfast-run-*"))
	require.NoError(t, err)
	require.Empty(t, left)
}
