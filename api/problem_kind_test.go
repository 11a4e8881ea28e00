package api_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/api"
)

// The path of the page, and the table in it as it must be.
const problemsPage = "../docs/problems.md"

// parsed is the files of a package without its tests.
func parsed(t *testing.T, dir string) []*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		files = append(files, file)
	}
	require.NotEmpty(t, files, dir)
	return files
}

// operationCodes are the constants of type operation.Code, by name.
func operationCodes(t *testing.T) map[string]string {
	t.Helper()
	codes := map[string]string{}
	for _, file := range parsed(t, "../internal/operation") {
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if kind, named := specType(spec); !ok || !named || kind != "Code" {
				return true
			}
			for i, name := range spec.Names {
				value, err := strconv.Unquote(spec.Values[i].(*ast.BasicLit).Value)
				require.NoError(t, err)
				codes[name.Name] = value
			}
			return true
		})
	}
	require.NotEmpty(t, codes)
	return codes
}

func specType(spec *ast.ValueSpec) (string, bool) {
	if spec == nil {
		return "", false
	}
	ident, ok := spec.Type.(*ast.Ident)
	if !ok {
		return "", false
	}
	return ident.Name, true
}

// literalCodes are the codes that package api words problems with, by the file; where
// it hands one on it must have come out of an operation.Code.
func literalCodes(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, file := range parsed(t, ".") {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if name, ok := call.Fun.(*ast.Ident); !ok || name.Name != "newProblem" {
				return true
			}
			switch code := call.Args[2].(type) {
			case *ast.BasicLit:
				text, err := strconv.Unquote(code.Value)
				require.NoError(t, err)
				found[text] = true
			case *ast.CallExpr: // string(operation.CodeInvalid), string(code)
				require.Equal(t, "string", code.Fun.(*ast.Ident).Name, "newProblem's code is a literal, or string() of an operation.Code")
			default:
				require.Fail(t, "newProblem's code is a literal, or string() of an operation.Code", "%T in %s", code, file.Name)
			}
			return true
		})
	}
	require.NotEmpty(t, found)
	return found
}

// Every code that the API can answer with is a kind of problem, and every kind is one
// that it can answer with.
func TestEveryCodeIsAKindOfProblem(t *testing.T) {
	t.Parallel()
	used := literalCodes(t)
	for name, code := range operationCodes(t) {
		used[code] = true
		require.NotEmpty(t, code, name)
	}
	kinds := map[string]bool{}
	for _, kind := range api.ProblemKinds() {
		require.False(t, kinds[kind.Code], "%s is there twice", kind.Code)
		kinds[kind.Code] = true
		require.True(t, used[kind.Code], "nothing answers with the code %s: take it out of problemKinds in api/problem_kind.go and out of docs/problems.md", kind.Code)
		require.NotEmpty(t, kind.Statuses, kind.Code)
		require.True(t, slices.IsSorted(kind.Statuses), kind.Code)
		require.NotEmpty(t, kind.Meaning, kind.Code)
		require.NotEmpty(t, kind.Remedy, kind.Code)
	}
	for code := range used {
		require.True(t, kinds[code], "the code %s is no kind of problem: add it to problemKinds in api/problem_kind.go and to docs/problems.md", code)
	}
}

// The page has a row for each kind of problem, in the same words.
func TestThePageOfProblems(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(problemsPage)
	require.NoError(t, err)
	var want, got []string
	for _, kind := range api.ProblemKinds() {
		statuses := strings.Trim(strings.ReplaceAll(fmt.Sprint(kind.Statuses), " ", ", "), "[]")
		want = append(want, fmt.Sprintf("| <a id=%q></a>`%s` | %s | %s | %s |", kind.Code, kind.Code, statuses, kind.Meaning, kind.Remedy))
	}
	for line := range strings.SplitSeq(string(page), "\n") {
		if strings.HasPrefix(line, "| <a ") {
			got = append(got, line)
		}
	}
	require.Equal(t, want, got, "docs/problems.md must have these rows, as problemKinds in api/problem_kind.go has them:\n%s", strings.Join(want, "\n"))
}

// The type of a problem leads to where it is explained.
func TestTheTypeOfAProblemLeadsToItsExplanation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	refused := b.do(t, http.MethodGet, "/v1/operations", "", nil).problem(t)
	require.Equal(t, "/problems/unauthorized", refused.Type)
	for _, kind := range api.ProblemKinds() {
		got := b.do(t, http.MethodGet, "/problems/"+kind.Code, "", nil)
		require.Equal(t, http.StatusOK, got.StatusCode)
		require.Equal(t, kind, decode[api.ProblemKind](t, got))
		require.Equal(t, "public, max-age=3600", got.Header.Get("Cache-Control"))
	}
	require.Equal(t, "not_found", b.do(t, http.MethodGet, "/problems/nothing", "", nil).problem(t).Code)
}
