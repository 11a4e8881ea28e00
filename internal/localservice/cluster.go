package localservice

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

const (
	superuser = "holdfast"
	// passwordFile lies in the data directory, which only the server's user enters.
	passwordFile = "holdfast.password"
)

// cluster is a Postgres data directory.
type cluster struct {
	dir  string
	bin  binaries
	user *account // nil: the caller's own
}

// initArgs are initdb's. The password is sent in the clear, but over loopback
// only, and it keeps the machine's other users out of the mirrored data.
func initArgs() []string {
	locale := "C.UTF-8"
	if runtime.GOOS == "darwin" {
		locale = "en_US.UTF-8" // macOS has no C.UTF-8 in all its versions
	}
	return []string{
		"--username=" + superuser, "--auth=password", "--encoding=UTF8",
		"--locale=" + locale, "--no-sync", "--no-instructions",
	}
}

// exists tells whether there is data in the directory already.
func (c cluster) exists() bool {
	_, err := os.Stat(filepath.Join(c.dir, "PG_VERSION"))
	return err == nil
}

// majorVersion is the version that made the data, 0 if there is none.
func (c cluster) majorVersion() (int, error) {
	text, err := os.ReadFile(filepath.Join(c.dir, "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the version of the data: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("read the version of the data in %s: %w", c.dir, err)
	}
	return major, nil
}

func (c cluster) password() (string, error) {
	text, err := os.ReadFile(filepath.Join(c.dir, passwordFile))
	if err != nil {
		return "", fmt.Errorf("read the password of %s: %w", c.dir, err)
	}
	return string(text), nil
}

// create fills the directory: with a copy of the cached cluster, which takes a
// tenth of the time that initdb takes, or by initdb where nothing can be cached.
// The directory appears whole or not at all.
func (c cluster) create(ctx context.Context, sync bool) error {
	fresh := c
	fresh.dir = c.dir + ".new"
	if err := os.RemoveAll(fresh.dir); err != nil {
		return fmt.Errorf("remove what an interrupted start left: %w", err)
	}
	template, err := c.template(ctx)
	if err == nil {
		err = fresh.copyFrom(template)
	} else {
		err = fresh.initialize(ctx)
	}
	if err != nil {
		return err
	}
	if sync {
		if out, err := c.command(ctx, "initdb", "--sync-only", "-D", fresh.dir).CombinedOutput(); err != nil {
			return fmt.Errorf("sync %s: %w: %s", fresh.dir, err, out)
		}
	}
	if err := os.Rename(fresh.dir, c.dir); err != nil {
		return fmt.Errorf("put the new cluster in place: %w", err)
	}
	return nil
}

// template is the cached cluster of this version, made on first use. Several
// processes may make it at once: the first rename wins.
func (c cluster) template(ctx context.Context) (string, error) {
	cache, err := cacheDir(c.user)
	if err != nil {
		return "", err
	}
	key := sha256.Sum256([]byte(strings.Join(append(initArgs(), c.bin.version, c.bin.dir, c.userName()), "\n")))
	template := cluster{dir: filepath.Join(cache, "cluster-"+hex.EncodeToString(key[:6])), bin: c.bin, user: c.user}
	if template.exists() {
		return template.dir, nil
	}
	work, err := os.MkdirTemp(cache, "initdb-")
	if err != nil {
		return "", fmt.Errorf("create a directory for initdb: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()     // at worst a few files more in the cache
	if err := os.Chmod(work, 0o711); err != nil { //nolint:gosec // the server's user must pass through it
		return "", fmt.Errorf("open %s for the server's user: %w", work, err)
	}
	fresh := cluster{dir: filepath.Join(work, "cluster"), bin: c.bin, user: c.user}
	if err := fresh.initialize(ctx); err != nil {
		return "", err
	}
	if err := os.Rename(fresh.dir, template.dir); err != nil && !template.exists() {
		return "", fmt.Errorf("keep the new cluster: %w", err)
	}
	return template.dir, nil
}

// initialize runs initdb.
func (c cluster) initialize(ctx context.Context) error {
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return fmt.Errorf("create %s: %w", c.dir, err)
	}
	password := rand.Text()
	passwords := c.dir + ".password" // initdb wants its directory empty
	if err := os.WriteFile(passwords, []byte(password), 0o600); err != nil {
		return fmt.Errorf("write the password for initdb: %w", err)
	}
	for _, path := range []string{c.dir, passwords} {
		if err := c.user.own(path); err != nil {
			return fmt.Errorf("give %s to the server's user: %w", path, err)
		}
	}
	args := append(initArgs(), "-D", c.dir, "--pwfile="+passwords)
	if out, err := c.command(ctx, "initdb", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	if err := os.Rename(passwords, filepath.Join(c.dir, passwordFile)); err != nil {
		return fmt.Errorf("keep the password: %w", err)
	}
	return nil
}

func (c cluster) copyFrom(template string) error {
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return fmt.Errorf("create %s: %w", c.dir, err)
	}
	if err := os.CopyFS(c.dir, os.DirFS(template)); err != nil {
		return fmt.Errorf("copy the cached cluster: %w", err)
	}
	if err := os.Chmod(c.dir, 0o700); err != nil { //nolint:gosec // what Postgres demands of its directory
		return fmt.Errorf("close %s for others: %w", c.dir, err)
	}
	if err := c.user.own(c.dir); err != nil {
		return fmt.Errorf("give %s to the server's user: %w", c.dir, err)
	}
	return nil
}

// command runs one of the server's programs as the server's user.
func (c cluster) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.bin.path(name), args...)
	cmd.Dir, cmd.Env = "/", serverEnv()
	if c.user != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.user.credential()}
	}
	return cmd
}

func (c cluster) userName() string {
	if c.user == nil {
		return ""
	}
	return c.user.name
}

// serverEnv keeps the caller's PG* variables and locale out of the server.
func serverEnv() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir(), "LC_ALL=C"}
}
