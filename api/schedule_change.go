package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/schedule"
)

// scheduleChange is the body of PATCH /v1/schedules/{id}.
type scheduleChange struct {
	Name           *string             `json:"name,omitempty" minLength:"1" maxLength:"100" example:"nightly"`
	Note           *string             `json:"note,omitempty" maxLength:"1000" doc:"For people; empty: none."`
	Operation      *syncRequest        `json:"operation,omitempty" doc:"Replaces what each run asks for, as a whole."`
	Overlap        *schedule.Overlap   `json:"overlap,omitempty" enum:"skip,buffer_one,cancel_other,allow_all"`
	CatchUpSeconds *int64              `json:"catch_up_seconds,omitempty" minimum:"10" maximum:"31536000"`
	Cron           *[]string           `json:"cron,omitempty" maxItems:"20" nullable:"false" doc:"Replaces the cron expressions; empty: none." example:"[\"0 4 * * *\"]"`
	Intervals      *[]ScheduleInterval `json:"intervals,omitempty" maxItems:"20" nullable:"false" doc:"Replaces the intervals; empty: none."`
	Calendars      *[]ScheduleCalendar `json:"calendars,omitempty" maxItems:"20" nullable:"false" doc:"Replaces the calendars; empty: none."`
	TimeZone       *string             `json:"time_zone,omitempty" maxLength:"64" example:"Europe/Zurich" doc:"Empty: UTC."`
	JitterSeconds  *int64              `json:"jitter_seconds,omitempty" minimum:"0" maximum:"86400"`
}

// times are t with what the change replaces.
func (c scheduleChange) times(t ScheduleTimes) ScheduleTimes {
	replace(&t.Cron, c.Cron)
	replace(&t.Intervals, c.Intervals)
	replace(&t.Calendars, c.Calendars)
	replace(&t.TimeZone, c.TimeZone)
	replace(&t.JitterSeconds, c.JitterSeconds)
	return t
}

// replace sets v where something else was given.
func replace[T any](v, given *T) {
	if given != nil {
		*v = *given
	}
}

type changeScheduleInput struct {
	IDPath
	IfMatch string `header:"If-Match" maxLength:"512" doc:"The ETag of what is to be changed: 412 if somebody has changed it meanwhile. Leave it out to change whatever there is."`
	RawBody []byte
	Body    scheduleChange
}

// Resolve brings the id into its form, and refuses null for a list, as of a sync.
func (in *changeScheduleInput) Resolve(ctx huma.Context) []error {
	return append(in.IDPath.Resolve(ctx), nullLists(in.RawBody)...)
}

var _ huma.Resolver = (*changeScheduleInput)(nil)

func changeScheduleSpec() huma.Operation {
	return aboutSchedule("change-schedule", "Change a schedule", "What is left out stays as it is. Operations that it has started go on as they were asked for.",
		http.StatusForbidden, http.StatusPreconditionFailed)
}

func (a *API) changeSchedule(ctx context.Context, in *changeScheduleInput) (*scheduleOutput, error) {
	before, err := a.visibleSchedule(ctx, in.ID)
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	if in.IfMatch != "" && !matchesTag(in.IfMatch, tagOf(before.Version)) {
		return nil, a.fail(ctx, operation.Changed("The schedule is not what If-Match names. Read it again."))
	}
	d, err := a.changedDefinition(ctx, before, in.Body)
	if err != nil {
		return nil, err
	}
	s, err := a.opts.Schedules.ChangeSchedule(ctx, d, before.Version)
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	a.scheduleLog(ctx, d).InfoContext(ctx, "schedule changed")
	return a.show(ctx, s)
}

// changedDefinition is what a schedule shall be, or what is wrong with that.
func (a *API) changedDefinition(ctx context.Context, before schedule.Schedule, c scheduleChange) (schedule.Definition, error) {
	d := before.Definition
	replace(&d.Name, c.Name)
	replace(&d.Note, c.Note)
	replace(&d.Overlap, c.Overlap)
	if c.CatchUpSeconds != nil {
		d.CatchUp = seconds(*c.CatchUpSeconds)
	}
	times := c.times(fromSpec(d.Spec))
	d.Spec = times.spec()
	fields := append(scheduleNameFields(d.Name), times.fields()...)
	if c.Operation != nil {
		return a.ask(ctx, d, *c.Operation, fields)
	}
	if len(fields) > 0 {
		return d, invalid(ctx, fields...)
	}
	d.Version = a.opts.NewID()
	return d, nil
}

// backfillRequest is the body of POST /v1/schedules/{id}/backfill.
type backfillRequest struct {
	Start   time.Time        `json:"start" doc:"Of the time whose runs are made; a run at this second is one."`
	End     time.Time        `json:"end" doc:"Of the time; not in the future."`
	Overlap schedule.Overlap `json:"overlap,omitempty" enum:"skip,buffer_one,buffer_all,cancel_other,allow_all" default:"buffer_all" doc:"What becomes of a run while one before it goes on; buffer_all: all of them happen, one after another."`
}

type backfillInput struct {
	IDPath
	Body backfillRequest
}

func backfillScheduleSpec() huma.Operation {
	spec := aboutSchedule("backfill-schedule", "Make the runs of a time that is past",
		fmt.Sprintf("As if it were that time now, also while the schedule is paused. A backfill makes %d runs at most.", schedule.MostRuns), http.StatusForbidden)
	spec.DefaultStatus = http.StatusAccepted
	return spec
}

func (a *API) backfillSchedule(ctx context.Context, in *backfillInput) (*scheduleOutput, error) {
	switch {
	case in.Body.Start.Year() < 1970:
		return nil, invalid(ctx, Field{Location: "body.start", Message: "must be in 1970 or later"})
	case in.Body.End.Before(in.Body.Start):
		return nil, invalid(ctx, Field{Location: "body.end", Message: "must not be before start"})
	case in.Body.End.After(a.opts.Now()):
		return nil, invalid(ctx, Field{Location: "body.end", Message: "must not be in the future"})
	}
	return a.steerSchedule(ctx, in.ID, "backfill", func(workspaceID, id string) error {
		return a.opts.Schedules.BackfillSchedule(ctx, workspaceID, id, schedule.Backfill{Start: in.Body.Start, End: in.Body.End, Overlap: in.Body.Overlap})
	})
}

type listRunsInput struct {
	IDPath
	Page
}

type listRunsOutput struct {
	Link string `header:"Link" doc:"The next page, rel=next; absent from the last."`
	Body struct {
		Runs       []ScheduleRun `json:"runs" nullable:"false"`
		NextCursor string        `json:"next_cursor,omitempty" doc:"Absent from the last page."`
	}
}

func listRunsSpec() huma.Operation {
	return aboutSchedule("list-schedule-runs", "List a schedule's runs, newest first",
		"For as long as Temporal keeps them, by its namespace's retention. A run that has begun this moment may be missing.")
}

func (a *API) listRuns(ctx context.Context, in *listRunsInput) (*listRunsOutput, error) {
	s, err := a.visibleSchedule(ctx, in.ID)
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	runs, next, err := a.opts.Schedules.Runs(ctx, s.WorkspaceID, s.ID, in.Cursor, in.Limit)
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	out := &listRunsOutput{Link: in.next("/v1/schedules/"+s.ID+"/runs", next, nil)}
	out.Body.Runs, out.Body.NextCursor = fromRuns(runs), next
	return out, nil
}
