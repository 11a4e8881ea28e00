// Package check holds the checks of what deploys Holdfast: each file is read as the
// tool that it is for reads it, and what it says of the product is held against the
// product's sources.
package check

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// root is the repository's root.
const root = "../.."

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, path))
	require.NoError(t, err)
	return content
}

// productVariables are the environment's variables that internal/config reads.
func productVariables(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "internal/config/*.go"))
	require.NoError(t, err)
	names := map[string]bool{}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			field, ok := n.(*ast.Field)
			if !ok || field.Tag == nil {
				return true
			}
			tag, err := strconv.Unquote(field.Tag.Value)
			require.NoError(t, err)
			if name, _, _ := strings.Cut(reflect.StructTag(tag).Get("env"), ","); name != "" {
				names[name] = true
			}
			return true
		})
	}
	require.Contains(t, names, "HOLDFAST_DATABASE_URL", "this test must find the variables")
	return names
}

// routes are the paths that the API's router names.
func routes(t *testing.T) string {
	t.Helper()
	return string(read(t, "api/router.go"))
}
