package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"go.opentelemetry.io/otel"
	"golang.org/x/sync/errgroup"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/telemetry"
)

// farewell is how long a process that ends may take to send its last traces and
// reports.
const farewell = 5 * time.Second

// server is a process that serves until it is told to stop.
type server struct {
	name    string // as Postgres shows it: "holdfast api"
	service string // as traces show it: "holdfast-api"
	config  config.Server
	configs []any // all of its configuration, to be printed without its secrets
}

// part is one of the things that a server does.
type part struct {
	name string // of the check that it is up
	// run does it until ctx ends; it calls up once it does its work.
	run func(ctx context.Context, s *services, up func()) error
}

// run does the parts on connections and telemetry that they share.
func (sv server) run(ctx context.Context, p process, parts ...part) (err error) {
	told, err := sv.telemetry(ctx, p)
	if err != nil {
		return err
	}
	log := told.Logger
	defer func() {
		if err != nil && ctx.Err() == nil {
			log.ErrorContext(ctx, "the process ends with an error", "error", err)
		}
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
		defer cancel()
		if err := told.Shutdown(ending); err != nil {
			log.WarnContext(ctx, "the last traces or reports were not sent", "error", err)
		}
	}()
	log.LogAttrs(ctx, slog.LevelInfo, "configuration", append([]slog.Attr{slog.String("version", version)}, config.Settings(sv.configs...)...)...)
	if limit := limitMemory(os.DirFS("/sys/fs/cgroup")); limit > 0 {
		log.InfoContext(ctx, "the collector keeps memory below a limit", "bytes", limit)
	}
	s, err := connect(ctx, sv.config, sv.name, told)
	if err != nil {
		return err
	}
	defer s.close()
	starters := make([]func(), len(parts))
	for i, do := range parts {
		starters[i] = needStart(s.ready, do.name)
	}
	// The private listeners are there before the rest, which may have to wait for
	// Temporal, and after it, so that a slow end can be looked at.
	private, err := sv.listen(ctx, told, s.ready)
	defer closeAll(ctx, log, private)
	if err != nil {
		return err
	}
	group, working := errgroup.WithContext(ctx)
	s.ready.Need("running", func(context.Context) error { return working.Err() })
	for i, do := range parts {
		group.Go(func() error { return do.run(working, s, starters[i]) })
	}
	return group.Wait()
}

// needStart makes the process unready until up is called.
func needStart(ready *telemetry.Readiness, name string) (up func()) {
	ready.Need(name, func(context.Context) error { return errors.New("it has not started yet") })
	return func() { ready.Need(name, func(context.Context) error { return nil }) }
}

// telemetry makes the process's telemetry. OpenTelemetry's own complaints go
// through two globals of the library, which are set here and nowhere else.
func (sv server) telemetry(ctx context.Context, p process) (*telemetry.Telemetry, error) {
	c := sv.config
	o := telemetry.Options{
		Service: sv.service, Version: version, Log: p.stderr, Level: c.LogLevel,
		Secrets: config.Secrets(p.env, sv.configs...), Traces: c.TracesProtocol(),
		SentryDSN: c.SentryDSN, SentryEnvironment: c.SentryEnvironment,
	}
	if c.ServiceName != "" {
		o.Service = c.ServiceName
	}
	told, err := telemetry.New(ctx, o)
	if err != nil {
		return nil, err
	}
	log := told.Logger.With("component", "opentelemetry")
	otel.SetLogger(logr.FromSlogHandler(log.Handler()))
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		log.WarnContext(ctx, "telemetry failed", "error", err)
	}))
	return told, nil
}

// listen opens the private listeners, whose addresses it logs: a port of 0 is
// chosen freely.
func (sv server) listen(ctx context.Context, told *telemetry.Telemetry, ready *telemetry.Readiness) ([]*telemetry.Listener, error) {
	metrics, err := told.Listen(ctx, sv.config.MetricsListen, told.MetricsHandler(ready))
	if err != nil {
		return nil, fmt.Errorf("HOLDFAST_METRICS_LISTEN: %w", err)
	}
	told.Logger.InfoContext(ctx, "the metrics are served", "address", metrics.Address())
	if sv.config.DebugListen == "" {
		return []*telemetry.Listener{metrics}, nil
	}
	debug, err := told.Listen(ctx, sv.config.DebugListen, told.DebugHandler())
	if err != nil {
		return []*telemetry.Listener{metrics}, fmt.Errorf("HOLDFAST_DEBUG_LISTEN: %w", err)
	}
	told.Logger.InfoContext(ctx, "profiles and the log level are served", "address", debug.Address())
	return []*telemetry.Listener{metrics, debug}, nil
}

func closeAll(ctx context.Context, log *slog.Logger, listeners []*telemetry.Listener) {
	var errs []error
	for _, l := range listeners {
		errs = append(errs, l.Close())
	}
	if err := errors.Join(errs...); err != nil {
		log.WarnContext(ctx, "closing a private listener failed", "error", err)
	}
}

func newAllCommand(p process) *cobra.Command {
	return &cobra.Command{
		Use: "all", Short: "Run the API and the worker in one process", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := config.LoadAPI(p.env)
			if err != nil {
				return err
			}
			w, err := config.LoadWorker(p.env)
			if err != nil {
				return err
			}
			all := server{name: "holdfast", service: "holdfast", config: a.Server, configs: []any{a, w}}
			return all.run(cmd.Context(), p, apiPart(a), workerPart(w))
		},
	}
}
