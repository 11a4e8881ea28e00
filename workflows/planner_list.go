package workflows

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/schedule/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/holdfast/holdfast/internal/operation"
	own "github.com/holdfast/holdfast/internal/schedule"
)

const (
	// describedAtOnce is how many schedules of a page are read at once.
	describedAtOnce = 8
	// checkLength is how many bytes of a cursor say whose it is.
	checkLength = 8
)

// Schedules lists a page, newest first, and the cursor of the next, empty after the last.
// CodeInvalid for a cursor that this list did not make. A schedule that was made this
// moment may be missing, since Temporal's index is a moment behind.
func (p *Planner) Schedules(ctx context.Context, workspaceID, cursor string, limit int) ([]own.Schedule, string, error) {
	list := "schedules of " + workspaceID
	token, err := readToken(list, cursor)
	if err != nil {
		return nil, "", err
	}
	asking, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var page *workflowservice.ListSchedulesResponse
	err = p.ensured(asking, func() error {
		page, err = p.temporal.WorkflowService().ListSchedules(asking, &workflowservice.ListSchedulesRequest{
			Namespace: p.namespace, MaximumPageSize: int32(limit), NextPageToken: token, //nolint:gosec // at most 100
			Query: fmt.Sprintf("%s = '%s'", AttributeWorkspace.GetName(), workspaceID),
		})
		return err
	})
	if err != nil {
		return nil, "", listRefusal("list schedules", cursor, err)
	}
	all, err := p.describeAll(ctx, workspaceID, page.GetSchedules())
	return all, writeToken(list, page.GetNextPageToken()), err
}

// describeAll reads the schedules of a page, without those that were deleted meanwhile.
func (p *Planner) describeAll(ctx context.Context, workspaceID string, entries []*schedule.ScheduleListEntry) ([]own.Schedule, error) {
	found := make([]*own.Schedule, len(entries))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(describedAtOnce)
	for i, entry := range entries {
		id, ours := strings.CutPrefix(entry.GetScheduleId(), plannedID(workspaceID, ""))
		if !ours {
			continue
		}
		group.Go(func() error {
			one, err := p.Schedule(ctx, workspaceID, id)
			if operation.CodeOf(err) == operation.CodeNotFound {
				return nil
			}
			found[i] = &one
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err //nolint:wrapcheck // it has a code to decide on
	}
	var all []own.Schedule
	for _, one := range found {
		if one != nil {
			all = append(all, *one)
		}
	}
	return all, nil
}

// Runs lists a page of a schedule's runs, newest first, and the cursor of the next, for
// as long as Temporal keeps them. CodeInvalid for a cursor that this list did not make.
func (p *Planner) Runs(ctx context.Context, workspaceID, id, cursor string, limit int) ([]own.Run, string, error) {
	planned := plannedID(workspaceID, id)
	token, err := readToken("runs of "+planned, cursor)
	if err != nil {
		return nil, "", err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var page *workflowservice.ListWorkflowExecutionsResponse
	err = patiently(ctx, func() error {
		page, err = p.temporal.WorkflowService().ListWorkflowExecutions(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Namespace: p.namespace, PageSize: int32(limit), NextPageToken: token, //nolint:gosec // at most 100
			Query: fmt.Sprintf("TemporalScheduledById = '%s'", planned),
		})
		return err
	})
	if err != nil {
		return nil, "", listRefusal("list the runs of a schedule", cursor, err)
	}
	runs := make([]own.Run, 0, len(page.GetExecutions()))
	for _, e := range page.GetExecutions() {
		run := runOf(e.GetExecution().GetRunId(), e.GetStartTime().AsTime(), e.GetStartTime().AsTime())
		if at := e.GetSearchAttributes().GetIndexedFields()["TemporalScheduledStartTime"]; at != nil {
			if err := converter.GetDefaultDataConverter().FromPayload(at, &run.ScheduledAt); err != nil {
				return nil, "", fmt.Errorf("read when a run was to be: %w", err)
			}
		}
		if at := e.GetCloseTime(); at != nil {
			ended := at.AsTime()
			run.EndedAt = &ended
		}
		runs = append(runs, run)
	}
	return runs, writeToken("runs of "+planned, page.GetNextPageToken()), nil
}

// BackfillSchedule makes the runs of a time that is past. CodeInvalid where there are
// none, or more than a backfill may make; CodeNotFound.
func (p *Planner) BackfillSchedule(ctx context.Context, workspaceID, id string, b own.Backfill) error {
	n, err := p.countRuns(ctx, workspaceID, id, b.Start, b.End)
	switch {
	case err != nil:
		return err
	case n == 0:
		return &operation.Error{Code: operation.CodeInvalid, Message: "The schedule has no run in this time."}
	case n > own.MostRuns:
		return &operation.Error{Code: operation.CodeInvalid, Message: fmt.Sprintf("The schedule has more than %d runs in this time. Ask for a shorter one.", own.MostRuns)}
	}
	overlap := b.Overlap
	if overlap == "" {
		overlap = own.BufferAll
	}
	return p.patch(ctx, "backfill a schedule", workspaceID, id, &schedule.SchedulePatch{BackfillRequest: []*schedule.BackfillRequest{{
		StartTime: timestamppb.New(b.Start), EndTime: timestamppb.New(b.End), OverlapPolicy: overlaps[overlap],
	}}})
}

// countRuns is how many runs a schedule has in a time; more than MostRuns are not counted.
// Temporal lists the times after its start, and a thousand of them at once.
func (p *Planner) countRuns(ctx context.Context, workspaceID, id string, start, end time.Time) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	n, after := 0, start.Add(-time.Second)
	for n <= own.MostRuns && after.Before(end) {
		var found *workflowservice.ListScheduleMatchingTimesResponse
		err := patiently(ctx, func() (err error) {
			found, err = p.temporal.WorkflowService().ListScheduleMatchingTimes(ctx, &workflowservice.ListScheduleMatchingTimesRequest{
				Namespace: p.namespace, ScheduleId: plannedID(workspaceID, id), StartTime: timestamppb.New(after), EndTime: timestamppb.New(end),
			})
			return err
		})
		if err != nil {
			return 0, refusal("count the runs of a schedule", err)
		}
		times := found.GetStartTime()
		if len(times) == 0 {
			break
		}
		n, after = n+len(times), times[len(times)-1].AsTime()
	}
	return n, nil
}

// listRefusal is refusal for a list: what is wrong with it can only be its cursor.
func listRefusal(what, cursor string, err error) error {
	var invalid *serviceerror.InvalidArgument
	if cursor != "" && errors.As(err, &invalid) {
		return notOurs()
	}
	return refusal(what, err)
}

func notOurs() error {
	return &operation.Error{Code: operation.CodeInvalid, Message: "The cursor is not one that this list gave out."}
}

// writeToken is the cursor of a list that goes on at Temporal's token: with what tells
// that it is of this list, since Temporal does not say so of garbage.
func writeToken(list string, token []byte) string {
	if len(token) == 0 {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(append(tokenCheck(list, token), token...))
}

// readToken is the token in a cursor of the list; none in an empty one.
func readToken(list, cursor string) ([]byte, error) {
	if cursor == "" {
		return nil, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(raw) <= checkLength || writeToken(list, raw[checkLength:]) != cursor {
		return nil, notOurs()
	}
	return raw[checkLength:], nil
}

func tokenCheck(list string, token []byte) []byte {
	sum := sha256.Sum256(append([]byte(list+"\n"), token...))
	return sum[:checkLength]
}
