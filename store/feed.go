package store

import (
	"context"
	"slices"
	"time"

	"github.com/holdfast/holdfast/internal/dbsqlc"
	"github.com/holdfast/holdfast/internal/operation"
)

// scannedChanges is how many changes one answer looks at for those that match.
const scannedChanges = 10_000

// Changes lists a workspace's changes after a cursor in the order of their numbers,
// and the cursor to go on from: there always is one, also where nothing has changed.
// CodeGone: the changes after the cursor are not all kept any more.
func (s *Store) Changes(ctx context.Context, workspaceID string, f operation.ChangeFilter) ([]operation.Change, string, error) {
	const what = "list changes"
	if f.After == operation.ChangesNow {
		counter, err := s.changeCounter(ctx, workspaceID)
		return nil, writeSeqCursor(counter.Seq), translate(what, err)
	}
	arg, err := s.changesArg(ctx, workspaceID, f)
	if err != nil {
		return nil, "", err
	}
	rows, err := s.q.ListChanges(ctx, s.in(workspaceID), arg)
	if err != nil {
		return nil, "", translate(what, err)
	}
	// The counter is read after the rows: what was dropped while they were read shows in it.
	counter, err := s.changeCounter(ctx, workspaceID)
	switch {
	case err != nil:
		return nil, "", translate(what, err)
	case f.After != "" && arg.After > counter.Seq:
		return nil, "", invalidCursor()
	case f.After != "" && arg.After < counter.Dropped:
		return nil, "", tooOld(counter, "Changes")
	}
	changes := make([]operation.Change, 0, len(rows))
	next := max(arg.After, counter.Dropped)
	for _, row := range rows {
		next = max(next, row.Scanned)
		if row.Seq > 0 {
			changes = append(changes, toListed(row))
		}
	}
	if len(changes) == f.Limit {
		next = changes[len(changes)-1].Seq
	}
	return changes, writeSeqCursor(next), s.nameRepositories(ctx, workspaceID, changes)
}

func (s *Store) changesArg(ctx context.Context, workspaceID string, f operation.ChangeFilter) (dbsqlc.ListChangesParams, error) {
	arg := dbsqlc.ListChangesParams{
		WorkspaceID: workspaceID, Scan: scannedChanges, RowLimit: int32(f.Limit), //nolint:gosec // at most 100
		Collection: optional(f.Collection), Kind: optional(string(f.Kind)), Source: optional(string(f.Source)), Without: []string{}, Visible: f.Visible.Likes(),
	}
	if f.After != "" {
		after, err := readSeqCursor(f.After)
		if err != nil {
			return arg, err
		}
		arg.After = after
	}
	if f.Repository != "" {
		id, err := s.repositoryID(ctx, s.in(workspaceID), workspaceID, f.Repository)
		if err != nil {
			return arg, err
		}
		arg.RepositoryID = &id
	}
	if f.Repository != "" || arg.Visible != nil {
		arg.Without = s.ofOrganizations // which may have the same number as a repository
	}
	return arg, nil
}

// changeCounter is the workspace's; of one without changes it is zero.
func (s *Store) changeCounter(ctx context.Context, workspaceID string) (dbsqlc.ChangeCounterRow, error) {
	rows, err := s.q.ChangeCounter(ctx, s.in(workspaceID), workspaceID)
	if err != nil || len(rows) == 0 {
		return dbsqlc.ChangeCounterRow{}, err
	}
	return rows[0], nil
}

// tooOld says that what was asked for is of a time whose changes are not kept any more.
func tooOld(counter dbsqlc.ChangeCounterRow, what string) error {
	since := ""
	if counter.ReachesTo != nil {
		since = " before " + counter.ReachesTo.UTC().Format(time.RFC3339)
	}
	return &operation.Error{
		Code: operation.CodeGone,
		Message: what + since + " are not kept any more. Ask for after=now, read what you need of the mirror anew, " +
			"and go on from the cursor that you were given.",
	}
}

// nameRepositories adds the names that the changes' repositories have now.
func (s *Store) nameRepositories(ctx context.Context, workspaceID string, changes []operation.Change) error {
	if len(changes) == 0 {
		return nil
	}
	var ids []int64
	for _, c := range changes {
		if !slices.Contains(ids, c.RepositoryID) {
			ids = append(ids, c.RepositoryID)
		}
	}
	rows, err := s.q.RepositoryNames(ctx, s.in(workspaceID), dbsqlc.RepositoryNamesParams{WorkspaceID: workspaceID, RepositoryIds: ids})
	if err != nil {
		return translate("name the repositories of changes", err)
	}
	names := make(map[int64]string, len(rows))
	for _, row := range rows {
		names[row.RepositoryID] = row.FullName
	}
	for i, c := range changes {
		if !slices.Contains(s.ofOrganizations, c.Collection) {
			changes[i].Repository = names[c.RepositoryID]
		}
	}
	return nil
}

func toListed(row dbsqlc.ListChangesRow) operation.Change {
	return toChange(dbsqlc.ListItemChangesRow{
		Seq: row.Seq, At: row.At, RepositoryID: row.RepositoryID, Collection: row.Collection, Key: row.Key, Number: row.Number,
		Kind: row.Kind, Fields: row.Fields, Before: row.Before, Source: row.Source, OperationID: row.OperationID,
	})
}

func toChange(row dbsqlc.ListItemChangesRow) operation.Change {
	c := operation.Change{
		Seq: row.Seq, At: row.At, RepositoryID: row.RepositoryID, Collection: row.Collection, Key: row.Key,
		Kind: operation.ChangeKind(row.Kind), Fields: row.Fields, Before: row.Before,
		Source: operation.Source(row.Source), OperationID: deref(row.OperationID),
	}
	c.Purged = c.Before == nil && c.Kind != operation.ChangeCreated
	if row.Number != nil {
		c.Number = *row.Number
	}
	return c
}
