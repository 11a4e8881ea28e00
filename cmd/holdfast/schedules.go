package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/workflows"
)

// schedulesOf is what runs by itself in a workspace.
func schedulesOf(c config.Worker, workspaceID string) workflows.Schedules {
	return workflows.Schedules{WorkspaceID: workspaceID, Sweep: c.SweepEvery, Refresh: c.RefreshEvery, Deliveries: c.DeliveriesEvery}
}

// scheduler has what runs by itself run in every workspace. Those that are made while a
// worker runs are found at its next look.
type scheduler struct {
	list   func(context.Context) ([]operation.Workspace, error)
	ensure func(ctx context.Context, workspaceID string) error
	log    *slog.Logger
	done   map[string]bool // workspaces whose schedules are as they should be
}

func newScheduler(c config.Worker, s *services) *scheduler {
	return &scheduler{
		list: s.store.Workspaces,
		ensure: func(ctx context.Context, workspaceID string) error {
			return workflows.EnsureSchedules(ctx, s.temporal, schedulesOf(c, workspaceID))
		},
		log: s.log, done: map[string]bool{config.DefaultWorkspace: true}, // awaitTemporal has seen to that one
	}
}

// run looks now and whenever ticks says, until ctx ends.
func (k *scheduler) run(ctx context.Context, ticks <-chan time.Time) {
	for {
		if err := k.look(ctx); err != nil && ctx.Err() == nil {
			k.log.WarnContext(ctx, "a workspace's schedules are not prepared yet", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticks:
		}
	}
}

// look prepares the schedules of workspaces that it has not seen.
func (k *scheduler) look(ctx context.Context) error {
	all, err := k.list(ctx)
	if err != nil {
		return fmt.Errorf("list the workspaces: %w", err)
	}
	for _, w := range all {
		if k.done[w.ID] {
			continue
		}
		if err := k.ensure(ctx, w.ID); err != nil {
			return fmt.Errorf("prepare the schedules of the workspace %s: %w", w.ID, err)
		}
		k.done[w.ID] = true
	}
	return nil
}
