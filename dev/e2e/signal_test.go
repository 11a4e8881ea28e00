package e2e_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// demoUntil starts a demo and reads what it prints up to a line that begins so.
func demoUntil(t *testing.T, temp, line string) (cmd *exec.Cmd, stdout *os.File) {
	t.Helper()
	cmd = dev(t, []string{"TMPDIR=" + temp}, "demo", "--holdfast", binary, "--items", "20000")
	stdout, written, err := os.Pipe()
	require.NoError(t, err)
	cmd.Stdout, cmd.Stderr = written, t.Output()
	require.NoError(t, cmd.Start())
	require.NoError(t, written.Close(), "it has a descriptor of its own")
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), line) {
			return cmd, stdout
		}
	}
	require.Fail(t, "the demo ended before it printed "+line, cmd.Wait())
	return nil, nil
}

func requireLeftNothing(t *testing.T, temp string) {
	t.Helper()
	left, err := os.ReadDir(temp)
	require.NoError(t, err)
	require.Empty(t, left)
}

// `make demo | head -1` stops what was started and removes it, like a Ctrl-C.
func TestDemoStopsWhenNobodyReadsIt(t *testing.T) {
	t.Parallel()
	temp := openDir(t)
	cmd, stdout := demoUntil(t, temp, "Holdfast mirrors")
	require.NoError(t, stdout.Close())
	var failed *exec.ExitError
	require.ErrorAs(t, cmd.Wait(), &failed)
	require.Equal(t, 128+int(syscall.SIGPIPE), failed.ExitCode(), "by itself, with the status of a program that the signal ended")
	requireLeftNothing(t, temp)
}

// So does a terminal that goes away, which says so more than once.
func TestDemoStopsWithItsTerminal(t *testing.T) {
	t.Parallel()
	temp := openDir(t)
	cmd, stdout := demoUntil(t, temp, "Temporal's Web UI")
	for range 3 {
		require.NoError(t, cmd.Process.Signal(syscall.SIGHUP))
	}
	_, err := io.Copy(io.Discard, stdout)
	require.NoError(t, err)
	require.NoError(t, stdout.Close())
	var failed *exec.ExitError
	require.ErrorAs(t, cmd.Wait(), &failed)
	require.Equal(t, 130, failed.ExitCode())
	requireLeftNothing(t, temp)
}
