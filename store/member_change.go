package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/dbsqlc"
	"github.com/holdfast/holdfast/internal/operation"
)

// listedSessions bounds the list of a member's sessions, the newest first.
const listedSessions = 100

// Members lists a workspace's members by login.
func (s *Store) Members(ctx context.Context, workspaceID string) ([]operation.Member, error) {
	rows, err := s.q.ListMembers(ctx, s.in(workspaceID), dbsqlc.ListMembersParams{WorkspaceID: workspaceID, RowLimit: mostMembers})
	if err != nil {
		return nil, translate("list members", err)
	}
	members := make([]operation.Member, len(rows))
	for i, row := range rows {
		members[i] = toMember(dbsqlc.GetMemberRow(row))
	}
	return members, nil
}

// ChangeMember changes what a workspace lets a person do. CodeNotFound; CodeChanged where
// it was changed meanwhile; CodeConflict where nobody else could let people in.
func (s *Store) ChangeMember(ctx context.Context, workspaceID, id string, c operation.MemberChange) (after operation.Member, err error) {
	err = s.withMember(ctx, workspaceID, id, "change a member", func(tx pgx.Tx, m operation.Member) error {
		if c.IfUpdatedAt != nil && !c.IfUpdatedAt.Equal(m.UpdatedAt) {
			return operation.Changed("The member is not what If-Match names. Read it again.")
		}
		before := m
		if c.Role != nil {
			m.Role = *c.Role
		}
		if c.Repositories != nil {
			m.Repositories = *c.Repositories
		}
		if administers(before) && !administers(m) {
			if err := s.keepAdmin(ctx, tx, m); err != nil {
				return err
			}
		}
		if _, err := s.q.UpdateMember(ctx, tx, dbsqlc.UpdateMemberParams{
			WorkspaceID: workspaceID, UserID: id, Role: m.Role, Repositories: patterns(m.Repositories),
		}); err != nil {
			return err
		}
		row, err := s.q.GetMember(ctx, tx, dbsqlc.GetMemberParams{WorkspaceID: workspaceID, UserID: id})
		after = toMember(row)
		return err
	})
	return after, err
}

// RemoveMember has a workspace let a person in no more: the sessions are gone with the
// membership, and the person where it was the last one. CodeNotFound; CodeConflict where
// nobody else could let people in.
func (s *Store) RemoveMember(ctx context.Context, workspaceID, id string) (removed operation.Member, err error) {
	err = s.withMember(ctx, workspaceID, id, "remove a member", func(tx pgx.Tx, m operation.Member) error {
		removed = m
		if administers(m) {
			if err := s.keepAdmin(ctx, tx, m); err != nil {
				return err
			}
		}
		if _, err := s.q.DeleteMember(ctx, tx, dbsqlc.DeleteMemberParams{WorkspaceID: workspaceID, UserID: id}); err != nil {
			return err
		}
		_, err := s.q.ForgetUser(ctx, tx, id)
		return err
	})
	return removed, err
}

// withMember does something about a member, while nobody else changes the workspace's.
func (s *Store) withMember(ctx context.Context, workspaceID, id, what string, do func(pgx.Tx, operation.Member) error) error {
	return s.tx(ctx, workspaceID, what, func(tx pgx.Tx) error {
		if err := s.q.LockMembers(ctx, tx, workspaceID); err != nil {
			return err
		}
		row, err := s.q.GetMember(ctx, tx, dbsqlc.GetMemberParams{WorkspaceID: workspaceID, UserID: id})
		if err != nil {
			return err
		}
		return do(tx, toMember(row))
	})
}

// administers tells whether a member can let others in.
func administers(m operation.Member) bool { return m.Role == "admin" && len(m.Repositories) == 0 }

// keepAdmin fails where nobody but that member can let others in.
func (s *Store) keepAdmin(ctx context.Context, tx pgx.Tx, m operation.Member) error {
	others, err := s.q.CountOtherAdmins(ctx, tx, dbsqlc.CountOtherAdminsParams{WorkspaceID: m.WorkspaceID, UserID: m.ID})
	if err != nil {
		return err
	}
	if others == 0 {
		return operation.Conflict("This is the last member who administers the workspace. Make another one an admin, of all repositories, first.")
	}
	return nil
}

// MemberSessions lists a member's sessions, the newest first. CodeNotFound.
func (s *Store) MemberSessions(ctx context.Context, workspaceID, id string) (sessions []operation.Session, err error) {
	err = s.snapshot(ctx, workspaceID, "list sessions", func(tx pgx.Tx) error {
		if _, err := s.q.GetMember(ctx, tx, dbsqlc.GetMemberParams{WorkspaceID: workspaceID, UserID: id}); err != nil {
			return err
		}
		rows, err := s.q.ListSessions(ctx, tx, dbsqlc.ListSessionsParams{WorkspaceID: workspaceID, UserID: id, RowLimit: listedSessions})
		sessions = make([]operation.Session, len(rows))
		for i, row := range rows {
			sessions[i] = operation.Session{
				ID: row.ID, Method: row.Method, CreatedAt: row.CreatedAt, RefreshedAt: row.RefreshedAt, ExpiresAt: row.ExpiresAt, RevokedAt: row.RevokedAt,
			}
			if row.RevokedReason != nil {
				sessions[i].RevokedReason = *row.RevokedReason
			}
		}
		return err
	})
	return sessions, err
}

// EndSessions ends a member's sessions, and has a code that was not used yet be good no
// more. CodeNotFound.
func (s *Store) EndSessions(ctx context.Context, workspaceID, id string) error {
	return s.withMember(ctx, workspaceID, id, "end sessions", func(tx pgx.Tx, _ operation.Member) error {
		if err := s.q.DeleteInvitations(ctx, tx, dbsqlc.DeleteInvitationsParams{WorkspaceID: workspaceID, UserID: id}); err != nil {
			return err
		}
		reason := "ended_by_admin"
		_, err := s.q.RevokeSessions(ctx, tx, dbsqlc.RevokeSessionsParams{WorkspaceID: workspaceID, UserID: id, Reason: &reason})
		return err
	})
}
