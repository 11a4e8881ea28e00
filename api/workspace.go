package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/auth"
	"github.com/holdfast/holdfast/internal/operation"
)

// WorkspaceStore keeps workspaces.
type WorkspaceStore interface {
	// Workspaces lists all by name.
	Workspaces(ctx context.Context) ([]operation.Workspace, error)
	// CreateWorkspace makes one whose first administrator is invited. CodeConflict: the
	// name is taken, or there are as many as there may be.
	CreateWorkspace(ctx context.Context, n operation.NewWorkspace) (operation.Workspace, operation.Member, error)
}

// Workspace is what operations, connections and members belong to.
type Workspace struct {
	ID        string    `json:"id" format:"uuid"`
	Name      string    `json:"name" example:"octo-corp"`
	CreatedAt time.Time `json:"created_at"`
}

func fromWorkspace(w operation.Workspace) Workspace {
	return Workspace{ID: w.ID, Name: w.Name, CreatedAt: w.CreatedAt.UTC()}
}

type workspacesOutput struct {
	Body struct {
		Workspaces []Workspace `json:"workspaces" nullable:"false" doc:"All, by name."`
	}
}

func listWorkspacesSpec() huma.Operation {
	return huma.Operation{
		OperationID: "list-workspaces", Summary: "List the workspaces", Tags: []string{"workspaces"}, Security: needsToken(),
		Description: "All of the installation, for an admin of its first workspace.",
		Errors:      []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusServiceUnavailable},
	}
}

func (a *API) listWorkspaces(ctx context.Context, _ *struct{}) (*workspacesOutput, error) {
	list, err := a.opts.Workspaces.Workspaces(ctx)
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	out := &workspacesOutput{}
	out.Body.Workspaces = make([]Workspace, len(list))
	for i, w := range list {
		out.Body.Workspaces[i] = fromWorkspace(w)
	}
	return out, nil
}

// workspaceRequest is the body of POST /v1/workspaces.
type workspaceRequest struct {
	Name  string         `json:"name" minLength:"1" maxLength:"63" pattern:"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$" patternDescription:"lower-case letters, digits and inner hyphens" example:"octo-corp" doc:"Yours to choose, once in the installation."`
	Admin workspaceAdmin `json:"admin" doc:"Its first administrator, who lets in others."`
}

// workspaceAdmin is the first member of a workspace.
type workspaceAdmin struct {
	Login string `json:"login" minLength:"1" maxLength:"100" pattern:"^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$" patternDescription:"letters, digits, and inner hyphens, dots and underscores" example:"ada" doc:"Where people sign in with GitHub it is their login there."`
	Name  string `json:"name,omitempty" maxLength:"255" example:"Ada Lovelace"`
	Email string `json:"email,omitempty" format:"email" maxLength:"255" example:"ada@example.com"`
}

type createWorkspaceInput struct {
	RawBody []byte
	Body    workspaceRequest
}

// Resolve refuses null.
func (in *createWorkspaceInput) Resolve(huma.Context) []error { return nullErrors(in.RawBody) }

var _ huma.Resolver = (*createWorkspaceInput)(nil)

// CreatedWorkspace is a new workspace with the invitation of its first administrator.
type CreatedWorkspace struct {
	Workspace
	Invitation Invitation `json:"invitation"`
}

type createWorkspaceOutput struct {
	Location string `header:"Location" doc:"Where the workspaces are listed."`
	Body     CreatedWorkspace
}

func createWorkspaceSpec() huma.Operation {
	return huma.Operation{
		OperationID: "create-workspace", Summary: "Make a workspace", Tags: []string{"workspaces"}, Security: needsToken(),
		Description:   "With its first administrator, and the code by which they sign in, good once for a day: whoever makes a workspace has no rights in it. For an admin of the installation's first workspace.",
		DefaultStatus: http.StatusCreated,
		Errors:        []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusConflict, http.StatusServiceUnavailable},
	}
}

func (a *API) createWorkspace(ctx context.Context, in *createWorkspaceInput) (*createWorkspaceOutput, error) {
	if a.opts.Issuer == nil {
		return nil, noSessions(ctx)
	}
	id, code, admin := a.opts.NewID(), auth.NewInvitation(), in.Body.Admin
	w, m, err := a.opts.Workspaces.CreateWorkspace(ctx, operation.NewWorkspace{
		ID: id, Name: in.Body.Name,
		Admin: operation.NewMember{
			ID: a.opts.NewID(), WorkspaceID: id, Login: admin.Login, Name: admin.Name, Email: admin.Email, Role: string(auth.RoleAdmin), CreatedBy: subjectOf(ctx),
		},
		Invitation: operation.Invitation{WorkspaceID: id, Hash: code.Hash[:], CreatedBy: subjectOf(ctx), ValidFor: invitationTime},
	})
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	a.logger(ctx).InfoContext(ctx, "workspace created", "workspace", w.ID, "name", w.Name, "admin", m.Login, "by", subjectOf(ctx))
	showsSecret(ctx)
	return &createWorkspaceOutput{Location: "/v1/workspaces", Body: CreatedWorkspace{Workspace: fromWorkspace(w), Invitation: a.invitation(m, code)}}, nil
}
