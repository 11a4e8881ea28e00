package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheReferenceIsCommitted(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "cli.md"))
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(page), "<!-- reference -->\n")
	committed, _, found := strings.Cut(rest, "\n<!-- /reference -->")
	require.True(t, found)
	var printed bytes.Buffer
	require.NoError(t, writeReference(&printed, newRootCommand(process{})))
	require.Equal(t, strings.TrimSuffix(printed.String(), "\n"), committed, "run `make generate`")
}
