package api_test

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/schedule"
)

const (
	scheduleID      = "0190a6c8-7e3b-7c3a-9d10-5c4ed0000001"
	spareScheduleID = "0190a6c8-7e3b-7c3a-9d10-5c4ed0000002"
	runID           = "0190a6c8-7e3b-7c3a-9d10-5c4ed00000aa" // a run's operation
)

// schedules keeps schedules in memory, in the place of Temporal.
type schedules struct {
	store *store // whose errors it has

	mu        sync.Mutex
	all       []schedule.Schedule
	triggered []string
	backfills []schedule.Backfill
}

func newSchedules(s *store) *schedules {
	of := func(id, subject string) schedule.Schedule {
		return schedule.Schedule{
			Definition: schedule.Definition{
				ID: id, WorkspaceID: workspace, Version: id, Name: "nightly", Kind: operation.KindSyncRepository, Source: operation.SourceSync,
				Subject: subject, Input: json.RawMessage(`{"repository":"` + subject + `"}`), RequestedBy: "tester",
				Spec: schedule.Spec{Cron: []string{"0 3 * * *"}}, Overlap: schedule.Skip, CatchUp: time.Minute,
			},
			CreatedAt: start, Next: []time.Time{start.Add(time.Hour)}, Recent: []schedule.Run{{OperationID: runID, ScheduledAt: start, StartedAt: start}},
		}
	}
	return &schedules{store: s, all: []schedule.Schedule{of(scheduleID, "octo/mirror"), of(spareScheduleID, "octo/mirror")}}
}

// find is the place of a schedule. The lock is held.
func (f *schedules) find(workspaceID, id string) (int, error) {
	f.store.mu.Lock()
	defer f.store.mu.Unlock()
	if f.store.err != nil {
		return 0, f.store.err
	}
	i := slices.IndexFunc(f.all, func(s schedule.Schedule) bool { return s.ID == id && s.WorkspaceID == workspaceID })
	if i < 0 && id != "" {
		return 0, schedule.NotFound()
	}
	return i, nil
}

func (f *schedules) CreateSchedule(_ context.Context, d schedule.Definition, paused bool) (schedule.Schedule, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.find(d.WorkspaceID, ""); err != nil {
		return schedule.Schedule{}, err
	}
	s := schedule.Schedule{Definition: d, Paused: paused, CreatedAt: start}
	f.all = append(f.all, s)
	return s, nil
}

func (f *schedules) Schedule(_ context.Context, workspaceID, id string) (schedule.Schedule, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i, err := f.find(workspaceID, id)
	if err != nil {
		return schedule.Schedule{}, err
	}
	return f.all[i], nil
}

func (f *schedules) Schedules(_ context.Context, workspaceID, cursor string, limit int) ([]schedule.Schedule, string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.find(workspaceID, ""); err != nil {
		return nil, "", err
	}
	from, to, next, err := cut(cursor, limit, len(f.all))
	if err != nil {
		return nil, "", err
	}
	return slices.Clone(f.all[from:to]), next, nil
}

func (f *schedules) ChangeSchedule(_ context.Context, d schedule.Definition, before string) (schedule.Schedule, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i, err := f.find(d.WorkspaceID, d.ID)
	if err != nil {
		return schedule.Schedule{}, err
	}
	if f.all[i].Version != before {
		return schedule.Schedule{}, operation.Changed("Somebody else has changed the schedule meanwhile.")
	}
	at := start.Add(time.Minute)
	f.all[i].Definition, f.all[i].UpdatedAt = d, &at
	return f.all[i], nil
}

func (f *schedules) DeleteSchedule(_ context.Context, workspaceID, id string) error {
	return f.do(workspaceID, id, func(i int) { f.all = slices.Delete(f.all, i, i+1) })
}

func (f *schedules) PauseSchedule(_ context.Context, workspaceID, id string, paused bool) error {
	return f.do(workspaceID, id, func(i int) { f.all[i].Paused = paused })
}

func (f *schedules) TriggerSchedule(_ context.Context, workspaceID, id string) error {
	return f.do(workspaceID, id, func(int) { f.triggered = append(f.triggered, id) })
}

func (f *schedules) BackfillSchedule(_ context.Context, workspaceID, id string, b schedule.Backfill) error {
	return f.do(workspaceID, id, func(int) { f.backfills = append(f.backfills, b) })
}

func (f *schedules) Runs(_ context.Context, workspaceID, id, cursor string, limit int) (runs []schedule.Run, next string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i, err := f.find(workspaceID, id)
	if err != nil {
		return nil, "", err
	}
	from, to, next, err := cut(cursor, limit, len(f.all[i].Recent))
	if err != nil {
		return nil, "", err
	}
	return f.all[i].Recent[from:to], next, nil
}

// do does something to a schedule.
func (f *schedules) do(workspaceID, id string, change func(i int)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	i, err := f.find(workspaceID, id)
	if err == nil {
		change(i)
	}
	return err
}
