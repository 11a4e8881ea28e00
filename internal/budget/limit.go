package budget

import (
	"fmt"
	"time"
)

// Limit names what keeps a request from being sent.
type Limit string

// GitHub's own limits. Sources:
// docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api and
// docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api.
const (
	// Primary is the number of requests per hour.
	Primary Limit = "github_primary_limit"
	// Secondary is any of the limits that protect GitHub from bursts.
	Secondary Limit = "github_secondary_limit"
	// Points is what GraphQL queries may cost per hour; REST requests do not count.
	Points Limit = "github_points_limit"
)

// What Holdfast keeps by itself, so that GitHub need not refuse.
const (
	// Reserved is what the user wants left of the hour for other tools.
	Reserved Limit = "github_reserve"
	// PointsPerMinute is what requests may cost in a minute.
	PointsPerMinute Limit = "github_points_per_minute"
	// Content is how much may be created in a minute and in an hour.
	Content Limit = "github_content_limit"
	// Turn is that other work has the budget, more urgent or earlier.
	Turn Limit = "github_turn"
)

// Limits are all limits.
func Limits() []Limit {
	return []Limit{Primary, Secondary, Points, Reserved, PointsPerMinute, Content, Turn}
}

// LimitError says that nothing is let through, why, and until when.
type LimitError struct {
	Limit Limit
	Until time.Time
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("%s until %s", e.Limit, e.Until.UTC().Format(time.RFC3339))
}

// Reason is a sentence for people.
func (e *LimitError) Reason() string {
	at := e.Until.UTC().Format("15:04:05Z")
	switch e.Limit {
	case Primary:
		return "GitHub's hourly limit is used up; it resets at " + at + "."
	case Points:
		return "GitHub's hourly limit of GraphQL points is used up; it resets at " + at + "."
	case Reserved:
		return "What is left of GitHub's hourly limit is reserved for other tools; it resets at " + at + "."
	case PointsPerMinute:
		return "GitHub allows no more requests a minute; there is room again at " + at + "."
	case Content:
		return "GitHub allows no more content to be created for now; there is room again at " + at + "."
	case Turn:
		return "Other work uses the budget of GitHub requests; asked again at " + at + "."
	default:
		return "GitHub asked to slow down (secondary limit) until " + at + "."
	}
}
