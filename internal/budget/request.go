package budget

import "time"

// Resource is one of the hourly budgets that GitHub keeps apart, by GitHub's name.
type Resource string

// The resources that Holdfast uses.
const (
	Core    Resource = "core"    // requests of the REST API, its search left out
	GraphQL Resource = "graphql" // points of queries
)

// resources are all of them, in the order of Resource.index.
var resources = [...]Resource{Core, GraphQL}

func (r Resource) index() int {
	if r == GraphQL {
		return 1
	}
	return 0
}

// hourly is the limit that a resource meets.
func (r Resource) hourly() Limit {
	if r == GraphQL {
		return Points
	}
	return Primary
}

// Rates are the hourly budgets of an account. A resource that is missing is not limited.
type Rates map[Resource]Rate

// Rate is one hourly budget as GitHub reported it.
type Rate struct {
	Limit, Left int64
	// Reset is how long the window goes on from now, at the least: GitHub tells whole
	// seconds, so the caller adds a second to what it tells.
	Reset time.Duration
}

// mostRequests is more than any limit; the script counts in floating point.
const mostRequests = 1e12

// sane is the rate within what can be meant.
func (r Rate) sane() Rate {
	return Rate{
		Limit: max(0, min(r.Limit, mostRequests)), Left: max(0, min(r.Left, r.Limit, mostRequests)), Reset: max(0, r.Reset),
	}
}

// Request is what a request costs: a read is one point of those that GitHub allows in
// a minute.
type Request struct {
	Resource Resource // empty: Core
	Write    bool     // anything but GET and HEAD, a mutation: 5 points
	Content  bool     // creates content as well: issues, comments, …
}

// Answer is what became of a request.
type Answer struct {
	Sent bool // it may have reached GitHub, whatever came back
	OK   bool // GitHub answered, and neither refused because of a limit nor failed (5xx)
	// Rate is what the answer said of the hourly budget of the request's resource; nil:
	// nothing, or of another resource.
	Rate *Rate
	Took time.Duration // until the answer was there whole
	Size int           // of its body in bytes
	// Refused says that the answer was a refusal because of a limit; nil: it was not.
	Refused *Refusal
}

// Refusal is GitHub's word that a limit is met.
type Refusal struct {
	Limit Limit // Primary, Points or Secondary
	// Wait is how long nothing may be sent. 0: GitHub did not say; it is then a minute
	// at least, doubled for each such refusal in a row, up to a quarter of an hour.
	Wait time.Duration
}

// kind is what requests have in common as far as limits go.
type kind int

const (
	coreRead kind = iota
	coreWrite
	coreContent
	graphRead
	graphWrite
	graphContent

	kinds = int(graphContent) + 1
	// ofResource is how many kinds a resource has.
	ofResource = kinds / len(resources)
)

func (r Request) kind() kind {
	k := kind(r.Resource.index() * ofResource)
	switch {
	case r.Content:
		return k + coreContent
	case r.Write:
		return k + coreWrite
	default:
		return k
	}
}

func (k kind) resource() Resource { return resources[int(k)/ofResource] }

// content tells whether it creates content.
func (k kind) content() bool { return k%kind(ofResource) == coreContent }

// points is what one costs of those allowed in a minute. Source:
// docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#calculating-points-for-the-secondary-rate-limit.
func (k kind) points() int64 {
	if k%kind(ofResource) == coreRead {
		return 1
	}
	return 5
}
