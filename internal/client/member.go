package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// Member is a person whom a workspace lets in.
type Member struct {
	ID           string     `json:"id"`
	Login        string     `json:"login"`
	Name         string     `json:"name,omitempty"`
	Email        string     `json:"email,omitempty"`
	Role         string     `json:"role"`
	Repositories []string   `json:"repositories"`
	GitHubID     *int64     `json:"github_id,omitempty"`
	DisabledAt   *time.Time `json:"disabled_at,omitempty"`
	CreatedBy    string     `json:"created_by"`
	CreatedAt    time.Time  `json:"created_at"`
	UpdatedAt    time.Time  `json:"updated_at"`
}

// MemberRequest asks for a person to be let in.
type MemberRequest struct {
	Login        string   `json:"login"`
	Name         string   `json:"name,omitempty"`
	Email        string   `json:"email,omitempty"`
	Role         string   `json:"role"`
	Repositories []string `json:"repositories,omitempty"`
}

// MemberChange is a change; what is nil stays as it is.
type MemberChange struct {
	Role         *string   `json:"role,omitempty"`
	Repositories *[]string `json:"repositories,omitempty"`
}

// Invitation is a code by which a member signs in once.
type Invitation struct {
	Member    Member    `json:"member"`
	Code      string    `json:"code"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Workspace is what operations, connections and members belong to.
type Workspace struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
}

// WorkspaceRequest asks for a workspace with its first administrator.
type WorkspaceRequest struct {
	Name  string         `json:"name"`
	Admin WorkspaceAdmin `json:"admin"`
}

// WorkspaceAdmin is the first member of a workspace.
type WorkspaceAdmin struct {
	Login string `json:"login"`
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
}

// CreatedWorkspace is a new workspace with the code of its first administrator.
type CreatedWorkspace struct {
	Workspace
	Invitation Invitation `json:"invitation"`
}

// Members lists all members by login.
func (c *Client) Members(ctx context.Context) ([]Member, error) {
	var page struct {
		Members []Member `json:"members"`
	}
	if err := c.do(ctx, http.MethodGet, "/v1/members", nil, nil, &page); err != nil {
		return nil, fmt.Errorf("list members: %w", err)
	}
	return page.Members, nil
}

// AddMember lets a person in.
func (c *Client) AddMember(ctx context.Context, r MemberRequest) (m Member, err error) {
	if err := c.send(ctx, http.MethodPost, "/v1/members", r, &m); err != nil {
		return m, fmt.Errorf("add the member: %w", err)
	}
	return m, nil
}

// ChangeMember changes what the member of that id may do.
func (c *Client) ChangeMember(ctx context.Context, id string, change MemberChange) (m Member, err error) {
	if err := c.send(ctx, http.MethodPatch, "/v1/members/"+url.PathEscape(id), change, &m); err != nil {
		return m, fmt.Errorf("change the member: %w", err)
	}
	return m, nil
}

// RemoveMember lets the member of that id in no more.
func (c *Client) RemoveMember(ctx context.Context, id string) error {
	if err := c.do(ctx, http.MethodDelete, "/v1/members/"+url.PathEscape(id), nil, nil, nil); err != nil {
		return fmt.Errorf("remove the member: %w", err)
	}
	return nil
}

// InviteMember makes a code by which the member of that id signs in.
func (c *Client) InviteMember(ctx context.Context, id string) (made Invitation, err error) {
	if err := c.do(ctx, http.MethodPost, "/v1/members/"+url.PathEscape(id)+"/invitations", nil, nil, &made); err != nil {
		return made, fmt.Errorf("invite the member: %w", err)
	}
	return made, nil
}

// Workspaces lists all workspaces by name.
func (c *Client) Workspaces(ctx context.Context) ([]Workspace, error) {
	var page struct {
		Workspaces []Workspace `json:"workspaces"`
	}
	if err := c.do(ctx, http.MethodGet, "/v1/workspaces", nil, nil, &page); err != nil {
		return nil, fmt.Errorf("list workspaces: %w", err)
	}
	return page.Workspaces, nil
}

// CreateWorkspace makes a workspace.
func (c *Client) CreateWorkspace(ctx context.Context, r WorkspaceRequest) (made CreatedWorkspace, err error) {
	if err := c.send(ctx, http.MethodPost, "/v1/workspaces", r, &made); err != nil {
		return made, fmt.Errorf("make the workspace: %w", err)
	}
	return made, nil
}
