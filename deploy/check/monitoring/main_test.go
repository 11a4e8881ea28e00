// Package monitoring holds the checks of what operators watch Holdfast with: the
// alert rules and the scrape configuration are read and run by Prometheus' own
// packages, the dashboard is read strictly, and every metric and label that they use
// is one that the product's processes really serve (deploy/prometheus/metrics.txt).
package monitoring

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"
)

const (
	root          = "../../.."
	alertFile     = root + "/deploy/prometheus/alerts.yaml"
	scrapeFile    = root + "/deploy/prometheus/prometheus.yml"
	metricFile    = root + "/deploy/prometheus/metrics.txt"
	dashboardFile = root + "/deploy/grafana/dashboards/holdfast.json"
)

// promQL is the parser of Prometheus as it is configured by default.
var promQL = parser.NewParser(parser.Options{})

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Clean(path))
	require.NoError(t, err)
	return content
}
