// Package collection is the only place that knows which kinds of GitHub objects
// are mirrored. Each kind is one file that defines one Collection; All lists them.
// Everything else (the walk, the store, the workflow, the API) is driven by these
// definitions and has no switch on a kind.
package collection

import (
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Mode says how GitHub lets a collection be read, and so how its passes walk.
type Mode string

// The modes.
const (
	// Single is one object, not a list.
	Single Mode = "single"
	// FullList has no filter: every pass reads the whole list.
	FullList Mode = "full_list"
	// Since filters by updated_at: the first pass walks in created order, later
	// ones ask for what was updated since the last.
	Since Mode = "since"
	// NewestFirst sorts by updated_at but has no filter: later passes walk from
	// the newest until they meet what they know.
	NewestFirst Mode = "newest_first"
	// Heads lists what is reachable from a commit: a pass is needed only when
	// the head has moved.
	Heads Mode = "heads"
	// NewestCreated lists the newest first and has no filter: later passes read
	// from the newest until what was created before the last pass, less Lookback.
	NewestCreated Mode = "newest_created"
	// PerParent is listed for each item of another collection: later passes read
	// only the lists of parents that moved.
	PerParent Mode = "per_parent"
)

// Scope is what a collection belongs to.
type Scope string

// The scopes. The zero value is ScopeRepository.
const (
	ScopeRepository   Scope = ""
	ScopeOrganization Scope = "organization"
)

// The fields that identify an item within its repository, organization or parent.
const (
	KeyID   = "id"
	KeyName = "name"
	KeySHA  = "sha"
)

// Column is a typed column of a collection's table and the SQL expression that
// reads it from raw. The expression must not raise, whatever raw holds: use the
// github_* functions of the migrations instead of casts.
type Column struct {
	Name string
	Expr string
}

// Paths are places in an item: "milestone.open_issues"; a "*" stands for every
// element of an array: "assets.*.uploader".
type Paths []string

// whole is the path of the item itself: as an Identity it says that an item of the
// list counts by its id alone, which is there or not.
const whole = "."

// Collection defines one kind of GitHub object.
type Collection struct {
	Name  string // in the API, the cursors and the progress
	Table string // in Postgres; its first columns are the same for every collection
	Scope Scope
	Mode  Mode
	// Core tells whether a sync reads the collection that does not say what it wants.
	Core  bool
	Path  string     // of the list, relative to the API's base URL: {owner}, {repo} or {org} and, for PerParent, {parent}
	Query url.Values // parameters that every request of the list carries
	// Accept is the media type that the list is asked with; empty: GitHub's usual one.
	Accept string
	// Envelope is the member of the answer that holds the list; empty: the answer is the list.
	Envelope string
	// Item is the path of one item: {owner}, {repo}, {number}, {key}. Empty where GitHub has none.
	Item string
	// Key is the field that identifies an item, or the path to it: "user.id".
	Key string
	// KeyWithParent tells that it does so only within a parent: the key is parent/field.
	KeyWithParent bool
	// Parents are the items whose lists are read, for PerParent.
	Parents *Parents
	// Twin is the collection that shows the same object under the same number: a pull
	// request is an issue as well. What is purged of one is purged of the other.
	Twin string
	// GraphQL says how GraphQL reads it; nil where only REST does.
	GraphQL *GraphQL
	// Lookback is how long after its creation an item may still move, for NewestCreated.
	// What moves later is found by the next full check.
	Lookback time.Duration
	// Cap is how many items GitHub lists at most, 0 for all; CapNote says it to people.
	Cap     int
	CapNote string
	// Withheld tells people why there is no list, where GitHub refuses it to a credential
	// that may read the repository. Empty: then the pass fails.
	Withheld string
	// Permission is the permission (read) that GitHub's documentation names for the list, of
	// App installations and of fine-grained tokens, as GitHub's API spells it; where there
	// is an OrPermission, that one does as well. What is public needs none of them. Source:
	// docs.github.com/rest/authentication/permissions-required-for-github-apps.
	Permission, OrPermission string
	// OAuthScope is the scope without which a classic token is shown at most what is public.
	// Source: docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps.
	OAuthScope string
	// Private tells that GitHub lists it to nobody without a credential, however public
	// the rest is.
	Private bool

	Columns []Column
	// Search holds the SQL expressions whose text can be searched, by weight A, B, …
	Search []string

	// Secret paths are never stored.
	Secret Paths
	// Reference paths hold whole objects with counters of their own. Only what
	// identifies such an object is stored; it counts as the same while its id is.
	Reference Paths
	// Identity paths hold embedded users, milestones and the like, which count as
	// the same while their id is. A change elsewhere in them refreshes raw only.
	Identity Paths
	// Set paths hold arrays whose order does not count.
	Set Paths
	// Refresh paths depend on the viewer or the time. They never count as a
	// difference; when only they moved, raw is refreshed.
	Refresh Paths
	// Volatile paths are counters inside embedded objects. When only they moved,
	// nothing is written.
	Volatile Paths

	// Events are the webhook events that nominate this collection for a pass. The
	// first is the one about its own items, if there is such a one.
	Events []string
	// Member is where the payloads of these events hold the item that they are about,
	// with its updated_at. Empty where they hold none, or its table has no updated_at.
	Member string

	key     []string // Key, split
	rules   *rule
	scratch *sync.Pool // of *scratch
}

// Parents says for which items of another collection a list is read. The texts are
// SQL over p, a row of that collection's table; they come from the code, never from input.
type Parents struct {
	Collection string
	// Arg is a text expression: what stands for {parent} in the path.
	Arg string
	// Version is a timestamptz expression that moves when the list may have. Empty:
	// the list is read in every pass.
	Version string
	// Where is a condition that tells which parents are read. Empty: all.
	Where string
	// Window says to people what Where leaves out.
	Window string
}

// All lists every collection in the order in which a sync plans them: a parent
// stands before what is listed per item of it.
func All() []Collection {
	all := []Collection{
		repository(), labels(), milestones(), issues(), issueComments(), pulls(),
		reviews(), reviewComments(), commits(), branches(), tags(), releases(),
		discussions(), discussionComments(),
		issueEvents(), pullFiles(), pullCommits(), stargazers(), forks(), contributors(), collaborators(),
		workflowRuns(), workflowJobs(), deployments(), deploymentStatuses(), checkRuns(), commitStatuses(),
		organizations(), organizationRepositories(), organizationMembers(), teams(), teamMembers(), teamRepositories(),
	}
	for i := range all {
		all[i].rules = compile(all[i])
		all[i].key = strings.Split(all[i].Key, ".")
		all[i].scratch = &sync.Pool{}
	}
	return all
}

// ScopeColumn is the column of the collection's table that says what an item belongs to.
func (c Collection) ScopeColumn() string {
	if c.Scope == ScopeOrganization {
		return "organization_id"
	}
	return "repository_id"
}

// ParentName is the collection whose items' lists are read; empty where there is none.
func (c Collection) ParentName() string {
	if c.Parents == nil {
		return ""
	}
	return c.Parents.Collection
}

// ListPath is the list's path for one repository, or the organization that owner is
// then, and one parent where there is one.
func (c Collection) ListPath(owner, name, parent string) string {
	return strings.NewReplacer(
		"{owner}", url.PathEscape(owner), "{repo}", url.PathEscape(name), "{org}", url.PathEscape(owner), "{parent}", url.PathEscape(parent),
	).Replace(c.Path)
}

// ItemPath is the path of one item; empty where GitHub has none.
func (c Collection) ItemPath(owner, name, key string, number int64) string {
	return strings.NewReplacer(
		"{owner}", url.PathEscape(owner), "{repo}", url.PathEscape(name), "{org}", url.PathEscape(owner),
		"{key}", url.PathEscape(key), "{number}", strconv.FormatInt(number, 10),
	).Replace(c.Item)
}
