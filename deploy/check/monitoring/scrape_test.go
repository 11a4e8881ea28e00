package monitoring

import (
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery/dns"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// scrapeConfig reads the configuration as Prometheus reads it.
func scrapeConfig(t *testing.T) *config.Config {
	t.Helper()
	c, err := config.LoadFile(scrapeFile, false, promslog.NewNopLogger())
	require.NoError(t, err)
	return c
}

// scrapeJobs are the values of the label job.
func scrapeJobs(t *testing.T) []string {
	t.Helper()
	var jobs []string
	for _, scrape := range scrapeConfig(t).ScrapeConfigs {
		jobs = append(jobs, scrape.JobName)
	}
	return jobs
}

// Each process is looked for by the name of its service in the compose file, at the
// port where it serves its metrics.
func TestScrapesFindTheProcesses(t *testing.T) {
	t.Parallel()
	c := scrapeConfig(t)
	var compose struct {
		Services map[string]struct {
			Command []string `yaml:"command"`
		} `yaml:"services"`
	}
	require.NoError(t, yaml.Unmarshal(read(t, root+"/docker-compose.yml"), &compose))
	listens := regexp.MustCompile("`env:\"HOLDFAST_METRICS_LISTEN\" envDefault:\":(\\d+)\"`").FindSubmatch(read(t, root+"/internal/config/telemetry.go"))
	require.NotNil(t, listens, "this test must find the default port")
	port, err := strconv.Atoi(string(listens[1]))
	require.NoError(t, err)

	require.Equal(t, []string{"holdfast-api", "holdfast-worker"}, scrapeJobs(t))
	for _, scrape := range c.ScrapeConfigs {
		require.Len(t, scrape.ServiceDiscoveryConfigs, 1)
		found, ok := scrape.ServiceDiscoveryConfigs[0].(*dns.SDConfig)
		require.True(t, ok)
		require.Len(t, found.Names, 1)
		service, ok := compose.Services[found.Names[0]]
		require.True(t, ok, found.Names[0])
		require.Equal(t, scrape.JobName, "holdfast-"+service.Command[0])
		require.Equal(t, port, found.Port)
	}
	require.Len(t, c.RuleFiles, 1)
	same, err := filepath.Abs(alertFile)
	require.NoError(t, err)
	rules, err := filepath.Abs(c.RuleFiles[0])
	require.NoError(t, err)
	require.Equal(t, same, rules)
}
