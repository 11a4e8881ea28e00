package client

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// Tokens are what a session goes on with.
type Tokens struct {
	AccessToken      string    `json:"access_token"`
	ExpiresIn        int       `json:"expires_in"` // in seconds
	RefreshToken     string    `json:"refresh_token"`
	SessionID        string    `json:"session_id"`
	SessionExpiresAt time.Time `json:"session_expires_at"`
	WorkspaceID      string    `json:"workspace_id"`
	Subject          string    `json:"subject"`
	Role             string    `json:"role"`
}

// Me is who asks, and what they may do.
type Me struct {
	Subject      string     `json:"subject"`
	Kind         string     `json:"kind"` // session, key or token
	WorkspaceID  string     `json:"workspace_id"`
	Role         string     `json:"role"`
	Repositories []string   `json:"repositories"`
	SessionID    string     `json:"session_id,omitempty"`
	ExpiresAt    *time.Time `json:"expires_at,omitempty"`
}

// AcceptInvitation begins a session with a code.
func (c *Client) AcceptInvitation(ctx context.Context, code string) (t Tokens, err error) {
	if err := c.send(ctx, http.MethodPost, "/v1/token", map[string]string{"grant_type": "invitation", "code": code}, &t); err != nil {
		return t, fmt.Errorf("sign in: %w", err)
	}
	return t, nil
}

// Refresh goes on with a session. The refresh token is good no more after it.
func (c *Client) Refresh(ctx context.Context, refreshToken string) (t Tokens, err error) {
	if err := c.send(ctx, http.MethodPost, "/v1/token", map[string]string{"grant_type": "refresh_token", "refresh_token": refreshToken}, &t); err != nil {
		return t, fmt.Errorf("go on with the session: %w", err)
	}
	return t, nil
}

// EndSession ends the session of a refresh token.
func (c *Client) EndSession(ctx context.Context, refreshToken string) error {
	if err := c.send(ctx, http.MethodPost, "/v1/token/revoke", map[string]string{"refresh_token": refreshToken}, nil); err != nil {
		return fmt.Errorf("sign out: %w", err)
	}
	return nil
}

// Me tells who asks.
func (c *Client) Me(ctx context.Context) (me Me, err error) {
	if err := c.do(ctx, http.MethodGet, "/v1/me", nil, nil, &me); err != nil {
		return me, fmt.Errorf("ask who this is: %w", err)
	}
	return me, nil
}
