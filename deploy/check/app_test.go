package check

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/digitalocean/godo"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const appFile = "deploy/digitalocean/app.yaml"

// decodeApp reads an App spec and refuses every field that DigitalOcean's client does
// not know, as `doctl apps spec validate` does.
func decodeApp(content []byte) (*godo.AppSpec, error) {
	var document any
	if err := yaml.Unmarshal(content, &document); err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(document)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.DisallowUnknownFields()
	var spec godo.AppSpec
	return &spec, decoder.Decode(&spec)
}

func TestAppSpec(t *testing.T) {
	t.Parallel()
	spec, err := decodeApp(read(t, appFile))
	require.NoError(t, err)
	require.Empty(t, appFlaws(spec, productVariables(t), routes(t)))
	require.Len(t, spec.Services, 1)
	require.Len(t, spec.Workers, 1)
	require.Len(t, spec.Jobs, 1)
	require.Equal(t, godo.AppJobSpecKind_PreDeploy, spec.Jobs[0].Kind)
	require.Equal(t, godo.AppDatabaseSpecEngine_PG, spec.Databases[0].Engine)
	require.Equal(t, "15", spec.Databases[0].Version)
}

func TestAppSpecFlawsAreFound(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, old, new, want string }{
		{"an unknown field", "instance_count: 1", "instances: 1", "instances"},
		{"a bad type", "http_port: 8080", "http_port: http", "http_port"},
		{"a database that is not there", "${db.CA_CERT}", "${database.CA_CERT}", "database is no component"},
		{"a property that is not there", "${db.CA_CERT}", "${db.CERT}", "CERT is nothing that a database offers"},
		{"a variable that is not ours", "key: HOLDFAST_DATABASE_CA", "key: HOLDFAST_DB_CA", "HOLDFAST_DB_CA is no variable"},
		{"a secret in clear", "{key: TEMPORAL_API_KEY, scope: RUN_TIME, type: SECRET", "{key: TEMPORAL_API_KEY, scope: RUN_TIME", "TEMPORAL_API_KEY is no SECRET"},
		{"a health check of nothing", "http_path: /readyz", "http_path: /ready", "/ready is no route"},
		{"another port", "http_port: 8080", "http_port: 8081", "HOLDFAST_LISTEN"},
		{"an unknown command", "holdfast worker", "holdfast work", "holdfast work is no command"},
		{"a process killed before it has drained", "{grace_period_seconds: 45}", "{grace_period_seconds: 20}", "grace"},
		{"a secret that is empty", `{key: GITHUB_TOKEN, scope: RUN_TIME, type: SECRET, value: set me}`, `{key: GITHUB_TOKEN, scope: RUN_TIME, value: ""}`, "GITHUB_TOKEN is no SECRET"},
		{"a listener that is not told", `      - {key: HOLDFAST_LISTEN, scope: RUN_TIME, value: ":8080"}` + "\n", "", "HOLDFAST_LISTEN"},
		{"too many connections", `HOLDFAST_DATABASE_MAX_CONNS, scope: RUN_TIME, value: "10"`, `HOLDFAST_DATABASE_MAX_CONNS, scope: RUN_TIME, value: "20"`, "connections"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			content := string(read(t, appFile))
			require.Contains(t, content, tt.old)
			spec, err := decodeApp([]byte(strings.Replace(content, tt.old, tt.new, 1)))
			if err != nil {
				require.ErrorContains(t, err, tt.want)
				return
			}
			require.Contains(t, strings.Join(appFlaws(spec, productVariables(t), routes(t)), "\n"), tt.want)
		})
	}
}

// offers are the bindable variables of databases that we use. Source:
// docs.digitalocean.com/products/app-platform/how-to/use-environment-variables.
var offers = []string{"HOSTNAME", "PORT", "USERNAME", "PASSWORD", "DATABASE", "DATABASE_URL", "CA_CERT"}

var (
	bindable = regexp.MustCompile(`\$\{([a-z-]+)\.([A-Z_]+)\}`)
	command  = regexp.MustCompile(`^/usr/local/bin/holdfast (\w+)`)
	secret   = regexp.MustCompile(`TOKEN|KEY|_URL$`)
)

// planConnections is what the smallest managed Postgres allows. Source:
// docs.digitalocean.com/products/databases/postgresql/details/limits: 25 for each GiB
// of memory, three of them DigitalOcean's own.
const planConnections = 22

// component is what services, workers and jobs have in common.
type component struct {
	name, run string
	grace     int64
	envs      []*godo.AppVariableDefinition
}

func components(spec *godo.AppSpec) []component {
	var all []component
	for _, s := range spec.Services {
		all = append(all, component{s.Name, s.RunCommand, int64(s.Termination.GracePeriodSeconds), s.Envs})
	}
	for _, w := range spec.Workers {
		all = append(all, component{w.Name, w.RunCommand, int64(w.Termination.GracePeriodSeconds), w.Envs})
	}
	for _, j := range spec.Jobs {
		all = append(all, component{j.Name, j.RunCommand, 45, j.Envs})
	}
	return all
}

func appFlaws(spec *godo.AppSpec, known map[string]bool, router string) []string {
	var found []string
	api := spec.Services[0]
	connections := 0
	for _, c := range components(spec) {
		if match := command.FindStringSubmatch(c.run); match == nil || !slices.Contains([]string{"api", "worker", "migrate"}, match[1]) {
			found = append(found, c.run+" is no command of holdfast")
		}
		if c.grace < 40 { // HOLDFAST_SHUTDOWN_TIMEOUT and closing what it held
			found = append(found, c.name+": its grace period is shorter than it takes to drain")
		}
		for _, env := range append(slices.Clone(spec.Envs), c.envs...) {
			found = append(found, envFlaws(spec, env, known)...)
			if env.Key == "HOLDFAST_DATABASE_MAX_CONNS" {
				n, err := strconv.Atoi(env.Value)
				if err != nil {
					found = append(found, env.Key+": "+err.Error())
				}
				connections += n
				if c.name == api.Name { // a deployment has the old and the new one up at once
					connections += n
				}
			}
		}
	}
	if connections > planConnections {
		found = append(found, "the components take more connections than the plan has")
	}
	for _, path := range []string{api.HealthCheck.HTTPPath, api.LivenessHealthCheck.HTTPPath} {
		if !strings.Contains(router, `"`+path+`"`) {
			found = append(found, path+" is no route")
		}
	}
	listen := slices.IndexFunc(api.Envs, func(e *godo.AppVariableDefinition) bool { return e.Key == "HOLDFAST_LISTEN" })
	if port := fmt.Sprintf(":%d", api.HTTPPort); listen < 0 || api.Envs[listen].Value != port || api.HealthCheck.Port != api.HTTPPort {
		found = append(found, "HOLDFAST_LISTEN and the ports differ")
	}
	return found
}

func envFlaws(spec *godo.AppSpec, env *godo.AppVariableDefinition, known map[string]bool) []string {
	var found []string
	if !known[env.Key] {
		found = append(found, env.Key+" is no variable of the product")
	}
	// What App Platform fills in itself is no secret of the spec.
	bound := env.Value != "" && bindable.FindString(env.Value) == env.Value
	if secret.MatchString(env.Key) && !bound && env.Type != godo.AppVariableType_Secret {
		found = append(found, env.Key+" is no SECRET")
	}
	for _, match := range bindable.FindAllStringSubmatch(env.Value, -1) {
		if !slices.ContainsFunc(spec.Databases, func(d *godo.AppDatabaseSpec) bool { return d.Name == match[1] }) {
			found = append(found, match[1]+" is no component")
		}
		if !slices.Contains(offers, match[2]) {
			found = append(found, match[2]+" is nothing that a database offers")
		}
	}
	return found
}
