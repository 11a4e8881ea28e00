package workflows

import (
	"fmt"
	"slices"
	"strings"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/schedule/v1"
	sdkpb "go.temporal.io/api/sdk/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/types/known/durationpb"

	own "github.com/holdfast/holdfast/internal/schedule"
)

// overlaps are Temporal's names of what we call so.
var overlaps = map[own.Overlap]enumspb.ScheduleOverlapPolicy{
	own.Skip:        enumspb.SCHEDULE_OVERLAP_POLICY_SKIP,
	own.BufferOne:   enumspb.SCHEDULE_OVERLAP_POLICY_BUFFER_ONE,
	own.BufferAll:   enumspb.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL,
	own.CancelOther: enumspb.SCHEDULE_OVERLAP_POLICY_CANCEL_OTHER,
	own.AllowAll:    enumspb.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL,
}

// planned is a schedule as Temporal has it. The definition is the input of its runs,
// from which it is read back: Temporal keeps cron expressions in another form.
func (p *Planner) planned(d own.Definition, paused bool) (*schedule.Schedule, error) {
	input, err := p.payloads.ToPayloads(d)
	if err != nil {
		return nil, fmt.Errorf("write a schedule: %w", err)
	}
	summary, err := p.payloads.ToPayload(string(d.Kind) + " " + d.Subject)
	if err != nil {
		return nil, fmt.Errorf("write a schedule's summary: %w", err)
	}
	attributes, err := scheduleAttributes(d)
	if err != nil {
		return nil, err
	}
	return &schedule.Schedule{
		Spec: specOf(d.Spec),
		Action: &schedule.ScheduleAction{Action: &schedule.ScheduleAction_StartWorkflow{StartWorkflow: &workflowpb.NewWorkflowExecutionInfo{
			WorkflowId: plannedID(d.WorkspaceID, d.ID), WorkflowType: &commonpb.WorkflowType{Name: RunScheduleType},
			TaskQueue: &taskqueuepb.TaskQueue{Name: TaskQueue}, Input: input, SearchAttributes: attributes,
			UserMetadata: &sdkpb.UserMetadata{Summary: summary},
			Priority:     &commonpb.Priority{PriorityKey: laneInteractive, FairnessKey: d.WorkspaceID},
		}}},
		Policies: &schedule.SchedulePolicies{OverlapPolicy: overlaps[d.Overlap], CatchupWindow: durationpb.New(d.CatchUp)},
		State:    &schedule.ScheduleState{Paused: paused},
	}, nil
}

// scheduleAttributes are the search attributes of a schedule, and of its runs.
func scheduleAttributes(d own.Definition) (*commonpb.SearchAttributes, error) {
	fields := map[string]*commonpb.Payload{}
	for name, value := range map[string]string{
		AttributeWorkspace.GetName(): d.WorkspaceID, AttributeRepository.GetName(): d.Subject, AttributeKind.GetName(): string(d.Kind),
	} {
		payload, err := converter.GetDefaultDataConverter().ToPayload(value) // Temporal searches by it: in clear
		if err != nil {
			return nil, fmt.Errorf("write a search attribute: %w", err)
		}
		payload.Metadata["type"] = []byte("Keyword")
		fields[name] = payload
	}
	return &commonpb.SearchAttributes{IndexedFields: fields}, nil
}

// lacksAttribute tells whether Temporal refuses something since a search attribute is not there.
func lacksAttribute(message string) bool {
	return slices.ContainsFunc(attributeNames(), func(name string) bool { return strings.Contains(message, name) })
}

func specOf(s own.Spec) *schedule.ScheduleSpec {
	out := &schedule.ScheduleSpec{CronString: s.Cron, TimezoneName: s.TimeZone, Jitter: durationpb.New(s.Jitter)}
	for _, one := range s.Intervals {
		out.Interval = append(out.Interval, &schedule.IntervalSpec{Interval: durationpb.New(one.Every), Phase: durationpb.New(one.Offset)})
	}
	for _, c := range s.Calendars {
		out.StructuredCalendar = append(out.StructuredCalendar, &schedule.StructuredCalendarSpec{
			Second: rangesOf(c.Second, own.Range{}), Minute: rangesOf(c.Minute, own.Range{}), Hour: rangesOf(c.Hour, own.Range{}),
			DayOfMonth: rangesOf(c.DayOfMonth, own.Range{Start: 1, End: 31}), Month: rangesOf(c.Month, own.Range{Start: 1, End: 12}),
			Year: rangesOf(c.Year), DayOfWeek: rangesOf(c.DayOfWeek, own.Range{End: 6}),
		})
	}
	return out
}

// rangesOf are ranges as Temporal has them; where there are none, those by default.
func rangesOf(ranges []own.Range, byDefault ...own.Range) []*schedule.Range {
	if len(ranges) == 0 {
		ranges = byDefault
	}
	out := make([]*schedule.Range, len(ranges))
	for i, r := range ranges {
		out[i] = &schedule.Range{Start: int32(r.Start), End: int32(max(r.End, r.Start)), Step: int32(max(r.Step, 1))} //nolint:gosec // small
	}
	return out
}

// read is a schedule that Temporal described.
func (p *Planner) read(described *workflowservice.DescribeScheduleResponse) (own.Schedule, error) {
	var s own.Schedule
	if err := p.payloads.FromPayloads(described.GetSchedule().GetAction().GetStartWorkflow().GetInput(), &s.Definition); err != nil {
		return s, fmt.Errorf("read what a schedule holds: %w", err)
	}
	info := described.GetInfo()
	s.Paused = described.GetSchedule().GetState().GetPaused()
	s.CreatedAt = info.GetCreateTime().AsTime()
	if at := info.GetUpdateTime(); at != nil && at.IsValid() && !at.AsTime().IsZero() {
		t := at.AsTime()
		s.UpdatedAt = &t
	}
	for _, at := range info.GetFutureActionTimes() {
		s.Next = append(s.Next, at.AsTime())
	}
	for _, action := range slices.Backward(info.GetRecentActions()) {
		s.Recent = append(s.Recent, runOf(action.GetStartWorkflowResult().GetRunId(), action.GetScheduleTime().AsTime(), action.GetActualTime().AsTime()))
	}
	return s, nil
}

func runOf(runID string, scheduled, started time.Time) own.Run {
	return own.Run{OperationID: own.OperationID(runID), ScheduledAt: scheduled, StartedAt: started}
}
