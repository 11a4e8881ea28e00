// Command dev runs Holdfast's development environment: Temporal with its Web UI,
// Postgres and Redis, on loopback, for tests, for a demonstration and for daily work.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	err := run(ctx, os.Args[1:])
	var exit exitError
	if errors.As(err, &exit) && err == error(exit) { //nolint:errorlint // that and nothing else
		os.Exit(int(exit))
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
	root.AddCommand(testCommand(), demoCommand(), upCommand())
	root.SetArgs(args)
	return root.ExecuteContext(ctx)
}
