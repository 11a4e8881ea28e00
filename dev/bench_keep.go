package main

import (
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/dev/internal/bench"
)

// quickFor is how long --quick has deliveries sent.
const quickFor = 5 * time.Second

func benchUpkeepCommand(o *benchOptions) *cobra.Command {
	var items int
	cmd := &cobra.Command{
		Use:   "upkeep",
		Short: "count what syncs and sweeps of a mirror ask of GitHub",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withBench(*o, func(options bench.Options) error {
				report, err := measureUpkeep(cmd.Context(), *o, options, items)
				if err != nil || !o.json {
					return err
				}
				return bench.EncodeJSON(os.Stdout, report)
			})
		},
	}
	cmd.Flags().IntVar(&items, "items", 50_000, "how many `items` to mirror")
	return cmd
}

func measureUpkeep(ctx context.Context, o benchOptions, options bench.Options, items int) (*bench.UpkeepReport, error) {
	report, err := bench.Upkeep(ctx, options, items)
	if err != nil {
		return nil, err
	}
	return &report, o.tell("upkeep", report)
}

func benchFreshnessCommand(o *benchOptions) *cobra.Command {
	fresh := bench.FreshnessOptions{}
	cmd := &cobra.Command{
		Use:   "freshness",
		Short: "measure how long a change takes from GitHub's webhook to its row",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withBench(*o, func(options bench.Options) error {
				own := *o
				own.fresh = fresh
				report, err := measureFreshness(cmd.Context(), own, options)
				if err != nil || !o.json {
					return err
				}
				return bench.EncodeJSON(os.Stdout, report)
			})
		},
	}
	cmd.Flags().IntVar(&fresh.Items, "items", 50_000, "how many `items` to mirror")
	deliveryFlags(cmd, &fresh)
	return cmd
}

func deliveryFlags(cmd *cobra.Command, fresh *bench.FreshnessOptions) {
	cmd.Flags().IntVar(&fresh.Rate, "rate", 50, "how many `deliveries` a second to send")
	cmd.Flags().DurationVar(&fresh.For, "for", 30*time.Second, "how `long` to send them")
}

func measureFreshness(ctx context.Context, o benchOptions, options bench.Options) (*bench.FreshnessReport, error) {
	report, err := bench.Freshness(ctx, options, o.fresh)
	if err != nil {
		return nil, err
	}
	return &report, o.tell("freshness", report)
}
