package api_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/api"
)

// What clients are promised is what is served: `make contract` compares the file.
func TestTheDocumentIsCommitted(t *testing.T) {
	t.Parallel()
	committed, err := os.ReadFile(filepath.Join("..", "docs", "openapi.json"))
	require.NoError(t, err)
	served, err := api.Document("dev")
	require.NoError(t, err)
	require.True(t, bytes.Equal(served, committed), "the document is another: run `make generate`")
}
