package e2e_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/client"
	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/operation"
)

// listedMetrics is where the metrics are listed that dashboards and alerts may use.
var listedMetrics = filepath.Join("..", "..", "deploy", "prometheus", "metrics.txt")

const listedMetricsHead = `# What the processes serve at /metrics, with labels, as a test of real processes found it
# (dev/e2e, TestMetricsAreTheOnesThatAreListed): all of Holdfast's own, and of those that
# its libraries make the ones that stand here. The tests in deploy/check hold the dashboard and
# the alerts against this list. To use one more of a library's, add a line with its name; then
#   HOLDFAST_RECORD_METRICS=1 ./bin/dev test -- go test -C dev ./e2e -run TestMetricsAre
`

// exposed is one metric: its labels with their values, and the processes that serve it.
type exposed struct {
	labels    map[string]map[string]bool
	processes map[string]bool
}

// valued are the labels whose values are all there from the start, and so can be listed.
var valued = []string{"state", "reason"}

// What a panel or an alert refers to is really there, and nothing of our own is
// missing from the list.
func TestMetricsAreTheOnesThatAreListed(t *testing.T) {
	t.Parallel()
	limit := githubsim.Fault{Kind: githubsim.FaultTooManyRequests, From: 4, Times: 1, RetryAfter: 6 * time.Second, Hold: true}
	w := setup(t, options{items: 600, simulator: githubsim.Options{Faults: githubsim.FaultPlan{Faults: []githubsim.Fault{limit}}}})
	worker := w.startWorker()
	w.sync()
	op, err := w.client.StartSync(t.Context(), client.SyncRequest{Repository: "harborline/missing"})
	require.NoError(t, err)
	require.Equal(t, operation.StateFailed, w.awaitEnd(op.ID).State)
	urls := map[string]string{}
	urls["api"], err = w.product.MetricsURL(t.Context(), "api", w.api.Process)
	require.NoError(t, err)
	urls["worker"], err = w.product.MetricsURL(t.Context(), "worker-1", worker)
	require.NoError(t, err)

	raw, err := os.ReadFile(listedMetrics)
	require.NoError(t, err)
	var listed, names []string
	for line := range strings.Lines(string(raw)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			listed = append(listed, line)
			names = append(names, line[:strings.IndexAny(line+" ", "{ ")])
		}
	}
	// Temporal's client counts the end of a step a moment after the step's own.
	var found map[string]exposed
	deadline := time.Now().Add(30 * time.Second)
	for found == nil || time.Now().Before(deadline) && slices.ContainsFunc(names, func(name string) bool { return found[name].labels == nil }) {
		found = map[string]exposed{}
		for process, url := range urls {
			_, text := get(t, url+"/metrics")
			read(found, process, text)
		}
	}
	maps.DeleteFunc(found, func(name string, _ exposed) bool {
		return !strings.HasPrefix(name, "holdfast_") && !slices.Contains(names, name)
	})
	lines := describe(found)
	if os.Getenv("HOLDFAST_RECORD_METRICS") != "" {
		require.NoError(t, os.WriteFile(listedMetrics, []byte(listedMetricsHead+strings.Join(lines, "\n")+"\n"), 0o600))
		return
	}
	require.Equal(t, listed, lines)
}

var (
	sample = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? `)
	label  = regexp.MustCompile(`([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"`)
)

// read adds what a process serves to what was found so far.
func read(found map[string]exposed, process, text string) {
	for line := range strings.Lines(text) {
		m := sample.FindStringSubmatch(line)
		if m == nil {
			continue // a comment
		}
		if found[m[1]].labels == nil {
			found[m[1]] = exposed{map[string]map[string]bool{}, map[string]bool{}}
		}
		for _, pair := range label.FindAllStringSubmatch(m[2], -1) {
			if found[m[1]].labels[pair[1]] == nil {
				found[m[1]].labels[pair[1]] = map[string]bool{}
			}
			found[m[1]].labels[pair[1]][pair[2]] = true
		}
		found[m[1]].processes[process] = true
	}
}

// describe is a line for each metric, as in "holdfast_waits_total{reason=a|b} worker".
func describe(found map[string]exposed) []string {
	var lines []string
	for name, e := range found {
		var labels []string
		for _, label := range slices.Sorted(maps.Keys(e.labels)) {
			if slices.Contains(valued, label) {
				label += "=" + strings.Join(slices.Sorted(maps.Keys(e.labels[label])), "|")
			}
			labels = append(labels, label)
		}
		lines = append(lines, fmt.Sprintf("%s{%s} %s", name, strings.Join(labels, ","), strings.Join(slices.Sorted(maps.Keys(e.processes)), ",")))
	}
	slices.Sort(lines)
	return lines
}
