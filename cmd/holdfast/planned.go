package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/internal/client"
)

// newSchedulesCommand makes the commands about operations that run again and again.
func newSchedulesCommand(p process) *cobra.Command {
	cmd := &cobra.Command{Use: "schedules", Short: "Have operations run again and again"}
	cmd.AddCommand(
		newSchedulesListCommand(p), newSchedulesCreateCommand(p), newSchedulesUpdateCommand(p), newSchedulesDeleteCommand(p),
		newSchedulesBackfillCommand(p), newSchedulesRunsCommand(p),
		newScheduleCommand(p, "get", "Show one, with its next times and last runs", (*client.Client).Schedule),
	)
	for verb, short := range map[string]string{
		"pause": "Have one make no runs until it is resumed", "resume": "Let a paused one go on", "trigger": "Have one make a run now, as its overlap allows",
	} {
		cmd.AddCommand(newScheduleCommand(p, verb, short, func(c *client.Client, ctx context.Context, id string) (client.Schedule, error) {
			return c.SteerSchedule(ctx, id, verb)
		}))
	}
	return cmd
}

// newScheduleCommand makes a command that asks something of one schedule and shows it.
func newScheduleCommand(p process, verb, short string, ask func(*client.Client, context.Context, string) (client.Schedule, error)) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: verb + " ID", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(p)
			if err != nil {
				return err
			}
			s, err := ask(c, cmd.Context(), args[0])
			return showSchedule(p, s, asJSON, err)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newSchedulesListCommand(p process) *cobra.Command {
	var asJSON bool
	var limit int
	var cursor string
	cmd := &cobra.Command{
		Use: "list", Short: "List them, newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := newClient(p)
			if err != nil {
				return err
			}
			all, next, err := c.Schedules(cmd.Context(), cursor, limit)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(p.stdout, struct {
					Schedules  []client.Schedule `json:"schedules"`
					NextCursor string            `json:"next_cursor,omitempty"`
				}{all, next})
			}
			rows := [][]string{{"ID", "NAME", "KIND", "SUBJECT", "OVERLAP", "NEXT"}}
			for _, s := range all {
				rows = append(rows, []string{s.ID, s.Name, s.Kind, s.Subject, s.Overlap, nextOf(s)})
			}
			return writeTable(p.stdout, rows)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	addPageFlags(cmd, &limit, &cursor)
	return cmd
}

func addPageFlags(cmd *cobra.Command, limit *int, cursor *string) {
	cmd.Flags().IntVar(limit, "limit", 50, "how many, at most 100")
	cmd.Flags().StringVar(cursor, "cursor", "", "go on from the next_cursor of a page in JSON")
}

func newSchedulesDeleteCommand(p process) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "delete ID", Short: "Delete one; operations that it has started go on", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(p)
			if err != nil {
				return err
			}
			if err := c.DeleteSchedule(cmd.Context(), args[0]); err != nil {
				return err
			}
			if asJSON {
				return writeJSON(p.stdout, map[string]string{"id": args[0], "done": "deleted"})
			}
			fmt.Fprintln(p.stderr, "The schedule was deleted.")
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newSchedulesBackfillCommand(p process) *cobra.Command {
	var asJSON bool
	var from, to, overlap string
	cmd := &cobra.Command{
		Use: "backfill ID", Short: "Make the runs of a time that is past, a thousand at most", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			start, err := time.Parse(time.RFC3339, from)
			if err != nil {
				return fmt.Errorf("--start %q is no time such as 2026-01-31T00:00:00Z", from)
			}
			end, err := time.Parse(time.RFC3339, to)
			if err != nil {
				return fmt.Errorf("--end %q is no time such as 2026-01-31T00:00:00Z", to)
			}
			c, err := newClient(p)
			if err != nil {
				return err
			}
			s, err := c.BackfillSchedule(cmd.Context(), args[0], start, end, overlap)
			return showSchedule(p, s, asJSON, err)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().StringVar(&from, "start", "", "the first time, such as 2026-01-31T00:00:00Z")
	cmd.Flags().StringVar(&to, "end", "", "the last time")
	cmd.Flags().StringVar(&overlap, "overlap", "", "skip, buffer_one, buffer_all (the default), cancel_other or allow_all")
	return cmd
}

func newSchedulesRunsCommand(p process) *cobra.Command {
	var asJSON bool
	var limit int
	var cursor string
	cmd := &cobra.Command{
		Use: "runs ID", Short: "List the runs of one, newest first", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(p)
			if err != nil {
				return err
			}
			runs, next, err := c.ScheduleRuns(cmd.Context(), args[0], cursor, limit)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(p.stdout, struct {
					Runs       []client.ScheduleRun `json:"runs"`
					NextCursor string               `json:"next_cursor,omitempty"`
				}{runs, next})
			}
			return writeRuns(p.stdout, runs)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	addPageFlags(cmd, &limit, &cursor)
	return cmd
}

func writeRuns(w io.Writer, runs []client.ScheduleRun) error {
	rows := [][]string{{"OPERATION", "SCHEDULED", "STARTED", "ENDED"}}
	for _, r := range runs {
		ended := ""
		if r.EndedAt != nil {
			ended = utc(*r.EndedAt)
		}
		rows = append(rows, []string{r.OperationID, utc(r.ScheduledAt), utc(r.StartedAt), ended})
	}
	return writeTable(w, rows)
}

// showSchedule prints a schedule, unless it could not be had.
func showSchedule(p process, s client.Schedule, asJSON bool, err error) error {
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(p.stdout, s)
	}
	times, err := json.Marshal(map[string]any{"cron": s.Cron, "intervals": s.Intervals, "calendars": s.Calendars, "time_zone": s.TimeZone})
	if err != nil {
		return fmt.Errorf("print a schedule: %w", err)
	}
	rows := [][]string{
		{"id", s.ID},
		{"name", s.Name},
		{"note", s.Note},
		{"operation", s.Kind + " " + s.Subject},
		{"times", string(times)},
		{"overlap", s.Overlap},
		{"next", nextOf(s)},
	}
	for _, r := range s.Runs {
		rows = append(rows, []string{"run", utc(r.StartedAt) + " " + r.OperationID})
	}
	return writeTable(p.stdout, rows)
}

// nextOf is when a schedule runs next, for people.
func nextOf(s client.Schedule) string {
	switch {
	case s.Paused:
		return "paused"
	case len(s.NextTimes) == 0:
		return "never"
	default:
		return utc(s.NextTimes[0])
	}
}
