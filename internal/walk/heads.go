package walk

import (
	"net/url"
	"strings"
)

// Diverged and Behind are what GitHub's comparison says of a head that does not
// contain the earlier one: commits were taken out of the history.
// Source: docs.github.com/rest/commits/commits#compare-two-commits.
const (
	Diverged = "diverged"
	Behind   = "behind"
)

// heads reads the history of the default branch's head. It is complete after one
// request while the head is the one whose history was read before. When the head
// has moved, GitHub's comparison of both names the commits that came, by whatever
// way and of whatever date, and the other way round those that a force push took
// out. The first pass and a full check read the history from a pinned commit, so
// that pushes do not move its pages.
type heads struct {
	list
	compare string // path of the comparison, up to the commits
	from    Bookmark
	full    bool
}

// comparison is the path of the comparison of two commits of a source's repository.
func comparison(s Source) string {
	return strings.TrimSuffix(s.Collection.ListPath(s.Owner, s.Name, ""), "commits") + "compare/"
}

func (w heads) Next(c Cursor, n int) []Request {
	switch c.Phase {
	case Compare:
		return w.compared(c, n, w.from.Head, c.Head)
	case Dropped:
		return w.compared(c, n, c.Head, w.from.Head)
	case List, Relist, CatchUp, Check, Verify:
	}
	if c.Head != "" {
		return listing(w.numbered(c, n, "sha", c.Head))
	}
	first := w.numbered(Cursor{}, 1)
	first[0].Entire, first[0].Listing = true, w.full || w.from.Head == ""
	return first
}

func (w heads) compared(c Cursor, n int, base, head string) []Request {
	l := list{path: w.compare + url.PathEscape(base) + "..." + url.PathEscape(head)}
	requests := l.numbered(c, n)
	for i := range requests {
		requests[i].Envelope = "commits"
	}
	return requests
}

func (w heads) Advance(c Cursor, r Request, a Answer) (Cursor, bool) {
	switch {
	case c.Phase == Compare:
		next, end := c.turn(r, a)
		if end && (a.Status == Diverged || a.Status == Behind) {
			return Cursor{Phase: Dropped, Head: c.Head}, false
		}
		return next, end
	case c.Phase == Dropped, c.Head != "":
		return c.turn(r, a)
	case len(a.Items) == 0:
		return c, true
	}
	c.Head = a.Items[0].Key
	if !w.full && w.from.Head != "" {
		if c.Head == w.from.Head {
			return c, true
		}
		return Cursor{Phase: Compare, Head: c.Head}, false
	}
	c.Phase, c.Whole = List, true
	if a.Next == "" {
		return c, true
	}
	// GitHub's link names the branch, which may move: go on from the commit.
	c.Page, c.Last = 2, a.Last
	return c, false
}

// Uncompared is the cursor of a pass whose heads GitHub cannot compare, since it has
// forgotten the earlier one: the history is read from its beginning.
func (c Cursor) Uncompared() Cursor { return Cursor{Phase: List, Head: c.Head, Whole: true} }

func (w heads) Bookmark(c Cursor) Bookmark { return Bookmark{Listed: true, Head: c.Head} }
