package api_test

import (
	"context"
	"slices"

	"github.com/holdfast/holdfast/internal/operation"
)

func (s *store) Members(_ context.Context, workspaceID string) ([]operation.Member, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.people.members), func(m operation.Member) bool { return m.WorkspaceID != workspaceID }), s.err
}

// lastAdmin tells whether a member is the only admin. The lock is held.
func (s *store) lastAdmin(m operation.Member) bool {
	return m.Role == "admin" && !slices.ContainsFunc(s.people.members, func(o operation.Member) bool {
		return o.Role == "admin" && o.WorkspaceID == m.WorkspaceID && o.ID != m.ID
	})
}

func (s *store) ChangeMember(_ context.Context, workspaceID, id string, c operation.MemberChange) (operation.Member, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.memberAt(workspaceID, id)
	if err != nil {
		return operation.Member{}, err
	}
	m := &s.people.members[i]
	switch {
	case c.IfUpdatedAt != nil && !c.IfUpdatedAt.Equal(m.UpdatedAt):
		return operation.Member{}, operation.Changed("It was changed.")
	case c.Role != nil && *c.Role != "admin" && s.lastAdmin(*m):
		return operation.Member{}, operation.Conflict("This is the last member who administers the workspace.")
	}
	if c.Role != nil {
		m.Role = *c.Role
	}
	if c.Repositories != nil {
		m.Repositories = *c.Repositories
	}
	m.UpdatedAt = m.UpdatedAt.Add(1)
	return *m, nil
}

func (s *store) RemoveMember(_ context.Context, workspaceID, id string) (operation.Member, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.memberAt(workspaceID, id)
	if err != nil {
		return operation.Member{}, err
	}
	m := s.people.members[i]
	if s.lastAdmin(m) {
		return operation.Member{}, operation.Conflict("This is the last member who administers the workspace.")
	}
	s.people.members = slices.Delete(s.people.members, i, i+1)
	return m, nil
}

func (s *store) MemberSessions(_ context.Context, workspaceID, id string) ([]operation.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.memberAt(workspaceID, id); err != nil {
		return nil, err
	}
	var list []operation.Session
	for _, of := range s.people.sessions {
		if of.member == id {
			one := operation.Session{ID: of.id, Method: "invitation", CreatedAt: start, RefreshedAt: start, ExpiresAt: of.expires}
			if of.ended {
				at := start
				one.RevokedAt, one.RevokedReason = &at, "signed_out"
			}
			list = append(list, one)
		}
	}
	return list, nil
}

func (s *store) EndSessions(_ context.Context, workspaceID, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.memberAt(workspaceID, id); err != nil {
		return err
	}
	for _, of := range s.people.sessions {
		of.ended = of.ended || of.member == id
	}
	return nil
}

func (s *store) Workspaces(context.Context) ([]operation.Workspace, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]operation.Workspace{{ID: workspace, Name: "default", CreatedAt: start}}, s.people.others...), s.err
}

func (s *store) CreateWorkspace(_ context.Context, n operation.NewWorkspace) (operation.Workspace, operation.Member, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return operation.Workspace{}, operation.Member{}, s.err
	}
	if slices.ContainsFunc(s.people.others, func(w operation.Workspace) bool { return w.Name == n.Name }) {
		return operation.Workspace{}, operation.Member{}, operation.Conflict("There is a workspace of this name.")
	}
	w := operation.Workspace{ID: n.ID, Name: n.Name, CreatedAt: start}
	m := operation.Member{
		ID: n.Admin.ID, WorkspaceID: n.ID, Login: n.Admin.Login, Name: n.Admin.Name, Email: n.Admin.Email, Role: n.Admin.Role,
		CreatedBy: n.Admin.CreatedBy, CreatedAt: start, UpdatedAt: start,
	}
	n.Invitation.MemberID = m.ID
	s.people.others, s.people.members = append(s.people.others, w), append(s.people.members, m)
	s.people.codes[string(n.Invitation.Hash)] = n.Invitation
	return w, m, nil
}
