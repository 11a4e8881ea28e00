// Package config reads Holdfast's configuration. It is the only place that knows
// the environment's variables; README.md has them in one table.
package config

import (
	"crypto/ed25519"
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

	"github.com/holdfast/holdfast/internal/auth"
)

// DefaultWorkspace is the workspace that the first migration makes.
const DefaultWorkspace = "00000000-0000-7000-8000-000000000001"

// Database is what every command that touches Postgres needs.
type Database struct {
	URL      string `env:"HOLDFAST_DATABASE_URL,required,notEmpty" doc:"the address of Postgres, like postgres://user:password@host:5432/database"`
	MaxConns int32  `env:"HOLDFAST_DATABASE_MAX_CONNS" envDefault:"10"`
	// DatabaseCA is PEM text, or base64 of it.
	DatabaseCA   string        `env:"HOLDFAST_DATABASE_CA"`
	ConnLifetime time.Duration `env:"HOLDFAST_DATABASE_CONN_LIFETIME" envDefault:"30m"`
}

// Server is what the API and the worker need.
type Server struct {
	Database
	Telemetry
	Payloads
	RedisURL        string        `env:"HOLDFAST_REDIS_URL,required,notEmpty" doc:"the address of Redis, like redis://host:6379/0"`
	RedisCA         string        `env:"HOLDFAST_REDIS_CA"`
	LogLevel        slog.Level    `env:"HOLDFAST_LOG_LEVEL" envDefault:"info"`
	ShutdownTimeout time.Duration `env:"HOLDFAST_SHUTDOWN_TIMEOUT" envDefault:"30s"`
	Temporal        client.Options
	TemporalEnv     TemporalVariables
}

// API is what `holdfast api` needs.
type API struct {
	Server
	GitHub
	Webhook
	Sweeps
	Issuers
	SignIn
	Listen     string `env:"HOLDFAST_LISTEN" envDefault:":8080"`
	PrivateKey string `env:"HOLDFAST_JWT_PRIVATE_KEY"`
	PublicKeys string `env:"HOLDFAST_JWT_PUBLIC_KEY"`
	// RequestsPerMinute is how many requests one key or token may make; 0: any number, and one
	// address may sign in as often as it likes.
	RequestsPerMinute int `env:"HOLDFAST_API_REQUESTS_PER_MINUTE" envDefault:"1200"`
	// CORSOrigins are the origins whose pages may ask the API, separated by commas.
	CORSOrigins string `env:"HOLDFAST_CORS_ORIGINS"`
	// StreamOrigins are the origins whose pages may open streams of many topics, separated by commas.
	StreamOrigins string `env:"HOLDFAST_STREAM_ORIGINS"`
	// TemporalUIOrigin is where the Temporal UI is that may ask the codec server.
	TemporalUIOrigin string `env:"HOLDFAST_TEMPORAL_UI_ORIGIN"`
}

// Worker is what `holdfast worker` needs.
type Worker struct {
	Server
	GitHub
	Deployment
	Deliveries
	Sweeps
	Schedules
	// ChangesRetention is how long changes are kept at least; 0: for ever.
	ChangesRetention time.Duration `env:"HOLDFAST_CHANGES_RETENTION" envDefault:"2160h"`
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
	err := parse(e, &c)
	if c.PrivateKey == "" && c.PublicKeys == "" {
		err = alsoMissing(err, "HOLDFAST_JWT_PRIVATE_KEY or HOLDFAST_JWT_PUBLIC_KEY must be set: the key that tokens are verified with, base64 of 32 bytes")
	}
	if err != nil {
		return c, err
	}
	if err := c.load(e); err != nil {
		return c, err
	}
	var negative error
	if c.RequestsPerMinute < 0 {
		negative = errors.New("HOLDFAST_API_REQUESTS_PER_MINUTE: must not be negative")
	}
	if err := errors.Join(c.validateWebhook(), c.validateSweeps(), c.validateGitHub(), c.validateSignIn(), negative); err != nil {
		return c, err
	}
	if c.TemporalUIOrigin != "" {
		if err := checkOrigin("HOLDFAST_TEMPORAL_UI_ORIGIN", c.TemporalUIOrigin); err != nil {
			return c, err
		}
	}
	if _, err := c.PagesOfStreams(); err != nil {
		return c, err
	}
	if _, err := c.Origins(); err != nil {
		return c, err
	}
	if _, err := c.OIDC(); err != nil {
		return c, err
	}
	_, err = c.Keys()
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
	public, err := publicKeys(c.PublicKeys)
	return append(keys, public...), err
}

// publicKeys reads a list of keys. A comma too many does no harm; one that stands for
// keys that are not there does.
func publicKeys(list string) ([]ed25519.PublicKey, error) {
	var keys []ed25519.PublicKey
	for text := range strings.SplitSeq(list, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		key, err := auth.ParsePublicKey(text)
		if err != nil {
			return nil, fmt.Errorf("HOLDFAST_JWT_PUBLIC_KEY: %w", err)
		}
		keys = append(keys, key)
	}
	if list != "" && len(keys) == 0 {
		return nil, errors.New("HOLDFAST_JWT_PUBLIC_KEY: it is set and holds no key")
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
	if err := c.validateDeployment(); err != nil {
		return c, err
	}
	if err := errors.Join(c.validateDeliveries(), c.validateSweeps(), c.validateSchedules()); err != nil {
		return c, err
	}
	if err := c.validateGitHub(); err != nil {
		return c, err
	}
	if c.ChangesRetention < 0 || c.ChangesRetention > 0 && c.ChangesRetention < 24*time.Hour {
		return c, fmt.Errorf("HOLDFAST_CHANGES_RETENTION: %s is neither 0, for ever, nor at least a day", c.ChangesRetention)
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
	if err := c.validateTelemetry(); err != nil {
		return err
	}
	if c.ShutdownTimeout <= 0 {
		return fmt.Errorf("HOLDFAST_SHUTDOWN_TIMEOUT: %s is no positive duration", c.ShutdownTimeout)
	}
	if _, err := c.RedisAuthorities(); err != nil {
		return err
	}
	if _, err := c.Keyset(); err != nil {
		return err
	}
	var err error
	c.Temporal, err = temporalOptions(e)
	c.TemporalEnv.Namespace = c.Temporal.Namespace
	return err
}

func (c Database) validate() error {
	if c.MaxConns < 2 {
		return fmt.Errorf("HOLDFAST_DATABASE_MAX_CONNS: %d is fewer than 2", c.MaxConns)
	}
	if c.ConnLifetime < time.Minute {
		return fmt.Errorf("HOLDFAST_DATABASE_CONN_LIFETIME: %s is shorter than a minute", c.ConnLifetime)
	}
	if _, err := c.DatabaseAuthorities(); err != nil {
		return err
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
	return explain(err, reflect.TypeOf(into).Elem())
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
