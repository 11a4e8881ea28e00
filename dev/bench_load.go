package main

import (
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/dev/internal/bench"
)

func benchLoadCommand(o *benchOptions) *cobra.Command {
	var load bench.LoadOptions
	cmd := &cobra.Command{
		Use:   "load",
		Short: "measure how many requests a second the API answers, beside the plain limit",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withBench(*o, func(options bench.Options) error {
				report, err := bench.MeasureLoad(cmd.Context(), options, load)
				if err != nil {
					return err
				}
				if err := o.tell("load", report); err != nil || !o.json {
					return err
				}
				return bench.EncodeJSON(os.Stdout, report)
			})
		},
	}
	cmd.Flags().IntVar(&load.Clients, "clients", 32, "how many `clients` ask at once")
	cmd.Flags().IntVar(&load.Rounds, "rounds", 5, "how many `rounds` of each contender")
	cmd.Flags().DurationVar(&load.For, "for", 4*time.Second, "how `long` a round lasts")
	return cmd
}
