package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/dev/internal/chaos"
	"github.com/holdfast/holdfast/dev/internal/temporalserver"
	"github.com/holdfast/holdfast/internal/localservice"
)

// errDiverged is how the command ends whose plans did not all converge: what they did
// instead was printed.
var errDiverged = errors.New("the mirror did not converge")

// chaosOptions are what the chaos was asked for.
type chaosOptions struct {
	binary    string // the holdfast executable
	sequences int
	sites     int   // sequences side by side
	seeds     []int // of plans; none: as many random ones as sequences need
	resume    int   // items of the repository whose sync is killed; 0: none is
}

func chaosCommand() *cobra.Command {
	var o chaosOptions
	cmd := &cobra.Command{
		Use:   "chaos",
		Short: "show that the mirror converges whatever happens",
		Long: `Edits simulated repositories at random while Holdfast's real processes mirror them, loses,
doubles and delays webhooks, lets requests fail, kills workers, Postgres and Redis; then
sweeps once and compares every item. A failure names a seed that plays the same again.

  CHAOS_N=50       how many sequences; 200 without
  CHAOS_SEED=17    one plan alone, that of this seed`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.readEnvironment(os.Getenv); err != nil {
				return err
			}
			// A connection to what was killed breaks with SIGPIPE, as an output does that was
			// closed: here it is no reason to end.
			ctx, stop := signal.NotifyContext(context.WithoutCancel(cmd.Context()), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
			defer stop()
			return runChaos(ctx, o, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&o.binary, "holdfast", defaultBinary(), "the holdfast `executable`")
	cmd.Flags().IntVar(&o.sites, "sites", chaos.SideBySide, "how many `sequences` run side by side; a seed plays the same with the same number only")
	cmd.Flags().IntVar(&o.resume, "resume", 100_000, "how many `items` the repository has whose sync is killed; 0 for no such run")
	return cmd
}

func (o *chaosOptions) readEnvironment(getenv func(string) string) error {
	o.sequences = 200
	for name, to := range map[string]func(int){
		"CHAOS_N":    func(n int) { o.sequences = n },
		"CHAOS_SEED": func(n int) { o.seeds, o.resume = []int{n}, 0 },
	} {
		text := getenv(name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return fmt.Errorf("%s is %q and has to be a number", name, text)
		}
		to(n)
	}
	if o.sites < 1 {
		return errors.New("there must be one sequence at least side by side")
	}
	if len(o.seeds) == 0 {
		first := rand.IntN(1_000_000) //nolint:gosec // no secret
		for n := 0; n*o.sites < o.sequences; n++ {
			o.seeds = append(o.seeds, first+n)
		}
	}
	return nil
}

func runChaos(ctx context.Context, o chaosOptions, out io.Writer) (err error) {
	if err := checkBinary(o.binary); err != nil {
		return err
	}
	dir, err := localservice.MemoryDir()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Remove()) }()
	server, err := startChaosTemporal(ctx, filepath.Join(dir.Path, "temporal"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	stack, err := chaos.Start(ctx, chaos.Options{
		Holdfast: o.binary, Dir: dir.Path, TemporalAddress: server.Address(), TemporalNamespace: temporalserver.Namespace,
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stack.Stop()) }()
	if o.resume > 0 {
		if err := runResume(ctx, stack, o.resume, out); err != nil {
			return err
		}
	}
	return runPlans(ctx, stack, o, out)
}

// startChaosTemporal starts Temporal, the one part that nobody kills.
func startChaosTemporal(ctx context.Context, dir string) (*temporalserver.Server, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create a directory for Temporal: %w", err)
	}
	port, err := localservice.FreePort()
	if err != nil {
		return nil, err
	}
	uiPort, err := localservice.FreePort()
	if err != nil {
		return nil, err
	}
	return temporalserver.Start(ctx, temporalserver.Options{Dir: dir, Port: port, UIPort: uiPort, Log: io.Discard})
}

// runPlans carries the plans out one after another. It goes on after a failure, so
// that all seeds that fail are known, but not after many.
func runPlans(ctx context.Context, stack *chaos.Stack, o chaosOptions, out io.Writer) error {
	const enough = 5
	var failures []error
	begin, total := time.Now(), chaos.Report{}
	for _, seed := range o.seeds {
		plan := chaos.NewPlan(seed, o.sites)
		r, err := stack.Run(ctx, plan)
		total.Sequences, total.Actions, total.Kills = total.Sequences+r.Sequences, total.Actions+r.Actions, total.Kills+r.Kills
		total.Requests += r.Requests
		verdict := "converged"
		if err != nil {
			failures, verdict = append(failures, err), "FAILED"
		}
		_, printing := fmt.Fprintf(out, "seed %d: %d sequences, %d actions, %d kills, %d requests, %.1f s: %s\n",
			seed, r.Sequences, r.Actions, r.Kills, r.Requests, r.Took.Seconds(), verdict)
		if err != nil {
			_, printing = fmt.Fprintf(out, "%v\n\n%s\n%s\n", err, plan, stack.LogTail(30))
		}
		if printing != nil {
			return fmt.Errorf("print the outcome: %w", printing)
		}
		if len(failures) == enough || ctx.Err() != nil {
			break
		}
	}
	_, err := fmt.Fprintf(out, "%d sequences, %d actions, %d kills, %d requests in %s; %d of %d plans failed\n",
		total.Sequences, total.Actions, total.Kills, total.Requests, time.Since(begin).Round(time.Second), len(failures), len(o.seeds))
	if len(failures) > 0 {
		err = errors.Join(errDiverged, err)
	}
	return err
}

func runResume(ctx context.Context, stack *chaos.Stack, items int, out io.Writer) error {
	r, err := stack.Resume(ctx, chaos.ResumeOptions{Items: items, Kills: 5, Seed: rand.Uint64()}) //nolint:gosec // no secret
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, r)
	return err
}
