// Package archivetest gives tests a repository as it was at several moments: real
// ones where their archives lie beside the project, and always a made-up one of the
// same shape, so that no test depends on what cannot be checked in.
package archivetest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/holdfast/holdfast/internal/githubsim"
)

// Series is one repository at several moments.
type Series struct {
	Name          string
	Snapshots     []string // paths of archives, oldest first
	Commits, Refs string   // paths; the same at all moments
}

// dataDir holds one folder for each repository, beside the project's.
const dataDir = "shared/data"

// All lists the made-up series and those whose files are on this machine: folders of
// snapshot-*.json.xz with commits.ndjson.xz and refs.json.xz.
func All(t testing.TB) []Series {
	t.Helper()
	all := []Series{generated(t)}
	root := projectRoot(t)
	folders, err := filepath.Glob(filepath.Join(filepath.Dir(root), dataDir, "*", "snapshot-1.json.xz"))
	if err != nil {
		t.Fatalf("look for archives: %v", err)
	}
	for _, first := range folders {
		dir := filepath.Dir(first)
		snapshots, err := filepath.Glob(filepath.Join(dir, "snapshot-*.json.xz"))
		if err != nil {
			t.Fatalf("look for archives: %v", err)
		}
		// snapshot-10 comes after snapshot-9.
		slices.SortFunc(snapshots, func(a, b string) int {
			if len(a) != len(b) {
				return len(a) - len(b)
			}
			return slices.Compare([]byte(a), []byte(b))
		})
		all = append(all, Series{
			Name: filepath.Base(dir), Snapshots: snapshots,
			Commits: optional(filepath.Join(dir, "commits.ndjson.xz")), Refs: optional(filepath.Join(dir, "refs.json.xz")),
		})
	}
	return all
}

// Load reads the repository as it was at a moment.
func (s Series) Load(t testing.TB, moment int) *githubsim.Repository {
	t.Helper()
	return s.read(t, s.Snapshots[moment])
}

func (s Series) read(t testing.TB, path string) *githubsim.Repository {
	t.Helper()
	r, err := githubsim.LoadArchive(path, s.Commits, s.Refs)
	if err != nil {
		t.Fatalf("load %s: %v", path, err)
	}
	return r
}

// Clock is a clock that stands still until it is moved on.
type Clock struct{ now chan time.Time }

// NewClock is a clock that shows a time.
func NewClock(at time.Time) *Clock {
	c := &Clock{now: make(chan time.Time, 1)}
	c.now <- at
	return c
}

// Now is the time that the clock shows.
func (c *Clock) Now() time.Time {
	at := <-c.now
	c.now <- at
	return at
}

// Set moves the clock on to a time, never back.
func (c *Clock) Set(at time.Time) {
	old := <-c.now
	if at.Before(old) {
		at = old
	}
	c.now <- at
}

func optional(path string) string {
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// projectRoot is the folder of the project, whichever of its packages is tested.
func projectRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatalf("find the project: %v", err)
	}
	for {
		_, err := os.Stat(filepath.Join(dir, ".golangci.yml"))
		switch {
		case err == nil:
			return dir
		case !errors.Is(err, fs.ErrNotExist), dir == filepath.Dir(dir):
			t.Fatalf("find the project above the working directory: %v", err)
		}
		dir = filepath.Dir(dir)
	}
}
