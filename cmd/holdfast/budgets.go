package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/internal/client"
)

func newBudgetsCommand(p process) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "budgets", Short: "Show what is left of GitHub's limits, and who spends them", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := newClient(p)
			if err != nil {
				return err
			}
			all, err := c.Budgets(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(p.stdout, map[string]any{"budgets": all})
			}
			for i, b := range all {
				if i > 0 {
					fmt.Fprintln(p.stdout)
				}
				if err := writeBudget(p.stdout, b); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// writeBudget prints how one account stands.
func writeBudget(w io.Writer, b client.Budget) error {
	fmt.Fprintln(w, b.Account)
	if !b.Known {
		fmt.Fprintln(w, "  not used lately")
		return nil
	}
	var rows [][]string
	row := func(name, value string) { rows = append(rows, []string{"  " + name, value}) }
	for _, r := range b.Resources {
		row("limit", fmt.Sprintf("%s, %d in reserve", rateOf(r.Rate), r.Reserve))
		for _, lane := range slices.Sorted(maps.Keys(r.Spent.Lanes)) {
			row("spent", fmt.Sprintf("%s: %d by %s", r.Resource, r.Spent.Lanes[lane], lane))
		}
		for _, op := range r.Spent.Operations {
			row("", fmt.Sprintf("%s: %d by operation %s", r.Resource, op.Spent, op.OperationID))
		}
		row("", fmt.Sprintf("%s: %d by others", r.Resource, r.Spent.Others))
	}
	for _, window := range b.Windows {
		what := strings.TrimSpace(window.Limit + " " + window.Resource)
		row("window", fmt.Sprintf("%s: %d of %d in %gs", what, window.Spent, window.Most, window.Seconds))
	}
	row("in flight", fmt.Sprintf("%d of %d, by %d processes", b.InFlight, b.MaxInFlight, b.Processes))
	for _, lane := range slices.Sorted(maps.Keys(b.Waiting)) {
		row("waiting", fmt.Sprintf("%d of %s", b.Waiting[lane], lane))
	}
	for _, hold := range b.Holds {
		row("held", hold.Reason)
	}
	return writeTable(w, rows)
}
