package localservice

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func startShell(t *testing.T, script string) *Process {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shell.log")
	log, err := os.Create(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, log.Close()) }()
	p, err := StartProcess(Command{Name: "the shell", Path: "/bin/sh", Args: []string{"-c", script}, Log: log, LogPath: path})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Kill()) })
	return p
}

func TestProcessThatEndsByItself(t *testing.T) {
	t.Parallel()
	p := startShell(t, "echo first; echo last words >&2; exit 7")
	<-p.Done()
	require.ErrorContains(t, p.Err(), "the shell ended unexpectedly: exit status 7")
	require.ErrorContains(t, p.Err(), "first\nlast words")
	require.NotContains(t, p.LogTail(1), "first")
	require.NoError(t, p.Stop(t.Context()), "it has ended already")
}

func TestProcessIsStopped(t *testing.T) {
	t.Parallel()
	p := startShell(t, "trap 'echo stopping; exit 0' TERM; echo ready; while :; do sleep 0.05; done")
	requireLogged(t, p, "ready")
	require.NoError(t, p.Err())
	require.NoError(t, p.Stop(t.Context()))
	require.NoError(t, p.Err(), "it was asked to end")
	require.Contains(t, p.LogTail(5), "stopping")
}

func TestProcessThatDoesNotStopIsKilled(t *testing.T) {
	t.Parallel()
	p := startShell(t, "trap '' TERM; echo ready; while :; do sleep 0.05; done")
	requireLogged(t, p, "ready")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorContains(t, p.Stop(ctx), "did not stop in time and was killed")
	<-p.Done()
}

func TestProcessThatCannotStart(t *testing.T) {
	t.Parallel()
	_, err := StartProcess(Command{Name: "nothing", Path: filepath.Join(t.TempDir(), "nothing")})
	require.ErrorContains(t, err, "start nothing")
	require.ErrorIs(t, err, os.ErrNotExist)
}

func requireLogged(t *testing.T, p *Process, line string) {
	t.Helper()
	require.Eventually(t, func() bool {
		tail, err := tailFile(p.command.LogPath, 5)
		return err == nil && tail == line
	}, 10*time.Second, 5*time.Millisecond)
}
