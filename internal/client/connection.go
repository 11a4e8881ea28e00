package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// Connection is a GitHub credential of a workspace, without its secrets.
type Connection struct {
	ID             string    `json:"id"`
	Name           string    `json:"name"`
	Kind           string    `json:"kind"`
	Source         string    `json:"source"`
	BaseURL        string    `json:"base_url"`
	Repositories   []string  `json:"repositories"`
	AppID          int64     `json:"app_id,omitempty"`
	InstallationID int64     `json:"installation_id,omitempty"`
	Reserve        *Reserve  `json:"reserve,omitempty"`
	InFlight       int       `json:"in_flight,omitempty"`
	Account        string    `json:"account,omitempty"`
	Login          string    `json:"login,omitempty"`
	State          string    `json:"state"`
	StateReason    string    `json:"state_reason,omitempty"`
	StateSince     time.Time `json:"state_since"`
	// CheckedAt is nil until GitHub was asked.
	CheckedAt *time.Time `json:"checked_at,omitempty"`
	Webhook   *struct {
		Hook      string `json:"hook,omitempty"`
		HasSecret bool   `json:"has_secret"`
	} `json:"webhook,omitempty"`
	Version   int64     `json:"version"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`

	Check *ConnectionCheck `json:"check,omitempty"` // of one that was just made
}

// Reserve is what is left for other tools: one of both.
type Reserve struct {
	Percent  *float64 `json:"percent,omitempty"`
	Requests *int64   `json:"requests,omitempty"`
}

// Rate is one of GitHub's hourly limits.
type Rate struct {
	Resource  string     `json:"resource"`
	Limit     int64      `json:"limit"`
	Remaining int64      `json:"remaining"`
	ResetAt   *time.Time `json:"reset_at,omitempty"`
}

// ConnectionCheck is what GitHub says of a connection's credential.
type ConnectionCheck struct {
	State               string            `json:"state"`
	Reason              string            `json:"reason,omitempty"`
	CheckedAt           time.Time         `json:"checked_at"`
	Account             string            `json:"account,omitempty"`
	Login               string            `json:"login,omitempty"`
	App                 string            `json:"app,omitempty"`
	Scopes              []string          `json:"scopes,omitempty"`
	ScopesKnown         bool              `json:"scopes_known"`
	Permissions         map[string]string `json:"permissions,omitempty"`
	ExpiresAt           *time.Time        `json:"expires_at,omitempty"`
	RepositorySelection string            `json:"repository_selection,omitempty"`
	Repositories        *int64            `json:"repositories,omitempty"`
	Limits              []Rate            `json:"limits"`
	Unreadable          []struct {
		Collection string `json:"collection"`
		Reason     string `json:"reason"`
	} `json:"unreadable"`
	Notes []string `json:"notes,omitempty"`
}

// ConnectionRequest asks for a connection, or for a change of one: what is nil or empty
// is left out, and of a change stays as it is. It holds secrets: it is not to be logged.
type ConnectionRequest struct {
	Name         *string         `json:"name,omitempty"`
	Token        string          `json:"token,omitempty"`
	App          *AppRequest     `json:"app,omitempty"`
	BaseURL      string          `json:"base_url,omitempty"`
	Repositories *[]string       `json:"repositories,omitempty"`
	Reserve      *Reserve        `json:"reserve,omitempty"`
	InFlight     int             `json:"in_flight,omitempty"`
	Webhook      *WebhookRequest `json:"webhook,omitempty"`
	Check        *bool           `json:"check,omitempty"`    // of a new one only
	Disabled     *bool           `json:"disabled,omitempty"` // of a change only
}

// AppRequest is an installation of a GitHub App.
type AppRequest struct {
	ID             int64  `json:"id,omitempty"`
	InstallationID int64  `json:"installation_id,omitempty"`
	PrivateKey     string `json:"private_key,omitempty"`
}

// WebhookRequest is how deliveries are verified and recovered; an empty text: not at all.
type WebhookRequest struct {
	Hook           *string `json:"hook,omitempty"`
	Secret         *string `json:"secret,omitempty"`
	PreviousSecret *string `json:"previous_secret,omitempty"`
}

// Connections lists all connections, by name.
func (c *Client) Connections(ctx context.Context) ([]Connection, error) {
	var page struct {
		Connections []Connection `json:"connections"`
	}
	if err := c.do(ctx, http.MethodGet, "/v1/connections", nil, nil, &page); err != nil {
		return nil, fmt.Errorf("list connections: %w", err)
	}
	return page.Connections, nil
}

// FindConnection is the connection of that id or name.
func (c *Client) FindConnection(ctx context.Context, which string) (Connection, error) {
	all, err := c.Connections(ctx)
	if err != nil {
		return Connection{}, err
	}
	// A name may look like an id.
	i := slices.IndexFunc(all, func(one Connection) bool { return one.ID == which })
	if i < 0 {
		i = slices.IndexFunc(all, func(one Connection) bool { return one.Name == which })
	}
	if i >= 0 {
		return all[i], nil
	}
	return Connection{}, fmt.Errorf("there is no connection %q; `holdfast connections list` lists them", which)
}

// CreateConnection adds a credential.
func (c *Client) CreateConnection(ctx context.Context, r ConnectionRequest) (made Connection, err error) {
	if err := c.send(ctx, http.MethodPost, "/v1/connections", r, &made); err != nil {
		return made, fmt.Errorf("make the connection: %w", err)
	}
	return made, nil
}

// ChangeConnection changes the connection of that id.
func (c *Client) ChangeConnection(ctx context.Context, id string, r ConnectionRequest) (changed Connection, err error) {
	if err := c.send(ctx, http.MethodPatch, "/v1/connections/"+url.PathEscape(id), r, &changed); err != nil {
		return changed, fmt.Errorf("change connection %s: %w", id, err)
	}
	return changed, nil
}

// DeleteConnection forgets the connection of that id and its secrets.
func (c *Client) DeleteConnection(ctx context.Context, id string) error {
	if err := c.do(ctx, http.MethodDelete, "/v1/connections/"+url.PathEscape(id), nil, nil, nil); err != nil {
		return fmt.Errorf("delete connection %s: %w", id, err)
	}
	return nil
}

// CheckConnection asks GitHub about the connection of that id.
func (c *Client) CheckConnection(ctx context.Context, id string) (check ConnectionCheck, err error) {
	if err := c.do(ctx, http.MethodPost, "/v1/connections/"+url.PathEscape(id)+"/check", nil, nil, &check); err != nil {
		return check, fmt.Errorf("check connection %s: %w", id, err)
	}
	return check, nil
}

// send sends a request with a JSON body.
func (c *Client) send(ctx context.Context, method, path string, body, out any) error {
	encoded, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode the request: %w", err)
	}
	return c.do(ctx, method, path, http.Header{"Content-Type": {"application/json"}}, encoded, out)
}
