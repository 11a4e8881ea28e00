package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// Key is a key of the API, without what it is made of.
type Key struct {
	ID           string     `json:"id"`
	Name         string     `json:"name"`
	Hint         string     `json:"hint"`
	Role         string     `json:"role"`
	Repositories []string   `json:"repositories"`
	CreatedBy    string     `json:"created_by"`
	CreatedAt    time.Time  `json:"created_at"`
	ExpiresAt    *time.Time `json:"expires_at,omitempty"`
	LastUsedAt   *time.Time `json:"last_used_at,omitempty"`
	RevokedAt    *time.Time `json:"revoked_at,omitempty"`
	RevokedBy    string     `json:"revoked_by,omitempty"`
}

// CreatedKey is a new key with what it is made of.
type CreatedKey struct {
	Key
	Secret string `json:"secret"`
}

// KeyRequest asks for a key.
type KeyRequest struct {
	Name         string     `json:"name"`
	Role         string     `json:"role"`
	Repositories []string   `json:"repositories,omitempty"`
	ExpiresAt    *time.Time `json:"expires_at,omitempty"`
}

// Keys lists all keys by name, those that were revoked last.
func (c *Client) Keys(ctx context.Context) ([]Key, error) {
	var page struct {
		Keys []Key `json:"keys"`
	}
	if err := c.do(ctx, http.MethodGet, "/v1/keys", nil, nil, &page); err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	return page.Keys, nil
}

// CreateKey makes a key.
func (c *Client) CreateKey(ctx context.Context, r KeyRequest) (made CreatedKey, err error) {
	if err := c.send(ctx, http.MethodPost, "/v1/keys", r, &made); err != nil {
		return made, fmt.Errorf("make the key: %w", err)
	}
	return made, nil
}

// RevokeKey has the key of that id be refused.
func (c *Client) RevokeKey(ctx context.Context, id string) error {
	if err := c.do(ctx, http.MethodDelete, "/v1/keys/"+url.PathEscape(id), nil, nil, nil); err != nil {
		return fmt.Errorf("revoke key %s: %w", id, err)
	}
	return nil
}
