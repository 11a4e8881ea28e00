package localservice

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// ErrLocked is returned by [LockDir] while another process holds the directory.
var ErrLocked = errors.New("the directory is in use by another process")

const (
	tempPrefix = "holdfast-run-"
	// memoryDir is memory under Linux, where Postgres clones a database five times
	// as fast as on a disk.
	memoryDir = "/dev/shm"
	// memoryNeeded is free space that leaves room for large tests; containers often
	// have 64 MB there.
	memoryNeeded = 4 << 30
	// sweepAge keeps a sweep away from a directory that was made a moment ago and
	// is not locked yet.
	sweepAge = time.Minute
)

// Dir is a directory that this process holds alone. The hold ends with the
// process: the kernel drops it, so a killed run leaves no stale lock.
type Dir struct {
	Path string
	lock *os.File
}

// LockDir creates the directory if needed and holds it, or fails with [ErrLocked].
func LockDir(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o755); err != nil { //nolint:gosec // a server's own user must pass through it
		return nil, fmt.Errorf("create %s: %w", path, err)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close() // the lock's error says more
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s: %w", path, ErrLocked)
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return &Dir{Path: path, lock: f}, nil
}

// Unlock lets go of the directory and keeps it.
func (d *Dir) Unlock() error {
	if err := d.lock.Close(); err != nil {
		return fmt.Errorf("unlock %s: %w", d.Path, err)
	}
	return nil
}

// Remove deletes the directory and what is in it.
func (d *Dir) Remove() error {
	if err := os.RemoveAll(d.Path); err != nil {
		return fmt.Errorf("remove %s: %w", d.Path, errors.Join(err, d.lock.Close()))
	}
	return d.Unlock()
}

// TempDir makes and holds a new directory for one run's throwaway data, and
// removes those that killed runs left behind.
func TempDir() (*Dir, error) {
	parent, err := tempParent()
	if err != nil {
		return nil, err
	}
	return tempDir(parent)
}

// MemoryDir is like [TempDir], in memory where there is enough of it: for tests,
// which make and drop many small databases.
func MemoryDir() (*Dir, error) {
	var space syscall.Statfs_t
	if err := syscall.Statfs(memoryDir, &space); err == nil && uint64(space.Bsize)*space.Bavail >= memoryNeeded { //nolint:gosec // a block's size is positive
		if dir, err := tempDir(memoryDir); err == nil {
			return dir, nil
		}
	}
	return TempDir()
}

func tempDir(parent string) (*Dir, error) {
	sweep(parent)
	path, err := os.MkdirTemp(parent, tempPrefix)
	if err != nil {
		return nil, fmt.Errorf("create a temporary directory: %w", err)
	}
	// Others may pass through to what belongs to them, and list nothing.
	if err := os.Chmod(path, 0o711); err != nil { //nolint:gosec // see above
		return nil, fmt.Errorf("open %s for the servers' user: %w", path, err)
	}
	return LockDir(path)
}

// tempParent is the temporary directory, or one that the servers' user reaches.
func tempParent() (string, error) {
	user, err := serverAccount()
	if err != nil {
		return "", err
	}
	for _, dir := range []string{os.TempDir(), "/tmp", "/var/tmp"} {
		if user.reaches(filepath.Join(dir, tempPrefix)) {
			return dir, nil
		}
	}
	return "", fmt.Errorf("the user %s, which runs Postgres for root, cannot enter %s: set TMPDIR to a directory that it can", user.name, os.TempDir())
}

// sweep removes what killed runs left. Whatever it cannot lock or remove belongs
// to a run that lives or to another user, and stays.
func sweep(parent string) {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || !info.IsDir() || !strings.HasPrefix(entry.Name(), tempPrefix) || time.Since(info.ModTime()) < sweepAge {
			continue
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok || int(stat.Uid) != os.Geteuid() {
			continue
		}
		if d, err := LockDir(filepath.Join(parent, entry.Name())); err == nil {
			_ = d.Remove()
		}
	}
}

// cacheDir is where initialized clusters and downloaded binaries are kept between
// runs: a place of the caller's own that the servers' user can enter.
func cacheDir(user *account) (string, error) {
	var candidates []string
	if dir, err := os.UserCacheDir(); err == nil {
		candidates = append(candidates, filepath.Join(dir, "holdfast"))
	}
	candidates = append(candidates, "/var/cache/holdfast",
		filepath.Join(os.TempDir(), fmt.Sprintf("holdfast-cache-%d", os.Geteuid())))
	var errs []error
	for _, dir := range candidates {
		if !user.reaches(filepath.Join(dir, "any")) {
			continue
		}
		if err := ownDir(dir); err != nil {
			errs = append(errs, err)
			continue
		}
		return dir, nil
	}
	return "", fmt.Errorf("find a directory for the cache: %w", errors.Join(errs...))
}

// ownDir makes the directory if needed and refuses one of another user's making.
func ownDir(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // the servers' user must pass through it
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); !ok || !info.IsDir() || int(stat.Uid) != os.Geteuid() {
		return fmt.Errorf("%s belongs to another user", dir)
	}
	return nil
}
