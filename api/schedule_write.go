package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/schedule"
)

// scheduleRequest is the body of POST /v1/schedules.
type scheduleRequest struct {
	Name           string           `json:"name" minLength:"1" maxLength:"100" example:"nightly" doc:"Yours to choose."`
	Note           string           `json:"note,omitempty" maxLength:"1000" doc:"For people."`
	Operation      syncRequest      `json:"operation" doc:"What each run asks for, as POST /v1/syncs takes it."`
	Overlap        schedule.Overlap `json:"overlap,omitempty" enum:"skip,buffer_one,cancel_other,allow_all" default:"skip" doc:"What becomes of a run while one before it goes on: skip: it does not happen; buffer_one: one waits for its end; cancel_other: that one is cancelled; allow_all: it happens beside it."`
	CatchUpSeconds int64            `json:"catch_up_seconds,omitempty" minimum:"10" maximum:"31536000" default:"60" doc:"How late a run may still begin after Temporal was away; what is later is left out."`
	Paused         bool             `json:"paused,omitempty" doc:"Make it paused."`
	ScheduleTimes
}

type createScheduleInput struct {
	RawBody []byte
	Body    scheduleRequest
}

// Resolve refuses null for a list, as of a sync.
func (in *createScheduleInput) Resolve(huma.Context) []error { return nullLists(in.RawBody) }

var _ huma.Resolver = (*createScheduleInput)(nil)

func createScheduleSpec() huma.Operation {
	return huma.Operation{
		OperationID: "create-schedule", Summary: "Have an operation run again and again", Tags: []string{"schedules"}, Security: needsToken(),
		Description: "Each run starts an operation of its own. Runs go on when the key or token that made the schedule is no longer good: delete the schedule to end them.",

		DefaultStatus: http.StatusCreated,
		Errors:        []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusServiceUnavailable},
	}
}

func (a *API) createSchedule(ctx context.Context, in *createScheduleInput) (*scheduleOutput, error) {
	d := schedule.Definition{
		ID: a.opts.NewID(), Name: in.Body.Name, Note: in.Body.Note, Spec: in.Body.spec(),
		Overlap: in.Body.Overlap, CatchUp: seconds(in.Body.CatchUpSeconds), RequestedBy: subjectOf(ctx),
	}
	fields := append(scheduleNameFields(d.Name), in.Body.fields()...)
	d, err := a.ask(ctx, d, in.Body.Operation, fields)
	if err != nil {
		return nil, err
	}
	s, err := a.opts.Schedules.CreateSchedule(ctx, d, in.Body.Paused)
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	a.scheduleLog(ctx, d).InfoContext(ctx, "schedule created")
	return a.show(ctx, s)
}

// ask fills in what the definition asks for, or refuses it with the other fields that are
// wrong with it.
func (a *API) ask(ctx context.Context, d schedule.Definition, r syncRequest, wrong []Field) (schedule.Definition, error) {
	request, fields := a.normalize(r)
	if fields = append(wrong, inOperation(fields)...); len(fields) > 0 {
		return d, invalid(ctx, fields...)
	}
	n, err := a.newSync(ctx, request, "")
	if err != nil {
		return d, a.fail(ctx, err)
	}
	if !visibleTo(ctx).MatchSubject(n.Subject) {
		return d, newProblem(ctx, http.StatusForbidden, "forbidden", "This key is limited to some repositories, and this is not among them.")
	}
	d.WorkspaceID, d.Version = n.WorkspaceID, a.opts.NewID()
	d.Kind, d.Source, d.Subject, d.Input, d.Lane = n.Kind, n.Source, n.Subject, n.Input, request.Lane
	return d, nil
}

func scheduleNameFields(name string) []Field {
	if strings.TrimSpace(name) != name {
		return []Field{{Location: "body.name", Message: "must not begin or end with a space"}}
	}
	return nil
}

func pauseScheduleSpec() huma.Operation {
	return aboutSchedule("pause-schedule", "Have a schedule make no runs", "Until it is resumed. Operations that it has started go on.", http.StatusForbidden)
}

func resumeScheduleSpec() huma.Operation {
	return aboutSchedule("resume-schedule", "Let a paused schedule go on", "With its next time; those that have passed are not made up for.", http.StatusForbidden)
}

func triggerScheduleSpec() huma.Operation {
	spec := aboutSchedule("trigger-schedule", "Make a run of a schedule now",
		"Also while it is paused, and as its overlap allows: with skip nothing happens while a run goes on. `GET /v1/schedules/{id}` shows the run and its operation's id a moment later.",
		http.StatusForbidden)
	spec.DefaultStatus = http.StatusAccepted
	return spec
}

func (a *API) pauseSchedule(ctx context.Context, in *IDPath) (*scheduleOutput, error) {
	return a.steerSchedule(ctx, in.ID, "pause", func(workspaceID, id string) error {
		return a.opts.Schedules.PauseSchedule(ctx, workspaceID, id, true)
	})
}

func (a *API) resumeSchedule(ctx context.Context, in *IDPath) (*scheduleOutput, error) {
	return a.steerSchedule(ctx, in.ID, "resume", func(workspaceID, id string) error {
		return a.opts.Schedules.PauseSchedule(ctx, workspaceID, id, false)
	})
}

func (a *API) triggerSchedule(ctx context.Context, in *IDPath) (*scheduleOutput, error) {
	return a.steerSchedule(ctx, in.ID, "trigger", func(workspaceID, id string) error {
		return a.opts.Schedules.TriggerSchedule(ctx, workspaceID, id)
	})
}

// steerSchedule does something to a schedule and answers with how it is then.
func (a *API) steerSchedule(ctx context.Context, id, verb string, do func(workspaceID, id string) error) (*scheduleOutput, error) {
	s, err := a.visibleSchedule(ctx, id)
	if err == nil {
		err = do(s.WorkspaceID, s.ID)
	}
	if err == nil {
		s, err = a.opts.Schedules.Schedule(ctx, s.WorkspaceID, s.ID)
	}
	if err != nil {
		return nil, a.fail(ctx, err)
	}
	a.scheduleLog(ctx, s.Definition).InfoContext(ctx, "schedule steered", "verb", verb)
	return a.show(ctx, s)
}
