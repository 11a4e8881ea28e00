package collection

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// GraphQL says how GitHub's GraphQL API reads a collection: one that REST does not
// list at all, or one that REST lists for each parent apart and GraphQL for many at
// once. Its items are written in the collection's one shape, so that it does not
// matter to the mirror who was asked.
type GraphQL struct {
	// Only tells that REST has no such list: where GraphQL is not served there is none.
	Only bool
	// Switch is the repository's field that tells whether there is such a list, Off what
	// to tell people if there is none. Empty: there always is.
	Switch, Off string
	// Parent is the repository's field that finds a parent by its number, and ParentFields
	// what is read of it. Empty: the list is the repository's own.
	Parent, ParentFields string
	// Connection is the field that holds the list, Type the type of what is in it.
	Connection, Type string
	// Batch is how many parents one query asks for, First how many items of each.
	Batch, First int
	// Fields is what is read of an item. The fragment "actor" reads a user.
	Fields string
	// Thread is the field of an item that holds more items of the same type, which have
	// none themselves; ThreadFirst is how many of them come with it.
	Thread      string
	ThreadFirst int
	// Item writes a node as the collection's items look.
	Item func(o Origin, node json.RawMessage) (json.RawMessage, error)
}

// MaxNodes is how many nodes of a list GitHub gives at once.
// Source: docs.github.com/graphql/overview/rate-limits-and-node-limits-for-the-graphql-api#node-limit.
const MaxNodes = 100

// Origin is where nodes were read.
type Origin struct {
	API          string // URL of the REST API that belongs to the repository, without a trailing slash
	Repository   string // "owner/name"
	RepositoryID int64
	Number       int64 // of the parent
	ParentID     int64 // of the parent, where ParentFields ask for it
}

// Want is a part of a batch: the list of a parent, or of a thread in it.
type Want struct {
	Number int64  // of the parent
	After  string // the cursor behind which to go on; empty: from the beginning
	Thread string // the node id of the item whose thread is read; empty: the parent's list
	// ParentID is the parent's, for a thread.
	ParentID int64
}

// Query is a GraphQL query and its variables.
type Query struct {
	Text      string
	Variables map[string]any
}

const (
	repositoryFields = "databaseId url nameWithOwner"
	costFields       = "rateLimit { cost remaining resetAt }"
	actorFragment    = `
fragment actor on Actor {
  __typename login url avatarUrl
  ... on User { id databaseId isSiteAdmin }
  ... on Bot { id databaseId }
  ... on Mannequin { id databaseId }
  ... on Organization { id databaseId }
}`
)

// BatchQuery asks for several wants at once, under the names that Alias gives. With
// every step that shrink is raised it asks for half as many items of each.
func (g *GraphQL) BatchQuery(owner, name string, wants []Want, shrink int) Query {
	q := Query{Variables: map[string]any{"owner": owner, "name": name}}
	var declared, lists, threads strings.Builder
	for i, want := range wants {
		n := strconv.Itoa(i)
		first := g.First
		if want.After != "" {
			first = MaxNodes
		}
		first = max(first>>shrink, 1)
		q.Variables["after"+n] = nil
		if want.After != "" {
			q.Variables["after"+n] = want.After
		}
		fmt.Fprintf(&declared, ", $after%s: String", n)
		if want.Thread != "" {
			q.Variables["thread"+n] = want.Thread
			fmt.Fprintf(&declared, ", $thread%s: ID!", n)
			fmt.Fprintf(&threads, "  %s: node(id: $thread%s) { ... on %s { list: %s(first: %d, after: $after%s) { ...replies } } }\n",
				Alias(i), n, g.Type, g.Thread, first, n)
			continue
		}
		q.Variables["number"+n] = want.Number
		fmt.Fprintf(&declared, ", $number%s: Int!", n)
		fmt.Fprintf(&lists, "    %s: %s(number: $number%s) { %s list: %s(first: %d, after: $after%s) { ...page } }\n",
			Alias(i), g.Parent, n, g.ParentFields, g.Connection, first, n)
	}
	q.Text = "query($owner: String!, $name: String!" + declared.String() + ") {\n" +
		"  repository(owner: $owner, name: $name) {\n    " + g.repositoryFields() + "\n" + lists.String() + "  }\n" +
		threads.String() + "  " + costFields + "\n}" + g.fragments(lists.Len() > 0, threads.Len() > 0)
	return q
}

// Alias is the name under which the i-th want of a batch is answered.
func Alias(i int) string { return "want" + strconv.Itoa(i) }

// ListQuery asks for a page of a repository's own list, sorted by "created" or
// "updated" in the direction "asc" or "desc".
func (g *GraphQL) ListQuery(owner, name, sort, direction, after string, shrink int) Query {
	q := Query{Variables: map[string]any{
		"owner": owner, "name": name, "after": nil,
		"order": map[string]any{"field": strings.ToUpper(sort) + "_AT", "direction": strings.ToUpper(direction)},
	}}
	if after != "" {
		q.Variables["after"] = after
	}
	q.Text = "query($owner: String!, $name: String!, $after: String, $order: " + g.Type + "Order!) {\n" +
		"  repository(owner: $owner, name: $name) {\n    " + g.repositoryFields() + "\n" +
		fmt.Sprintf("    list: %s(first: %d, after: $after, orderBy: $order) { ...page }\n", g.Connection, max(MaxNodes>>shrink, 1)) +
		"  }\n  " + costFields + "\n}" + g.fragments(true, false)
	return q
}

func (g *GraphQL) repositoryFields() string {
	if g.Switch == "" {
		return repositoryFields
	}
	return repositoryFields + " enabled: " + g.Switch
}

// fragments are what the lists and the threads of a query have in common; GitHub
// refuses a query with one that is not used.
func (g *GraphQL) fragments(lists, threads bool) string {
	const page = "\nfragment %s on %sConnection { totalCount pageInfo { hasNextPage endCursor } nodes { ...item%s } }"
	var b strings.Builder
	if lists {
		thread := ""
		if g.Thread != "" {
			thread = fmt.Sprintf(" id thread: %s(first: %d) { ...replies }", g.Thread, g.ThreadFirst)
		}
		fmt.Fprintf(&b, page, "page", g.Type, thread)
	}
	if threads || lists && g.Thread != "" {
		fmt.Fprintf(&b, page, "replies", g.Type, "")
	}
	b.WriteString("\nfragment item on " + g.Type + " {" + g.Fields + "}" + actorFragment)
	return b.String()
}
