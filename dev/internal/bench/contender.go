package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/holdfast/holdfast/internal/collection"
)

// contender is one of those that are compared. Each run has a new one.
type contender interface {
	// start makes everything ready, on a database without tables; it is not measured.
	start(ctx context.Context, databaseURL string) error
	// parts are its processes.
	parts() map[Part]int
	// work does what is measured.
	work(ctx context.Context, repository string) error
	// events counts those in the histories of its workflows.
	events(ctx context.Context) (int64, error)
	// table is where it stored a collection, and which of its rows count.
	table(c collection.Collection) (table, where string)
	// stop ends its processes, also after a start that failed.
	stop() error
}

// Names of the contenders.
const (
	NameHoldfast = "holdfast"
	NameLoop     = "loop"
)

// The lines by which the benchmark and the loop's process
// tell each other to begin and that all is stored.
const (
	loopReady = "ready"
	loopGo    = "go"
	loopDone  = "done"
)

// ServeLoop is the loop's process: it makes everything ready, begins when it is told
// to, says when it has ended and then stays, so that it can be measured, until its
// input ends.
func ServeLoop(ctx context.Context, githubURL, databaseURL, repository string, in io.Reader, out io.Writer) (err error) {
	l, err := NewLoop(ctx, githubURL, databaseURL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close(ctx)) }()
	told := bufio.NewReader(in)
	if _, err := fmt.Fprintln(out, loopReady); err != nil {
		return fmt.Errorf("tell that the loop is ready: %w", err)
	}
	if err := expect(told, loopGo); err != nil {
		return err
	}
	if err := l.Run(ctx, repository); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, loopDone); err != nil {
		return fmt.Errorf("tell that the loop has ended: %w", err)
	}
	_, err = io.Copy(io.Discard, told)
	return err
}

func expect(r *bufio.Reader, want string) error {
	line, err := r.ReadString('\n')
	if err != nil {
		return fmt.Errorf("wait for %q: %w", want, err)
	}
	if got := strings.TrimSpace(line); got != want {
		return fmt.Errorf("wait for %q: it is %q", want, got)
	}
	return nil
}

// loopContender is the loop in a process of its own.
type loopContender struct {
	services   *services
	repository string
	cmd        *exec.Cmd
	in         io.WriteCloser
	out        *bufio.Reader
}

func (l *loopContender) start(ctx context.Context, databaseURL string) error {
	// The URL holds a password, which an argument would show to everyone on the machine.
	l.cmd = exec.CommandContext(ctx, l.services.options.Dev, "loop", "--github", l.services.simulator.api, "--repository", l.repository)
	l.cmd.Env = append(os.Environ(), LoopDatabaseVariable+"="+databaseURL)
	l.cmd.Stderr = os.Stderr
	var err error
	if l.in, err = l.cmd.StdinPipe(); err != nil {
		return fmt.Errorf("prepare the loop: %w", err)
	}
	out, err := l.cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("prepare the loop: %w", err)
	}
	l.out = bufio.NewReader(out)
	if err := l.cmd.Start(); err != nil {
		return fmt.Errorf("start the loop: %w", err)
	}
	return expect(l.out, loopReady)
}

// LoopDatabaseVariable is where the loop's process finds its database.
const LoopDatabaseVariable = "BENCH_LOOP_DATABASE_URL"

func (l *loopContender) parts() map[Part]int { return map[Part]int{PartLoop: l.cmd.Process.Pid} }

func (l *loopContender) work(context.Context, string) error {
	if _, err := fmt.Fprintln(l.in, loopGo); err != nil {
		return fmt.Errorf("tell the loop to begin: %w", err)
	}
	return expect(l.out, loopDone)
}

func (l *loopContender) events(context.Context) (int64, error) { return 0, nil }

func (l *loopContender) table(c collection.Collection) (table, where string) {
	return loopTable(c), "true"
}

func (l *loopContender) stop() error {
	if l.cmd == nil || l.cmd.Process == nil {
		return nil
	}
	if err := errors.Join(l.in.Close(), l.cmd.Wait()); err != nil {
		return fmt.Errorf("stop the loop: %w", err)
	}
	return nil
}

// countRows counts what a contender stored, by collection.
func countRows(ctx context.Context, databaseURL string, of contender) (_ map[string]int64, err error) {
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return nil, fmt.Errorf("connect to count the rows: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	counts := map[string]int64{}
	for _, c := range Collections() {
		table, where := of.table(c)
		var n int64
		if err := conn.QueryRow(ctx, "select count(*) from "+table+" where "+where).Scan(&n); err != nil {
			return nil, fmt.Errorf("count the rows of %s: %w", c.Name, err)
		}
		counts[c.Name] = n
	}
	return counts, nil
}
