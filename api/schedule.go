package api

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/schedule"
)

// Schedules keeps schedules. Every method fails with CodeUnavailable while Temporal is
// away, and those about one schedule with CodeNotFound where there is none.
type Schedules interface {
	// CreateSchedule makes a schedule. CodeInvalid where its times cannot be understood.
	CreateSchedule(ctx context.Context, d schedule.Definition, paused bool) (schedule.Schedule, error)
	// Schedule is one schedule.
	Schedule(ctx context.Context, workspaceID, id string) (schedule.Schedule, error)
	// Schedules lists a page, newest first, and the cursor of the next page, empty after
	// the last. CodeInvalid for a cursor that it did not make.
	Schedules(ctx context.Context, workspaceID, cursor string, limit int) ([]schedule.Schedule, string, error)
	// ChangeSchedule makes a schedule what d says. CodeChanged unless its version is before.
	ChangeSchedule(ctx context.Context, d schedule.Definition, before string) (schedule.Schedule, error)
	DeleteSchedule(ctx context.Context, workspaceID, id string) error
	PauseSchedule(ctx context.Context, workspaceID, id string, paused bool) error
	TriggerSchedule(ctx context.Context, workspaceID, id string) error
	// BackfillSchedule makes the runs of a time. CodeInvalid for none and for too many.
	BackfillSchedule(ctx context.Context, workspaceID, id string, b schedule.Backfill) error
	// Runs lists a page of a schedule's runs, newest first, as Schedules lists schedules.
	Runs(ctx context.Context, workspaceID, id, cursor string, limit int) ([]schedule.Run, string, error)
}

// Schedule is an operation that is asked for again and again.
type Schedule struct {
	ID             string           `json:"id" format:"uuid"`
	Name           string           `json:"name" example:"nightly"`
	Note           string           `json:"note,omitempty" doc:"For people."`
	Kind           operation.Kind   `json:"kind" enum:"sync_repository,sync_organization,reconcile_repository" doc:"Of the operations."`
	Subject        string           `json:"subject" example:"octocat/hello-world" doc:"What the operations work on."`
	Operation      syncRequest      `json:"operation" doc:"What each run asks for, as POST /v1/syncs takes it."`
	Overlap        schedule.Overlap `json:"overlap" enum:"skip,buffer_one,cancel_other,allow_all" doc:"What becomes of a run while one before it goes on: skip: it does not happen; buffer_one: one waits for its end; cancel_other: that one is cancelled; allow_all: it happens beside it."`
	CatchUpSeconds int64            `json:"catch_up_seconds" doc:"How late a run may still begin after Temporal was away."`
	Paused         bool             `json:"paused" doc:"While it is, only runs that somebody triggers or backfills happen."`
	RequestedBy    string           `json:"requested_by" doc:"The subject of the token that made it, in whose name its operations are."`
	CreatedAt      time.Time        `json:"created_at"`
	UpdatedAt      *time.Time       `json:"updated_at,omitempty" doc:"Absent before the first change."`
	NextTimes      []time.Time      `json:"next_times" nullable:"false" doc:"Its next times, ten at most; those of a paused one do not happen."`
	Runs           []ScheduleRun    `json:"runs" nullable:"false" doc:"Its last runs, ten at most, newest first."`
	ScheduleTimes
}

// ScheduleRun is one run of a schedule.
type ScheduleRun struct {
	OperationID string     `json:"operation_id" format:"uuid" doc:"The run's operation. It is there a moment after the run has begun."`
	ScheduledAt time.Time  `json:"scheduled_at" doc:"When the run was to begin."`
	StartedAt   time.Time  `json:"started_at" doc:"When it began."`
	EndedAt     *time.Time `json:"ended_at,omitempty" doc:"When it had ended; absent while it goes on, and of the runs that a schedule is shown with."`
}

func fromSchedule(s schedule.Schedule) (Schedule, error) {
	out := Schedule{
		ID: s.ID, Name: s.Name, Note: s.Note, Kind: s.Kind, Subject: s.Subject, Overlap: s.Overlap, CatchUpSeconds: int64(s.CatchUp / time.Second),
		Paused: s.Paused, RequestedBy: s.RequestedBy, CreatedAt: s.CreatedAt.UTC(), UpdatedAt: inUTC(s.UpdatedAt),
		NextTimes: make([]time.Time, len(s.Next)), Runs: fromRuns(s.Recent), ScheduleTimes: fromSpec(s.Spec),
	}
	for i, at := range s.Next {
		out.NextTimes[i] = at.UTC()
	}
	// The request and what is kept of it have the same members.
	if err := json.Unmarshal(s.Input, &out.Operation); err != nil {
		return out, fmt.Errorf("read what schedule %s asks for: %w", s.ID, err)
	}
	return out, nil
}

func fromRuns(runs []schedule.Run) []ScheduleRun {
	out := make([]ScheduleRun, len(runs))
	for i, r := range runs {
		out[i] = ScheduleRun{OperationID: r.OperationID, ScheduledAt: r.ScheduledAt.UTC(), StartedAt: r.StartedAt.UTC(), EndedAt: inUTC(r.EndedAt)}
	}
	return out
}

type scheduleOutput struct {
	ETag     string `header:"ETag" doc:"For If-Match of a change. Runs and pauses leave it as it is."`
	Location string `header:"Location" doc:"Where the schedule is found."`
	Body     Schedule
}

// show answers with a schedule.
func (a *API) show(ctx context.Context, s schedule.Schedule) (*scheduleOutput, error) {
	body, err := fromSchedule(s)
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	return &scheduleOutput{ETag: tagOf(s.Version), Location: "/v1/schedules/" + s.ID, Body: body}, nil
}

// visibleSchedule is a schedule that whoever asks may see. To the others it is not there.
func (a *API) visibleSchedule(ctx context.Context, id string) (schedule.Schedule, error) {
	s, err := a.opts.Schedules.Schedule(ctx, workspaceOf(ctx), id)
	if err == nil && !visibleTo(ctx).MatchSubject(s.Subject) {
		return schedule.Schedule{}, schedule.NotFound()
	}
	return s, err //nolint:wrapcheck // it has a code to decide on
}

// aboutSchedule describes a route that is about one schedule.
func aboutSchedule(id, summary, description string, errors ...int) huma.Operation {
	return huma.Operation{
		OperationID: id, Summary: summary, Description: description, Tags: []string{"schedules"}, Security: needsToken(),
		Errors: append(errors, http.StatusUnauthorized, http.StatusNotFound, http.StatusServiceUnavailable),
	}
}

type listSchedulesOutput struct {
	Link string `header:"Link" doc:"The next page, rel=next; absent from the last."`
	Body struct {
		Schedules  []Schedule `json:"schedules" nullable:"false"`
		NextCursor string     `json:"next_cursor,omitempty" doc:"Absent from the last page."`
	}
}

func listSchedulesSpec() huma.Operation {
	spec := aboutSchedule("list-schedules", "List schedules, newest first",
		"A key that is limited to repositories sees the schedules of those; its pages may hold fewer than were asked for. A schedule that was made this moment may be missing.")
	spec.Errors = []int{http.StatusUnauthorized, http.StatusServiceUnavailable}
	return spec
}

func (a *API) listSchedules(ctx context.Context, in *struct{ Page }) (*listSchedulesOutput, error) {
	all, next, err := a.opts.Schedules.Schedules(ctx, workspaceOf(ctx), in.Cursor, in.Limit)
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	out := &listSchedulesOutput{Link: in.next("/v1/schedules", next, nil)}
	out.Body.NextCursor, out.Body.Schedules = next, []Schedule{}
	for _, s := range all {
		if !visibleTo(ctx).MatchSubject(s.Subject) {
			continue
		}
		body, err := fromSchedule(s)
		if err != nil {
			return nil, a.fail(ctx, err)
		}
		out.Body.Schedules = append(out.Body.Schedules, body)
	}
	return out, nil
}

func getScheduleSpec() huma.Operation {
	return aboutSchedule("get-schedule", "Read a schedule", "What it asks for, its next times and its last runs.")
}

func (a *API) getSchedule(ctx context.Context, in *IDPath) (*scheduleOutput, error) {
	s, err := a.visibleSchedule(ctx, in.ID)
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	return a.show(ctx, s)
}

func deleteScheduleSpec() huma.Operation {
	spec := aboutSchedule("delete-schedule", "Delete a schedule", "Operations that it has started go on.", http.StatusForbidden)
	spec.DefaultStatus = http.StatusNoContent
	return spec
}

func (a *API) deleteSchedule(ctx context.Context, in *IDPath) (*struct{}, error) {
	s, err := a.visibleSchedule(ctx, in.ID)
	if err == nil {
		err = a.opts.Schedules.DeleteSchedule(ctx, s.WorkspaceID, s.ID)
	}
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	a.scheduleLog(ctx, s.Definition).InfoContext(ctx, "schedule deleted")
	return nil, nil
}

// scheduleLog is for who did what to which schedule.
func (a *API) scheduleLog(ctx context.Context, d schedule.Definition) *slog.Logger {
	return a.logger(ctx).With("schedule", d.ID, "subject", d.Subject, "by", subjectOf(ctx))
}

// inOperation are fields of a sync's request where they stand in a schedule's.
func inOperation(fields []Field) []Field {
	for i, f := range fields {
		fields[i].Location = "body.operation." + strings.TrimPrefix(f.Location, "body.")
	}
	return fields
}
