package walk

import (
	"time"
)

// since reads a list that filters by updated_at. The first pass lists in created
// order; the catch-up asks for what was updated since, oldest first, and goes on
// from the newest time it has seen rather than from a page's number: items that
// are edited meanwhile move behind it and are met again.
type since struct {
	list
	from Bookmark
	full bool
}

func (w since) Next(c Cursor, n int) []Request {
	if w.phase(c) != CatchUp {
		return w.created(c, n)
	}
	if c.Next != "" {
		return []Request{{URL: c.Next, Page: c.Page, Verbatim: true}}
	}
	params := []string{"sort", "updated", "direction", "asc"}
	if from := w.since(c); !from.IsZero() {
		params = append(params, "since", from.UTC().Format(time.RFC3339))
	}
	page := max(c.Page, 1)
	return []Request{{URL: w.url(page, params...), Page: page}}
}

func (w since) Advance(c Cursor, r Request, a Answer) (Cursor, bool) {
	if w.phase(c) != CatchUp {
		return c.listed(r, a)
	}
	c.Since, c.Phase = w.since(c), CatchUp
	if c.Mark.IsZero() {
		c.Mark = marked(a.Date)
	}
	if a.Next == "" {
		return c.checked(w.full)
	}
	c.Page, c.Next = r.Page+1, ""
	if n := len(a.Items); n > 0 && a.Items[n-1].UpdatedAt.After(c.Since) {
		c.Since, c.Page = a.Items[n-1].UpdatedAt, 1
	} else if c.Page > lastNumber {
		c.Next = a.Next
	}
	return c, false
}

func (w since) Bookmark(c Cursor) Bookmark { return Bookmark{Listed: true, Mark: c.Mark} }

func (w since) phase(c Cursor) Phase { return c.phase(w.from) }

// phase is where a pass stands that goes on from a bookmark.
func (c Cursor) phase(from Bookmark) Phase {
	switch {
	case c.Phase != "":
		return c.Phase
	case from.Listed:
		return CatchUp
	default:
		return List
	}
}

// created lists requests for everything there is, in the order of creation.
func (l list) created(c Cursor, n int) []Request {
	params := []string{"sort", "created", "direction", "asc"}
	if probe, ok := l.probe(c, params...); ok {
		return probe
	}
	return edged(l.numbered(c, n, params...))
}

// listed is the cursor after a page of everything there is: behind the last one
// comes what was updated since the first was read.
func (c Cursor) listed(r Request, a Answer) (Cursor, bool) {
	if c.Phase == "" {
		c.Phase = List
	}
	if c.Start.IsZero() {
		c.Start = marked(a.Date)
	}
	next, end := c.appended(r, a)
	if !end || c.Phase == Relist {
		return next, end
	}
	return Cursor{Phase: CatchUp, Since: c.Start, Start: c.Start, Whole: true}, false
}

// checked is the cursor after a catch-up: a full check reads everything now, unless
// this pass has done so before.
func (c Cursor) checked(full bool) (Cursor, bool) {
	if !full || c.Whole {
		return c, true
	}
	return Cursor{Phase: Check, Mark: c.Mark}, false
}

func (w since) since(c Cursor) time.Time {
	if c.Phase == "" {
		return w.from.Mark
	}
	return c.Since
}

// newestFirst reads a list that sorts by updated_at but does not filter. The first
// pass lists in created order; the catch-up walks from the newest until it meets
// what was mirrored before. Its mark, the newest time of its first page, counts
// only once it is complete.
type newestFirst struct {
	list
	from Bookmark
	full bool
}

func (w newestFirst) Next(c Cursor, n int) []Request {
	if c.phase(w.from) != CatchUp {
		return w.created(c, n)
	}
	return w.numbered(Cursor{Page: c.Page, Next: c.Next}, 1, "sort", "updated", "direction", "desc")
}

func (w newestFirst) Advance(c Cursor, r Request, a Answer) (Cursor, bool) {
	if c.phase(w.from) != CatchUp {
		return c.listed(r, a)
	}
	if c.Phase == "" {
		c.Phase, c.Since, c.Mark = CatchUp, marked(w.from.Mark), w.from.Mark
	}
	n := len(a.Items)
	if r.Page == 1 && n > 0 && a.Items[0].UpdatedAt.After(c.Mark) {
		c.Mark = a.Items[0].UpdatedAt
	}
	if n == 0 || a.Items[n-1].UpdatedAt.Before(c.Since) {
		return c.checked(w.full)
	}
	next, end := c.turn(r, a)
	if end {
		return c.checked(w.full)
	}
	return next, false
}

func (w newestFirst) Bookmark(c Cursor) Bookmark { return Bookmark{Listed: true, Mark: c.Mark} }
