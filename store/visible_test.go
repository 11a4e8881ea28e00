package store_test

import (
	"encoding/json"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/operation"
)

// What may be seen is held against patterns by Postgres as it is by Go.
func TestListsShowWhatMayBeSeen(t *testing.T) {
	b := setup(t)
	subjects := []string{"octo/mirror", "Octo/Other", "octo_corp/x", "octoXcorp/x", "octo", "elsewhere/a"}
	for i, subject := range subjects {
		_, _, err := b.CreateOperation(t.Context(), operation.New{
			ID: uuid.Must(uuid.NewV7()).String(), WorkspaceID: workspace, Kind: operation.KindSyncRepository, Subject: subject, Input: json.RawMessage(`{}`),
		})
		require.NoError(t, err)
		b.mirrored(int64(i+1), subject)
	}
	for _, visible := range []operation.Patterns{nil, {"octo/*"}, {"octo/m*"}, {"octo_corp/*"}, {"*/*"}, {"*/x", "elsewhere/a"}, {"nobody/*"}} {
		var want []string
		for _, subject := range subjects {
			if visible.MatchSubject(subject) {
				want = append(want, subject)
			}
		}
		ops, _, err := b.Operations(t.Context(), workspace, operation.Filter{Limit: 100, Visible: visible})
		require.NoError(t, err)
		var got []string
		for _, op := range ops {
			got = append(got, op.Subject)
		}
		require.ElementsMatch(t, want, got, "operations, %v", visible)

		repositories, _, err := b.Repositories(t.Context(), workspace, operation.RepositoryFilter{Limit: 100, Visible: visible})
		require.NoError(t, err)
		got = nil
		for _, r := range repositories {
			got = append(got, r.FullName)
		}
		for _, subject := range want {
			if subject != "octo" { // no name of a repository
				require.Contains(t, got, subject, "%v", visible)
			}
		}
		for _, name := range got {
			require.Contains(t, subjects, name)
			require.True(t, name == "octo" || visible.MatchSubject(name), "%s, %v", name, visible)
		}
	}
}

func TestTheFeedShowsWhatMayBeSeen(t *testing.T) {
	b := setup(t)
	op := b.running("labels")
	b.take(op, "labels")
	b.commit(b.page(op, "labels", 1, `{"id": 1, "name": "bug"}`))
	b.mirrored(repository, "octo/mirror")
	for _, tt := range []struct {
		visible operation.Patterns
		want    int
	}{{nil, 1}, {operation.Patterns{"octo/*"}, 1}, {operation.Patterns{"elsewhere/*"}, 0}} {
		changes, next, err := b.Changes(t.Context(), workspace, operation.ChangeFilter{Limit: 10, Visible: tt.visible})
		require.NoError(t, err)
		require.Len(t, changes, tt.want, "%v", tt.visible)
		require.NotEmpty(t, next)
	}
}
