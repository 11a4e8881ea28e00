package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/holdfast/holdfast/internal/client"
)

// scheduleFlags are what can be said of a schedule.
type scheduleFlags struct {
	name, operation, zone, overlap, note string
	cron                                 []string
	every, jitter, catchUp               time.Duration
	paused, json                         bool
}

func newSchedulesCreateCommand(p process) *cobra.Command {
	var f scheduleFlags
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make one", Args: cobra.ExactArgs(1),
		Long:    "--operation is what POST /v1/syncs takes, as JSON. For calendars and more than one interval use POST /v1/schedules.",
		Example: `  holdfast schedules create nightly --operation '{"organization":"octo-corp"}' --cron '0 3 * * *' --time-zone Europe/Zurich`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(p)
			if err != nil {
				return err
			}
			f.name = args[0]
			body, err := f.body(cmd.Flags(), true)
			if err != nil {
				return err
			}
			s, err := c.CreateSchedule(cmd.Context(), body)
			if err != nil || f.json {
				return showSchedule(p, s, f.json, err)
			}
			fmt.Fprintln(p.stdout, s.ID)
			return nil
		},
	}
	f.add(cmd.Flags())
	cmd.Flags().BoolVar(&f.paused, "paused", false, "make it paused")
	return cmd
}

func newSchedulesUpdateCommand(p process) *cobra.Command {
	var f scheduleFlags
	cmd := &cobra.Command{
		Use: "update ID", Short: "Change one; what is left out stays as it is", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(p)
			if err != nil {
				return err
			}
			body, err := f.body(cmd.Flags(), cmd.Flags().Changed("name"))
			if err != nil {
				return err
			}
			var s client.Schedule
			s, err = c.ChangeSchedule(cmd.Context(), args[0], body)
			return showSchedule(p, s, f.json, err)
		},
	}
	f.add(cmd.Flags())
	cmd.Flags().StringVar(&f.name, "name", "", "another name")
	return cmd
}

func (f *scheduleFlags) add(flags *pflag.FlagSet) {
	flags.BoolVar(&f.json, "json", false, "print JSON")
	flags.StringVar(&f.operation, "operation", "", "what each run asks for, as JSON")
	flags.StringArrayVar(&f.cron, "cron", nil, "a cron expression; may be repeated")
	flags.DurationVar(&f.every, "every", 0, "run at every multiple of this time, such as 6h")
	flags.StringVar(&f.zone, "time-zone", "", "of cron expressions, such as Europe/Zurich")
	flags.DurationVar(&f.jitter, "jitter", 0, "how much later a run may begin")
	flags.StringVar(&f.overlap, "overlap", "", "while a run goes on, the next one: skip, buffer_one, cancel_other or allow_all")
	flags.DurationVar(&f.catchUp, "catch-up", 0, "how late a run may still begin")
	flags.StringVar(&f.note, "note", "", "for people")
}

// body is the request that the flags ask for, with what was given only.
func (f *scheduleFlags) body(flags *pflag.FlagSet, named bool) (json.RawMessage, error) {
	body := map[string]any{}
	if named {
		body["name"] = f.name
	}
	for flag, set := range map[string]func(){
		"operation": func() { body["operation"] = json.RawMessage(f.operation) },
		"cron":      func() { body["cron"] = f.cron },
		"every":     func() { body["intervals"] = []map[string]int64{{"every_seconds": int64(f.every / time.Second)}} },
		"time-zone": func() { body["time_zone"] = f.zone },
		"jitter":    func() { body["jitter_seconds"] = int64(f.jitter / time.Second) },
		"overlap":   func() { body["overlap"] = f.overlap },
		"catch-up":  func() { body["catch_up_seconds"] = int64(f.catchUp / time.Second) },
		"note":      func() { body["note"] = f.note },
		"paused":    func() { body["paused"] = f.paused },
	} {
		if flags.Changed(flag) {
			set()
		}
	}
	if flags.Changed("operation") && !json.Valid([]byte(f.operation)) {
		return nil, errors.New(`--operation is not JSON such as {"repository":"octocat/hello-world"}`)
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encode the request: %w", err)
	}
	return raw, nil
}
