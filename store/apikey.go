package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/dbsqlc"
	"github.com/holdfast/holdfast/internal/operation"
)

const (
	// mostAPIKeys bounds the keys of a workspace that are not revoked.
	mostAPIKeys = 1000
	// listedAPIKeys bounds the list of them: revoked ones stay, and come last.
	listedAPIKeys = 2000
)

// CreateAPIKey keeps a new key's hash. CodeConflict: a key that is not revoked has its
// name, or the workspace has too many.
func (s *Store) CreateAPIKey(ctx context.Context, n operation.NewAPIKey) (key operation.APIKey, err error) {
	err = s.tx(ctx, n.WorkspaceID, "make a key", func(tx pgx.Tx) error {
		if err := s.q.LockAPIKeys(ctx, tx, n.WorkspaceID); err != nil {
			return err
		}
		count, err := s.q.CountAPIKeys(ctx, tx, n.WorkspaceID)
		if err != nil {
			return err
		}
		if count >= mostAPIKeys {
			return operation.Conflict("The workspace has as many keys as it may have. Revoke those that nobody uses.")
		}
		rows, err := s.q.InsertAPIKey(ctx, tx, dbsqlc.InsertAPIKeyParams{
			WorkspaceID: n.WorkspaceID, ID: n.ID, Name: n.Name, Hash: n.Hash, Hint: n.Hint, Role: n.Role,
			Repositories: patterns(n.Repositories), CreatedBy: n.CreatedBy, ExpiresAt: n.ExpiresAt,
		})
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return operation.Conflict("The workspace has a key of this name.")
		}
		key = toAPIKey(rows[0])
		return nil
	})
	return key, err
}

// APIKeys lists a workspace's keys by name, those that were revoked last.
func (s *Store) APIKeys(ctx context.Context, workspaceID string) ([]operation.APIKey, error) {
	rows, err := s.q.ListAPIKeys(ctx, s.in(workspaceID), dbsqlc.ListAPIKeysParams{WorkspaceID: workspaceID, RowLimit: listedAPIKeys})
	if err != nil {
		return nil, translate("list keys", err)
	}
	keys := make([]operation.APIKey, len(rows))
	for i, row := range rows {
		keys[i] = toAPIKey(row)
	}
	return keys, nil
}

// APIKey is one key. CodeNotFound.
func (s *Store) APIKey(ctx context.Context, workspaceID, id string) (operation.APIKey, error) {
	row, err := s.q.GetAPIKey(ctx, s.in(workspaceID), dbsqlc.GetAPIKeyParams{WorkspaceID: workspaceID, ID: id})
	if err != nil {
		return operation.APIKey{}, translate("read a key", err)
	}
	return toAPIKey(row), nil
}

// RevokeAPIKey has a key be refused from now on. Revoking twice is as good as revoking
// once. CodeNotFound.
func (s *Store) RevokeAPIKey(ctx context.Context, workspaceID, id, by string) (operation.APIKey, error) {
	row, err := s.q.RevokeAPIKey(ctx, s.in(workspaceID), dbsqlc.RevokeAPIKeyParams{WorkspaceID: workspaceID, ID: id, RevokedBy: &by})
	if err != nil {
		return operation.APIKey{}, translate("revoke a key", err)
	}
	return toAPIKey(row), nil
}

// FindAPIKey is what a key with that hash stands for, and notes that it was used. ok is
// false where there is none.
func (s *Store) FindAPIKey(ctx context.Context, hash []byte) (key operation.KnownKey, ok bool, err error) {
	raw, err := s.q.FindAPIKey(ctx, s.pool, hash)
	if err != nil {
		return key, false, translate("look for a key", err)
	}
	if bytes.Equal(raw, []byte("null")) {
		return key, false, nil
	}
	if err := json.Unmarshal(raw, &key); err != nil {
		return key, false, fmt.Errorf("read a key: %w", err)
	}
	if key.Stale && !key.Revoked {
		err = s.q.TouchAPIKey(ctx, s.in(key.WorkspaceID), dbsqlc.TouchAPIKeyParams{WorkspaceID: key.WorkspaceID, ID: key.ID})
	}
	return key, true, translate("note that a key was used", err)
}

func toAPIKey(row dbsqlc.ApiKey) operation.APIKey {
	key := operation.APIKey{
		ID: row.ID, WorkspaceID: row.WorkspaceID, Name: row.Name, Hint: row.Hint, Role: row.Role, Repositories: row.Repositories,
		CreatedBy: row.CreatedBy, CreatedAt: row.CreatedAt, ExpiresAt: row.ExpiresAt, LastUsedAt: row.LastUsedAt, RevokedAt: row.RevokedAt,
	}
	if row.RevokedBy != nil {
		key.RevokedBy = *row.RevokedBy
	}
	return key
}
