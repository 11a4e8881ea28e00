package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/dev/internal/bench"
	"github.com/holdfast/holdfast/internal/localservice"
)

// benchmarksPage is where MARKDOWN=1 writes, from the repository's root.
const benchmarksPage = "docs/benchmarks.md"

// benchOptions are what the benchmark was asked for.
type benchOptions struct {
	binary string // the holdfast executable
	speed  bench.SpeedOptions
	fresh  bench.FreshnessOptions
	quick  bool
	json   bool
	update string // a page of documentation
}

func benchCommand() *cobra.Command {
	o := benchOptions{json: isTrue(os.Getenv("JSON"))}
	if isTrue(os.Getenv("MARKDOWN")) {
		o.update = benchmarksPage
	}
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "measure Holdfast against a plain sequential loop, what a mirror asks of GitHub, and how fresh webhooks keep it",
		Long: `Syncs a generated repository from a simulated GitHub, by Holdfast's real processes and
by a plain loop in turns, and prints medians of what both took. Then "bench upkeep" and
"bench freshness" are run: docs/benchmarks.md.

  JSON=1       the result with every run as JSON on standard output, the rest on standard error
  MARKDOWN=1   the newest tables into docs/benchmarks.md, as --update docs/benchmarks.md`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.quick {
				o.speed.Items, o.speed.Runs, o.fresh.For = 5000, 1, quickFor
			}
			o.fresh.Items = o.speed.Items
			return runBench(cmd.Context(), o)
		},
	}
	cmd.PersistentFlags().StringVar(&o.binary, "holdfast", defaultBinary(), "the holdfast `executable`")
	cmd.PersistentFlags().StringVar(&o.update, "update", o.update, "write the result into this Markdown `page` as well")
	cmd.PersistentFlags().BoolVar(&o.json, "json", o.json, "print JSON, as JSON=1")
	cmd.Flags().IntVar(&o.speed.Items, "items", 50_000, "how many `items` to sync")
	cmd.Flags().DurationSliceVar(&o.speed.Latencies, "latency", []time.Duration{0, 100 * time.Millisecond}, "how `long` GitHub takes to answer, several separated by commas")
	cmd.Flags().IntVar(&o.speed.Runs, "runs", 3, "how many `runs` of each")
	cmd.Flags().BoolVar(&o.quick, "quick", false, "5,000 items, one run and short: to see that it works")
	deliveryFlags(cmd, &o.fresh)
	cmd.AddCommand(benchUpkeepCommand(&o), benchFreshnessCommand(&o), benchMemoryCommand(&o), benchProfileCommand(&o), benchLoadCommand(&o), benchStreamsCommand(&o))
	return cmd
}

// withBench makes what a benchmark needs, and removes it afterwards. Its data is on a
// disk, whose speed is part of what is measured.
func withBench(o benchOptions, run func(bench.Options) error) (err error) {
	if err := checkBinary(o.binary); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this executable: %w", err)
	}
	dir, err := localservice.TempDir()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Remove()) }()
	return run(bench.Options{Holdfast: o.binary, Dev: self, Dir: dir.Path, Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
}

func runBench(ctx context.Context, o benchOptions) error {
	return withBench(o, func(options bench.Options) error {
		report, err := bench.Speed(ctx, options, o.speed)
		if err != nil {
			return err
		}
		if err := o.tell("speed", report); err != nil {
			return err
		}
		if report.Upkeep, err = measureUpkeep(ctx, o, options, o.speed.Items); err != nil {
			return err
		}
		if report.Freshness, err = measureFreshness(ctx, o, options); err != nil {
			return err
		}
		if o.json {
			return report.WriteJSON(os.Stdout)
		}
		return nil
	})
}

// told is a result for people.
type told interface {
	WriteTable(w io.Writer) error
	Markdown() string
}

// tell prints a result, and updates its part of the documentation if it is to.
func (o benchOptions) tell(name string, result told) error {
	if err := result.WriteTable(o.people()); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(o.people()); err != nil {
		return err
	}
	if o.update == "" {
		return nil
	}
	return bench.Update(o.update, name, result.Markdown())
}

// people is where what they read goes: standard output unless JSON does.
func (o benchOptions) people() io.Writer {
	if o.json {
		return os.Stderr
	}
	return os.Stdout
}

func benchMemoryCommand(o *benchOptions) *cobra.Command {
	var sizes []int
	cmd := &cobra.Command{
		Use:   "memory",
		Short: "measure a worker's peak memory by the number of items",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withBench(*o, func(options bench.Options) error { return runBenchMemory(cmd.Context(), *o, options, sizes) })
		},
	}
	cmd.Flags().IntSliceVar(&sizes, "sizes", []int{10_000, 100_000, 1_000_000}, "the `numbers` of items, separated by commas")
	return cmd
}

func runBenchMemory(ctx context.Context, o benchOptions, options bench.Options, sizes []int) error {
	if len(sizes) == 0 {
		return errors.New("there must be one number of items at least")
	}
	runs, err := bench.Memory(ctx, options, sizes)
	if err != nil {
		return err
	}
	if o.json {
		if err := json.NewEncoder(os.Stdout).Encode(runs); err != nil {
			return fmt.Errorf("write the runs: %w", err)
		}
	}
	if err := bench.WriteMemory(o.people(), runs); err != nil {
		return err
	}
	if o.update == "" {
		return nil
	}
	return bench.Update(o.update, "memory", bench.MemoryMarkdown(runs))
}

func benchProfileCommand(o *benchOptions) *cobra.Command {
	profile := bench.ProfileOptions{}
	cmd := &cobra.Command{
		Use:   "profile",
		Short: "write pprof files of a worker that syncs",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withBench(*o, func(options bench.Options) error {
				run, err := bench.Profile(cmd.Context(), options, profile)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d items in %.1f s; cpu.pprof, heap.pprof and allocs.pprof are in %s: go tool pprof -top %s/cpu.pprof\n",
					run.Items, run.Seconds, profile.To, profile.To)
				return err
			})
		},
	}
	cmd.Flags().IntVar(&profile.Items, "items", 50_000, "how many `items` to sync")
	cmd.Flags().DurationVar(&profile.Latency, "latency", 0, "how `long` GitHub takes to answer")
	cmd.Flags().IntVar(&profile.Seconds, "seconds", 20, "the `length` of the processor profile, from the start of the sync")
	cmd.Flags().StringVar(&profile.To, "to", "bin/profile", "the `directory` for the files")
	return cmd
}
