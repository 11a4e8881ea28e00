// Package walk decides, without asking anybody, which requests read a collection
// and where a pass stands after their answers. It is all arithmetic on a Cursor,
// so that a pass can stop after any page and go on elsewhere.
//
// What a pass must survive: items that are created, edited or deleted while it
// runs, numbers that GitHub stops accepting, and its own death. So a first pass
// walks in created order, where edits move nothing; it ends with a catch-up of
// what was updated since it began; and a catch-up never relies on a position in a
// list that edits reorder.
package walk

import (
	"net/url"
	"strconv"
	"time"

	"github.com/holdfast/holdfast/internal/collection"
)

const (
	perPage = 100
	// lastNumber is the last page that every list serves by number. Beyond it
	// /issues answers 422 to numbers and hands out "after" links.
	lastNumber = 99
	// overlap covers what GitHub's replicas show late and the seconds that its
	// clock cuts off.
	overlap = 2 * time.Minute
)

// Phase is the part of a pass that a cursor is in.
type Phase string

// The phases.
const (
	// List reads everything there is.
	List Phase = "list"
	// CatchUp reads what was updated since a time.
	CatchUp Phase = "catch_up"
	// Check reads everything there is once more, to find what later passes miss.
	Check Phase = "check"
	// Verify looks a second time at items that a list did not show.
	Verify Phase = "verify"
	// Relist reads everything a second time, where items cannot be looked at one by one.
	Relist Phase = "relist"
	// Compare reads the commits between two heads; Dropped those that a force push left behind.
	Compare Phase = "compare"
	Dropped Phase = "dropped"
)

// Cursor is how far a pass is. It is stored with each page, in its transaction.
type Cursor struct {
	Phase  Phase     `json:"phase,omitempty"`
	Page   int       `json:"page,omitempty"`       // number of the next page; 0 means 1
	Last   int       `json:"last,omitempty"`       // number of the last page, as GitHub said last
	Next   string    `json:"next,omitempty"`       // rel=next, followed verbatim when it is set
	Deep   bool      `json:"deep,omitempty"`       // this list serves numbers beyond 99 as well
	Since  time.Time `json:"since,omitzero"`       // of the catch-up's next request, or where it stops
	Start  time.Time `json:"start,omitzero"`       // when the list phase began, less the overlap
	Mark   time.Time `json:"mark,omitzero"`        // what the bookmark will hold when the pass is complete
	Head   string    `json:"head,omitempty"`       // the commit whose history is read
	Whole  bool      `json:"whole,omitempty"`      // this pass has read, or reads, everything there is
	Parent string    `json:"parent_key,omitempty"` // key of the last parent whose list was read
	Guard  *Guard    `json:"guard,omitempty"`      // notices that the list shifts
	// Left is what the pass leaves when it is complete, once only second looks remain.
	Left *Bookmark `json:"left,omitempty"`
}

// Relisting tells whether the cursor is in the catch-up of a pass that has just
// listed everything: what it meets was met before.
func (c Cursor) Relisting() bool { return c.Phase == CatchUp && !c.Start.IsZero() }

// Listing tells whether the cursor stands in the list of everything there is.
func (c Cursor) Listing() bool { return c.Phase == List || c.Phase == Check || c.Phase == Relist }

// SecondLook is the cursor of a pass that has read what there is and looks again at
// what it missed; left is what the pass leaves.
func SecondLook(left Bookmark) Cursor { return Cursor{Phase: Verify, Left: &left} }

// ListAgain is the cursor of a second look that reads the whole list again.
func (c Cursor) ListAgain() Cursor {
	return Cursor{Phase: Relist, Left: c.Left, Head: c.Left.Head}
}

// Bookmark is what a complete pass leaves for the next one.
type Bookmark struct {
	Listed bool      `json:"listed,omitempty"` // a list phase was completed once
	Mark   time.Time `json:"mark,omitzero"`    // everything updated before is mirrored
	Head   string    `json:"head,omitempty"`   // everything reachable from it is mirrored
	Sum    string    `json:"sum,omitempty"`    // stands for the keys of the whole list in their order
}

// Source is what a walk reads.
type Source struct {
	Collection collection.Collection
	// Owner and Name are the repository's; of an organization Owner is its login.
	Owner, Name string
	// From is the bookmark of the last complete pass.
	From Bookmark
	// Full asks for a full check: everything there is is read once more.
	Full bool
}

// Request is one page to ask for.
type Request struct {
	URL      string // relative to the API's base, or a rel=next link verbatim
	Page     int    // its number; 0 for a link
	Verbatim bool
	Envelope string // the member of the answer that holds the items; empty: the collection's
	Listing  bool   // it is a page of everything there is
	Probe    bool   // it tells whether the list has shifted; its items were or will be met elsewhere
	Entire   bool   // the answer must have its items, also where nothing has changed
}

// Answer is what a request brought.
type Answer struct {
	Items []collection.Item
	// Shown stands for the items' keys where GitHub says that they are as they were.
	Shown string
	// Status tells how two commits are related, for Compare.
	Status string
	Next   string    // rel=next
	Last   int       // page number of rel=last; 0 unknown
	Date   time.Time // by GitHub's clock
}

// Walk reads one collection of one repository.
type Walk interface {
	// Next lists at most n requests that go on from a cursor. They may be sent at
	// once; their answers must be handed to Advance in this order.
	Next(c Cursor, n int) []Request
	// Advance is the cursor after an answer, and whether the pass is complete.
	Advance(c Cursor, r Request, a Answer) (Cursor, bool)
	// Bookmark is what the complete pass leaves.
	Bookmark(c Cursor) Bookmark
}

// For is the walk of a collection. It is nil for one that is listed per parent.
func For(s Source) Walk {
	c := s.Collection
	l := list{path: c.ListPath(s.Owner, s.Name, ""), query: c.Query}
	switch c.Mode {
	case collection.Single:
		return single{l}
	case collection.FullList:
		return full{l, s.From}
	case collection.Since:
		return since{l, s.From, s.Full}
	case collection.NewestFirst:
		return newestFirst{l, s.From, s.Full}
	case collection.NewestCreated:
		return newestCreated{l, s.From, s.Full, c.Lookback}
	case collection.Heads:
		return heads{l, comparison(s), s.From, s.Full}
	case collection.PerParent:
		return nil
	}
	return nil
}

// list builds the URLs of a list.
type list struct {
	path  string
	query url.Values
}

func (l list) url(page int, params ...string) string {
	q := url.Values{"per_page": {strconv.Itoa(perPage)}}
	for name, values := range l.query {
		q[name] = values
	}
	for i := 0; i+1 < len(params); i += 2 {
		q.Set(params[i], params[i+1])
	}
	if page > 1 {
		q.Set("page", strconv.Itoa(page))
	}
	return l.path + "?" + q.Encode()
}

// numbered lists requests for pages by their numbers, as far as GitHub has said
// that there are pages; a link that must be followed comes alone.
func (l list) numbered(c Cursor, n int, params ...string) []Request {
	if c.Next != "" {
		return []Request{{URL: c.Next, Page: c.Page, Verbatim: true}}
	}
	first := max(c.Page, 1)
	out := []Request{{URL: l.url(first, params...), Page: first}}
	for page := first + 1; page <= c.Last && len(out) < n && (page <= lastNumber || c.Deep); page++ {
		out = append(out, Request{URL: l.url(page, params...), Page: page})
	}
	return out
}

// listing marks requests as pages of everything there is.
func listing(requests []Request) []Request {
	for i := range requests {
		requests[i].Listing = true
	}
	return requests
}

// edged asks for the first page whole: its items are what the guard holds on to.
func edged(requests []Request) []Request {
	requests[0].Entire = requests[0].Page == 1
	return listing(requests)
}

// turn moves the cursor to the next page: by its number where numbers are known to
// work, else by GitHub's link. It tells whether there is no next page.
func (c Cursor) turn(r Request, a Answer) (Cursor, bool) {
	if a.Next == "" {
		return c, true
	}
	plain := plainNumber(a.Next)
	if r.Verbatim && plain {
		c.Deep = true
	}
	if a.Last > 0 {
		c.Last = a.Last
	}
	c.Page = r.Page + 1
	c.Next = a.Next
	if plain && a.Last >= c.Page && (c.Page <= lastNumber || c.Deep) {
		c.Next = ""
	}
	return c, false
}

// plainNumber tells whether a link needs nothing but a page number.
func plainNumber(link string) bool {
	u, err := url.Parse(link)
	if err != nil {
		return false
	}
	q := u.Query()
	return q.Has("page") && !q.Has("after") && !q.Has("before")
}

// marked is a time of GitHub's less the overlap; zero stays zero.
func marked(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(-overlap)
}
