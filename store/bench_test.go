package store_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/testenv"
	"github.com/holdfast/holdfast/store"
)

// BenchmarkFirstPass commits pages of a hundred issues of about 4 KB that the mirror
// does not have.
func BenchmarkFirstPass(b *testing.B) {
	s := store.New(testenv.Roled(b, testenv.Database(b)))
	op, _, err := s.CreateOperation(b.Context(), operation.New{
		ID: uuid.Must(uuid.NewV7()).String(), WorkspaceID: workspace, Kind: operation.KindSyncRepository, Subject: "o/r", Input: json.RawMessage(`{}`),
	})
	require.NoError(b, err)
	_, _, err = s.StartPlan(b.Context(), workspace, op.ID, []string{"issues"})
	require.NoError(b, err)
	pass, err := s.TakePass(b.Context(), key("issues"), op, true)
	require.NoError(b, err)
	issues, ok := collection.ByName("issues")
	require.True(b, ok)
	text := strings.Repeat("What a person writes into an issue, and a little more of it. ", 60)
	id := 0
	for b.Loop() {
		p := store.Page{Key: key("issues"), OperationID: op.ID, Collection: issues, Fence: pass.Fence, Cursor: json.RawMessage(`{}`)}
		for range 100 {
			id++
			item, err := issues.Prepare(fmt.Appendf(nil, `{"id":%d,"number":%d,"title":"t","body":"%d %s","user":{"id":1,"login":"ada"},
				"state":"open","labels":[],"updated_at":"2026-01-02T03:04:05Z"}`, 10_000_000+id*7919%1_000_000, id, id, text))
			require.NoError(b, err)
			p.Items = append(p.Items, item)
		}
		_, err := s.CommitPage(b.Context(), p)
		require.NoError(b, err)
	}
}
