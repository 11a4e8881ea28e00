package main

import (
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/dev/internal/bench"
)

func benchStreamsCommand(o *benchOptions) *cobra.Command {
	var streams bench.StreamOptions
	cmd := &cobra.Command{
		Use:   "streams",
		Short: "measure how soon thousands of listeners have what happens",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withBench(*o, func(options bench.Options) error {
				report, err := bench.Streams(cmd.Context(), options, streams)
				if err != nil {
					return err
				}
				name := map[bool]string{false: "streams", true: "streams-kill"}[streams.Kill]
				if err := o.tell(name, report); err != nil || !o.json {
					return err
				}
				return bench.EncodeJSON(os.Stdout, report)
			})
		},
	}
	cmd.Flags().IntVar(&streams.Listeners, "listeners", 5000, "how many `listeners` there are")
	cmd.Flags().IntVar(&streams.Operations, "operations", 50, "how many `operations` they follow, each the same share")
	cmd.Flags().IntVar(&streams.Rate, "rate", 5, "how many `events` a second each operation publishes")
	cmd.Flags().DurationVar(&streams.For, "for", 20*time.Second, "how `long` it is measured")
	cmd.Flags().BoolVar(&streams.Kill, "kill", false, "have two API processes serve, and kill one in the middle")
	return cmd
}
