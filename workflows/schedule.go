package workflows

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/holdfast/holdfast/activities"
)

const (
	// catchUp is how late a run may still begin: after an outage the next one is soon.
	catchUp = time.Minute
	// roundShare is the part of a sweep's or a refresh's interval after which a schedule
	// looks for what is due, within these bounds.
	roundShare    = 24
	shortestRound = time.Minute
	longestRound  = time.Hour
	// jitterShare is the part of a schedule's interval by which its runs are spread.
	jitterShare = 10
)

// Schedules say what runs by itself in a workspace. An interval of 0 switches it off.
type Schedules struct {
	WorkspaceID string
	Sweep       time.Duration // how often every repository is compared with all of GitHub
	Refresh     time.Duration // how often every repository is synced
	Deliveries  time.Duration // how often failed deliveries are looked for
}

// scheduled is one schedule.
type scheduled struct {
	id       string
	note     string // for people
	interval time.Duration
	workflow string
	input    any
}

// SweepScheduleID is the id of a workspace's schedule of sweeps.
func SweepScheduleID(workspaceID string) string { return "holdfast-sweep-" + workspaceID }

// RefreshScheduleID is the id of a workspace's schedule of syncs.
func RefreshScheduleID(workspaceID string) string { return "holdfast-refresh-" + workspaceID }

// DeliveriesScheduleID is the id of a workspace's schedule that recovers deliveries.
func DeliveriesScheduleID(workspaceID string) string { return "holdfast-deliveries-" + workspaceID }

// list is every schedule of a workspace, those that are off as well.
func (s Schedules) list() []scheduled {
	rounds := func(every time.Duration, full bool) SweepRepositoriesInput {
		return SweepRepositoriesInput{Rounds: activities.Rounds{WorkspaceID: s.WorkspaceID, Every: every, Full: full}}
	}
	return []scheduled{
		{
			SweepScheduleID(s.WorkspaceID), fmt.Sprintf("Compares every repository with all of GitHub, each every %s.", s.Sweep),
			roundInterval(s.Sweep), SweepRepositoriesType, rounds(s.Sweep, true),
		},
		{
			RefreshScheduleID(s.WorkspaceID), fmt.Sprintf("Syncs every repository, each every %s.", s.Refresh),
			roundInterval(s.Refresh), SweepRepositoriesType, rounds(s.Refresh, false),
		},
		{
			DeliveriesScheduleID(s.WorkspaceID), "Has GitHub send webhook deliveries again that did not arrive.",
			s.Deliveries, RecoverDeliveriesType,
			RecoverDeliveriesInput{Recover: activities.Recover{WorkspaceID: s.WorkspaceID}},
		},
	}
}

// roundInterval is how often a schedule looks for what is due; 0: never.
func roundInterval(every time.Duration) time.Duration {
	if every <= 0 {
		return 0
	}
	return min(max(every/roundShare, shortestRound), longestRound)
}

// EnsureSchedules makes the schedules of a workspace what they should be: it creates
// those that are missing, brings the others up to date and deletes those that are
// off. Whether one is paused stays. Any number of workers may do it at once.
func EnsureSchedules(ctx context.Context, c client.Client, s Schedules) error {
	for _, one := range s.list() {
		if err := ensureSchedule(ctx, c.ScheduleClient(), one); err != nil {
			return fmt.Errorf("prepare the schedule %s: %w", one.id, err)
		}
	}
	return nil
}

func ensureSchedule(ctx context.Context, c client.ScheduleClient, one scheduled) error {
	handle := c.GetHandle(ctx, one.id)
	var missing *serviceerror.NotFound
	if one.interval <= 0 {
		if err := handle.Delete(ctx); err != nil && !errors.As(err, &missing) {
			return err
		}
		return nil
	}
	_, err := c.Create(ctx, client.ScheduleOptions{
		ID: one.id, Spec: one.spec(), Action: one.action(), Note: one.note,
		Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP, CatchupWindow: catchUp,
	})
	if err == nil || !errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return err
	}
	return handle.Update(ctx, client.ScheduleUpdateOptions{
		DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			next := in.Description.Schedule
			spec := one.spec()
			next.Action, next.Spec = one.action(), &spec
			if next.State != nil {
				next.State.Note = one.note
			}
			next.Policy = &client.SchedulePolicies{Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP, CatchupWindow: catchUp}
			return &client.ScheduleUpdate{Schedule: &next}, nil
		},
	})
}

func (s scheduled) spec() client.ScheduleSpec {
	return client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: s.interval}}, Jitter: s.interval / jitterShare}
}

func (s scheduled) action() *client.ScheduleWorkflowAction {
	return &client.ScheduleWorkflowAction{
		ID: s.id, Workflow: s.workflow, Args: []any{s.input}, TaskQueue: TaskQueue,
		StaticSummary: s.note, Priority: temporal.Priority{PriorityKey: laneSweep},
	}
}
