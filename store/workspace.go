package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/dbsqlc"
	"github.com/holdfast/holdfast/internal/operation"
)

// WorkspaceExists tells whether there is a workspace of that id.
func (s *Store) WorkspaceExists(ctx context.Context, id string) (bool, error) {
	exists, err := s.q.WorkspaceExists(ctx, s.in(id), id)
	if err != nil {
		return false, translate("look for a workspace", err)
	}
	return exists, nil
}

// mostWorkspaces bounds the list of workspaces, and so how many are made.
const mostWorkspaces = 1000

// Workspaces lists all workspaces by name.
func (s *Store) Workspaces(ctx context.Context) ([]operation.Workspace, error) {
	rows, err := s.q.ListWorkspaces(ctx, s.pool, mostWorkspaces)
	if err != nil {
		return nil, translate("list workspaces", err)
	}
	list := make([]operation.Workspace, len(rows))
	for i, row := range rows {
		list[i] = operation.Workspace(row)
	}
	return list, nil
}

// CreateWorkspace makes a workspace whose first administrator is invited. CodeConflict:
// the name is taken, or there are as many as there may be.
func (s *Store) CreateWorkspace(ctx context.Context, n operation.NewWorkspace) (w operation.Workspace, admin operation.Member, err error) {
	err = s.tx(ctx, n.ID, "make a workspace", func(tx pgx.Tx) error {
		made, err := s.q.CreateWorkspace(ctx, tx, dbsqlc.CreateWorkspaceParams{ID: n.ID, Name: n.Name})
		if err != nil {
			return err
		}
		if len(made) == 0 {
			return operation.Conflict("There is a workspace of this name.")
		}
		all, err := s.q.ListWorkspaces(ctx, tx, mostWorkspaces+1)
		if err != nil {
			return err
		}
		if len(all) > mostWorkspaces {
			return operation.Conflict("There are as many workspaces as there may be.")
		}
		for _, row := range all {
			if row.ID == n.ID {
				w = operation.Workspace(row)
			}
		}
		if admin, err = s.addMember(ctx, tx, n.Admin); err != nil {
			return err
		}
		n.Invitation.MemberID = admin.ID
		return s.invite(ctx, tx, n.Invitation)
	})
	return w, admin, err
}
