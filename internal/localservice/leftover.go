package localservice

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const pollInterval = 20 * time.Millisecond

// postmasterFile is what a running server writes into its data directory: its
// process id in the first line, its status in the eighth.
const postmasterFile = "postmaster.pid"

// stopLeftover makes the data directory free to start on: a server that a killed
// run left on it is stopped, and a pid file whose process is gone, or is by now
// another program, is removed. Postgres itself takes any process with that id for
// its own, and in containers ids repeat.
func (c cluster) stopLeftover(ctx context.Context) error {
	pid, _, err := c.postmaster()
	if err != nil {
		return err
	}
	for _, s := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{
		{syscall.SIGINT, 10 * time.Second}, // roll back and end
		{syscall.SIGQUIT, 5 * time.Second}, // end at once, recover at the next start
		{syscall.SIGKILL, 5 * time.Second},
	} {
		if pid == 0 || !c.serves(pid) {
			break
		}
		if err := syscall.Kill(pid, s.signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stop the Postgres (process %d) that an earlier run left on %s: %w", pid, c.dir, err)
		}
		if err := waitUntil(ctx, s.wait, func() bool { return !c.serves(pid) }); err != nil && ctx.Err() != nil {
			return fmt.Errorf("wait for the Postgres (process %d) that an earlier run left on %s: %w", pid, c.dir, err)
		}
	}
	if pid != 0 && c.serves(pid) {
		return fmt.Errorf("the Postgres (process %d) that an earlier run left on %s does not end", pid, c.dir)
	}
	if err := os.Remove(filepath.Join(c.dir, postmasterFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove a stale pid file: %w", err)
	}
	return nil
}

// postmaster reads the pid file: 0 without one.
func (c cluster) postmaster() (pid int, status string, err error) {
	text, err := os.ReadFile(filepath.Join(c.dir, postmasterFile))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, "", nil
	}
	if err != nil {
		return 0, "", fmt.Errorf("read the pid file: %w", err)
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) >= 8 {
		status = strings.TrimSpace(lines[7])
	}
	number, unreadable := strconv.Atoi(strings.TrimSpace(lines[0]))
	if unreadable != nil || number <= 1 {
		return 0, "", nil //nolint:nilerr // half written by a server that was killed: nobody's
	}
	return number, status, nil
}

// waitUntil polls a condition; its error is context.DeadlineExceeded or ctx's own.
func waitUntil(ctx context.Context, limit time.Duration, done func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}
