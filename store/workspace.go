package store

import "context"

// WorkspaceExists tells whether there is a workspace of that id.
func (s *Store) WorkspaceExists(ctx context.Context, id string) (bool, error) {
	exists, err := s.q.WorkspaceExists(ctx, s.in(id), id)
	if err != nil {
		return false, translate("look for a workspace", err)
	}
	return exists, nil
}
