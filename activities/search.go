package activities

import (
	"context"

	"go.temporal.io/sdk/activity"

	"github.com/holdfast/holdfast/store"
)

// indexBatch is how many items' search vectors are made in one statement.
const indexBatch = 1000

// IndexSearch makes the search vectors of what a pass changed.
func (a *Sync) IndexSearch(ctx context.Context, in Pages) error {
	c, ok := a.Collections.ByName(in.Collection)
	if !ok {
		return unknown(in.Collection)
	}
	key := store.PassKey{WorkspaceID: in.WorkspaceID, RepositoryID: in.RepositoryID, Collection: c.Name}
	after := ""
	for {
		last, err := a.Store.IndexSearch(ctx, key, c, after, indexBatch)
		if err != nil {
			return retryable(err)
		}
		if last == "" {
			return nil
		}
		after = last
		activity.RecordHeartbeat(ctx)
	}
}
