package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/delivery"
	"github.com/holdfast/holdfast/internal/figure"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/workflows"
)

const (
	sweepInterval = 15 * time.Second
	keepInterval  = time.Hour // of the months of changes
	// workspaceInterval is how often a worker looks for workspaces that are new.
	workspaceInterval = time.Minute
	temporalBackoff   = time.Second
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
	asks, err := s.gitHub(c.GitHub)
	if err != nil {
		return err
	}
	environment, err := newCredentials(c.GitHub, c.WebhookHook, s)
	if err != nil {
		return err
	}
	asks.connections.due.Store(environment)
	steps, err := newSteps(c, s, asks.pool)
	if err != nil {
		return err
	}
	about, err := newDeliveries(s, asks, steps)
	if err != nil {
		return err
	}
	defer keepConnections(ctx, asks.connections, log)()
	figures := figure.Options{Source: s.store, Logger: log, Now: time.Now, Reasons: activities.WaitReasons(), Policy: operation.SweepPolicy{Every: c.SweepEvery}}
	if err := figure.Register(s.telemetry.MeterProvider, figures); err != nil {
		return err
	}
	if err := awaitTemporal(ctx, s, c); err != nil {
		return err
	}
	p := newPollers(ctx, c, s.temporal, steps, about, activities.NewInterceptor(log))
	if err := p.start(); err != nil {
		return err
	}
	defer func() {
		if !p.stop(c.ShutdownTimeout) {
			log.WarnContext(ctx, "steps have not ended in time and are left to other workers", "within", c.ShutdownTimeout.String())
		}
	}()
	up()
	log.InfoContext(ctx, "the worker is ready", "task_queues", workflows.TaskQueues(), "version", version)

	defer keepHouse(ctx, c, s)()
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

// keepHouse starts what every worker does beside its work, until ctx ends; stop frees
// its tickers.
func keepHouse(ctx context.Context, c config.Worker, s *services) (stop func()) {
	log, starter := s.log, workflows.NewStarter(s.temporal, c.Temporal.Namespace)
	ticker, picks, months := time.NewTicker(sweepInterval), time.NewTicker(sweepInterval), time.NewTicker(keepInterval)
	sweeper := &operation.Sweeper{Store: s.store, Workflows: starter, Publish: s.publisher.Publish, Logger: log}
	go sweeper.Run(ctx, ticker.C)
	picker := &delivery.Picker{Store: s.store, Watch: starter.Watch, Retention: c.DeliveryRetention, Logger: log}
	go picker.Run(ctx, picks.C)
	keeper := &operation.ChangeKeeper{Store: s.store, Retention: c.ChangesRetention, Logger: log}
	go keeper.Run(ctx, months.C)
	looks := time.NewTicker(workspaceInterval)
	go newScheduler(c, s).run(ctx, looks.C)
	return func() {
		looks.Stop()
		ticker.Stop()
		picks.Stop()
		months.Stop()
	}
}

func newSteps(c config.Worker, s *services, clients activities.Clients) (*activities.Sync, error) {
	collections := collection.NewRegistry()
	metrics, err := activities.NewMetrics(s.telemetry.MeterProvider, collections)
	if err != nil {
		return nil, err
	}
	return &activities.Sync{
		Store: s.store, Clients: clients, Collections: collections, Publisher: s.publisher,
		Logger: s.log, Now: time.Now, Bounds: activities.DefaultBounds(), Metrics: metrics, Scale: c.TimeScale,
	}, nil
}

// newDeliveries are the steps about webhook deliveries.
func newDeliveries(s *services, asks *asking, steps *activities.Sync) (*activities.Deliveries, error) {
	metrics, err := delivery.NewMetrics(s.telemetry.MeterProvider, steps.Collections)
	if err != nil {
		return nil, err
	}
	return &activities.Deliveries{
		Store: s.store, Clients: steps.Clients, Collections: steps.Collections, Metrics: metrics, Logger: s.log, Now: time.Now,
		Hooks: asks.connections.hooks,
	}, nil
}

// awaitTemporal waits until Temporal answers and the namespace has what
// operations need, saying what it waits for.
func awaitTemporal(ctx context.Context, s *services, c config.Worker) error {
	for {
		err := workflows.EnsureSearchAttributes(ctx, s.temporal, c.Temporal.Namespace)
		if err == nil {
			err = workflows.EnsureSchedules(ctx, s.temporal, schedulesOf(c, config.DefaultWorkspace))
		}
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
