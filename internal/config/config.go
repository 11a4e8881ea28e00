// Package config reads Holdfast's configuration. It is the only place that knows
// the environment's variables; README.md has them in one table.
package config

import (
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"

	"github.com/holdfast/holdfast/internal/auth"
)

// DefaultWorkspace is the workspace that the first migration makes.
const DefaultWorkspace = "00000000-0000-7000-8000-000000000001"

// Database is what every command that touches Postgres needs.
type Database struct {
	URL      string `env:"HOLDFAST_DATABASE_URL,required,notEmpty"`
	MaxConns int32  `env:"HOLDFAST_DATABASE_MAX_CONNS" envDefault:"10"`
}

// Server is what the API and the worker need.
type Server struct {
	Database
	RedisURL        string        `env:"HOLDFAST_REDIS_URL,required,notEmpty"`
	LogLevel        slog.Level    `env:"HOLDFAST_LOG_LEVEL" envDefault:"info"`
	ShutdownTimeout time.Duration `env:"HOLDFAST_SHUTDOWN_TIMEOUT" envDefault:"30s"`
	Temporal        client.Options
}

// API is what `holdfast api` needs.
type API struct {
	Server
	Listen     string `env:"HOLDFAST_LISTEN" envDefault:":8080"`
	PrivateKey string `env:"HOLDFAST_JWT_PRIVATE_KEY"`
	PublicKeys string `env:"HOLDFAST_JWT_PUBLIC_KEY"`
}

// Worker is what `holdfast worker` needs.
type Worker struct {
	Server
	GitHubToken    string  `env:"GITHUB_TOKEN"`
	GitHubURL      string  `env:"GITHUB_API_URL" envDefault:"https://api.github.com/"`
	GitHubInFlight int     `env:"HOLDFAST_GITHUB_IN_FLIGHT" envDefault:"10"`
	TimeScale      float64 `env:"HOLDFAST_GITHUB_TIME_SCALE" envDefault:"1"`
}

// Environment is the environment as a list of NAME=value, as os.Environ gives it.
type Environment []string

// Get is the value of a variable, empty when it is not set.
func (e Environment) Get(name string) string {
	value, _ := e.LookupEnv(name)
	return value
}

// LookupEnv is the value of a variable and whether it is set.
func (e Environment) LookupEnv(name string) (string, bool) {
	for _, pair := range slices.Backward(e) { // as for a process, the last one counts
		if value, ok := strings.CutPrefix(pair, name+"="); ok {
			return value, true
		}
	}
	return "", false
}

// Environ lists the variables.
func (e Environment) Environ() []string { return e }

// LoadDatabase reads what the migrations need.
func LoadDatabase(e Environment) (Database, error) {
	var c Database
	if err := parse(e, &c); err != nil {
		return c, err
	}
	return c, c.validate()
}

// LoadAPI reads and checks the API's configuration. An error names the variable.
func LoadAPI(e Environment) (API, error) {
	var c API
	if err := parse(e, &c); err != nil {
		return c, err
	}
	if err := c.load(e); err != nil {
		return c, err
	}
	if c.PrivateKey == "" && c.PublicKeys == "" {
		return c, errors.New("HOLDFAST_JWT_PRIVATE_KEY or HOLDFAST_JWT_PUBLIC_KEY must be set: without a key no token can be verified")
	}
	_, err := c.Keys()
	return c, err
}

// Keys are the public keys that tokens are verified with: HOLDFAST_JWT_PUBLIC_KEY,
// several separated by commas, and the one that belongs to HOLDFAST_JWT_PRIVATE_KEY.
func (c API) Keys() ([]ed25519.PublicKey, error) {
	var keys []ed25519.PublicKey
	if c.PrivateKey != "" {
		private, err := auth.ParsePrivateKey(c.PrivateKey)
		if err != nil {
			return nil, fmt.Errorf("HOLDFAST_JWT_PRIVATE_KEY: %w", err)
		}
		keys = append(keys, auth.PublicKey(private))
	}
	for text := range strings.SplitSeq(c.PublicKeys, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		key, err := auth.ParsePublicKey(text)
		if err != nil {
			return nil, fmt.Errorf("HOLDFAST_JWT_PUBLIC_KEY: %w", err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// LoadWorker reads and checks the worker's configuration. An error names the variable.
func LoadWorker(e Environment) (Worker, error) {
	var c Worker
	if err := parse(e, &c); err != nil {
		return c, err
	}
	if err := c.load(e); err != nil {
		return c, err
	}
	if err := checkURL("GITHUB_API_URL", c.GitHubURL, "http", "https"); err != nil {
		return c, err
	}
	if c.GitHubInFlight < 1 || c.GitHubInFlight > 100 {
		return c, fmt.Errorf("HOLDFAST_GITHUB_IN_FLIGHT: %d is not between 1 and 100, which is GitHub's own limit", c.GitHubInFlight)
	}
	if c.TimeScale <= 0 || c.TimeScale > 1 {
		return c, fmt.Errorf("HOLDFAST_GITHUB_TIME_SCALE: %v is not above 0 and at most 1", c.TimeScale)
	}
	return c, nil
}

func (c *Server) load(e Environment) error {
	if err := c.validate(); err != nil {
		return err
	}
	if err := checkURL("HOLDFAST_REDIS_URL", c.RedisURL, "redis", "rediss"); err != nil {
		return err
	}
	if c.ShutdownTimeout <= 0 {
		return fmt.Errorf("HOLDFAST_SHUTDOWN_TIMEOUT: %s is no positive duration", c.ShutdownTimeout)
	}
	var err error
	c.Temporal, err = envconfig.LoadClientOptions(envconfig.LoadClientOptionsRequest{DisableFile: true, EnvLookup: e})
	if err != nil {
		return fmt.Errorf("TEMPORAL_*: %w", err)
	}
	if c.Temporal.Namespace == "" {
		c.Temporal.Namespace = client.DefaultNamespace
	}
	if t := c.Temporal.ConnectionOptions.TLS; t != nil {
		t.MinVersion = tls.VersionTLS12
	}
	return nil
}

func (c Database) validate() error {
	if c.MaxConns < 2 {
		return fmt.Errorf("HOLDFAST_DATABASE_MAX_CONNS: %d is fewer than 2", c.MaxConns)
	}
	return checkURL("HOLDFAST_DATABASE_URL", c.URL, "postgres", "postgresql")
}

func parse(e Environment, into any) error {
	values := map[string]string{}
	for _, pair := range e {
		name, value, _ := strings.Cut(pair, "=")
		values[name] = value
	}
	level := func(text string) (any, error) {
		var l slog.Level
		err := l.UnmarshalText([]byte(text))
		return l, err
	}
	err := env.ParseWithOptions(into, env.Options{
		Environment: values,
		FuncMap:     map[reflect.Type]env.ParserFunc{reflect.TypeFor[slog.Level](): level},
	})
	var unreadable env.ParseError
	if errors.As(err, &unreadable) {
		if field, ok := reflect.TypeOf(into).Elem().FieldByName(unreadable.Name); ok {
			name, _, _ := strings.Cut(field.Tag.Get("env"), ",")
			return fmt.Errorf("%s: cannot be read as a %s", name, field.Type)
		}
	}
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	return nil
}

// checkURL never repeats the value: it may hold a password.
func checkURL(name, value string, schemes ...string) error {
	u, err := url.Parse(value)
	if err == nil {
		for _, scheme := range schemes {
			if u.Scheme == scheme && (u.Host != "" || scheme == "postgres" || scheme == "postgresql") {
				return nil
			}
		}
	}
	return fmt.Errorf("%s: is no URL that begins with %s://", name, strings.Join(schemes, ":// or "))
}
