package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/dbsqlc"
	"github.com/holdfast/holdfast/internal/operation"
)

// FindSession is what an access token of a session allows now. ok is false where there is
// no such session: its member was removed.
func (s *Store) FindSession(ctx context.Context, workspaceID, id string) (known operation.KnownSession, ok bool, err error) {
	row, err := s.q.FindSession(ctx, s.in(workspaceID), dbsqlc.FindSessionParams{WorkspaceID: workspaceID, ID: id})
	if errors.Is(err, pgx.ErrNoRows) {
		return known, false, nil
	}
	if err != nil {
		return known, false, translate("look for a session", err)
	}
	return operation.KnownSession{Login: row.Login, Role: row.Role, Repositories: row.Repositories, ExpiresAt: row.ExpiresAt, Ended: row.Ended}, true, nil
}

// AcceptInvitation exchanges the code with that hash for a session and its first refresh
// token, once. ok is false where there is no such code.
func (s *Store) AcceptInvitation(ctx context.Context, hash []byte, sessionID string, refresh []byte) (operation.Exchange, bool, error) {
	raw, err := s.q.AcceptInvitation(ctx, s.pool, dbsqlc.AcceptInvitationParams{Hash: hash, SessionID: sessionID, Refresh: refresh})
	return readExchange("accept an invitation", raw, err)
}

// DeleteSessions deletes at most limit sessions that expired a day ago or longer, the
// oldest first, and invitations, and tells how many of both it deleted.
func (s *Store) DeleteSessions(ctx context.Context, limit int) (int64, error) {
	n, err := s.q.DeleteSessions(ctx, s.pool, int32(limit)) //nolint:gosec // a constant of its caller
	return n, translate("delete sessions that have expired", err)
}

// RefreshSession exchanges the refresh token with that hash for the next one. Where it was
// used before it ends the session: two have it, and one of them stole it (RFC 9700 section
// 4.14.2). ok is false where there is no such token.
func (s *Store) RefreshSession(ctx context.Context, hash, refresh []byte) (operation.Exchange, bool, error) {
	raw, err := s.q.RefreshSession(ctx, s.pool, dbsqlc.RefreshSessionParams{Hash: hash, Refresh: refresh})
	return readExchange("refresh a session", raw, err)
}

// EndSession ends the session of the refresh token with that hash. ok is false where there
// is no such token, or its session has ended.
func (s *Store) EndSession(ctx context.Context, hash []byte) (operation.Exchange, bool, error) {
	raw, err := s.q.EndSession(ctx, s.pool, hash)
	return readExchange("end a session", raw, err)
}

func readExchange(what string, raw []byte, err error) (e operation.Exchange, ok bool, _ error) {
	if err != nil {
		return e, false, translate(what, err)
	}
	if bytes.Equal(raw, []byte("null")) {
		return e, false, nil
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		return e, false, fmt.Errorf("%s: %w", what, err)
	}
	return e, true, nil
}

// SignIn begins a session of the member whose GitHub account it is, in that workspace or
// with an empty one where the person was let in first, with its first refresh token. Who was
// added by a login is bound to the account that first signs in with it. ok is false where
// nobody has let the person in.
func (s *Store) SignIn(ctx context.Context, person operation.Person, workspaceID, sessionID string, refresh []byte) (operation.Exchange, bool, error) {
	raw, err := s.q.SignIn(ctx, s.pool, dbsqlc.SignInParams{
		GithubID: person.GitHubID, Login: person.Login, Name: person.Name, Email: person.Email, WorkspaceID: optional(workspaceID),
		SessionID: sessionID, Refresh: refresh,
	})
	return readExchange("sign in", raw, err)
}
