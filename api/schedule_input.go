package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast/holdfast/internal/schedule"
)

// ScheduleTimes is when a schedule's runs happen: whenever any of its parts says so.
type ScheduleTimes struct {
	Cron          []string           `json:"cron,omitempty" minItems:"1" maxItems:"20" nullable:"false" example:"[\"0 3 * * mon-fri\"]" doc:"Cron expressions of five fields (minute, hour, day of the month, month, day of the week), of six with a year at the end, or of seven with seconds at the beginning; or @hourly, @daily, @weekly, @monthly, @yearly."`
	Intervals     []ScheduleInterval `json:"intervals,omitempty" minItems:"1" maxItems:"20" nullable:"false"`
	Calendars     []ScheduleCalendar `json:"calendars,omitempty" minItems:"1" maxItems:"20" nullable:"false"`
	TimeZone      string             `json:"time_zone,omitempty" maxLength:"64" example:"Europe/Zurich" doc:"In which cron expressions and calendars are read, by its name in the IANA database; UTC if absent."`
	JitterSeconds int64              `json:"jitter_seconds,omitempty" minimum:"0" maximum:"86400" doc:"How much later than its time a run may begin, so that not all begin at once."`
}

// ScheduleInterval is the multiples of a time since 1970 in UTC.
type ScheduleInterval struct {
	EverySeconds  int64 `json:"every_seconds" minimum:"1" maximum:"31536000" example:"3600"`
	OffsetSeconds int64 `json:"offset_seconds,omitempty" minimum:"0" maximum:"31535999" doc:"Added to each; less than every_seconds."`
}

// ScheduleRange is numbers from start to end.
type ScheduleRange struct {
	Start int `json:"start" minimum:"0" maximum:"2100"`
	End   int `json:"end,omitempty" minimum:"0" maximum:"2100" doc:"start if absent."`
	Step  int `json:"step,omitempty" minimum:"1" maximum:"9999" doc:"1 if absent."`
}

// ScheduleCalendar is the times that match all of its fields.
type ScheduleCalendar struct {
	Second     []ScheduleRange `json:"second,omitempty" minItems:"1" maxItems:"60" nullable:"false" doc:"0 if absent."`
	Minute     []ScheduleRange `json:"minute,omitempty" minItems:"1" maxItems:"60" nullable:"false" doc:"0 if absent."`
	Hour       []ScheduleRange `json:"hour,omitempty" minItems:"1" maxItems:"24" nullable:"false" doc:"0 if absent."`
	DayOfMonth []ScheduleRange `json:"day_of_month,omitempty" minItems:"1" maxItems:"31" nullable:"false" doc:"1 to 31; any if absent."`
	Month      []ScheduleRange `json:"month,omitempty" minItems:"1" maxItems:"12" nullable:"false" doc:"1 to 12; any if absent."`
	Year       []ScheduleRange `json:"year,omitempty" minItems:"1" maxItems:"20" nullable:"false" doc:"2000 to 2100; any if absent."`
	DayOfWeek  []ScheduleRange `json:"day_of_week,omitempty" minItems:"1" maxItems:"7" nullable:"false" doc:"0, Sunday, to 6; any if absent."`
}

// part is a field of a calendar, and the numbers that it takes.
type part struct {
	name        string
	ranges      []ScheduleRange
	least, most int
}

func (c ScheduleCalendar) parts() []part {
	return []part{
		{"second", c.Second, 0, 59},
		{"minute", c.Minute, 0, 59},
		{"hour", c.Hour, 0, 23},
		{"day_of_month", c.DayOfMonth, 1, 31},
		{"month", c.Month, 1, 12},
		{"year", c.Year, 2000, 2100},
		{"day_of_week", c.DayOfWeek, 0, 6},
	}
}

// fields are what is wrong with times. Cron expressions and the time zone are Temporal's
// to judge, which reads them.
func (t ScheduleTimes) fields() []Field {
	var fields []Field
	if len(t.Cron)+len(t.Intervals)+len(t.Calendars) == 0 {
		fields = append(fields, Field{Location: "body.cron", Message: "is missing: say when it runs, by cron, intervals or calendars"})
	}
	for i, expression := range t.Cron {
		if message := cronFault(expression); message != "" {
			fields = append(fields, Field{Location: fmt.Sprintf("body.cron[%d]", i), Message: message})
		}
	}
	for i, one := range t.Intervals {
		if one.OffsetSeconds >= one.EverySeconds {
			fields = append(fields, Field{Location: fmt.Sprintf("body.intervals[%d].offset_seconds", i), Message: "must be less than every_seconds"})
		}
	}
	for i, c := range t.Calendars {
		for _, p := range c.parts() {
			for j, r := range p.ranges {
				if r.Start < p.least || max(r.Start, r.End) > p.most || r.End != 0 && r.End < r.Start {
					fields = append(fields, Field{
						Location: fmt.Sprintf("body.calendars[%d].%s[%d]", i, p.name, j),
						Message:  fmt.Sprintf("must go from %d or more to %d or less, and its end must not be before its start", p.least, p.most),
					})
				}
			}
		}
	}
	if strings.EqualFold(t.TimeZone, "local") {
		fields = append(fields, Field{Location: "body.time_zone", Message: "must be a name of the IANA database, such as Europe/Zurich"})
	}
	return fields
}

// cronFault is what is wrong with how a cron expression looks; empty: nothing. What is
// set within one or stands behind a # would hide from whoever reads the schedule.
func cronFault(expression string) string {
	switch n := len(strings.Fields(expression)); {
	case expression == "" || len(expression) > 200:
		return "must have 1 to 200 characters"
	case strings.ContainsAny(expression, "=#\n"):
		return "cannot set a time zone or have a comment: use time_zone and note"
	case strings.HasPrefix(expression, "@every"):
		return "is an interval: use intervals"
	case !strings.HasPrefix(expression, "@") && (n < 5 || n > 7):
		return "must have 5 to 7 fields: minute, hour, day of the month, month and day of the week, then a year, and seconds before all of them"
	}
	return ""
}

// spec is t as it is kept.
func (t ScheduleTimes) spec() schedule.Spec {
	s := schedule.Spec{Cron: t.Cron, TimeZone: t.TimeZone, Jitter: seconds(t.JitterSeconds)}
	for _, one := range t.Intervals {
		s.Intervals = append(s.Intervals, schedule.Interval{Every: seconds(one.EverySeconds), Offset: seconds(one.OffsetSeconds)})
	}
	for _, c := range t.Calendars {
		s.Calendars = append(s.Calendars, schedule.Calendar{
			Second: toRanges(c.Second), Minute: toRanges(c.Minute), Hour: toRanges(c.Hour), DayOfMonth: toRanges(c.DayOfMonth),
			Month: toRanges(c.Month), Year: toRanges(c.Year), DayOfWeek: toRanges(c.DayOfWeek),
		})
	}
	return s
}

// fromSpec are times as clients see them.
func fromSpec(s schedule.Spec) ScheduleTimes {
	t := ScheduleTimes{Cron: s.Cron, TimeZone: s.TimeZone, JitterSeconds: int64(s.Jitter / time.Second)}
	for _, one := range s.Intervals {
		t.Intervals = append(t.Intervals, ScheduleInterval{EverySeconds: int64(one.Every / time.Second), OffsetSeconds: int64(one.Offset / time.Second)})
	}
	for _, c := range s.Calendars {
		t.Calendars = append(t.Calendars, ScheduleCalendar{
			Second: fromRanges(c.Second), Minute: fromRanges(c.Minute), Hour: fromRanges(c.Hour), DayOfMonth: fromRanges(c.DayOfMonth),
			Month: fromRanges(c.Month), Year: fromRanges(c.Year), DayOfWeek: fromRanges(c.DayOfWeek),
		})
	}
	return t
}

func toRanges(given []ScheduleRange) []schedule.Range {
	var out []schedule.Range
	for _, r := range given {
		out = append(out, schedule.Range(r))
	}
	return out
}

func fromRanges(kept []schedule.Range) []ScheduleRange {
	var out []ScheduleRange
	for _, r := range kept {
		out = append(out, ScheduleRange(r))
	}
	return out
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }

// nullLists are the lists of a body and of its operation that are null: huma takes that
// for something that was left out, and the request would do more than its sender thinks.
func nullLists(raw []byte) []error {
	var body, inner map[string]json.RawMessage
	// A body that is no object has been refused already.
	if json.Unmarshal(raw, &body) != nil || json.Unmarshal(body["operation"], &inner) != nil {
		return nil
	}
	var errs []error
	for _, list := range (syncRequest{}).lists() {
		if string(inner[list]) == "null" {
			errs = append(errs, &huma.ErrorDetail{Location: "body.operation." + list, Message: "expected array; leave it out where it is not needed"})
		}
	}
	return errs
}
