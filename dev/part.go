package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/dev/internal/bench"
	"github.com/holdfast/holdfast/dev/internal/temporalserver"
)

// partCommands are the parts of a benchmark that are processes of their own, so that
// what each one uses can be told apart.
func partCommands() []*cobra.Command {
	return []*cobra.Command{simulatorCommand(), temporalCommand(), loopCommand(), plainCommand(), listenersCommand()}
}

func simulatorCommand() *cobra.Command {
	var o bench.SimulatorOptions
	cmd := &cobra.Command{
		Use: "githubsim", Short: "serve a generated repository as GitHub does", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return bench.ServeSimulator(cmd.Context(), o) },
	}
	cmd.Flags().IntVar(&o.Items, "items", 5000, "how many `items` to generate")
	cmd.Flags().IntVar(&o.Port, "port", 0, "the `port` of GitHub's API")
	cmd.Flags().IntVar(&o.ControlPort, "control-port", 0, "the `port` of the benchmark's questions")
	cmd.Flags().BoolVar(&o.EnforceLimits, "enforce-limits", false, "refuse what goes beyond GitHub's limits")
	return cmd
}

func temporalCommand() *cobra.Command {
	var o temporalserver.Options
	cmd := &cobra.Command{
		Use: "temporal", Short: "run a Temporal server with its Web UI", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return serveTemporal(cmd.Context(), o) },
	}
	cmd.Flags().StringVar(&o.Dir, "dir", "", "the `directory` of its database and log")
	cmd.Flags().IntVar(&o.Port, "port", 0, "the `port` of its gRPC API")
	cmd.Flags().IntVar(&o.UIPort, "ui-port", 0, "the `port` of its Web UI")
	return cmd
}

func serveTemporal(ctx context.Context, o temporalserver.Options) (err error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return fmt.Errorf("create a directory for Temporal: %w", err)
	}
	log, err := os.Create(filepath.Join(o.Dir, "temporal.log"))
	if err != nil {
		return fmt.Errorf("create Temporal's log: %w", err)
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	o.Log = log
	server, err := temporalserver.Start(ctx, o)
	if err != nil {
		return err
	}
	<-ctx.Done()
	return server.Stop()
}

func loopCommand() *cobra.Command {
	var github, repository string
	cmd := &cobra.Command{
		Use: "loop", Short: "read a repository into Postgres with a plain loop", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return bench.ServeLoop(cmd.Context(), github, os.Getenv(bench.LoopDatabaseVariable), repository, os.Stdin, os.Stdout)
		},
	}
	cmd.Flags().StringVar(&github, "github", "", "the base `URL` of GitHub's API")
	cmd.Flags().StringVar(&repository, "repository", "", "the `owner/name` to read")
	return cmd
}

func plainCommand() *cobra.Command {
	var database string
	var port int
	cmd := &cobra.Command{
		Use: "plain", Short: "show operations with a plain handler", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return bench.ServePlain(cmd.Context(), database, port) },
	}
	cmd.Flags().StringVar(&database, "database", "", "the `URL` of the database")
	cmd.Flags().IntVar(&port, "port", 0, "the `port` to listen at")
	return cmd
}

func listenersCommand() *cobra.Command {
	return &cobra.Command{
		Use: "listeners", Short: "listen to operations, as standard input says", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return bench.ServeListeners(cmd.Context(), os.Stdin, os.Stdout)
		},
	}
}
