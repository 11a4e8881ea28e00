package check

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	action = regexp.MustCompile(`(?m)^\s*(?:- )?uses:\s*(.*)$`)
	// pinned is an action by its full commit with the version as a comment, or a
	// workflow of this repository. A tag can be moved to other code.
	pinned = regexp.MustCompile(`^(?:[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d[\w.]*|\./\.github/workflows/[\w-]+\.yml)$`)
)

// unpinned lists what a workflow runs that somebody else may change.
func unpinned(workflow []byte) []string {
	var found []string
	for _, match := range action.FindAllSubmatch(workflow, -1) {
		if !pinned.Match(match[1]) {
			found = append(found, string(match[1]))
		}
	}
	return found
}

func TestWorkflowsArePinned(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob(filepath.Join(root, ".github/workflows/*.yml"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		workflow, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Empty(t, unpinned(workflow), path)
	}
}

func TestUnpinnedActionsAreFound(t *testing.T) {
	t.Parallel()
	for _, uses := range []string{
		"actions/checkout@v6", "actions/checkout@main", "actions/checkout@de0fac2", "docker://alpine:3",
		"actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd",
	} {
		require.Equal(t, []string{uses}, unpinned([]byte("    steps:\n      - uses: "+uses+"\n")))
	}
}
