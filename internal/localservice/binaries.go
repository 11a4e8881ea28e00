package localservice

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

// downloadedVersion is fetched where no Postgres is installed.
const downloadedVersion = embeddedpostgres.V17

var postgresVersion = regexp.MustCompile(`\(PostgreSQL\) (\d+)(\S*)`)

// binaries are the executables of one installed Postgres.
type binaries struct {
	dir     string
	major   int
	version string // as the server prints it
}

func (b binaries) path(name string) string { return filepath.Join(b.dir, name) }

// installDirs lists where Postgres usually is, as patterns.
func installDirs() []string {
	return []string{
		"/usr/lib/postgresql/*/bin",                               // Debian, Ubuntu
		"/usr/pgsql-*/bin",                                        // Red Hat
		"/opt/homebrew/opt/postgresql*/bin",                       // Homebrew on Apple silicon
		"/usr/local/opt/postgresql*/bin",                          // Homebrew on Intel
		"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",          // Homebrew on Linux
		"/Applications/Postgres.app/Contents/Versions/latest/bin", // Postgres.app
	}
}

// findBinaries is the newest installed Postgres among the patterns and in the
// directories of PATH; major, unless 0, is the one version that will do.
func findBinaries(ctx context.Context, patterns []string, major int) (binaries, bool) {
	patterns = append(patterns, filepath.SplitList(os.Getenv("PATH"))...)
	var found []binaries
	for _, pattern := range patterns {
		dirs, err := filepath.Glob(pattern)
		if err != nil {
			continue // not a pattern: an odd entry of PATH
		}
		for _, dir := range dirs {
			if b, err := inspectBinaries(ctx, dir); err == nil && (major == 0 || b.major == major) {
				found = append(found, b)
			}
		}
	}
	if len(found) == 0 {
		return binaries{}, false
	}
	return slices.MaxFunc(found, func(a, b binaries) int { return a.major - b.major }), true
}

// inspectBinaries asks the server in dir for its version.
func inspectBinaries(ctx context.Context, dir string) (binaries, error) {
	server, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres"))
	if err != nil {
		return binaries{}, err
	}
	b := binaries{dir: filepath.Dir(server)}
	if _, err := os.Stat(b.path("initdb")); err != nil {
		return binaries{}, err
	}
	out, err := exec.CommandContext(ctx, server, "--version").Output()
	if err != nil {
		return binaries{}, fmt.Errorf("ask %s for its version: %w", server, err)
	}
	match := postgresVersion.FindSubmatch(out)
	if match == nil {
		return binaries{}, fmt.Errorf("%s says %q for its version", server, out)
	}
	if b.major, err = strconv.Atoi(string(match[1])); err != nil {
		return binaries{}, err
	}
	b.version = string(match[1]) + string(match[2])
	return b, nil
}

// downloadBinaries fetches Postgres from repository (empty: Maven Central) into
// the cache, once.
func downloadBinaries(ctx context.Context, user *account, repository string) (binaries, error) {
	cache, err := cacheDir(user)
	if err != nil {
		return binaries{}, err
	}
	dir := filepath.Join(cache, "postgres-"+string(downloadedVersion))
	if b, err := inspectBinaries(ctx, filepath.Join(dir, "bin")); err == nil {
		return b, nil
	}
	run, err := os.MkdirTemp("", "holdfast-postgres-download-")
	if err != nil {
		return binaries{}, fmt.Errorf("create a directory for the download: %w", err)
	}
	port, err := FreePort()
	if err != nil {
		return binaries{}, err
	}
	config := embeddedpostgres.DefaultConfig().Version(downloadedVersion).Port(uint32(port)). //nolint:gosec // a port
													CachePath(cache).BinariesPath(dir).RuntimePath(run).Logger(io.Discard)
	if repository != "" {
		config = config.BinaryRepositoryURL(repository)
	}
	fetched := make(chan error, 1)
	go func() { fetched <- fetch(config, run) }()
	select {
	case err = <-fetched:
	case <-ctx.Done():
		return binaries{}, fmt.Errorf("download Postgres %s: %w", downloadedVersion, ctx.Err())
	}
	b, inspectErr := inspectBinaries(ctx, filepath.Join(dir, "bin"))
	if inspectErr != nil {
		return binaries{}, fmt.Errorf("no Postgres is installed, and downloading %s failed (install it: apt-get install postgresql, or brew install postgresql): %w",
			downloadedVersion, errors.Join(err, inspectErr))
	}
	return b, nil
}

// fetch has the module download and extract the binaries, which it offers only as
// the first part of starting a server. The start itself does not matter: for root
// it always fails.
func fetch(config embeddedpostgres.Config, run string) error {
	server := embeddedpostgres.NewDatabase(config)
	err := server.Start()
	if err == nil {
		err = server.Stop()
	}
	return errors.Join(err, os.RemoveAll(run))
}
