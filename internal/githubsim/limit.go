package githubsim

import (
	"net/http"
	"strings"
	"time"
)

// Limit is why a request was refused.
type Limit string

// The limits.
const (
	LimitPrimary     Limit = "primary"      // no requests are left
	LimitPoints      Limit = "points"       // a query costs more points than are left
	LimitInFlight    Limit = "in_flight"    // too many at once
	LimitMinute      Limit = "minute"       // too many points in a minute
	LimitContent     Limit = "content"      // too much content created in a minute
	LimitContentHour Limit = "content_hour" // too much content created in an hour
	LimitHold        Limit = "hold"         // a wait that was told before is not over
	LimitFault       Limit = "fault"        // the fault plan wants it
)

// cost is what a request takes of the limits.
type cost struct {
	resource resource
	points   int // of those of a minute
	content  bool
	free     bool // takes nothing, and is never refused
}

// The points of requests. Source: docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
// #calculating-points-for-the-secondary-rate-limit.
const (
	readPoints  = 1
	writePoints = 5
)

// cost is what the request takes. What a query costs is known when it is read: until
// then it is one that changes nothing.
func (x *exchange) cost() cost {
	c := cost{resource: x.resource(), points: readPoints, free: x.route == rateLimitRoute}
	switch {
	case x.route == graphqlRoute:
	case x.req.Method != http.MethodGet && x.req.Method != http.MethodHead && x.req.Method != http.MethodOptions:
		c.points = writePoints
		c.content = x.req.Method == http.MethodPost && (x.path.name != "" || x.path.id != 0) && !strings.HasPrefix(x.path.rest, "hooks/")
	}
	return c
}

func (x *exchange) resource() resource {
	if x.route == graphqlRoute {
		return queries
	}
	return core
}

// verdict is what the limits say of a request.
type verdict struct {
	rate    rate
	limit   Limit         // that refuses it; empty: none does
	wait    time.Duration // until the secondary limit has room again
	offence *Offence      // that it is
}

// enter counts a request in and tells whether it may pass. Each needs a leave.
func (a *account) enter(c cost, o *Options, now time.Time) verdict {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.inFlight++
	a.most = max(a.most, a.inFlight)
	w := a.open(c.resource, o.Window, now)
	if c.free {
		return verdict{rate: w.rate()}
	}
	v := verdict{offence: a.offence(c.resource, now)}
	if v.offence != nil && o.Prolong && now.Add(o.minute()).After(a.holding) {
		a.holding = now.Add(o.minute())
	}
	if c.resource == core && !o.WithoutRateLimit && w.used >= w.limit {
		v.limit = LimitPrimary
	} else {
		v.limit, v.wait = a.checkSecondary(c, o, now)
	}
	if c.resource == core && v.limit == "" {
		w.used++
	}
	v.rate = w.rate()
	return v
}

// checkSecondary tells which secondary limit refuses a request, and counts it if none does.
func (a *account) checkSecondary(c cost, o *Options, now time.Time) (Limit, time.Duration) {
	if left := a.holding.Sub(now); left > 0 {
		return LimitHold, left
	}
	if o.MaxInFlight > 0 && a.inFlight > o.MaxInFlight {
		return LimitInFlight, 0
	}
	aMinute, content := o.perMinute(c.resource), 0
	if c.content {
		content = 1
	}
	if wait, ok := a.minutes[c.resource].room(c.points, aMinute, o.minute(), now); !ok {
		return LimitMinute, wait
	}
	if wait, ok := a.content.room(content, o.ContentPerMinute, o.minute(), now); !ok {
		return LimitContent, wait
	}
	if wait, ok := a.contentHour.room(content, o.ContentPerHour, o.Window, now); !ok {
		return LimitContentHour, wait
	}
	a.minutes[c.resource].add(c.points, aMinute, now)
	a.content.add(content, o.ContentPerMinute, now)
	a.contentHour.add(content, o.ContentPerHour, now)
	return "", 0
}

func (o *Options) perMinute(r resource) int {
	if r == queries {
		return o.GraphQLPointsPerMinute
	}
	return o.PointsPerMinute
}

// mutates counts what a mutation costs more than the query that it was taken for.
func (a *account) mutates(o *Options, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.minutes[queries].add(writePoints-readPoints, o.GraphQLPointsPerMinute, now)
}
