package store_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/operation"
)

func TestAuditIsListedNewestFirst(t *testing.T) {
	b := setup(t)
	var ids []string
	for i, subject := range []string{"ada", "bob", "ada", "", "ada"} {
		e := operation.AuditEvent{
			ID: uuid.Must(uuid.NewV7()).String(), WorkspaceID: workspace, Subject: subject, Action: "POST /v1/syncs", Path: "/v1/syncs", Remote: "192.0.2.1", RequestID: "r",
		}
		if subject == "" {
			e.Refused = "There is no such key."
		}
		require.NoError(t, b.RecordAudit(t.Context(), e))
		if i < 3 {
			require.NoError(t, b.RecordAuditOutcome(t.Context(), workspace, e.ID, 202, "/v1/operations/1"))
		}
		ids = append([]string{e.ID}, ids...)
	}
	list := func(f operation.AuditFilter) (got []string) {
		for {
			events, next, err := b.AuditEvents(t.Context(), workspace, f)
			require.NoError(t, err)
			for _, e := range events {
				got = append(got, e.ID)
				require.False(t, e.At.IsZero())
			}
			if f.Cursor = next; next == "" {
				return got
			}
		}
	}
	require.Equal(t, ids, list(operation.AuditFilter{Limit: 2}))
	require.Len(t, list(operation.AuditFilter{Limit: 100, Subject: "ada"}), 3)
	require.Empty(t, list(operation.AuditFilter{Limit: 100, Action: "DELETE /v1/keys/{id}"}))
	events, _, err := b.AuditEvents(t.Context(), workspace, operation.AuditFilter{Limit: 100})
	require.NoError(t, err)
	require.Equal(t, []int{0, 0, 202, 202, 202}, []int{events[0].Status, events[1].Status, events[2].Status, events[3].Status, events[4].Status})
	require.Equal(t, "There is no such key.", events[1].Refused)
	require.Equal(t, "/v1/operations/1", events[4].Location)
	_, _, err = b.AuditEvents(t.Context(), workspace, operation.AuditFilter{Limit: 1, Cursor: "x"})
	require.Equal(t, operation.CodeInvalid, operation.CodeOf(err))
}
