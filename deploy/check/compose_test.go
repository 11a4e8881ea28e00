package check

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/require"
)

const (
	composeFile = "docker-compose.yml"
	managedFile = "deploy/digitalocean/compose.managed.yaml"
)

// secrets are what a user fills in; any text does for a check.
var secrets = []string{
	"POSTGRES_PASSWORD=a", "HOLDFAST_POSTGRES_PASSWORD=b", "TEMPORAL_POSTGRES_PASSWORD=c", "REDIS_PASSWORD=d",
	"HOLDFAST_JWT_PRIVATE_KEY=e", "GRAFANA_ADMIN_PASSWORD=f",
}

var managed = []string{
	"MANAGED_DATABASE_URL=postgres://h", "MANAGED_DATABASE_CA=x", "MANAGED_REDIS_URL=rediss://h",
	"MANAGED_POSTGRES_HOST=h", "MANAGED_POSTGRES_CA_FILE=docker-compose.yml",
}

// load reads compose files as `docker compose` does: schema, interpolation, merging
// and the consistency of what refers to what.
func load(t *testing.T, env []string, files ...string) (*types.Project, error) {
	t.Helper()
	for i := range files {
		if !filepath.IsAbs(files[i]) {
			files[i] = filepath.Join(root, files[i])
		}
	}
	options, err := cli.NewProjectOptions(files,
		cli.WithWorkingDirectory(root), cli.WithEnv(env), cli.WithProfiles([]string{"telemetry"}), cli.WithInterpolation(true))
	require.NoError(t, err)
	return options.LoadProject(t.Context())
}

func TestComposeFile(t *testing.T) {
	t.Parallel()
	project, err := load(t, secrets, composeFile)
	require.NoError(t, err)
	require.Empty(t, flaws(project, productVariables(t)))
	worker := project.Services["worker"]
	require.Equal(t, 2, worker.GetScale())
	for _, name := range []string{"postgres", "redis", "temporal", "temporal-ui", "migrate", "api", "worker", "collector", "grafana"} {
		require.Contains(t, project.Services, name)
	}
	require.Equal(t, []string{"workflow"}, shared(project, "temporal-ui", "temporal"))
	require.Empty(t, shared(project, "temporal-ui", "postgres"), "the UI has no way to the database")
}

func TestComposeFileWithManagedServices(t *testing.T) {
	t.Parallel()
	project, err := load(t, append(slices.Clone(secrets), managed...), composeFile, managedFile)
	require.NoError(t, err)
	require.Empty(t, flaws(project, productVariables(t)))
	require.NotContains(t, project.Services, "postgres")
	require.NotContains(t, project.Services, "redis")
	for _, name := range []string{"migrate", "api", "worker"} {
		require.Equal(t, "postgres://h", *project.Services[name].Environment["HOLDFAST_DATABASE_URL"])
		require.Contains(t, project.Services[name].Environment, "HOLDFAST_DATABASE_CA")
	}
}

func TestComposeFileNeedsItsSecrets(t *testing.T) {
	t.Parallel()
	for i := range secrets {
		_, err := load(t, slices.Delete(slices.Clone(secrets), i, i+1), composeFile)
		require.ErrorContains(t, err, "set it in .env", secrets[i])
	}
}

var variable = regexp.MustCompile(`\$\{([A-Z_]+)`)

func TestExampleEnvironmentNamesEveryVariable(t *testing.T) {
	t.Parallel()
	var described []string
	for line := range bytes.Lines(read(t, "deploy/example.env")) {
		if name, _, ok := bytes.Cut(bytes.TrimPrefix(line, []byte("#")), []byte("=")); ok && !bytes.Contains(name, []byte(" ")) {
			described = append(described, string(name))
		}
	}
	var used []string
	for _, match := range variable.FindAllSubmatch(read(t, composeFile), -1) {
		used = append(used, string(match[1]))
	}
	slices.Sort(used)
	slices.Sort(described)
	require.Equal(t, slices.Compact(used), described)
}

// TestFlawsAreFound breaks the compose file in the ways that the checks are for.
func TestFlawsAreFound(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, old, new, want string }{
		{"an unknown key", "read_only: true", "readonly: true", "readonly"},
		{"a bad type", "    shm_size: 256mb", "    shm_size: [256]", "shm_size"},
		{"an undefined service", "  redis:\n    condition: service_healthy", "  rediss:\n    condition: service_healthy", "rediss"},
		{"an unpinned image", "image: postgres:15", "image: postgres", "postgres: its image has no version"},
		{"the newest image", "image: redis:7.2", "image: redis:latest", "redis: its image has no version"},
		{"no limit", "        limits: {cpus: \"1\", memory: 384M, pids: 64}", "        limits: {cpus: \"1\"}", "redis: no limit of memory"},
		{"no health check", "    healthcheck: *health\n", "", "api: no health check"},
		{"a missing mount", "./deploy/postgres:", "./deploy/postgre:", "does not exist"},
		{"a variable that is not ours", "HOLDFAST_DEBUG_LISTEN:", "HOLDFAST_DEBUG_LISTENS:", "HOLDFAST_DEBUG_LISTENS is no variable"},
		{"a public port", "- 127.0.0.1:${TEMPORAL_UI_PORT", "- ${TEMPORAL_UI_PORT", "temporal-ui: publishes a port to everybody"},
		{"an undefined network", "networks: [data, workflow, edge]", "networks: [data, workflow, egde]", "egde"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			content := string(read(t, composeFile))
			require.Contains(t, content, tt.old)
			path := filepath.Join(t.TempDir(), "compose.yml")
			require.NoError(t, os.WriteFile(path, []byte(strings.Replace(content, tt.old, tt.new, 1)), 0o600))
			project, err := load(t, secrets, path)
			if err != nil {
				require.ErrorContains(t, err, tt.want)
				return
			}
			require.Contains(t, strings.Join(flaws(project, productVariables(t)), "\n"), tt.want)
		})
	}
}

// ends are services that do their work and end: they have nothing to be checked.
var ends = []string{"migrate", "temporal-schema", "temporal-namespace"}

var versioned = regexp.MustCompile(`:v?\d+(\.\d+)*$`)

// flaws are what compose accepts and we do not.
func flaws(project *types.Project, known map[string]bool) []string {
	var found []string
	for name, service := range project.Services {
		flaw := func(what string) { found = append(found, name+": "+what) }
		if service.Build == nil && !versioned.MatchString(service.Image) {
			flaw("its image has no version")
		}
		if service.Deploy == nil || service.Deploy.Resources.Limits == nil {
			flaw("no limits")
		} else if l := service.Deploy.Resources.Limits; l.MemoryBytes == 0 || l.NanoCPUs == 0 || l.Pids == 0 {
			flaw("no limit of memory, CPU or processes")
		}
		if service.HealthCheck == nil && !slices.Contains(ends, name) {
			flaw("no health check")
		}
		for _, port := range service.Ports {
			if port.HostIP != "127.0.0.1" {
				flaw("publishes a port to everybody")
			}
		}
		for _, volume := range service.Volumes {
			if _, err := os.Stat(volume.Source); volume.Type == types.VolumeTypeBind && err != nil {
				flaw(volume.Source + " does not exist")
			}
		}
		if service.Build == nil {
			continue
		}
		if !service.ReadOnly || !slices.Contains(service.CapDrop, "ALL") {
			flaw("may do more than it needs")
		}
		for variable := range service.Environment {
			if !known[variable] {
				flaw(variable + " is no variable of the product")
			}
		}
	}
	slices.Sort(found)
	return found
}

func shared(project *types.Project, a, b string) []string {
	var both []string
	for name := range project.Services[a].Networks {
		if _, ok := project.Services[b].Networks[name]; ok {
			both = append(both, name)
		}
	}
	return both
}

func TestScriptsAreRunnable(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"deploy/postgres/*.sh", "deploy/redis/*.sh", "deploy/temporal/*.sh"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		require.NotEmpty(t, paths)
		for _, path := range paths {
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			s := bufio.NewScanner(bytes.NewReader(content))
			require.True(t, s.Scan())
			require.Equal(t, "#!/bin/sh", s.Text(), path)
			require.Contains(t, string(content), "set -eu", path)
			if strings.Contains(path, "postgres") { // its entrypoint sources what it cannot run
				info, err := os.Stat(path)
				require.NoError(t, err)
				require.Equal(t, os.FileMode(0o755), info.Mode().Perm(), path)
			}
		}
	}
}
