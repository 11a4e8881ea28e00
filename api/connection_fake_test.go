package api_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/holdfast/holdfast/api"
	"github.com/holdfast/holdfast/internal/connection"
	"github.com/holdfast/holdfast/internal/operation"
)

const (
	personalID = "0190a6c8-0000-7000-8000-00000000000a" // a token's connection
	appID      = "0190a6c8-0000-7000-8000-00000000000b" // an App's
	spareID    = "0190a6c8-0000-7000-8000-00000000000c" // one that a test may delete
	defaultID  = "default"                              // the environment's
)

// connected keeps connections in memory, in the place of Postgres, GitHub and Redis.
type connected struct {
	store *store // with the lock, and what everything fails with

	list     []connection.Connection
	created  []connection.New
	changed  []connection.Change
	check    connection.Check
	checkErr error
	checked  []string
	budgets  []connection.Budget
}

func newConnected(s *store) *connected {
	of := func(id, name string, kind connection.Kind, source string) connection.Connection {
		at := start.In(time.FixedZone("elsewhere", 3600))
		return connection.Connection{
			ID: id, WorkspaceID: workspace, Name: name, Kind: kind, Source: source, BaseURL: "https://api.github.com/",
			State: connection.StateUnchecked, StateSince: at, Version: 1, CreatedAt: at, UpdatedAt: at,
		}
	}
	installed := of(appID, "app", connection.KindApp, "api")
	installed.AppID, installed.InstallationID = 12, 34
	return &connected{
		store: s, check: connection.Check{State: connection.StateOK, At: start, Account: "user:7@api.github.com", Login: "octocat"},
		list: []connection.Connection{
			installed, of(defaultID, "default", connection.KindAnonymous, "environment"),
			of(personalID, "personal", connection.KindToken, "api"), of(spareID, "spare", connection.KindToken, "api"),
		},
	}
}

// rules accept one other GitHub, and one private key.
func rules() api.ConnectionRules {
	return api.ConnectionRules{
		BaseURL: func(given string) (string, error) {
			switch given {
			case "":
				return "https://api.github.com/", nil
			case "https://github.example.com/api/v3":
				return given + "/", nil
			}
			return "", errors.New("names a host that is not allowed")
		},
		PrivateKey: func(pem string) error {
			if pem == goodKey {
				return nil
			}
			return errors.New("the private key is none")
		},
	}
}

const goodKey = "-----BEGIN RSA PRIVATE KEY-----\nhidden\n"

// find is the place of a connection. The lock is held.
func (c *connected) find(workspaceID, id string) (int, error) {
	if c.store.err != nil {
		return 0, c.store.err
	}
	i := slices.IndexFunc(c.list, func(one connection.Connection) bool { return one.ID == id && one.WorkspaceID == workspaceID })
	if i < 0 {
		return 0, operation.NotFound("There is no such connection.")
	}
	return i, nil
}

func (c *connected) Connections(_ context.Context, workspaceID string) ([]connection.Connection, error) {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	if c.store.err != nil || workspaceID != workspace {
		return nil, c.store.err
	}
	list := slices.Clone(c.list)
	slices.SortFunc(list, func(a, b connection.Connection) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

func (c *connected) Connection(_ context.Context, workspaceID, id string) (connection.Connection, error) {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	i, err := c.find(workspaceID, id)
	if err != nil {
		return connection.Connection{}, err
	}
	return c.list[i], nil
}

func (c *connected) AdmitConnection(_ context.Context, n connection.New) error {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	return c.admit(n)
}

// admit refuses a name that is taken. The lock is held.
func (c *connected) admit(n connection.New) error {
	if slices.ContainsFunc(c.list, func(one connection.Connection) bool { return one.Name == n.Name }) {
		return operation.Conflict("The workspace has a connection of this name.")
	}
	return c.store.err
}

func (c *connected) CreateConnection(_ context.Context, n connection.New) (connection.Connection, error) {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	if err := c.admit(n); err != nil {
		return connection.Connection{}, err
	}
	c.created = append(c.created, n)
	state := connection.StateUnchecked
	if n.Accepted {
		state = connection.StateOK
	}
	made := connection.Connection{
		ID: n.ID, WorkspaceID: n.WorkspaceID, Name: n.Name, Kind: n.Kind, Source: "api", BaseURL: n.BaseURL, Repositories: n.Repositories,
		AppID: n.AppID, InstallationID: n.InstallationID, Reserve: n.Reserve, InFlight: n.InFlight, State: state, Account: n.Account, Login: n.Login,
		Webhook:    connection.Webhook{Hook: n.Hook, HasSecret: n.Secrets.WebhookSecret != ""},
		StateSince: start, Version: 1, CreatedAt: start, UpdatedAt: start,
	}
	c.list = append(c.list, made)
	return made, nil
}

func (c *connected) ChangeConnection(_ context.Context, workspaceID, id string, change connection.Change) (connection.Connection, error) {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	i, err := c.find(workspaceID, id)
	if err != nil {
		return connection.Connection{}, err
	}
	if c.list[i].Source != "api" {
		return connection.Connection{}, operation.Conflict("The environment describes this connection.")
	}
	if change.IfVersion != 0 && change.IfVersion != c.list[i].Version {
		return connection.Connection{}, operation.Changed("Somebody has changed it.")
	}
	c.changed = append(c.changed, change)
	c.list[i].Version++
	return c.list[i], nil
}

func (c *connected) DeleteConnection(_ context.Context, workspaceID, id string) error {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	i, err := c.find(workspaceID, id)
	if err != nil {
		return err
	}
	if c.list[i].Source != "api" {
		return operation.Conflict("The environment describes this connection.")
	}
	c.list = slices.Delete(slices.Clone(c.list), i, i+1)
	return nil
}

func (c *connected) Check(_ context.Context, workspaceID, id string) (connection.Check, error) {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	i, err := c.find(workspaceID, id)
	if err != nil {
		return connection.Check{}, err
	}
	c.checked = append(c.checked, id)
	if c.checkErr != nil {
		return connection.Check{}, c.checkErr
	}
	c.list[i].State, c.list[i].StateReason, c.list[i].Login = c.check.State, c.check.Reason, c.check.Login
	return c.check, nil
}

func (c *connected) CheckNew(_ context.Context, n connection.New) (connection.Check, error) {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	c.checked = append(c.checked, n.Name)
	if c.checkErr != nil {
		return connection.Check{}, c.checkErr
	}
	return c.check, nil
}

func (c *connected) Budgets(_ context.Context, workspaceID string) ([]connection.Budget, error) {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	if c.store.err != nil || workspaceID != workspace {
		return nil, c.store.err
	}
	return c.budgets, nil
}
