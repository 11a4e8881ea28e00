package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// Schedule is an operation that is asked for again and again.
type Schedule struct {
	ID        string        `json:"id"`
	Name      string        `json:"name"`
	Kind      string        `json:"kind"`
	Subject   string        `json:"subject"`
	Cron      []string      `json:"cron,omitempty"`
	TimeZone  string        `json:"time_zone,omitempty"`
	Overlap   string        `json:"overlap"`
	Note      string        `json:"note,omitempty"`
	Paused    bool          `json:"paused"`
	NextTimes []time.Time   `json:"next_times"`
	Runs      []ScheduleRun `json:"runs"`
	Intervals []struct {
		EverySeconds  int64 `json:"every_seconds"`
		OffsetSeconds int64 `json:"offset_seconds,omitempty"`
	} `json:"intervals,omitempty"`
	Calendars []json.RawMessage `json:"calendars,omitempty"`

	raw json.RawMessage
}

// UnmarshalJSON reads a schedule and keeps the answer whole.
func (s *Schedule) UnmarshalJSON(raw []byte) error {
	type plain Schedule
	if err := json.Unmarshal(raw, (*plain)(s)); err != nil {
		return fmt.Errorf("read a schedule: %w", err)
	}
	s.raw = append(json.RawMessage(nil), raw...)
	return nil
}

// MarshalJSON writes a schedule as the API answered with it.
func (s Schedule) MarshalJSON() ([]byte, error) { return s.raw, nil }

// ScheduleRun is one run of a schedule.
type ScheduleRun struct {
	OperationID string     `json:"operation_id"`
	ScheduledAt time.Time  `json:"scheduled_at"`
	StartedAt   time.Time  `json:"started_at"`
	EndedAt     *time.Time `json:"ended_at,omitempty"`
}

// Schedules lists schedules, newest first, and the cursor of the next page, empty after the last.
func (c *Client) Schedules(ctx context.Context, cursor string, limit int) ([]Schedule, string, error) {
	var page struct {
		Schedules  []Schedule `json:"schedules"`
		NextCursor string     `json:"next_cursor"`
	}
	if err := c.do(ctx, http.MethodGet, "/v1/schedules?"+pageQuery(cursor, limit), nil, nil, &page); err != nil {
		return nil, "", fmt.Errorf("list schedules: %w", err)
	}
	return page.Schedules, page.NextCursor, nil
}

// Schedule is the schedule of that id.
func (c *Client) Schedule(ctx context.Context, id string) (s Schedule, err error) {
	if err := c.do(ctx, http.MethodGet, schedulePath(id, ""), nil, nil, &s); err != nil {
		return s, fmt.Errorf("read schedule %s: %w", id, err)
	}
	return s, nil
}

// CreateSchedule makes a schedule of what body, a JSON object, asks for.
func (c *Client) CreateSchedule(ctx context.Context, body json.RawMessage) (s Schedule, err error) {
	if err := c.do(ctx, http.MethodPost, "/v1/schedules", once(), body, &s); err != nil {
		return s, fmt.Errorf("make the schedule: %w", err)
	}
	return s, nil
}

// ChangeSchedule changes what body, a JSON object, names.
func (c *Client) ChangeSchedule(ctx context.Context, id string, body json.RawMessage) (s Schedule, err error) {
	if err := c.do(ctx, http.MethodPatch, schedulePath(id, ""), http.Header{"Content-Type": {"application/json"}}, body, &s); err != nil {
		return s, fmt.Errorf("change schedule %s: %w", id, err)
	}
	return s, nil
}

// DeleteSchedule deletes the schedule of that id.
func (c *Client) DeleteSchedule(ctx context.Context, id string) error {
	if err := c.do(ctx, http.MethodDelete, schedulePath(id, ""), nil, nil, nil); err != nil {
		return fmt.Errorf("delete schedule %s: %w", id, err)
	}
	return nil
}

// SteerSchedule asks something of a schedule: pause, resume or trigger.
func (c *Client) SteerSchedule(ctx context.Context, id, verb string) (s Schedule, err error) {
	if err := c.do(ctx, http.MethodPost, schedulePath(id, verb), http.Header{"Idempotency-Key": {uuid.NewString()}}, nil, &s); err != nil {
		return s, fmt.Errorf("%s schedule %s: %w", verb, id, err)
	}
	return s, nil
}

// BackfillSchedule makes the runs of a time. An empty overlap leaves that to the API.
func (c *Client) BackfillSchedule(ctx context.Context, id string, start, end time.Time, overlap string) (s Schedule, err error) {
	body, err := json.Marshal(struct {
		Start   time.Time `json:"start"`
		End     time.Time `json:"end"`
		Overlap string    `json:"overlap,omitempty"`
	}{start, end, overlap})
	if err != nil {
		return s, fmt.Errorf("encode the request: %w", err)
	}
	if err := c.do(ctx, http.MethodPost, schedulePath(id, "backfill"), once(), body, &s); err != nil {
		return s, fmt.Errorf("backfill schedule %s: %w", id, err)
	}
	return s, nil
}

// ScheduleRuns lists a schedule's runs, newest first, and the cursor of the next page.
func (c *Client) ScheduleRuns(ctx context.Context, id, cursor string, limit int) ([]ScheduleRun, string, error) {
	var page struct {
		Runs       []ScheduleRun `json:"runs"`
		NextCursor string        `json:"next_cursor"`
	}
	if err := c.do(ctx, http.MethodGet, schedulePath(id, "runs")+"?"+pageQuery(cursor, limit), nil, nil, &page); err != nil {
		return nil, "", fmt.Errorf("list the runs of schedule %s: %w", id, err)
	}
	return page.Runs, page.NextCursor, nil
}

func schedulePath(id, verb string) string {
	path := "/v1/schedules/" + url.PathEscape(id)
	if verb != "" {
		path += "/" + verb
	}
	return path
}

// once is the header of a request with a body that is carried out once.
func once() http.Header {
	return http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": {uuid.NewString()}}
}

func pageQuery(cursor string, limit int) string {
	query := url.Values{}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	if limit > 0 {
		query.Set("limit", strconv.Itoa(limit))
	}
	return query.Encode()
}
