package workflows

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/api/schedule/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/holdfast/holdfast/internal/operation"
	own "github.com/holdfast/holdfast/internal/schedule"
)

const (
	// plannerIdentity names the API in Temporal's histories.
	plannerIdentity = "holdfast-api"
	// firstAgain is after how long something that Temporal was too busy for is asked again.
	firstAgain = 50 * time.Millisecond
)

// Planner keeps the schedules that people make, in Temporal and nowhere else. The id of
// each begins with its workspace's, so that nobody finds another's.
type Planner struct {
	temporal  client.Client
	namespace string
	payloads  converter.DataConverter
}

// NewPlanner keeps schedules in that namespace, and what they hold as payloads writes it.
func NewPlanner(c client.Client, namespace string, payloads converter.DataConverter) *Planner {
	if payloads == nil {
		payloads = converter.GetDefaultDataConverter()
	}
	return &Planner{temporal: c, namespace: namespace, payloads: payloads}
}

// plannedID is a schedule's id in Temporal.
func plannedID(workspaceID, id string) string { return "schedule-" + workspaceID + "-" + id }

// CreateSchedule makes a schedule. CodeInvalid where Temporal does not understand its times.
func (p *Planner) CreateSchedule(ctx context.Context, d own.Definition, paused bool) (own.Schedule, error) {
	const what = "create a schedule"
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	planned, err := p.planned(d, paused)
	if err != nil {
		return own.Schedule{}, err
	}
	attributes, err := scheduleAttributes(d)
	if err != nil {
		return own.Schedule{}, err
	}
	in := &workflowservice.CreateScheduleRequest{
		Namespace: p.namespace, ScheduleId: plannedID(d.WorkspaceID, d.ID), Schedule: planned,
		Identity: plannerIdentity, RequestId: d.Version, SearchAttributes: attributes,
	}
	err = p.ensured(ctx, func() error {
		_, err := p.temporal.WorkflowService().CreateSchedule(ctx, in)
		return err
	})
	if err != nil {
		return own.Schedule{}, refusal(what, err)
	}
	return p.Schedule(ctx, d.WorkspaceID, d.ID)
}

// ensured asks again with the search attributes in place where the namespace lacked them.
func (p *Planner) ensured(ctx context.Context, ask func() error) error {
	err := patiently(ctx, ask)
	var invalid *serviceerror.InvalidArgument
	if !errors.As(err, &invalid) || !lacksAttribute(invalid.Message) {
		return err
	}
	if err := EnsureSearchAttributes(ctx, p.temporal, p.namespace); err != nil {
		return err
	}
	return patiently(ctx, ask)
}

// Schedule is one schedule. CodeNotFound.
func (p *Planner) Schedule(ctx context.Context, workspaceID, id string) (own.Schedule, error) {
	described, err := p.describe(ctx, workspaceID, id)
	if err != nil {
		return own.Schedule{}, err
	}
	return p.read(described)
}

func (p *Planner) describe(ctx context.Context, workspaceID, id string) (out *workflowservice.DescribeScheduleResponse, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	in := &workflowservice.DescribeScheduleRequest{Namespace: p.namespace, ScheduleId: plannedID(workspaceID, id)}
	err = patiently(ctx, func() error {
		out, err = p.temporal.WorkflowService().DescribeSchedule(ctx, in)
		return err
	})
	return out, refusal("read a schedule", err)
}

// ChangeSchedule makes a schedule what d says, unless its version is another one than
// before: CodeChanged. CodeNotFound; CodeInvalid as CreateSchedule.
func (p *Planner) ChangeSchedule(ctx context.Context, d own.Definition, before string) (own.Schedule, error) {
	described, err := p.describe(ctx, d.WorkspaceID, d.ID)
	if err != nil {
		return own.Schedule{}, err
	}
	now, err := p.read(described)
	if err != nil {
		return own.Schedule{}, err
	}
	if now.Version != before {
		return own.Schedule{}, changedMeanwhile()
	}
	planned, err := p.planned(d, now.Paused)
	if err != nil {
		return own.Schedule{}, err
	}
	attributes, err := scheduleAttributes(d)
	if err != nil {
		return own.Schedule{}, err
	}
	asking, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err = patiently(asking, func() error {
		_, err := p.temporal.WorkflowService().UpdateSchedule(asking, &workflowservice.UpdateScheduleRequest{
			Namespace: p.namespace, ScheduleId: plannedID(d.WorkspaceID, d.ID), Schedule: planned, ConflictToken: described.GetConflictToken(),
			Identity: plannerIdentity, RequestId: d.Version, SearchAttributes: attributes,
		})
		return err
	})
	if err != nil {
		return own.Schedule{}, refusal("change a schedule", err)
	}
	return p.changed(asking, d, before)
}

// changed waits until a change can be read. Temporal drops one without a word whose
// conflict token is not the last any more.
func (p *Planner) changed(ctx context.Context, d own.Definition, before string) (own.Schedule, error) {
	for again := firstAgain; ; again *= 2 {
		now, err := p.Schedule(ctx, d.WorkspaceID, d.ID)
		switch {
		case err != nil || now.Version == d.Version:
			return now, err
		case now.Version != before:
			return own.Schedule{}, changedMeanwhile()
		}
		if !pause(ctx, again) {
			return own.Schedule{}, changedMeanwhile() // paused or resumed meanwhile
		}
	}
}

func changedMeanwhile() error {
	return operation.Changed("Somebody else has changed the schedule meanwhile. Read it again.")
}

// DeleteSchedule deletes a schedule. What it has started goes on. CodeNotFound.
func (p *Planner) DeleteSchedule(ctx context.Context, workspaceID, id string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return refusal("delete a schedule", patiently(ctx, func() error {
		_, err := p.temporal.WorkflowService().DeleteSchedule(ctx, &workflowservice.DeleteScheduleRequest{
			Namespace: p.namespace, ScheduleId: plannedID(workspaceID, id), Identity: plannerIdentity,
		})
		return err
	}))
}

// PauseSchedule keeps a schedule from making runs, or lets it go on. CodeNotFound.
func (p *Planner) PauseSchedule(ctx context.Context, workspaceID, id string, paused bool) error {
	patch := &schedule.SchedulePatch{Unpause: "Resumed over the API."}
	if paused {
		patch = &schedule.SchedulePatch{Pause: "Paused over the API."}
	}
	return p.patch(ctx, "pause or resume a schedule", workspaceID, id, patch)
}

// TriggerSchedule makes a run now, as the schedule's overlap allows. CodeNotFound.
func (p *Planner) TriggerSchedule(ctx context.Context, workspaceID, id string) error {
	return p.patch(ctx, "trigger a schedule", workspaceID, id, &schedule.SchedulePatch{TriggerImmediately: &schedule.TriggerImmediatelyRequest{}})
}

func (p *Planner) patch(ctx context.Context, what, workspaceID, id string, patch *schedule.SchedulePatch) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	in := &workflowservice.PatchScheduleRequest{
		Namespace: p.namespace, ScheduleId: plannedID(workspaceID, id), Patch: patch, Identity: plannerIdentity, RequestId: uuid.NewString(),
	}
	return refusal(what, patiently(ctx, func() error {
		_, err := p.temporal.WorkflowService().PatchSchedule(ctx, in)
		return err
	}))
}

// patiently asks again, for as long as ctx lets it, what Temporal was too busy for.
func patiently(ctx context.Context, ask func() error) error {
	for again := firstAgain; ; again *= 2 {
		err := ask()
		var busy *serviceerror.ResourceExhausted
		if !errors.As(err, &busy) || !pause(ctx, again) {
			return err
		}
	}
}

// pause waits, and tells whether ctx has not ended before.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// refusal turns Temporal's errors about schedules into the domain's.
func refusal(what string, err error) error {
	var missing *serviceerror.NotFound
	var invalid *serviceerror.InvalidArgument
	var unset *serviceerror.NamespaceNotFound
	var domain *operation.Error
	switch {
	case err == nil || errors.As(err, &domain):
		return err
	case errors.As(err, &unset):
		return translate(what, err)
	case errors.As(err, &missing):
		return own.NotFound()
	case errors.As(err, &invalid):
		return &operation.Error{
			Code: operation.CodeInvalid, Message: "Temporal does not accept it: " + invalid.Message + ".", Err: fmt.Errorf("%s: %w", what, err),
		}
	default:
		return translate(what, err)
	}
}
