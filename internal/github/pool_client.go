package github

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/holdfast/holdfast/internal/budget"
	"github.com/holdfast/holdfast/internal/connection"
)

// open makes the client of a connection. What is wrong with its secrets is said
// wherever the client would be used.
func (p *Pool) open(w *workspace, h connection.Held) *entry {
	e := &entry{account: AccountOf(h.Connection), turn: make(chan struct{}, 1)}
	o := Options{
		BaseURL: h.BaseURL, Connection: h.ID, UserAgent: p.o.UserAgent, Transport: p.o.Transport,
		Now: p.o.Now, Scale: p.o.Scale, TracerProvider: p.o.TracerProvider, MeterProvider: p.o.MeterProvider,
		Refused: func(ctx context.Context, reason string) { p.refused(ctx, w, e, reason) },
	}
	if err := p.connect(e, h, o); err != nil {
		e.client, e.app, e.broken = nil, nil, err.Error()
	}
	return e
}

func (p *Pool) connect(e *entry, h connection.Held, o Options) (err error) {
	if h.Unreadable != "" {
		return errors.New(h.Unreadable)
	}
	switch h.Kind {
	case connection.KindApp:
		key, err := ParsePrivateKey(h.Secrets.PrivateKey)
		if err != nil {
			return fmt.Errorf("Its private key cannot be used: %w.", err) //nolint:revive,staticcheck // a sentence for people
		}
		asApp := o
		asApp.Account, asApp.Refused = p.account(appAccount(h.Connection)), nil
		if e.app, err = NewApp(asApp, h.AppID, key); err != nil {
			return err
		}
		o.Credential = NewInstallation(e.app, h.InstallationID, h.ID, p.o.Tokens)
	case connection.KindToken:
		if h.Secrets.Token == "" {
			return errors.New("It has no token.") //nolint:revive,staticcheck // a sentence for people
		}
		o.Credential = StaticToken(h.Secrets.Token)
	case connection.KindAnonymous:
		// GitHub's 401 to who shows nothing refuses no credential.
		o.Credential, o.Refused = Anonymous(), nil
	}
	o.Account = p.account(e.account)
	e.client, err = New(o)
	return err
}

// account is the budget's account with that id, which probes by whichever client asks
// for it at the time.
func (p *Pool) account(id string) *budget.Account {
	return p.o.Ledger.Account(id, func(ctx context.Context) (budget.Rates, error) {
		client := p.anyOf(id)
		if client == nil {
			return nil, &CredentialError{Reason: "No connection asks for the account any more."}
		}
		return client.Rates(ctx)
	})
}

// anyOf is a client of the account, one that GitHub accepts if there is one.
func (p *Pool) anyOf(account string) *Client {
	p.mu.Lock()
	workspaces := make([]*workspace, 0, len(p.workspaces))
	for _, w := range p.workspaces {
		workspaces = append(workspaces, w)
	}
	p.mu.Unlock()
	var found *Client
	for _, w := range workspaces {
		client, fit := w.anyOf(account, p.o.Now())
		if fit {
			return client
		}
		if client != nil {
			found = client
		}
	}
	return found
}

func (w *workspace) anyOf(account string, now time.Time) (found *Client, fit bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.entries {
		switch {
		case e.app != nil && appAccount(e.held.Connection) == account:
			return e.app, true
		case e.client == nil || e.account != account:
		case e.fit(now):
			return e.client, true
		default:
			found = e.client
		}
	}
	return found, false
}

// wish tells the accounts what the connections want of them now, and that those which
// are gone, or turned out to be another account's, want nothing any more.
func (p *Pool) wish(workspaceID string, before, after map[string]*entry) {
	for id, e := range before {
		if now := after[id]; e.client != nil && (now == nil || now.client == nil || now.account != e.account) {
			e.client.account.SetPolicy(budget.Policy{Connection: workspaceID + "/" + id})
		}
	}
	for id, e := range after {
		if e.client != nil {
			e.client.account.SetPolicy(budget.Policy{
				Connection: workspaceID + "/" + id, InFlight: e.held.InFlight,
				Reserve: budget.Reserve{Percent: e.held.Reserve.Percent, Requests: e.held.Reserve.Requests},
			})
		}
	}
}

// AccountOf is what GitHub's limits of a connection are counted on, as far as is known:
// GitHub counts all tokens of a user together, and each installation of an App apart.
func AccountOf(c connection.Connection) string {
	switch {
	case c.Kind == connection.KindAnonymous:
		return "anonymous@" + hostOf(c.BaseURL)
	case c.Kind == connection.KindApp:
		return fmt.Sprintf("installation:%d@%s", c.InstallationID, hostOf(c.BaseURL))
	case c.Account != "":
		return c.Account
	default:
		return "connection:" + c.ID + "@" + hostOf(c.BaseURL)
	}
}

// appAccount is what the requests of an App as itself are counted on.
func appAccount(c connection.Connection) string {
	return fmt.Sprintf("app:%d@%s", c.AppID, hostOf(c.BaseURL))
}

func hostOf(baseURL string) string {
	u, err := url.Parse(baseURL)
	if err != nil {
		return ""
	}
	return u.Host
}
