package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/client"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/progress"
)

// dev is a command of the development environment's binary, which make builds.
func dev(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "bin", "dev"))
	require.NoError(t, err)
	require.FileExists(t, path, "run `make bin/dev`")
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "HOLDFAST_TEST_") {
			cmd.Env = append(cmd.Env, pair)
		}
	}
	cmd.Env = append(cmd.Env, env...)
	return cmd
}

// openDir is a temporary directory that the user who runs Postgres for root can
// enter, which t.TempDir is not.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "holdfast-e2e-") //nolint:usetesting // see above
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	return dir
}

// closed tells whether nothing listens at a URL's or a plain address any more.
func closed(t *testing.T, address string) bool {
	t.Helper()
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		address = u.Host
	}
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return true
	}
	require.NoError(t, conn.Close())
	return false
}

func TestDemoMirrorsAndLeavesNothing(t *testing.T) {
	t.Parallel()
	temp := openDir(t)
	cmd := dev(t, []string{"JSON=1", "TMPDIR=" + temp}, "demo", "--holdfast", binary, "--items", "800")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Run(), "%s", &stderr)

	var report struct {
		Repository  string
		State       string
		Requests    int64
		Collections map[string]struct{ Source, Mirrored int64 }
		TemporalUI  string `json:"temporal_ui"`
	}
	decoder := json.NewDecoder(&stdout)
	require.NoError(t, decoder.Decode(&report))
	_, err := decoder.Token()
	require.ErrorIs(t, err, io.EOF, "standard output is one JSON document")
	require.Equal(t, "harborline/relay", report.Repository)
	require.Equal(t, "succeeded", report.State)
	require.Len(t, report.Collections, 12)
	for name, c := range report.Collections {
		require.Positive(t, c.Source, name)
		require.Equal(t, c.Source, c.Mirrored, name)
	}
	require.Positive(t, report.Requests)
	require.Contains(t, stderr.String(), "collection        on GitHub")
	require.NotContains(t, stderr.String(), "\x1b", "no cursor tricks where there is no terminal")

	require.True(t, closed(t, report.TemporalUI))
	left, err := os.ReadDir(temp)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestDemoSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		env  []string
		want string
	}{
		"no network":      {[]string{"REPO=octocat/hello", "GITHUB_API_URL=http://127.0.0.1:1/"}, "GitHub cannot be reached at http://127.0.0.1:1/"},
		"no repository":   {[]string{"REPO=octocat"}, `REPO is "octocat" and has to be of the form owner/name`},
		"no archive":      {[]string{"ARCHIVE=nowhere.json"}, "nowhere.json: no such file or directory"},
		"commits of what": {[]string{"COMMITS=commits.ndjson"}, "COMMITS and REFS belong to an ARCHIVE"},
		"two sources":     {[]string{"REPO=octocat/hello", "ARCHIVE=x.json"}, "REPO and ARCHIVE cannot both be set"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := dev(t, tt.env, "demo", "--holdfast", binary).CombinedOutput()
			var failed *exec.ExitError
			require.ErrorAs(t, err, &failed)
			require.Equal(t, 1, failed.ExitCode())
			require.Contains(t, string(out), tt.want)
			require.Equal(t, 1, strings.Count(string(out), "\n"), "one sentence: %s", out)
		})
	}
}

func TestTestCommandPassesTheStatusOn(t *testing.T) {
	t.Parallel()
	out, err := dev(t, nil, "test", "--", "sh", "-c", `echo "$HOLDFAST_TEST_TEMPORAL_ADDRESS"; exit 3`).Output()
	var failed *exec.ExitError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, 3, failed.ExitCode())
	require.True(t, closed(t, strings.TrimSpace(string(out))), "Temporal was stopped")
}

// running is a `dev up` that has said where it is.
type running struct {
	cmd   *exec.Cmd
	lines map[string]string // what it printed, by label
}

// up starts `dev up` and waits until it is ready.
func up(t *testing.T, dir string) *running {
	t.Helper()
	r := &running{cmd: dev(t, nil, "up", "--holdfast", binary, "--dir", dir), lines: map[string]string{}}
	stdout, err := r.cmd.StdoutPipe()
	require.NoError(t, err)
	r.cmd.Stderr = t.Output()
	require.NoError(t, r.cmd.Start())
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		label, value, _ := strings.Cut(lines.Text(), "  ")
		r.lines[label] = strings.TrimSpace(value)
		if strings.HasPrefix(label, "Ctrl-C") {
			return r
		}
	}
	require.Fail(t, "dev up ended before it was ready", r.cmd.Wait())
	return nil
}

func (r *running) client(t *testing.T) *client.Client {
	t.Helper()
	c, err := client.New(r.lines["API"], r.lines["Admin token, for a day"], nil)
	require.NoError(t, err)
	return c
}

// A killed `make dev` leaves nothing that stops the next start, and loses nothing.
func TestUpIsKilledAndStartsAgain(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openDir(t), "data")
	first := up(t, dir)
	out, err := dev(t, nil, "up", "--holdfast", binary, "--dir", dir).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "another `make dev` is using")

	started, err := first.client(t).StartSync(t.Context(), client.SyncRequest{Repository: "harborline/relay"})
	require.NoError(t, err)
	require.NoError(t, first.cmd.Process.Kill())
	require.Error(t, first.cmd.Wait())

	second := up(t, dir)
	ctx, cancel := context.WithTimeout(t.Context(), syncTimeout)
	defer cancel()
	op, err := second.client(t).Watch(ctx, started.ID, -1, func(operation.Operation, progress.Message) error { return nil })
	require.NoError(t, err)
	require.Equal(t, operation.StateSucceeded, op.State)

	require.NoError(t, second.cmd.Process.Signal(syscall.SIGINT))
	require.NoError(t, second.cmd.Wait(), "Ctrl-C is the way to end it")
	for _, label := range []string{"API", "Temporal UI", "Temporal", "Postgres", "Redis"} {
		require.NotEmpty(t, second.lines[label], label)
		require.True(t, closed(t, second.lines[label]), label)
	}
}
