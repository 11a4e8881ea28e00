package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/workflows"
)

// What bounds a worker process: its memory, its processor time and how long it waits
// for database connections.
const (
	// stepsAtOnce is how many steps of one task queue run at once.
	stepsAtOnce = 20
	// urgentAtOnce is how many of those run besides that somebody or something waits for.
	urgentAtOnce = 10
	// decisionsAtOnce is how many workflows decide at once what happens next.
	decisionsAtOnce = 20
	// pollersOfKind is how many requests for work of one kind are open.
	pollersOfKind = 2
	// cachedWorkflows is how many workflows are kept in memory between two decisions.
	// Others are read again from their histories, which are short.
	cachedWorkflows = 1000
	// handBackTime is how long before the end of the time to stop the steps that still
	// run are ended and given back to Temporal: a third of the time, at most this.
	handBackTime = 5 * time.Second
)

// pollers are the Temporal workers of a process, one for each task queue. They start
// and stop together.
type pollers struct {
	workers []worker.Worker
	endStep context.CancelCauseFunc // ends the steps' context
	fatal   chan error
}

func newPollers(ctx context.Context, c config.Worker, temporal client.Client, steps *activities.Sync, about *activities.Deliveries, interceptors ...interceptor.WorkerInterceptor) *pollers {
	p := &pollers{fatal: make(chan error, len(workflows.TaskQueues()))}
	options := worker.Options{
		WorkerStopTimeout:                       c.ShutdownTimeout,
		DisableRegistrationAliasing:             true,
		MaxConcurrentActivityExecutionSize:      stepsAtOnce,
		MaxConcurrentWorkflowTaskExecutionSize:  decisionsAtOnce,
		MaxConcurrentLocalActivityExecutionSize: 1, // there are none
		MaxConcurrentActivityTaskPollers:        pollersOfKind,
		MaxConcurrentWorkflowTaskPollers:        pollersOfKind,
		OnFatalError:                            func(err error) { p.fatal <- err },
		Interceptors:                            append([]interceptor.WorkerInterceptor{activities.NewHandBack()}, interceptors...),
		DeploymentOptions:                       deploymentOptions(c),
	}
	// Steps outlive the signal to stop: they end by themselves, or when endStep says so.
	options.BackgroundActivityContext, p.endStep = context.WithCancelCause(context.WithoutCancel(ctx))
	worker.SetStickyWorkflowCacheSize(cachedWorkflows)
	flow := worker.New(temporal, workflows.TaskQueue, options)
	workflows.Register(flow)
	activities.RegisterDatabase(flow, steps)
	options.DisableWorkflowWorker = true
	p.workers = []worker.Worker{flow}
	var asking []worker.ActivityRegistry
	for queue, slots := range map[string]int{workflows.GitHubTaskQueue: stepsAtOnce, workflows.UrgentTaskQueue: urgentAtOnce} {
		options.MaxConcurrentActivityExecutionSize = slots
		w := worker.New(temporal, queue, options)
		activities.RegisterGitHub(w, steps)
		p.workers, asking = append(p.workers, w), append(asking, w)
	}
	activities.RegisterDeliveries(about, flow, asking...)
	return p
}

// deploymentOptions are what worker versioning needs, and nothing without a
// deployment's name. Running workflows move to the build that is promoted: each
// build replays the histories of those before it in its tests, and a build whose
// workers have gone would otherwise leave its workflows behind.
func deploymentOptions(c config.Worker) worker.DeploymentOptions {
	if c.DeploymentName == "" {
		return worker.DeploymentOptions{}
	}
	return worker.DeploymentOptions{
		UseVersioning:             true,
		Version:                   worker.WorkerDeploymentVersion{DeploymentName: c.DeploymentName, BuildID: buildID(c.Deployment)},
		DefaultVersioningBehavior: workflow.VersioningBehaviorAutoUpgrade,
	}
}

// buildID is the build's id for Temporal: the operator's, or the binary's version.
func buildID(c config.Deployment) string {
	if c.BuildID != "" {
		return c.BuildID
	}
	return version
}

// start starts all or none.
func (p *pollers) start() error {
	for i, w := range p.workers {
		if err := w.Start(); err != nil {
			for _, started := range p.workers[:i] {
				started.Stop()
			}
			return fmt.Errorf("start the worker: %w", err)
		}
	}
	return nil
}

// stop takes no more work and waits for the steps in flight. Those that have not
// ended shortly before the time is over are given back to Temporal, so that another
// worker has them at once; those that do not even end then are left alone. It tells
// whether all have ended.
func (p *pollers) stop(within time.Duration) bool {
	stops := make([]func(), len(p.workers))
	for i, w := range p.workers {
		stops[i] = w.Stop
	}
	return drain(stops, p.endStep, within)
}

// drain runs the stops side by side and waits for them.
func drain(stops []func(), endStep context.CancelCauseFunc, within time.Duration) bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		var group sync.WaitGroup
		for _, stop := range stops {
			group.Go(stop)
		}
		group.Wait()
	}()
	defer endStep(activities.ErrWorkerStops)
	handBack := time.NewTimer(within - min(handBackTime, within/3))
	defer handBack.Stop()
	end := time.NewTimer(within)
	defer end.Stop()
	for {
		select {
		case <-done:
			return true
		case <-handBack.C:
			endStep(activities.ErrWorkerStops)
		case <-end.C:
			return false
		}
	}
}
