package e2e_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/holdfast/holdfast/internal/localservice/temporalnamespace"
	"github.com/holdfast/holdfast/workflows"
)

// The development server registers what the workflows set. It cannot import their
// names: tests of the workflows import it.
func TestSearchAttributesAreTheWorkflows(t *testing.T) {
	t.Parallel()
	registered := temporalnamespace.SearchAttributes()
	keys := []temporal.SearchAttributeKey{
		workflows.AttributeWorkspace, workflows.AttributeRepository, workflows.AttributeKind, workflows.AttributeState,
	}
	require.Len(t, registered, len(keys))
	for _, key := range keys {
		require.Equal(t, key.GetValueType(), registered[key.GetName()], key.GetName())
	}
}
