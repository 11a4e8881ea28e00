package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/dbsqlc"
	"github.com/holdfast/holdfast/internal/operation"
)

// mostMembers bounds the members of a workspace.
const mostMembers = 1000

// AddMember has a workspace let a person in. CodeConflict: it does already, or lets in as
// many as it may.
func (s *Store) AddMember(ctx context.Context, n operation.NewMember) (member operation.Member, err error) {
	err = s.tx(ctx, n.WorkspaceID, "add a member", func(tx pgx.Tx) error {
		if err := s.q.LockMembers(ctx, tx, n.WorkspaceID); err != nil {
			return err
		}
		count, err := s.q.CountMembers(ctx, tx, n.WorkspaceID)
		if err != nil {
			return err
		}
		if count >= mostMembers {
			return operation.Conflict("The workspace has as many members as it may have.")
		}
		member, err = s.addMember(ctx, tx, n)
		return err
	})
	return member, err
}

// addMember makes a membership, and the person where the login is new.
func (s *Store) addMember(ctx context.Context, tx pgx.Tx, n operation.NewMember) (operation.Member, error) {
	id, err := s.q.AddUser(ctx, tx, dbsqlc.AddUserParams{ID: n.ID, Login: n.Login, Name: n.Name, Email: n.Email})
	if err != nil {
		return operation.Member{}, err
	}
	added, err := s.q.InsertMember(ctx, tx, dbsqlc.InsertMemberParams{
		WorkspaceID: n.WorkspaceID, UserID: id, Role: n.Role, Repositories: patterns(n.Repositories), CreatedBy: n.CreatedBy,
	})
	if err != nil {
		return operation.Member{}, err
	}
	if len(added) == 0 {
		return operation.Member{}, operation.Conflict("The workspace has a member of this login.")
	}
	row, err := s.q.GetMember(ctx, tx, dbsqlc.GetMemberParams{WorkspaceID: n.WorkspaceID, UserID: id})
	return toMember(row), err
}

// Member is one member. CodeNotFound.
func (s *Store) Member(ctx context.Context, workspaceID, id string) (operation.Member, error) {
	row, err := s.q.GetMember(ctx, s.in(workspaceID), dbsqlc.GetMemberParams{WorkspaceID: workspaceID, UserID: id})
	if err != nil {
		return operation.Member{}, translate("read a member", err)
	}
	return toMember(row), nil
}

// InviteMember keeps the hash of a member's code in the place of an earlier one. CodeNotFound.
func (s *Store) InviteMember(ctx context.Context, n operation.Invitation) (member operation.Member, err error) {
	err = s.tx(ctx, n.WorkspaceID, "invite a member", func(tx pgx.Tx) error {
		row, err := s.q.GetMember(ctx, tx, dbsqlc.GetMemberParams{WorkspaceID: n.WorkspaceID, UserID: n.MemberID})
		if err != nil {
			return err
		}
		member = toMember(row)
		return s.invite(ctx, tx, n)
	})
	return member, err
}

func (s *Store) invite(ctx context.Context, tx pgx.Tx, n operation.Invitation) error {
	return s.q.ReplaceInvitation(ctx, tx, dbsqlc.ReplaceInvitationParams{
		WorkspaceID: n.WorkspaceID, Hash: n.Hash, UserID: n.MemberID, CreatedBy: n.CreatedBy, ValidFor: n.ValidFor,
	})
}

func toMember(row dbsqlc.GetMemberRow) operation.Member {
	return operation.Member{
		ID: row.UserID, WorkspaceID: row.WorkspaceID, Login: row.Login, Name: row.Name, Email: row.Email, GitHubID: row.GithubID,
		DisabledAt: row.DisabledAt, Role: row.Role, Repositories: row.Repositories, CreatedBy: row.CreatedBy,
		CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
}
