// Command dev runs Holdfast's development environment: Temporal with its Web UI,
// Postgres and Redis, on loopback, for tests, for a demonstration and for daily work.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
)

func main() {
	ctx, closed := untilTold()
	err := run(ctx, os.Args[1:])
	var exit exitError
	if errors.As(err, &exit) && err == error(exit) { //nolint:errorlint // that and nothing else
		os.Exit(int(exit))
	}
	if err != nil && closed() && !errors.Is(err, errDiverged) && !errors.Is(err, errBroken) {
		os.Exit(brokenPipeStatus) // whoever read what we print has seen enough
	}
	if err != nil && errors.Is(err, context.Canceled) && ctx.Err() != nil {
		fmt.Fprintln(os.Stderr, "dev: interrupted")
		os.Exit(130)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "dev:", err)
		os.Exit(max(1, int(exit)))
	}
}

// brokenPipeStatus is what a shell says of a program that SIGPIPE ended.
const brokenPipeStatus = 128 + int(syscall.SIGPIPE)

// untilTold is a context that ends when the program is told to: by a Ctrl-C or
// SIGTERM, when its terminal goes away, or when nobody reads its output any more, as
// in `make demo | head -1`. Whatever was started is then stopped and removed. closed
// tells whether it was the output.
//
// A second Ctrl-C or SIGTERM ends the program at once. The others come in numbers, a
// broken pipe with every line that is still printed: they stay caught. A client that
// breaks its connection to a server in here raises SIGPIPE too, which then means nothing.
func untilTold() (ctx context.Context, closed func() bool) {
	ctx, cancel := context.WithCancelCause(context.Background())
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, os.Interrupt, syscall.SIGTERM)
	gone := make(chan os.Signal, 1)
	broken := make(chan os.Signal, 1)
	signal.Notify(broken, syscall.SIGPIPE)
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		signal.Notify(gone, syscall.SIGHUP)
	}
	go func() {
		defer signal.Stop(asked)
		for {
			select {
			case <-asked:
				cancel(nil)
				return
			case <-gone:
				cancel(nil)
				<-asked
				return
			case <-broken:
				if nobodyReads(os.Stdout, os.Stderr) {
					cancel(errOutputClosed)
					<-asked
					return
				}
			}
		}
	}()
	return ctx, func() bool { return errors.Is(context.Cause(ctx), errOutputClosed) }
}

// nobodyReads tells whether one of the outputs is a pipe that nobody reads any more.
func nobodyReads(outputs ...*os.File) bool {
	var polled []unix.PollFd
	for _, output := range outputs {
		polled = append(polled, unix.PollFd{Fd: int32(output.Fd()), Events: unix.POLLOUT}) //nolint:gosec // descriptors are small
	}
	if _, err := unix.Poll(polled, 0); err != nil {
		return true // it cannot be told: end rather than write to nobody
	}
	return slices.ContainsFunc(polled, func(p unix.PollFd) bool { return p.Revents&(unix.POLLERR|unix.POLLHUP) != 0 })
}

// errOutputClosed is why the program ends when nobody reads what it prints.
var errOutputClosed = errors.New("the output was closed")

// exitError ends the program with a status that another program chose.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func run(ctx context.Context, args []string) error {
	root := &cobra.Command{
		Use:           "dev",
		Short:         "Holdfast's development environment",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(testCommand(), demoCommand(), upCommand(), benchCommand(), chaosCommand(), fleetCommand(), coverCommand())
	root.AddCommand(partCommands()...)
	root.SetArgs(args)
	return root.ExecuteContext(ctx)
}
