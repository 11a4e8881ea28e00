package store

import (
	"context"

	"github.com/holdfast/holdfast/internal/dbsqlc"
	"github.com/holdfast/holdfast/internal/operation"
)

// RecordAudit keeps an event. It is never changed.
func (s *Store) RecordAudit(ctx context.Context, e operation.AuditEvent) error {
	err := s.q.InsertAuditEvent(ctx, s.in(e.WorkspaceID), dbsqlc.InsertAuditEventParams{
		WorkspaceID: e.WorkspaceID, ID: e.ID, Subject: e.Subject, Action: e.Action, Path: e.Path, Remote: e.Remote, RequestID: e.RequestID, Refused: e.Refused,
	})
	return translate("record who asks for what", err)
}

// RecordAuditOutcome keeps how an event's request was answered.
func (s *Store) RecordAuditOutcome(ctx context.Context, workspaceID, id string, status int, location string) error {
	err := s.q.InsertAuditOutcome(ctx, s.in(workspaceID), dbsqlc.InsertAuditOutcomeParams{
		WorkspaceID: workspaceID, EventID: id, Status: int32(status), Location: location, //nolint:gosec // of HTTP
	})
	return translate("record what was answered", err)
}

// AuditEvents lists a page of a workspace's events, newest first, and the cursor of the
// next page, which is empty on the last.
func (s *Store) AuditEvents(ctx context.Context, workspaceID string, f operation.AuditFilter) ([]operation.AuditEvent, string, error) {
	arg := dbsqlc.ListAuditEventsParams{
		WorkspaceID: workspaceID, Subject: optional(f.Subject), Action: optional(f.Action), RowLimit: int32(f.Limit) + 1, //nolint:gosec // at most 100
	}
	if f.Cursor != "" {
		_, id, err := readCursor(f.Cursor)
		if err != nil {
			return nil, "", err
		}
		arg.BeforeID = &id
	}
	rows, err := s.q.ListAuditEvents(ctx, s.in(workspaceID), arg)
	if err != nil {
		return nil, "", translate("list who asked for what", err)
	}
	next := ""
	if len(rows) > f.Limit {
		rows = rows[:f.Limit]
		next = writeCursor(rows[f.Limit-1].At, rows[f.Limit-1].ID)
	}
	events := make([]operation.AuditEvent, len(rows))
	for i, row := range rows {
		events[i] = operation.AuditEvent{
			ID: row.ID, WorkspaceID: workspaceID, At: row.At, Subject: row.Subject, Action: row.Action, Path: row.Path, Remote: row.Remote,
			RequestID: row.RequestID, Refused: row.Refused, Status: int(row.Status), Location: row.Location,
		}
	}
	return events, next, nil
}
