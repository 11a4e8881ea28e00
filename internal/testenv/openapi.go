package testenv

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/holdfast/holdfast/internal/githubspec"
)

// GitHubOpenAPI is the path of GitHub's published description of its REST API, in
// the pinned release. Under `make test` it was fetched before the tests; a package
// that is tested alone takes it from the cache or fetches it. Where it cannot be had
// the test is skipped, or fails if it is required.
func GitHubOpenAPI(t testing.TB) string {
	t.Helper()
	path, err := LookUpGitHubOpenAPI(t)
	return orSkip(t, path, err)
}

// LookUpGitHubOpenAPI is like GitHubOpenAPI for what tests do beside what they are for:
// where it cannot be had the error says why.
func LookUpGitHubOpenAPI(t testing.TB) (path string, err error) {
	t.Helper()
	return described(t, openAPIVariable, fetchOpenAPI)
}

// GitHubSchema is the path of GitHub's published GraphQL schema, in the pinned
// release; see GitHubOpenAPI.
func GitHubSchema(t testing.TB) string {
	t.Helper()
	path, err := described(t, schemaVariable, fetchSchema)
	return orSkip(t, path, err)
}

func orSkip(t testing.TB, path string, err error) string {
	t.Helper()
	if err != nil {
		t.Skip(err)
	}
	return path
}

func described(t testing.TB, variable string, fetch func() (string, error)) (path string, err error) {
	t.Helper()
	if path := os.Getenv(variable); path != "" {
		return path, nil
	}
	if required() {
		t.Fatalf("%s is not set: `make test` sets it, or says at its beginning why it cannot", variable)
	}
	if path, err = fetch(); err != nil {
		return "", fmt.Errorf("%s is not set: %w", variable, err)
	}
	return path, nil
}

// Each tries once per process: where there is no network, a try takes seconds.
var (
	fetchOpenAPI = sync.OnceValues(func() (string, error) {
		return githubspec.Pinned().Fetch(context.Background(), githubspec.ReadOptions(os.Getenv))
	})
	fetchSchema = sync.OnceValues(func() (string, error) {
		return githubspec.PinnedSchema().Fetch(context.Background(), githubspec.ReadOptions(os.Getenv))
	})
)
