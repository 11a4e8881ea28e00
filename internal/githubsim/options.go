package githubsim

import (
	"cmp"
	"time"
)

// Options say how a Server behaves. The zero value serves everything to
// everyone, without a limit that a client would notice.
type Options struct {
	// Tokens are credentials of User's. If there are any, or Users or Apps, a token
	// that nobody has is answered with 401. A request without a token is anonymous, as
	// on GitHub.
	Tokens []string
	// User is the login behind every token that none of Users has. Default: octocat.
	User string
	// Users are people with tokens of their own, see User.
	Users []User
	// Apps are GitHub Apps and where they are installed.
	Apps []App
	// OAuthApps are applications that people sign in to; see Web.
	OAuthApps []OAuthApp
	// ShowPublic shows what is public to every credential, as GitHub does. Without it a
	// credential that is made for one owner's repositories is shown nothing else, and
	// nothing for which it lacks the permission, so that a test sees what it is used for.
	ShowPublic bool

	// Limit is how many requests each account may make in a Window; AnonymousLimit is
	// the same for all requests without a token (GitHub: 5000 and 60). The limits
	// are enforced. An account is one of Users, an installation, or else a token. Default:
	// 1,000,000, for those without a token as well.
	Limit, AnonymousLimit int
	// GraphQLLimit is how many points each account's queries may cost in a Window (GitHub:
	// 5000). Default: 1,000,000.
	GraphQLLimit int
	// WithoutGraphQL makes /graphql answer 404.
	WithoutGraphQL bool
	// WithoutRateLimit makes /rate_limit answer 404 and takes the primary limits away, as
	// a GitHub Enterprise Server does unless its administrator wants them.
	WithoutRateLimit bool
	// Window is the length of the limit's window. Default: an hour. With another
	// length the minutes of the other limits and the waits that GitHub asks for without
	// naming them scale as well.
	Window time.Duration
	// MaxInFlight is how many requests of an account may be answered at once; more are
	// refused as GitHub's secondary limit refuses them. Default: any number.
	MaxInFlight int
	// PointsPerMinute is what the REST requests of an account may cost in any minute: 1 for
	// a read, 5 for a write. GraphQLPointsPerMinute is the same of queries: 1, and 5 for a
	// mutation. Default: any number.
	PointsPerMinute, GraphQLPointsPerMinute int
	// ContentPerMinute and ContentPerHour are how many requests of an account may create
	// content: POST requests to what a repository has. Default: any number.
	ContentPerMinute, ContentPerHour int

	// Enforce sets GitHub's published numbers where the limits above say nothing. A refusal
	// then comes as 403 or 429, of a query also as 200, with Retry-After in seconds, as a
	// date or not at all, as Seed draws it, and a secondary limit refuses everything of the account
	// until the wait is over. All tokens of User are one account. Sources:
	// docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api and
	// docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api.
	// The limits of CPU time, which nobody outside of GitHub can count, are left out.
	Enforce bool
	// Prolong makes each request that comes although a refusal said to wait begin the
	// wait anew: a minute from then on.
	Prolong bool
	// Seed draws how refusals look and which tokens installations get.
	Seed uint64

	// LimitedLists are the collections in which pages beyond the 9,900th item are
	// only reached with an "after" cursor. Default: issues.
	LimitedLists []string
	// OmitLast leaves rel="last" out on limited lists that are longer than that.
	OmitLast bool

	// Faults go wrong on purpose; see SetFaults.
	Faults FaultPlan
	// Observe is told of every request after its answer was sent.
	Observe func(Exchange)
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// GitHub's limits.
const (
	userRequests        = 5000 // an hour; an installation's at least
	installationMaximum = 12_500
	installationFree    = 20 // repositories, or users, before there are more requests for each
	installationStep    = 50
	anonymousRequests   = 60
	queryPoints         = 5000
	concurrentRequests  = 100
	pointsAMinute       = 900
	queryPointsAMinute  = 2000
	contentAMinute      = 80
	contentAnHour       = 500
	plenty              = 1_000_000
)

// withDefaults fills in what is not set.
func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.LimitedLists == nil {
		o.LimitedLists = []string{"issues"}
	}
	o.Window, o.User = cmp.Or(o.Window, time.Hour), cmp.Or(o.User, "octocat")
	if o.Enforce {
		o.MaxInFlight = cmp.Or(o.MaxInFlight, concurrentRequests)
		o.PointsPerMinute = cmp.Or(o.PointsPerMinute, pointsAMinute)
		o.GraphQLPointsPerMinute = cmp.Or(o.GraphQLPointsPerMinute, queryPointsAMinute)
		o.ContentPerMinute, o.ContentPerHour = cmp.Or(o.ContentPerMinute, contentAMinute), cmp.Or(o.ContentPerHour, contentAnHour)
		o.AnonymousLimit = cmp.Or(o.AnonymousLimit, anonymousRequests)
	}
	o.AnonymousLimit = cmp.Or(o.AnonymousLimit, plenty)
	return o
}

// minute is a sixtieth of the window.
func (o *Options) minute() time.Duration { return o.Window / 60 }

// pause is how long GitHub wants a client to wait when it says so: a minute, and
// at least the second that Retry-After can say.
func (o *Options) pause() time.Duration { return max(o.minute(), time.Second) }

// limitOf is what an account may use of a resource in a window, unless own says so:
// grown tells what GitHub adds for an installation's size.
func (o *Options) limitOf(r resource, own [resources]int, grown func() int) int {
	set, github := o.Limit, userRequests
	if r == queries {
		set, github = o.GraphQLLimit, queryPoints
	}
	switch {
	case own[r] > 0:
		return own[r]
	case set > 0:
		return set
	case !o.Enforce:
		return plenty
	case grown != nil:
		return min(github+grown(), installationMaximum)
	default:
		return github
	}
}
