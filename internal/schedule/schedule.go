// Package schedule holds what a schedule is: an operation that is asked for again and
// again. Temporal keeps schedules, and nothing else does; this package knows no Temporal,
// no HTTP and no SQL.
package schedule

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/holdfast/holdfast/internal/operation"
)

// Overlap says what becomes of a run whose time has come while one before it goes on.
type Overlap string

// The ways to deal with it. BufferAll is for backfills only.
const (
	Skip        Overlap = "skip"         // it does not happen
	BufferOne   Overlap = "buffer_one"   // one of them happens after that one has ended
	BufferAll   Overlap = "buffer_all"   // all of them happen, one after another
	CancelOther Overlap = "cancel_other" // that one is cancelled, and then it happens
	AllowAll    Overlap = "allow_all"    // it happens beside that one
)

// MostRuns is how many runs one backfill may make.
const MostRuns = 1000

// Range is the numbers from Start to End by Step. An End of 0 is Start, a Step of 0 is 1.
type Range struct {
	Start int `json:"start"`
	End   int `json:"end,omitempty"`
	Step  int `json:"step,omitempty"`
}

// Calendar is the times that match all of its fields. An empty one matches 0 of seconds,
// minutes and hours, and anything else.
type Calendar struct {
	Second     []Range `json:"second,omitempty"`
	Minute     []Range `json:"minute,omitempty"`
	Hour       []Range `json:"hour,omitempty"`
	DayOfMonth []Range `json:"day_of_month,omitempty"`
	Month      []Range `json:"month,omitempty"`
	Year       []Range `json:"year,omitempty"`
	DayOfWeek  []Range `json:"day_of_week,omitempty"` // 0 and 7 are Sunday
}

// Interval is the times that are a multiple of Every after Offset, since 1970 in UTC.
type Interval struct {
	Every  time.Duration `json:"every"`
	Offset time.Duration `json:"offset,omitempty"`
}

// Spec is when runs happen: whenever any of its parts says so.
type Spec struct {
	Cron      []string      `json:"cron,omitempty"`
	Intervals []Interval    `json:"intervals,omitempty"`
	Calendars []Calendar    `json:"calendars,omitempty"`
	TimeZone  string        `json:"time_zone,omitempty"` // of cron and calendars; empty: UTC
	Jitter    time.Duration `json:"jitter,omitempty"`    // how much later a run may begin
}

// Definition is what somebody asked for. It is also what each of its runs is given.
type Definition struct {
	ID          string           `json:"id"`
	WorkspaceID string           `json:"workspace_id"`
	Version     string           `json:"version"` // a UUID, another one with every change
	Name        string           `json:"name"`
	Note        string           `json:"note,omitempty"`
	Kind        operation.Kind   `json:"kind"`
	Source      operation.Source `json:"source"`
	Subject     string           `json:"subject"`
	Input       json.RawMessage  `json:"input"`
	Lane        operation.Lane   `json:"lane,omitempty"` // that Input asks for
	RequestedBy string           `json:"requested_by"`   // the subject of the token that made it
	Spec        Spec             `json:"spec"`
	Overlap     Overlap          `json:"overlap"`
	CatchUp     time.Duration    `json:"catch_up"` // how late a run may still begin
}

// Operation is the operation of one run, which does not exist yet.
func (d Definition) Operation(id string) operation.New {
	return operation.New{
		ID: id, WorkspaceID: d.WorkspaceID, Kind: d.Kind, Source: d.Source, Subject: d.Subject, Input: d.Input, RequestedBy: d.RequestedBy,
	}
}

// Schedule is a definition and how it goes on.
type Schedule struct {
	Definition
	Paused    bool
	CreatedAt time.Time
	UpdatedAt *time.Time  // nil: it never was
	Next      []time.Time // the next ten at most; some may be held back by a pause
	Recent    []Run       // the last ten at most, newest first
}

// Run is one time that a schedule made an operation.
type Run struct {
	OperationID string
	ScheduledAt time.Time  // when it was to be
	StartedAt   time.Time  // when it was
	EndedAt     *time.Time // nil: it goes on, or it is not known
}

// Backfill asks for the runs of a time that is past.
type Backfill struct {
	Start, End time.Time // both are a part of it
	Overlap    Overlap   // empty: BufferAll
}

// runs is the space of the ids that follow from runs' ids (RFC 9562 section 5.5).
var runs = uuid.MustParse("6f1d3c52-7a0b-4c1e-9d5a-2b8e4f7c9a10")

// OperationID is the id of the operation that a run makes. It follows from the run's own,
// so that a step that is repeated makes no other, and everybody knows it beforehand.
func OperationID(runID string) string { return uuid.NewSHA1(runs, []byte(runID)).String() }

// NotFound says that there is no such schedule in the workspace.
func NotFound() error { return operation.NotFound("There is no such schedule.") }
