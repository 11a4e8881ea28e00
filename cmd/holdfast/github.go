package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast/holdfast/internal/budget"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/connection"
	"github.com/holdfast/holdfast/internal/delivery"
	"github.com/holdfast/holdfast/internal/github"
	"github.com/holdfast/holdfast/store"
)

const (
	// describeAgain is how long to wait before the environment's connection is written
	// again, where the database did not take it.
	describeAgain = time.Second
	// resealEvery is how often secrets are looked for that another key encrypts.
	resealEvery = time.Hour
)

// asking is how a process asks GitHub: with the connections of all workspaces, on budgets
// that it shares with all processes. It is made when it is first wanted.
type asking struct {
	mu          sync.Mutex
	ledger      *budget.Ledger // nil: it was not wanted yet
	connections *described
	pool        *github.Pool

	// What ledger and pool were made with.
	ledgerOptions budget.Options
	poolOptions   github.PoolOptions
}

// gitHub is how the process asks GitHub, the same for all its parts. Nothing needs to be
// reachable yet.
func (s *services) gitHub(c config.GitHub) (*asking, error) {
	a := &s.asking
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ledger != nil {
		return a, nil
	}
	credentials, err := newCredentials(c, "", s)
	if err != nil {
		return nil, err
	}
	a.ledgerOptions = budget.Options{
		Redis: s.redis, Now: time.Now, Scale: c.TimeScale, Logger: s.log, MeterProvider: s.telemetry.MeterProvider,
	}
	ledger, err := budget.NewLedger(a.ledgerOptions)
	if err != nil {
		return nil, err
	}
	a.ledger, a.connections = ledger, &described{Credentials: credentials}
	a.poolOptions = github.PoolOptions{
		Connections: a.connections, Tokens: credentials, Ledger: ledger, UserAgent: "holdfast/" + version,
		Transport: github.NewTransport(), Now: time.Now, Scale: c.TimeScale, Logger: s.log, MeterProvider: s.telemetry.MeterProvider,
	}
	if s.telemetry.Tracing {
		a.poolOptions.TracerProvider = s.telemetry.TracerProvider
	}
	a.pool = github.NewPool(a.poolOptions)
	return a, nil
}

func (a *asking) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ledger != nil {
		a.ledger.Close()
	}
}

// newCredentials are the connections of all workspaces with what they keep secret, the
// environment's among them.
func newCredentials(c config.GitHub, hook string, s *services) (*store.Credentials, error) {
	url, err := c.NormalizeGitHubURL("")
	if err != nil {
		return nil, fmt.Errorf("GITHUB_API_URL: %w", err)
	}
	percent, requests, err := c.Reserve()
	if err != nil {
		return nil, err
	}
	keys, err := c.SealingKeys()
	if err != nil {
		return nil, err
	}
	credentials := &store.Credentials{Store: s.store, Now: time.Now, Environment: store.Environment{
		ID: config.DefaultConnection, WorkspaceID: config.DefaultWorkspace, BaseURL: url, InFlight: c.GitHubInFlight, Hook: hook,
		Reserve: connection.Reserve{Percent: percent, Requests: requests}, Secrets: connection.Secrets{Token: c.GitHubToken},
	}}
	if keys != nil {
		credentials.Sealer = keys
	}
	return credentials, nil
}

// described are the connections of all workspaces. In a worker they are not read before
// the environment's is among them as the worker's environment describes it.
type described struct {
	*store.Credentials
	due atomic.Pointer[store.Credentials] // that describe the environment's; nil: nothing is to be written
}

// Connections lists a workspace's connections with their secrets.
func (d *described) Connections(ctx context.Context, workspaceID string) ([]connection.Held, error) {
	if err := d.describe(ctx); err != nil {
		return nil, err
	}
	return d.Credentials.Connections(ctx, workspaceID)
}

// describe writes the environment's connection, if that is to be done.
func (d *described) describe(ctx context.Context) error {
	environment := d.due.Load()
	if environment == nil {
		return nil
	}
	if err := environment.Describe(ctx); err != nil {
		return err
	}
	d.due.CompareAndSwap(environment, nil)
	return nil
}

// keepConnections writes the environment's connection as soon as the database takes it,
// and sees to it that secrets are encrypted with the present key. It does so until ctx
// ends, or stop is called.
func keepConnections(ctx context.Context, d *described, log *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ticker := time.NewTicker(resealEvery)
	go func() {
		defer ticker.Stop()
		d.keep(ctx, log, ticker.C)
	}()
	return cancel
}

func (d *described) keep(ctx context.Context, log *slog.Logger, ticks <-chan time.Time) {
	for {
		err := d.describe(ctx)
		if err == nil {
			break
		}
		log.WarnContext(ctx, "the environment's connection is not known yet", "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(describeAgain):
		}
	}
	for {
		d.reseal(ctx, log)
		select {
		case <-ctx.Done():
			return
		case <-ticks:
		}
	}
}

// reseal encrypts all secrets with the present key.
func (d *described) reseal(ctx context.Context, log *slog.Logger) {
	for {
		resealed, unreadable, err := d.Reseal(ctx)
		switch {
		case err != nil:
			log.WarnContext(ctx, "secrets of connections could not be encrypted anew", "error", err)
		case resealed > 0: // there may be more
			log.InfoContext(ctx, "secrets of connections were encrypted with the present key", "secrets", resealed)
			continue
		case unreadable > 0:
			log.WarnContext(ctx, "secrets of connections cannot be read: HOLDFAST_SECRETS_KEYSET lacks their key", "secrets", unreadable)
		}
		return
	}
}

// hooks are a workspace's hooks: those of its connections that are not switched off.
func (d *described) hooks(ctx context.Context, workspaceID string) ([]delivery.Hook, error) {
	if err := d.describe(ctx); err != nil {
		return nil, err
	}
	all, err := (&store.Connections{Store: d.Store}).Connections(ctx, workspaceID)
	if err != nil {
		return nil, err
	}
	var hooks []delivery.Hook
	for _, c := range all {
		if c.Webhook.Hook != "" && c.State != connection.StateDisabled {
			hooks = append(hooks, delivery.Hook{Connection: c.ID, WorkspaceID: c.WorkspaceID, Path: c.Webhook.Hook})
		}
	}
	return hooks, nil
}
