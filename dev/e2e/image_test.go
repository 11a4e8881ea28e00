package e2e_test

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// largestImage is what the image may hold, in bytes.
const largestImage = 60_000_000

// nobody is the user and group that the image names.
const nobody = "65532"

// readOnlyRoot runs holdfast as the image does: as nobody, in a root that holds the
// binary, with /proc as containers have it, and cannot be written.
const readOnlyRoot = `#!/bin/sh
exec unshare --mount --propagation private sh -c '
	mount --bind "$0" "$0" && mount -t proc proc "$0/proc" && mount -o remount,bind,ro "$0" &&
	exec chroot --userspec=` + nobody + `:` + nobody + ` --groups=` + nobody + ` "$0" /usr/local/bin/holdfast "$@"' %s "$@"
`

// TestImage syncs with what the image would hold: the binary is built with the
// Dockerfile's own command and runs as its user, on a tree that cannot be written.
// Where this test does not run as root it cannot change user and root; the image job
// of the workflow then does, in a container.
func TestImage(t *testing.T) {
	t.Parallel()
	dockerfile, err := os.ReadFile(filepath.Join("..", "..", "deploy", "Dockerfile"))
	require.NoError(t, err)
	require.Contains(t, string(dockerfile), "\nUSER "+nobody+":"+nobody+"\n")
	root := openDir(t)
	bin := filepath.Join(root, "usr", "local", "bin", "holdfast")
	require.NoError(t, os.MkdirAll(filepath.Dir(bin), 0o755))
	require.NoError(t, os.Mkdir(filepath.Join(root, "proc"), 0o755))
	buildAs(t, string(dockerfile), bin)
	requireStatic(t, bin)
	info, err := os.Stat(bin)
	require.NoError(t, err)
	t.Logf("the image's binary has %.1f MB", float64(info.Size())/1e6)
	require.Less(t, info.Size(), int64(largestImage))

	run := bin
	if os.Geteuid() == 0 && runtime.GOOS == "linux" {
		run = filepath.Join(t.TempDir(), "holdfast")
		require.NoError(t, os.WriteFile(run, fmt.Appendf(nil, readOnlyRoot, root), 0o700))
	} else {
		t.Log("not root: the binary runs as this user, on a tree that can be written")
	}
	w := setup(t, options{items: 300, binary: run})
	_, err = w.product.RunWith(t.Context(), []string{"HOLDFAST_METRICS_LISTEN=127.0.0.1:1"}, "health")
	require.Error(t, err, "nothing listens there")
	metrics, err := w.product.MetricsURL(t.Context(), "api", w.api.Process)
	require.NoError(t, err)
	_, err = w.product.RunWith(t.Context(), []string{"HOLDFAST_METRICS_LISTEN=" + strings.TrimPrefix(metrics, "http://")}, "health")
	require.NoError(t, err)
	w.startWorker()
	w.sync()
	w.requireMirrored()
}

var buildCommand = regexp.MustCompile(`go build [^&]*\./cmd/holdfast`)

// buildAs runs the Dockerfile's build command, so that its flags cannot drift from
// what is tested.
func buildAs(t *testing.T, dockerfile, path string) {
	t.Helper()
	command := buildCommand.FindString(strings.ReplaceAll(dockerfile, "\\\n", ""))
	require.NotEmpty(t, command, "the Dockerfile builds the binary")
	require.Contains(t, command, "-o /out/holdfast")
	require.Contains(t, dockerfile, "ENV CGO_ENABLED=0")
	cmd := exec.CommandContext(t.Context(), "sh", "-c", strings.Replace(command, "/out/holdfast", path, 1))
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "VERSION=image-test", "GOFLAGS=")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// requireStatic fails if the binary needs a loader or a library, of which the image has none.
func requireStatic(t *testing.T, path string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		return
	}
	file, err := elf.Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	for _, program := range file.Progs {
		require.NotEqual(t, elf.PT_INTERP, program.Type, "it needs a loader")
	}
	libraries, err := file.ImportedLibraries()
	require.NoError(t, err)
	require.Empty(t, libraries)
}
