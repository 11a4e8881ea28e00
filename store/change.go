package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/dbsqlc"
	"github.com/holdfast/holdfast/internal/operation"
)

// fieldSeparator stands between names of fields in what is handed to Postgres.
const fieldSeparator = "\x1f"

// change is a difference of one item that a page found. Whoever marks items as deleted
// hands in one of kind deleted for each, with the row's raw and raw_bytes as before
// and beforeBytes; writeItems makes the others.
type change struct {
	key         string
	number      int64 // 0: none
	kind        operation.ChangeKind
	fields      []string // of an update: the top-level members that differ
	before      string   // the row's raw, as jsonb spells it; empty of a created item
	beforeBytes []byte   // the row's raw_bytes; nil where it has none
}

// recordChanges numbers changes and writes them. It takes the workspace's counter,
// which every other page of the workspace waits for: it must be the last statement of
// its transaction. So the order of numbers is the order of commits, and a reader that
// has seen 17 never meets a late 16.
func (s *Store) recordChanges(ctx context.Context, tx pgx.Tx, p Page, changes []change) error {
	if len(changes) == 0 {
		return nil
	}
	var err error
	if arg, created := toCreated(p, changes); created {
		err = s.q.RecordCreated(ctx, tx, arg)
	} else {
		err = s.q.RecordChanges(ctx, tx, toRecorded(p, changes))
	}
	if err != nil {
		return fmt.Errorf("record changes: %w", err)
	}
	return nil
}

// toCreated tells whether all of the changes are items that the mirror did not have.
func toCreated(p Page, changes []change) (dbsqlc.RecordCreatedParams, bool) {
	arg := dbsqlc.RecordCreatedParams{
		WorkspaceID: p.Key.WorkspaceID, RepositoryID: p.Key.RepositoryID, Collection: p.Key.Collection,
		Source: string(p.source()), OperationID: optional(p.OperationID),
		Keys: make([]string, len(changes)), Numbers: make([]int64, len(changes)),
	}
	for i, c := range changes {
		if c.kind != operation.ChangeCreated {
			return arg, false
		}
		arg.Keys[i], arg.Numbers[i] = c.key, c.number
	}
	return arg, true
}

func toRecorded(p Page, changes []change) dbsqlc.RecordChangesParams {
	n := len(changes)
	arg := dbsqlc.RecordChangesParams{
		WorkspaceID: p.Key.WorkspaceID, RepositoryID: p.Key.RepositoryID, Collection: p.Key.Collection,
		Source: string(p.source()), OperationID: optional(p.OperationID),
		Keys: make([]string, n), Numbers: make([]int64, n), Kinds: make([]string, n),
		Fields: make([]string, n), Befores: make([]string, n), BeforeBytes: make([][]byte, n),
	}
	for i, c := range changes {
		arg.Keys[i], arg.Numbers[i], arg.Kinds[i] = c.key, c.number, string(c.kind)
		arg.Fields[i] = storable(strings.Join(c.fields, fieldSeparator))
		arg.Befores[i], arg.BeforeBytes[i] = c.before, c.beforeBytes
	}
	return arg
}

// source is what asked for the operation that the page belongs to.
func (p Page) source() operation.Source {
	if p.Source == "" {
		return operation.SourceSync
	}
	return p.Source
}

// storable is text as Postgres can hold it.
func storable(text string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", "\uFFFD"), "\uFFFD")
}
