package delivery_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/conformance"
)

// A collection names events that there are, and where it names the member of their
// payloads the mirror can be compared with that.
func TestCollectionsNameEventsOfGitHub(t *testing.T) {
	t.Parallel()
	description := conformance.GitHub(t)
	for _, c := range collection.All() {
		require.NotEmpty(t, c.Events, c.Name)
		for _, event := range c.Events {
			require.True(t, description.HasEvent(event), "%s: GitHub has no event %s", c.Name, event)
		}
		if c.Member == "" {
			continue
		}
		require.Equal(t, collection.KeyID, c.Key, c.Name)
		require.False(t, c.KeyWithParent, c.Name)
		updated := slices.ContainsFunc(c.Columns, func(column collection.Column) bool { return column.Name == "updated_at" })
		require.True(t, updated, "%s has no updated_at to compare", c.Name)
	}
}

// The table of docs/webhooks.md is what the definitions say.
func TestTheDocumentSaysWhatNominatesWhat(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../../docs/webhooks.md")
	require.NoError(t, err)
	nominated := map[string][]string{}
	for _, c := range collection.All() {
		if c.Scope == collection.ScopeRepository {
			for _, event := range c.Events {
				nominated[event] = append(nominated[event], "`"+c.Name+"`")
			}
		}
	}
	var rows strings.Builder
	for _, event := range slices.Sorted(maps.Keys(nominated)) {
		rows.WriteString("| `" + event + "` | " + strings.Join(nominated[event], ", ") + " |\n")
	}
	require.Contains(t, string(document), "|---|---|\n"+rows.String()+"\n")
}
