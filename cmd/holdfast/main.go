// Command holdfast is Holdfast's one binary: the API, the worker, the migrations
// and a client of the API.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/internal/config"
)

// version is set by the linker.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "holdfast: "+err.Error())
		os.Exit(exitStatus(err))
	}
}

// process is what a command may use of the process that it runs in.
type process struct {
	env    config.Environment
	stdout io.Writer
	stderr io.Writer
}

func run(ctx context.Context, args []string, env config.Environment, stdout, stderr io.Writer) error {
	root := newRootCommand(process{env: env, stdout: stdout, stderr: stderr})
	var started bool
	noteStart(root, &started)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		if slices.Contains([]string{"api", "worker", "all"}, cmd.Name()) {
			return nil // a server that was asked to stop, and stopped
		}
		return fmt.Errorf("interrupted: %w", err)
	case !started:
		return usageError{err}
	}
	return err
}

// newRootCommand is all that the program can do.
func newRootCommand(p process) *cobra.Command {
	root := &cobra.Command{
		Use:           "holdfast",
		Short:         "A live, complete, queryable copy of GitHub in your own Postgres",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(newAPICommand(p), newWorkerCommand(p), newAllCommand(p), newMigrateCommand(p))
	root.AddCommand(newKeysetCommands(p)...)
	root.AddCommand(newHealthCommand(p), newLogLevelCommand(p))
	root.AddCommand(newClientCommands(p)...)
	root.AddCommand(newSessionCommands(p)...)
	root.AddCommand(newOpenAPICommand(p), newReferenceCommand(p))
	return root
}
