package localservice

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Command says what to start.
type Command struct {
	Name string   // for messages: "Postgres"
	Path string   // the executable
	Args []string // without the executable's own name
	Dir  string   // working directory; empty: the caller's
	Env  []string // "KEY=value"; nil: the caller's environment
	// Log receives standard output and standard error. A *os.File is handed to the
	// process as it is. nil: discarded.
	Log io.Writer
	// LogPath is the file that Log writes, if it is one: messages about a failure
	// end with its last lines.
	LogPath string
	// StopSignal asks the process to end in order. 0: SIGTERM.
	StopSignal syscall.Signal
	// DeathSignal is sent when the calling process dies. 0: SIGKILL.
	DeathSignal syscall.Signal

	user *account // nil: the caller's user
}

// Process is a child process that dies with the process that started it, however
// that one ends. On Linux the kernel sees to it (PR_SET_PDEATHSIG); elsewhere a
// shell beside the child watches a pipe that breaks with the parent.
//
// It runs in a process group of its own, so that a Ctrl-C in the terminal reaches
// the parent only and the parent stops its children in order.
type Process struct {
	command Command
	cmd     *exec.Cmd
	done    chan struct{}
	err     error // how it ended; valid once done is closed
	release func()

	mu       sync.Mutex
	stopping bool
}

// StartProcess starts a child process.
func StartProcess(command Command) (*Process, error) {
	if command.StopSignal == 0 {
		command.StopSignal = syscall.SIGTERM
	}
	if command.DeathSignal == 0 {
		command.DeathSignal = syscall.SIGKILL
	}
	cmd := exec.Command(command.Path, command.Args...)
	cmd.Dir, cmd.Env = command.Dir, command.Env
	cmd.Stdout, cmd.Stderr = command.Log, command.Log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if command.user != nil {
		cmd.SysProcAttr.Credential = command.user.credential()
	}
	release, err := dieWithParent(cmd, command.DeathSignal)
	if err != nil {
		return nil, fmt.Errorf("prepare %s: %w", command.Name, err)
	}
	p := &Process{command: command, cmd: cmd, done: make(chan struct{}), release: release}
	started := make(chan error)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s (%s): %w", command.Name, command.Path, err)
	}
	return p, nil
}

// run starts the child and waits for it on one locked thread: Linux ties the
// parent-death signal to the thread that forked, not to the process, and Go may
// end a thread at any time unless a goroutine holds it.
func (p *Process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.done)
	defer p.release()
	if err := p.cmd.Start(); err != nil {
		started <- err
		return
	}
	started <- nil
	p.err = p.cmd.Wait()
}

// PID is the process's id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err says how a process ended that nobody stopped, with the last lines of its
// log; nil while it runs, and after [Process.Stop] or [Process.Kill].
func (p *Process) Err() error {
	select {
	case <-p.done:
	default:
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopping {
		return nil
	}
	return fmt.Errorf("%s ended unexpectedly: %s%s", p.command.Name, p.cmd.ProcessState, p.LogTail(20))
}

// Await tries until it succeeds. It gives up with [Process.Err] when the process has
// ended, and with ctx's error and the last try's when ctx has.
func (p *Process) Await(ctx context.Context, try func() error) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return errors.Join(errors.New(p.command.Name+" has ended"), p.Err())
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-tick.C:
		}
	}
}

// ExitCode is what the process exited with: -1 while it runs, and when a signal ended it.
func (p *Process) ExitCode() int {
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode()
	default:
		return -1
	}
}

// Stop asks the process to end and waits for it; when ctx ends first it kills
// the process and says so. Stopping a process that has ended is no error.
func (p *Process) Stop(ctx context.Context) error {
	if err := p.signal(p.command.StopSignal); err != nil {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
	}
	if err := p.Kill(); err != nil {
		return err
	}
	return fmt.Errorf("%s did not stop in time and was killed: %w", p.command.Name, ctx.Err())
}

// Kill ends the process with SIGKILL and waits until it is gone.
func (p *Process) Kill() error {
	if err := p.signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-p.done
	return nil
}

// signal reaches the whole group: where a shell watches over the child both get it.
func (p *Process) signal(sig syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.done:
		return nil
	default:
	}
	p.stopping = true
	if err := syscall.Kill(-p.PID(), sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("send %s to %s: %w", sig, p.command.Name, err)
	}
	return nil
}

// LogTail is the last lines of the process's log, introduced by a line break and
// the log's path; empty when it has no log file.
func (p *Process) LogTail(lines int) string {
	if p.command.LogPath == "" {
		return ""
	}
	tail, err := tailFile(p.command.LogPath, lines)
	if err != nil || tail == "" {
		return ""
	}
	return "\n" + p.command.LogPath + ":\n" + tail
}

func tailFile(path string, lines int) (string, error) {
	const most = 64 << 10
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // only read
	if info, err := f.Stat(); err == nil && info.Size() > most {
		if _, err := f.Seek(-most, io.SeekEnd); err != nil {
			return "", err
		}
	}
	text, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return "", err
	}
	all := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n"), nil
}
