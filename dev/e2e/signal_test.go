package e2e_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/localservice"
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
	// Under nohup the signal is ignored, which programs inherit unless it is caught here.
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
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

// A client that breaks its connection is no output that was closed.
func TestAServerOutlivesItsClients(t *testing.T) {
	t.Parallel()
	port, err := localservice.FreePort()
	require.NoError(t, err)
	controlPort, err := localservice.FreePort()
	require.NoError(t, err)
	cmd := dev(t, nil, "githubsim", "--items", "1000", "--port", strconv.Itoa(port), "--control-port", strconv.Itoa(controlPort))
	cmd.Stderr = t.Output()
	require.NoError(t, cmd.Start())
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	require.Eventually(t, func() bool { return breakOff(address) == nil }, time.Minute, 20*time.Millisecond)
	for range 20 {
		require.NoError(t, breakOff(address))
	}
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, cmd.Wait())
}

// breakOff asks a server for more than it reads.
func breakOff(address string) error {
	connection, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	request := "GET /repos/harborline/relay/issues?per_page=100&state=all HTTP/1.1\r\nHost: github\r\n\r\n"
	if _, err := io.WriteString(connection, strings.Repeat(request, 50)); err != nil {
		return err
	}
	if _, err := connection.Read(make([]byte, 1)); err != nil {
		return err
	}
	return errors.Join(connection.(*net.TCPConn).SetLinger(0), connection.Close()) // with a reset
}
