package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/internal/budget"
	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/figure"
	"github.com/holdfast/holdfast/internal/github"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/workflows"
)

const (
	sweepInterval   = 15 * time.Second
	temporalBackoff = time.Second
)

func newWorkerCommand(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use: "worker", Short: "Run the workflows and their steps", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.LoadWorker(p.env)
			if err != nil {
				return err
			}
			only := server{name: "holdfast worker", service: "holdfast-worker", config: c.Server, configs: []any{c}}
			return only.run(cmd.Context(), p, workerPart(c))
		},
	}
	cmd.AddCommand(newPromoteCommand(p))
	return cmd
}

// workerPart runs the workflows and their steps; it is up when its pollers are.
func workerPart(c config.Worker) part {
	return part{name: "pollers", run: func(ctx context.Context, s *services, up func()) error { return runWorker(ctx, c, s, up) }}
}

func runWorker(ctx context.Context, c config.Worker, s *services, up func()) error {
	log := s.log
	steps, err := newSteps(c, s)
	if err != nil {
		return err
	}
	figures := figure.Options{Source: s.store, Logger: log, Now: time.Now, Reasons: activities.WaitReasons()}
	if err := figure.Register(s.telemetry.MeterProvider, figures); err != nil {
		return err
	}
	if err := awaitTemporal(ctx, s, c.Temporal.Namespace); err != nil {
		return err
	}
	p := newPollers(ctx, c, s.temporal, steps, activities.NewInterceptor(log))
	if err := p.start(); err != nil {
		return err
	}
	defer func() {
		if !p.stop(c.ShutdownTimeout) {
			log.WarnContext(ctx, "steps have not ended in time and are left to other workers", "within", c.ShutdownTimeout.String())
		}
	}()
	up()
	log.InfoContext(ctx, "the worker is ready", "task_queues", []string{workflows.TaskQueue, workflows.GitHubTaskQueue}, "version", version)

	ticker := time.NewTicker(sweepInterval)
	defer ticker.Stop()
	sweeper := &operation.Sweeper{Store: s.store, Workflows: workflows.NewStarter(s.temporal, c.Temporal.Namespace), Publish: s.publisher.Publish, Logger: log}
	go sweeper.Run(ctx, ticker.C)
	if c.DeploymentName != "" {
		go tellVersion(ctx, c.Deployment, s)
	}

	select {
	case <-ctx.Done():
		log.InfoContext(ctx, "the worker stops", "within", c.ShutdownTimeout.String())
		return nil
	case err := <-p.fatal:
		return fmt.Errorf("the worker cannot go on: %w", err)
	}
}

func newSteps(c config.Worker, s *services) (*activities.Sync, error) {
	options := github.Options{
		BaseURL: c.GitHubURL, Token: c.GitHubToken, UserAgent: "holdfast/" + version,
		Gate: budget.NewGate(c.GitHubInFlight, time.Now), Now: time.Now, Scale: c.TimeScale,
		MeterProvider: s.telemetry.MeterProvider,
	}
	if s.telemetry.Tracing {
		options.TracerProvider = s.telemetry.TracerProvider
	}
	asks, err := github.New(options)
	if err != nil {
		return nil, fmt.Errorf("GITHUB_API_URL: %w", err)
	}
	collections := collection.NewRegistry()
	metrics, err := activities.NewMetrics(s.telemetry.MeterProvider, collections)
	if err != nil {
		return nil, err
	}
	return &activities.Sync{
		Store: s.store, GitHub: asks, Collections: collections, Publisher: s.publisher,
		Logger: s.log, Now: time.Now, Bounds: activities.DefaultBounds(), Metrics: metrics,
	}, nil
}

// awaitTemporal waits until Temporal answers and the namespace has what
// operations need, saying what it waits for.
func awaitTemporal(ctx context.Context, s *services, namespace string) error {
	for {
		err := workflows.EnsureSearchAttributes(ctx, s.temporal, namespace)
		if err == nil {
			return nil
		}
		s.log.WarnContext(ctx, "waiting for Temporal", "error", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(temporalBackoff):
		}
	}
}
