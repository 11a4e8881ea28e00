package budget

import "time"

// GitHub's secondary limits. Source:
// docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits.
const (
	restPoints     = 900  // of REST requests in a minute
	queryPoints    = 2000 // of GraphQL queries in a minute
	contentMinutes = 80   // requests that create content in a minute
	contentHours   = 500  // and in an hour
)

// Back-off after a secondary limit without a time. Source:
// docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit.
const (
	leastSecondary   = time.Minute
	longestSecondary = 15 * time.Minute
)

const (
	// hourAside is the part of the usable hourly budget that backfill leaves for more
	// urgent lanes; the lanes between leave less in proportion. It shrinks to nothing
	// towards the end of the window, so that nothing is left over.
	hourAside = 0.03
	// minuteAside is the same of the points of a minute.
	minuteAside = 0.05
	// paces is into how many parts a minute is divided while somebody waits in person: the
	// other lanes then use their points evenly, not all at once, so that there always are
	// some soon.
	paces = 20
	// slotAside is from how many requests at once on one slot is kept free meanwhile, for
	// the next one of that person.
	slotAside = 4
)

// aside is how much of a whole a lane leaves for more urgent ones.
func (l Lane) aside(whole float64) float64 {
	return whole * float64(l-LaneInteractive) / float64(LaneBackfill-LaneInteractive)
}

// The names of the spendings.
const (
	spentRest    = "core"
	spentGraph   = "graphql"
	spentContent = "content_minute"
	spentHour    = "content_hour"
	paceRest     = "core_pace"
	paceGraph    = "graphql_pace"
)

// allowance is what may be spent in the span of one spending.
type allowance struct {
	name string
	most int64
	span time.Duration
	of   Resource         // of points; empty: of content
	cost func(kind) int64 // of one request
	// paced is that it counts only for who is not interactive, while somebody who is was
	// served within the last minute.
	paced bool
}

// allowances are those of all spendings, with GitHub's hour and minute as long as given.
func allowances(hour, minute time.Duration) []allowance {
	points := func(r Resource) func(kind) int64 {
		return func(k kind) int64 {
			if k.resource() != r {
				return 0
			}
			return k.points()
		}
	}
	content := func(k kind) int64 {
		if k.content() {
			return 1
		}
		return 0
	}
	return []allowance{
		{spentRest, restPoints, minute, Core, points(Core), false},
		{spentGraph, queryPoints, minute, GraphQL, points(GraphQL), false},
		{spentContent, contentMinutes, minute, "", content, false},
		{spentHour, contentHours, hour, "", content, false},
		{paceRest, restPoints / paces, minute / paces, Core, points(Core), true},
		{paceGraph, queryPoints / paces, minute / paces, GraphQL, points(GraphQL), true},
	}
}

// limit is what a request waits for that an allowance has no room for.
func (a allowance) limit() Limit {
	if a.name == spentContent || a.name == spentHour {
		return Content
	}
	return PointsPerMinute
}

// backoff is how long nothing is sent after so many secondary limits in a row of which
// GitHub did not say how long they last.
func backoff(strikes int, scale float64) time.Duration {
	return scaled(min(leastSecondary<<min(max(strikes-1, 0), 10), longestSecondary), scale)
}

func scaled(d time.Duration, scale float64) time.Duration { return time.Duration(float64(d) * scale) }
