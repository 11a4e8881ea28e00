package conformance

import (
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/githubspec"
)

func TestThePinnedReleaseIsRead(t *testing.T) {
	t.Parallel()
	require.Equal(t, githubspec.Pinned().Version, GitHub(t).Version())
}

// What a later release of the description has put right is no exception any more.
func TestEveryExceptionIsNeeded(t *testing.T) {
	t.Parallel()
	d := GitHub(t)
	for _, e := range exceptions {
		require.NotEmpty(t, e.reason, e.pointer)
		require.NotEmpty(t, e.source, e.pointer)
		template := e.template
		if template == "" {
			template = "/repos/{owner}/{repo}/issues" // answers with all statuses that exceptions are of
		}
		op, err := d.operation(template)
		require.NoError(t, err)
		response := op.response(e.status)
		require.NotNil(t, response, e.pointer)
		if e.rule == RuleMediaType {
			require.Empty(t, response.Content, "the body of %s is described now", template)
			continue
		}
		holder, name := lookUp(t, response.Content.Get("application/json").Schema.Value, e.pointer)
		switch property := holder.Properties[name]; e.rule {
		case RuleUnknown:
			require.Nil(t, property, "%s of %s is described now", e.pointer, template)
		case "nullable":
			require.NotNil(t, property, e.pointer)
			require.Error(t, visit(property.Value, nil), "%s of %s may be null now", e.pointer, template)
		default:
			require.Fail(t, "this test does not know the rule", e.rule)
		}
	}
}

// lookUp is the schema of the object that holds what a pointer points to, and its name there.
func lookUp(t *testing.T, schema *openapi3.Schema, pointer string) (holder *openapi3.Schema, name string) {
	t.Helper()
	parts := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for _, part := range parts[:len(parts)-1] {
		if part == "*" {
			schema = schema.Items.Value
			continue
		}
		require.Contains(t, schema.Properties, part, pointer)
		schema = schema.Properties[part].Value
	}
	return schema, parts[len(parts)-1]
}

// Nor is an answer that the description has learnt of.
func TestEveryAnswerIsNeeded(t *testing.T) {
	t.Parallel()
	d := GitHub(t)
	for _, a := range answers {
		require.NotEmpty(t, a.source, "%d", a.status)
		if a.template == "" {
			continue // described at some endpoints, which differ from release to release
		}
		op, err := d.operation(a.template)
		require.NoError(t, err)
		require.Nil(t, op.Responses.Status(a.status), "%s is said to answer with %d now", a.template, a.status)
	}
}
