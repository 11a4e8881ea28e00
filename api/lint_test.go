package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/api"
)

// These hold the document to what Spectral's recommended rules for OpenAPI ask
// (docs.stoplight.io, "spectral:oas"), and to some of the house. Each failure says where
// and what to add.

var (
	kebab     = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	inBraces  = regexp.MustCompile(`\{([^}]+)\}`)
	component = regexp.MustCompile(`"\$ref": ?"#/components/schemas/([^"]+)"`)
)

// eachOperation calls f for every operation of the document, at "METHOD path".
func eachOperation(t *testing.T, f func(at string, op *openapi3.Operation, item *openapi3.PathItem)) {
	t.Helper()
	doc, err := contract()
	require.NoError(t, err)
	for _, path := range doc.Paths.InMatchingOrder() {
		item := doc.Paths.Value(path)
		for _, method := range slices.Sorted(maps.Keys(item.Operations())) {
			f(method+" "+path, item.GetOperation(method), item)
		}
	}
}

func TestTheDocumentIntroducesItself(t *testing.T) {
	t.Parallel()
	doc, err := contract()
	require.NoError(t, err)
	require.NotEmpty(t, doc.Info.Description)
	require.NotEmpty(t, doc.Info.Contact.URL)
	require.NotEmpty(t, doc.Servers)
	for _, server := range doc.Servers {
		require.Regexp(t, `^/$|[^/]$`, server.URL, "a server's URL ends without a slash")
	}
}

func TestOperationsAreDescribed(t *testing.T) {
	t.Parallel()
	ids := map[string]string{}
	eachOperation(t, func(at string, op *openapi3.Operation, _ *openapi3.PathItem) {
		require.Regexp(t, kebab, op.OperationID, "%s: its OperationID must be in kebab-case, like list-operations", at)
		require.Empty(t, ids[op.OperationID], "%s: %s has the OperationID %s as well", at, ids[op.OperationID], op.OperationID)
		ids[op.OperationID] = at
		require.NotEmpty(t, op.Summary, "%s: add a Summary to its spec", at)
		require.LessOrEqual(t, len(op.Summary), 80, "%s: a Summary is a short line; the rest belongs into its Description", at)
		require.NotRegexp(t, `\.$`, op.Summary, "%s: a Summary has no full stop", at)
		require.NotEmpty(t, op.Description, "%s: add a Description to its spec, of what the Summary does not say", at)
		for _, text := range []string{op.Summary, op.Description} {
			require.NotContains(t, text, "<script", at)
			require.NotContains(t, text, "eval(", at)
		}
	})
}

func TestTagsAreDeclared(t *testing.T) {
	t.Parallel()
	doc, err := contract()
	require.NoError(t, err)
	declared := map[string]bool{}
	for _, tag := range doc.Tags {
		require.NotEmpty(t, tag.Description, tag.Name)
		declared[tag.Name] = false
	}
	eachOperation(t, func(at string, op *openapi3.Operation, _ *openapi3.PathItem) {
		require.Len(t, op.Tags, 1, "%s: put it under one tag", at)
		require.Contains(t, declared, op.Tags[0], "%s: declare its tag in config.Tags in api/openapi.go", at)
		declared[op.Tags[0]] = true
	})
	for tag, used := range declared {
		require.True(t, used, "no operation has the tag %s: take it out of config.Tags in api/openapi.go", tag)
	}
}

func TestParametersOfPathsAreDeclared(t *testing.T) {
	t.Parallel()
	eachOperation(t, func(at string, op *openapi3.Operation, item *openapi3.PathItem) {
		_, path, _ := strings.Cut(at, " ")
		require.NotContains(t, path, "?", at)
		require.False(t, strings.HasSuffix(path, "/"), "%s: a path ends without a slash", at)
		var inPath, declared []string
		for _, match := range inBraces.FindAllStringSubmatch(path, -1) {
			inPath = append(inPath, match[1])
		}
		seen := map[string]bool{}
		for _, p := range slices.Concat(item.Parameters, op.Parameters) {
			require.False(t, seen[p.Value.In+" "+p.Value.Name], "%s: the parameter %s is declared twice", at, p.Value.Name)
			seen[p.Value.In+" "+p.Value.Name] = true
			if p.Value.In == openapi3.ParameterInPath {
				declared = append(declared, p.Value.Name)
			}
		}
		require.ElementsMatch(t, inPath, declared, "%s: declare each parameter of the path, and no other", at)
	})
}

func TestRefusalsAreProblems(t *testing.T) {
	t.Parallel()
	eachOperation(t, func(at string, op *openapi3.Operation, _ *openapi3.PathItem) {
		var succeeds bool
		for status, response := range op.Responses.Map() {
			if status < "4" { // a stream's 101 is its success
				succeeds = true
				continue
			}
			content := response.Value.Content
			require.Len(t, content, 1, "%s %s: a refusal is application/problem+json and nothing else", at, status)
			require.Contains(t, content, "application/problem+json", "%s %s: describe it with problems() in api/openapi.go, or in Errors", at, status)
			require.Equal(t, "#/components/schemas/Problem", content["application/problem+json"].Schema.Ref, "%s %s", at, status)
		}
		require.True(t, succeeds, "%s: describe how it succeeds", at)
		require.NotNil(t, op.Responses.Value("500"), "%s: everything may go wrong; describe 500", at)
	})
}

// A component that nothing leads to is a promise that nobody keeps.
func TestComponentsAreUsed(t *testing.T) {
	t.Parallel()
	raw, err := api.Document("test")
	require.NoError(t, err)
	var doc struct {
		Paths      json.RawMessage `json:"paths"`
		Components struct {
			Schemas         map[string]json.RawMessage `json:"schemas"`
			SecuritySchemes map[string]json.RawMessage `json:"securitySchemes"`
		} `json:"components"`
	}
	require.NoError(t, json.Unmarshal(raw, &doc))
	reached, next := map[string]bool{}, []json.RawMessage{doc.Paths}
	for len(next) > 0 {
		for _, match := range component.FindAllSubmatch(next[0], -1) {
			name := string(match[1])
			require.Contains(t, doc.Components.Schemas, name, "a reference leads nowhere")
			if !reached[name] {
				reached[name] = true
				next = append(next, doc.Components.Schemas[name])
			}
		}
		next = next[1:]
	}
	for name := range doc.Components.Schemas {
		require.True(t, reached[name], "no route leads to the schema %s: do not register it, or use it", name)
	}
	for name := range doc.Components.SecuritySchemes {
		require.Contains(t, string(doc.Paths), fmt.Sprintf("%q", name), "no route asks for the security scheme %s", name)
	}
}

// Values of a list of choices fit their type, and none is there twice.
func TestChoicesFitTheirTypes(t *testing.T) {
	t.Parallel()
	doc, err := contract()
	require.NoError(t, err)
	for name, schema := range doc.Components.Schemas {
		for property, of := range schema.Value.Properties {
			seen := map[string]bool{}
			for _, choice := range of.Value.Enum {
				text := fmt.Sprintf("%T %v", choice, choice)
				require.False(t, seen[text], "%s.%s: %v is there twice", name, property, choice)
				seen[text] = true
				require.NoError(t, of.Value.VisitJSON(choice), "%s.%s", name, property)
			}
		}
	}
}

// Every route has an example of how it is asked, where its path has parameters or it
// takes a body, and of how it answers, and they are what their schemas say.
func TestEveryRouteHasExamples(t *testing.T) {
	t.Parallel()
	const help = "%s: its example is not what its schema says; give the properties example tags, or the schema a text in examples in api/example.go: %v"
	eachOperation(t, func(at string, op *openapi3.Operation, item *openapi3.PathItem) {
		for _, p := range slices.Concat(item.Parameters, op.Parameters) {
			if p.Value.In != openapi3.ParameterInPath {
				continue
			}
			require.NotNil(t, p.Value.Example, "%s: the parameter %s has no example", at, p.Value.Name)
			err := p.Value.Schema.Value.VisitJSON(p.Value.Example)
			require.NoError(t, err, help, at+" "+p.Value.Name, p.Value.Example)
		}
		if op.RequestBody != nil {
			requireExamples(t, help, at+" request", op.RequestBody.Value.Content)
		}
		for status, response := range op.Responses.Map() {
			if status < "4" {
				requireExamples(t, help, at+" "+status, response.Value.Content)
			}
		}
	})
}

func requireExamples(t *testing.T, help, at string, content openapi3.Content) {
	t.Helper()
	for kind, media := range content {
		require.NotEqual(t, "application/octet-stream", kind, "%s: bodies are JSON; nothing takes bytes", at)
		if media.Schema == nil || !strings.HasSuffix(kind, "json") {
			continue
		}
		require.NotNil(t, media.Example, "%s: it has no example", at)
		err := media.Schema.Value.VisitJSON(media.Example, openapi3.MultiErrors())
		text, marshalErr := json.Marshal(media.Example)
		require.NoError(t, marshalErr)
		require.NoError(t, err, help, at, string(text))
		require.NotRegexp(t, `^(\{\}|\[\]|null)$`, string(text), "%s: an example says something", at)
	}
}

// The examples that are written by hand are of schemas that there are.
func TestExamplesAreOfSchemasThatThereAre(t *testing.T) {
	t.Parallel()
	doc, err := contract()
	require.NoError(t, err)
	for name, text := range api.WrittenExamples() {
		require.Contains(t, doc.Components.Schemas, name, "take it out of examples in api/example.go")
		var value any
		require.NoError(t, json.Unmarshal([]byte(text), &value), name)
		require.NoError(t, doc.Components.Schemas[name].Value.VisitJSON(value, openapi3.MultiErrors()), name)
	}
}
