package walk

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/holdfast/holdfast/internal/collection"
)

// readings is how often a list is read that shifts while it is read. After that the
// next full check is left to find what the shift hid.
const readings = 3

// Step is what a guarded list asks for besides its pages.
type Step string

// The steps.
const (
	// Before reads the last page before all others but the first.
	Before Step = "before"
	// After reads it again after all others.
	After Step = "after"
	// Edge reads the first page again.
	Edge Step = "edge"
)

// Guard notices that a list which is read by page numbers has shifted: when an item
// goes away, those behind it move forward, and one of them moves from a page that was
// not read yet to one that was. Where new items come at the end, the first item of the
// last page, as seen before and after all others, and the last one of the first page
// tell whether anything in front of them went away. Where new items come first, the
// number of items does, less that of the new ones.
type Guard struct {
	Step  Step   `json:"step,omitempty"`  // what is asked for next; empty: the list's pages
	Page  int    `json:"page,omitempty"`  // number of the last page when the list began
	First string `json:"first,omitempty"` // key of that page's first item then
	Edge  string `json:"edge,omitempty"`  // key at the edge of the first page then
	Total int    `json:"total,omitempty"` // items of the list then, and at the end those that are more
	Sum   string `json:"sum,omitempty"`   // what the pages of this reading showed so far
	Prior string `json:"prior,omitempty"` // what those of the reading before showed
	Tries int    `json:"tries,omitempty"` // readings before this one
}

// guard is a copy of the cursor's guard.
func (c Cursor) guard() Guard {
	if c.Guard == nil {
		return Guard{}
	}
	return *c.Guard
}

func (c Cursor) guarded(g Guard) Cursor {
	c.Guard = &g
	return c
}

// probe is the request that a guard wants next; ok is false when it wants none.
func (l list) probe(c Cursor, params ...string) (requests []Request, ok bool) {
	g := c.guard()
	page := g.Page
	switch g.Step {
	case "":
		return nil, false
	case Edge:
		page = 1
	case Before, After:
	}
	return []Request{{URL: l.url(page, params...), Page: page, Probe: true}}, true
}

// began guards a list whose first page was just read; c is the cursor behind it.
func (c Cursor) began(a Answer, edge string, least int) Cursor {
	g := Guard{Tries: c.guard().Tries}
	if a.Last < 2 || c.Next != "" {
		return c.guarded(g) // without numbers there is nothing to hold on to
	}
	g.Page, g.Edge = min(a.Last, lastNumber), edge
	if a.Last >= least {
		g.Step = Before
	}
	return c.guarded(g)
}

// Again tells whether the cursor stands in a list that the pass has read before.
func (c Cursor) Again() bool { return c.Phase == Relist || c.guard().Tries > 0 }

// again begins the list anew.
func (c Cursor) again() Cursor {
	g := c.guard()
	return Cursor{Phase: c.Phase, Start: c.Start, Mark: c.Mark, Left: c.Left, Whole: c.Whole, Guard: &Guard{Tries: g.Tries + 1, Prior: g.Sum}}
}

// appended reads a list whose new items come at its end. It tells when it was read to
// its end and, as far as can be told, nothing was hidden.
func (c Cursor) appended(r Request, a Answer) (Cursor, bool) {
	g := c.guard()
	var shifted bool
	switch g.Step {
	case Before:
		g.First, g.Step = key(a.Items, 0), ""
		return c.guarded(g), false
	case After:
		shifted, g.Step = key(a.Items, 0) != g.First, Edge
		if !shifted {
			return c.guarded(g), false
		}
	case Edge:
		shifted = key(a.Items, len(a.Items)-1) != g.Edge
	default:
		next, end := c.turn(r, a)
		switch {
		case r.Page == 1 && !end:
			return next.began(a, key(a.Items, len(a.Items)-1), 3), false
		case !end || g.Page == 0:
			return next, end
		case g.First == "":
			g.Step = Edge
		default:
			g.Step = After
		}
		return next.guarded(g), false
	}
	if shifted && g.Tries+1 < readings {
		return c.again(), false
	}
	return c, true
}

// prepended reads a list whose new items come first.
func (c Cursor) prepended(r Request, a Answer) (Cursor, bool) {
	g := c.guard()
	switch g.Step {
	case Before:
		g.Total, g.Step = (r.Page-1)*perPage+len(a.Items), ""
		return c.guarded(g), false
	case Edge:
		came := slices.IndexFunc(a.Items, func(i collection.Item) bool { return i.Key == g.Edge })
		if came != g.Total && g.Tries+1 < readings {
			return c.again(), false
		}
		return c, true
	case After:
	}
	next, end := c.turn(r, a)
	switch {
	case r.Page == 1 && !end:
		return next.began(a, key(a.Items, 0), 2), false
	case !end || g.Page == 0 || r.Verbatim:
		return next, end
	}
	g.Total, g.Step = (r.Page-1)*perPage+len(a.Items)-g.Total, Edge
	return next.guarded(g), false
}

// settled reads a list whose order nobody knows: until two readings in a row, or this
// one and that of the last pass, show the same.
func (c Cursor) settled(r Request, a Answer, last string) (Cursor, bool) {
	g := c.guard()
	g.Sum = sum(g.Sum + a.shown())
	next, end := c.turn(r, a)
	next = next.guarded(g)
	if !end || r.Page == 1 || g.Sum == last || g.Sum == g.Prior || g.Tries+1 >= readings {
		return next, end
	}
	return next.again(), false
}

// shown stands for the keys of the answer's items in their order.
func (a Answer) shown() string {
	if a.Shown != "" {
		return a.Shown
	}
	keys := make([]string, len(a.Items))
	for i, item := range a.Items {
		keys[i] = item.Key
	}
	return Shown(keys)
}

// Shown stands for keys in their order.
func Shown(keys []string) string { return sum(strings.Join(keys, "\n")) }

func sum(s string) string {
	hash := sha256.Sum256([]byte(s))
	return hex.EncodeToString(hash[:16])
}

func key(items []collection.Item, i int) string {
	if i < 0 || i >= len(items) {
		return ""
	}
	return items[i].Key
}
