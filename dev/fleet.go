package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9/logging"
	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/dev/internal/fleet"
	"github.com/holdfast/holdfast/dev/internal/temporalserver"
	"github.com/holdfast/holdfast/internal/localservice"
)

// errBroken is how the command ends if a promise was not kept: which one was printed.
var errBroken = errors.New("not every promise was kept")

// fleetDatabase is where the fleet mirrors to.
const fleetDatabase = "fleet"

// fleetOptions are what the fleet was asked for.
type fleetOptions struct {
	binary string // the holdfast executable
	plan   fleet.Plan
	json   bool
}

func fleetCommand() *cobra.Command {
	o := fleetOptions{plan: fleet.Full(), json: isTrue(os.Getenv("JSON"))}
	kinds := map[fleet.Kind]*bool{}
	cmd := &cobra.Command{
		Use:   "fleet",
		Short: "show that all workers together keep to GitHub's limits",
		Long: `Lets several real workers mirror three organizations with two credentials from a simulated
GitHub that enforces its limits, while a person asks now and then; says what was refused, how
much of the budget was used and how long the person waited, and compares every item. Exits
with a failure if a promise was not kept.

  JSON=1   the report as JSON`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, kind := range fleet.Kinds() {
				if wanted, ok := kinds[kind]; ok && *wanted {
					o.plan.Kind = kind
				}
			}
			// A connection to what was killed breaks with SIGPIPE: here it is no reason to end.
			ctx, stop := signal.NotifyContext(context.WithoutCancel(cmd.Context()), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
			defer stop()
			return runFleet(ctx, o, cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.binary, "holdfast", defaultBinary(), "the holdfast `executable`")
	flags.BoolVar(&o.json, "json", o.json, "print JSON, as JSON=1")
	flags.IntVar(&o.plan.Workers, "workers", o.plan.Workers, "how many `workers`")
	flags.IntVar(&o.plan.Requests, "requests", o.plan.Requests, "about how many `requests` the work takes")
	flags.DurationVar(&o.plan.Window, "window", o.plan.Window, "how `long` GitHub's hour is")
	flags.IntVar(&o.plan.Limit, "limit", o.plan.Limit, "the `requests` of an hour, with each credential")
	flags.Float64Var(&o.plan.Reserve, "reserve", o.plan.Reserve, "the `percentage` of them that is left to other tools")
	flags.DurationVar(&o.plan.Latency, "latency", o.plan.Latency, "how `long` GitHub takes to answer")
	flags.DurationVar(&o.plan.Ask, "ask", o.plan.Ask, "how `often` the person asks")
	flags.DurationVar(&o.plan.Outage, "outage", o.plan.Outage, "how `long` a killed Redis stays away")
	var names []string
	for kind, usage := range map[fleet.Kind]string{
		fleet.KillRedis: "kill Redis in the middle", fleet.FlushRedis: "empty Redis in the middle", fleet.KillWorker: "kill a worker in the middle",
		fleet.Outside: "let another tool spend on the same credentials, and GitHub ask to slow down",
	} {
		names = append(names, string(kind))
		kinds[kind] = flags.Bool(string(kind), false, usage)
	}
	cmd.MarkFlagsMutuallyExclusive(names...)
	return cmd
}

func runFleet(ctx context.Context, o fleetOptions, out io.Writer) (err error) {
	if err := checkBinary(o.binary); err != nil {
		return err
	}
	logging.Disable() // go-redis's, of a Redis that is killed on purpose
	dir, err := localservice.MemoryDir()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Remove()) }()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	s, err := startStack(ctx, stackOptions{dir: dir.Path, log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := s.postgres.CreateDatabase(ctx, fleetDatabase); err != nil {
		return err
	}
	report, err := fleet.Run(ctx, fleet.Options{
		Holdfast: o.binary, Dir: dir.Path, DatabaseURL: s.postgres.URL(fleetDatabase), RedisURL: s.redis.URL(),
		TemporalAddress: s.temporal.Address(), TemporalNamespace: temporalserver.Namespace, Log: log,
		KillRedis: func(ctx context.Context, away time.Duration) error { return s.killRedis(ctx, dir.Path, away) },
	}, o.plan)
	if err != nil {
		return err
	}
	write := report.WriteText
	if o.json {
		write = report.WriteJSON
	}
	if err := write(out); err != nil {
		return err
	}
	if len(report.Broken()) > 0 {
		return errBroken
	}
	return nil
}

// killRedis kills Redis and starts it again after a while.
func (s *stack) killRedis(ctx context.Context, dir string, away time.Duration) (err error) {
	port := s.redis.Port()
	if err := s.redis.Kill(ctx); err != nil {
		return fmt.Errorf("kill Redis: %w", err)
	}
	timer := time.NewTimer(away)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
	}
	s.redis, err = localservice.StartRedis(ctx, localservice.RedisOptions{Dir: filepath.Join(dir, "redis"), Port: port})
	return err
}
