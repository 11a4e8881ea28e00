package localservice

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLockDir(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data")
	first, err := LockDir(path)
	require.NoError(t, err)
	_, err = LockDir(path)
	require.ErrorIs(t, err, ErrLocked)
	require.NoError(t, first.Unlock())
	again, err := LockDir(path)
	require.NoError(t, err)
	require.NoError(t, again.Remove())
	require.NoDirExists(t, path)
}

func TestSweepRemovesWhatNobodyHolds(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	old := time.Now().Add(-time.Hour)
	for _, name := range []string{"held", "left"} {
		path := filepath.Join(parent, tempPrefix+name)
		require.NoError(t, os.MkdirAll(filepath.Join(path, "postgres"), 0o755))
		if name == "held" {
			dir, err := LockDir(path)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, dir.Unlock()) })
		}
		require.NoError(t, os.Chtimes(path, old, old))
	}
	require.NoError(t, os.Mkdir(filepath.Join(parent, tempPrefix+"new"), 0o755))
	require.NoError(t, os.Mkdir(filepath.Join(parent, "another"), 0o755))

	sweep(parent)
	require.DirExists(t, filepath.Join(parent, tempPrefix+"held"))
	require.NoDirExists(t, filepath.Join(parent, tempPrefix+"left"))
	require.DirExists(t, filepath.Join(parent, tempPrefix+"new"))
	require.DirExists(t, filepath.Join(parent, "another"))
}

func TestReaches(t *testing.T) {
	t.Parallel()
	closed := filepath.Join(t.TempDir(), "closed")
	require.NoError(t, os.Mkdir(closed, 0o700))
	stranger := &account{name: "stranger", uid: 54321, gid: 54321}
	require.False(t, stranger.reaches(filepath.Join(closed, "data")))
	require.True(t, (*account)(nil).reaches(filepath.Join(closed, "data")))
	require.True(t, stranger.reaches("/tmp/holdfast"))
}
