package main

import (
	"context"
	"time"

	"github.com/holdfast/holdfast/internal/budget"
	"github.com/holdfast/holdfast/internal/connection"
	"github.com/holdfast/holdfast/internal/github"
)

// checkNew asks GitHub about a connection that is kept nowhere, apart from the pool: what
// is learned of it, and the way to ask with it, end with the question. Its ledger counts on
// the same budgets as everybody's.
func (a *asking) checkNew(ctx context.Context, n connection.New) (github.Check, error) {
	counting := a.ledgerOptions
	counting.MeterProvider = nil // the gauges are of the ledger that stays
	ledger, err := budget.NewLedger(counting)
	if err != nil {
		return github.Check{}, err
	}
	defer ledger.Close()
	options := a.poolOptions
	options.Connections, options.Tokens, options.Ledger = candidate(n), unkept{}, ledger
	return github.NewPool(options).Check(ctx, n.WorkspaceID, n.ID)
}

// candidate is the one connection of a pool that nobody else asks with.
type candidate connection.New

// Connections is it alone. What it shall leave to others counts once it is kept.
func (c candidate) Connections(context.Context, string) ([]connection.Held, error) {
	return []connection.Held{{
		Connection: connection.Connection{
			ID: c.ID, WorkspaceID: c.WorkspaceID, Name: c.Name, Kind: c.Kind, BaseURL: c.BaseURL,
			AppID: c.AppID, InstallationID: c.InstallationID, State: connection.StateUnchecked,
		},
		Secrets: c.Secrets,
	}}, nil
}

// Accept notes nothing: the check's answer tells.
func (candidate) Accept(context.Context, string, int64, string, string) error { return nil }

// Refuse notes nothing: the check's answer tells.
func (candidate) Refuse(context.Context, string, int64, string) error { return nil }

// Look never has it tried again.
func (candidate) Look(context.Context, string, int64, time.Duration) (bool, error) { return false, nil }

// unkept makes the tokens of an installation and keeps none: the pool's own is enough.
type unkept struct{}

// InstallationToken is a new token.
func (unkept) InstallationToken(ctx context.Context, _ string, _ int64, renew func(context.Context) (string, time.Time, error)) (string, time.Time, error) {
	return renew(ctx)
}

// ForgetInstallationToken has nothing to forget.
func (unkept) ForgetInstallationToken(context.Context, string, time.Time) error { return nil }
