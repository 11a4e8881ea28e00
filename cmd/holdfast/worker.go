package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/worker"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/internal/budget"
	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/github"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/workflows"
)

const (
	sweepInterval   = 15 * time.Second
	temporalBackoff = time.Second
	// stepsAtOnce bounds the steps of one kind that a worker runs at once, and with
	// them its memory and its wait for database connections.
	stepsAtOnce = 20
)

func newWorkerCommand(p process) *cobra.Command {
	return &cobra.Command{
		Use: "worker", Short: "Run the workflows and their steps", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.LoadWorker(p.env)
			if err != nil {
				return err
			}
			return runWorker(cmd.Context(), c, p.logger(c.LogLevel))
		},
	}
}

func runWorker(ctx context.Context, c config.Worker, log *slog.Logger) error {
	s, err := connect(ctx, c.Server, "holdfast worker", log)
	if err != nil {
		return err
	}
	defer s.close()
	steps, err := newSteps(c, s)
	if err != nil {
		return err
	}
	if err := awaitTemporal(ctx, s, c.Temporal.Namespace); err != nil {
		return err
	}
	fatal := make(chan error, 2)
	options := worker.Options{
		WorkerStopTimeout:                  c.ShutdownTimeout,
		DisableRegistrationAliasing:        true,
		MaxConcurrentActivityExecutionSize: stepsAtOnce,
		OnFatalError:                       func(err error) { fatal <- err },
	}
	flow := worker.New(s.temporal, workflows.TaskQueue, options)
	workflows.Register(flow)
	activities.RegisterDatabase(flow, steps)
	options.DisableWorkflowWorker = true
	asking := worker.New(s.temporal, workflows.GitHubTaskQueue, options)
	activities.RegisterGitHub(asking, steps)
	for _, w := range []worker.Worker{flow, asking} {
		if err := w.Start(); err != nil {
			return fmt.Errorf("start the worker: %w", err)
		}
		defer w.Stop()
	}
	log.InfoContext(ctx, "the worker is ready", "task_queues", []string{workflows.TaskQueue, workflows.GitHubTaskQueue}, "version", version)

	ticker := time.NewTicker(sweepInterval)
	defer ticker.Stop()
	sweeper := &operation.Sweeper{Store: s.store, Workflows: workflows.NewStarter(s.temporal), Publish: s.publisher.Publish, Logger: log}
	go sweeper.Run(ctx, ticker.C)

	select {
	case <-ctx.Done():
		log.InfoContext(ctx, "the worker stops", "within", c.ShutdownTimeout.String())
		return nil
	case err := <-fatal:
		return fmt.Errorf("the worker cannot go on: %w", err)
	}
}

func newSteps(c config.Worker, s *services) (*activities.Sync, error) {
	asks, err := github.New(github.Options{
		BaseURL: c.GitHubURL, Token: c.GitHubToken, UserAgent: "holdfast/" + version,
		Gate: budget.NewGate(c.GitHubInFlight, time.Now), Now: time.Now, Scale: c.TimeScale,
	})
	if err != nil {
		return nil, fmt.Errorf("GITHUB_API_URL: %w", err)
	}
	return &activities.Sync{
		Store: s.store, GitHub: asks, Collections: collection.NewRegistry(), Publisher: s.publisher,
		Logger: s.log, Now: time.Now, Bounds: activities.DefaultBounds(),
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
