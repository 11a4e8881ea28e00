package config

import (
	"crypto/tls"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
)

// Deployment says which version of the workers this is, for Temporal's worker
// versioning. Without a name there is none: any worker takes any work.
type Deployment struct {
	DeploymentName string `env:"HOLDFAST_WORKER_DEPLOYMENT"`
	// BuildID is this build's; empty: the binary's version.
	BuildID string `env:"HOLDFAST_WORKER_BUILD_ID"`
}

// identifiers are the names that Temporal takes for deployments and builds, and a
// shell and a log can take as well. A dot is reserved in a deployment's name.
var (
	deploymentNames = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)
	buildIDs        = regexp.MustCompile(`^[A-Za-z0-9._+-]{1,128}$`)
)

func (c Deployment) validateDeployment() error {
	switch {
	case c.DeploymentName == "" && c.BuildID != "":
		return errors.New("HOLDFAST_WORKER_BUILD_ID is set without HOLDFAST_WORKER_DEPLOYMENT, and would mean nothing")
	case c.DeploymentName != "" && !deploymentNames.MatchString(c.DeploymentName):
		return errors.New("HOLDFAST_WORKER_DEPLOYMENT: is not of letters, digits, - and _, at most 128")
	case c.BuildID != "" && !buildIDs.MatchString(c.BuildID):
		return errors.New("HOLDFAST_WORKER_BUILD_ID: is not of letters, digits, -, _, . and +, at most 128")
	default:
		return nil
	}
}

// given is an environment in which an empty variable is one that is not set: an
// empty TEMPORAL_TLS_* would switch TLS on.
type given struct{ Environment }

// LookupEnv is the value of a variable and whether it is set.
func (g given) LookupEnv(name string) (string, bool) {
	value := g.Get(name)
	return value, value != ""
}

// temporalOptions reads TEMPORAL_*, as all of Temporal's own tools do. An API key
// asks for TLS by itself.
func temporalOptions(e Environment) (client.Options, error) {
	o, err := envconfig.LoadClientOptions(envconfig.LoadClientOptionsRequest{DisableFile: true, EnvLookup: given{e}})
	if err != nil {
		return o, fmt.Errorf("TEMPORAL_*: %w", err)
	}
	if o.Namespace == "" {
		o.Namespace = client.DefaultNamespace
	}
	if t := o.ConnectionOptions.TLS; t != nil {
		t.MinVersion = tls.VersionTLS12
	}
	if o.ConnectionOptions.TLSDisabled && e.Get("TEMPORAL_API_KEY") != "" {
		return o, errors.New("TEMPORAL_API_KEY would be sent in clear: take TEMPORAL_TLS=false away")
	}
	if o.ConnectionOptions.TLS == nil && strings.Contains(o.HostPort, ".tmprl.cloud:") {
		return o, errors.New("TEMPORAL_ADDRESS is Temporal Cloud's, which wants TEMPORAL_API_KEY, or TEMPORAL_TLS_CLIENT_CERT_* and TEMPORAL_TLS_CLIENT_KEY_*")
	}
	return o, nil
}

// LoadDeployment reads what choosing a version of the workers needs.
func LoadDeployment(e Environment) (Deployment, client.Options, error) {
	var c Deployment
	if err := parse(e, &c); err != nil {
		return c, client.Options{}, err
	}
	if err := c.validateDeployment(); err != nil {
		return c, client.Options{}, err
	}
	o, err := temporalOptions(e)
	return c, o, err
}
