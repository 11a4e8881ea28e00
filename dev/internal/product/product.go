// Package product runs the real holdfast binary as its users do: as processes with
// an environment, a log and an exit status.
package product

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast/holdfast/internal/localservice"
)

const (
	// readyTimeout is how long a process may take until it answers.
	readyTimeout = 60 * time.Second
	// shutdownTimeout is how long the processes may let work end, and well under what
	// those who stop them wait: they send their last traces and close their
	// connections after that.
	shutdownTimeout = 10 * time.Second
)

// Options say what the processes run on.
type Options struct {
	Binary            string // the holdfast executable
	Dir               string // logs; exists
	DatabaseURL       string
	RedisURL          string
	TemporalAddress   string
	TemporalNamespace string
	GitHubURL         string // empty: the product's default
	GitHubToken       string
	// TimeScale is of GitHub's windows and of back-offs. A simulated GitHub may be asked
	// for more in a minute than GitHub allows; 0: the product's default, which obeys GitHub.
	TimeScale  float64
	PrivateKey string   // see NewPrivateKey
	Env        []string // more "NAME=value", which win over the above
}

// Product is a Holdfast to be: its configuration and the binary.
type Product struct {
	options Options
	env     []string
}

// New configures the processes. What this process's own environment says of
// Holdfast, Temporal, GitHub or telemetry does not reach them.
func New(o Options) *Product {
	p := &Product{options: o}
	for _, pair := range os.Environ() {
		if !hasAnyPrefix(pair, "HOLDFAST_", "TEMPORAL_", "GITHUB_", "OTEL_", "SENTRY_") {
			p.env = append(p.env, pair)
		}
	}
	for _, pair := range [][2]string{
		{"HOLDFAST_METRICS_LISTEN", "127.0.0.1:0"},      // see MetricsURL
		{"HOLDFAST_API_REQUESTS_PER_MINUTE", "1000000"}, // tests and benches ask as often as they like
		{"HOLDFAST_SHUTDOWN_TIMEOUT", shutdownTimeout.String()},
		{"HOLDFAST_DATABASE_URL", o.DatabaseURL},
		{"HOLDFAST_REDIS_URL", o.RedisURL},
		{"HOLDFAST_JWT_PRIVATE_KEY", o.PrivateKey},
		{"TEMPORAL_ADDRESS", o.TemporalAddress},
		{"TEMPORAL_NAMESPACE", o.TemporalNamespace},
		{"GITHUB_API_URL", o.GitHubURL},
		{"GITHUB_TOKEN", o.GitHubToken},
		{"HOLDFAST_GITHUB_TIME_SCALE", strconv.FormatFloat(o.TimeScale, 'f', -1, 64)},
	} {
		if pair[1] != "" && pair[1] != "0" {
			p.env = append(p.env, pair[0]+"="+pair[1])
		}
	}
	p.env = append(p.env, o.Env...)
	return p
}

// NewPrivateKey makes a key as HOLDFAST_JWT_PRIVATE_KEY wants it.
func NewPrivateKey() string {
	seed := make([]byte, ed25519.SeedSize)
	rand.Read(seed)
	return base64.StdEncoding.EncodeToString(seed)
}

// Run runs a command of the binary to its end and returns what it wrote to
// standard output. An error ends with what it wrote to standard error.
func (p *Product) Run(ctx context.Context, args ...string) (string, error) {
	return p.RunWith(ctx, nil, args...)
}

// RunWith is Run with more "NAME=value", which win.
func (p *Product) RunWith(ctx context.Context, env []string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, p.options.Binary, args...)
	cmd.Env = append(append([]string{}, p.env...), env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil { // that it was killed is not why
		return "", fmt.Errorf("holdfast %s: %w", strings.Join(args, " "), context.Cause(ctx))
	}
	if err != nil {
		return "", fmt.Errorf("holdfast %s: %w\n%s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

// Migrate brings the database's schema up to date.
func (p *Product) Migrate(ctx context.Context) error {
	_, err := p.Run(ctx, "migrate", "up")
	return err
}

// Token issues a token of that role, good for a day.
func (p *Product) Token(ctx context.Context, role string) (string, error) {
	out, err := p.Run(ctx, "token", "create", "--role", role, "--ttl", "24h")
	return strings.TrimSpace(out), err
}

// Start starts a long-running command of the binary. Its log is name.log.
func (p *Product) Start(name string, env []string, args ...string) (*localservice.Process, error) {
	path := filepath.Join(p.options.Dir, name+".log")
	log, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create the log of holdfast %s: %w", name, err)
	}
	defer func() { _ = log.Close() }() // the process has its own descriptor
	return localservice.StartProcess(localservice.Command{
		Name: "holdfast " + name, Path: p.options.Binary, Args: args,
		Env: append(append([]string{}, p.env...), env...), Log: log, LogPath: path,
	})
}

// StartWorker starts `holdfast worker`. It does not wait: work waits for workers.
func (p *Product) StartWorker(name string) (*localservice.Process, error) {
	return p.Start(name, nil, "worker")
}

// API is a running process that serves the API.
type API struct {
	URL     string
	Process *localservice.Process
}

// StartAPI starts `holdfast api`, or `holdfast all` which is a worker as well, and
// returns when it is ready. A port of 0 is chosen freely.
func (p *Product) StartAPI(ctx context.Context, command string, port int) (*API, error) {
	if port == 0 {
		var err error
		if port, err = localservice.FreePort(); err != nil {
			return nil, err
		}
	}
	address := "127.0.0.1:" + strconv.Itoa(port)
	process, err := p.Start(command, []string{"HOLDFAST_LISTEN=" + address}, command)
	if err != nil {
		return nil, err
	}
	api := &API{URL: "http://" + address, Process: process}
	if err := api.awaitReady(ctx); err != nil {
		return nil, errors.Join(err, process.Kill())
	}
	return api, nil
}

// awaitReady waits until the API has reached what it needs.
func (a *API) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	if err := a.Process.Await(ctx, func() error { return a.askReady(ctx) }); err != nil {
		return fmt.Errorf("the API is not ready: %w%s", err, a.Process.LogTail(20))
	}
	return nil
}

func (a *API) askReady(ctx context.Context) error {
	client := http.Client{Timeout: 5 * time.Second}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.URL+"/readyz", nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("/readyz answers %s", response.Status)
	}
	return nil
}

func hasAnyPrefix(s string, prefixes ...string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(s, prefix) {
			return true
		}
	}
	return false
}
