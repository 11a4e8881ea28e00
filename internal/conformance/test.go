package conformance

import (
	"sync"
	"testing"

	"github.com/holdfast/holdfast/internal/testenv"
)

// GitHub is GitHub's description, read once for all tests of a process. Where it
// cannot be had the test is skipped, or fails if it is required; see internal/testenv.
func GitHub(t testing.TB) *Description {
	t.Helper()
	return open(t, testenv.GitHubOpenAPI(t))
}

// Lookup is like [GitHub] for what tests do beside what they are for: ok is false
// where the description cannot be had.
func Lookup(t testing.TB) (d *Description, ok bool) {
	t.Helper()
	path, err := testenv.LookUpGitHubOpenAPI(t)
	if err != nil {
		return nil, false
	}
	return open(t, path), true
}

func open(t testing.TB, path string) *Description {
	t.Helper()
	d, err := load(path)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var loaded struct {
	sync.Mutex
	path        string
	description *Description
}

// load reads the document once: it takes a fifth of a second and has 13 MB.
func load(path string) (*Description, error) {
	loaded.Lock()
	defer loaded.Unlock()
	if loaded.path == path {
		return loaded.description, nil
	}
	d, err := Load(path)
	if err == nil {
		loaded.path, loaded.description = path, d
	}
	return d, err
}
