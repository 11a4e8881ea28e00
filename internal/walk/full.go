package walk

// single reads one object.
type single struct{ list }

func (w single) Next(Cursor, int) []Request { return []Request{{URL: w.path, Page: 1}} }

func (w single) Advance(c Cursor, _ Request, _ Answer) (Cursor, bool) { return c, true }

func (w single) Bookmark(Cursor) Bookmark { return Bookmark{Listed: true} }

// full reads a list that has no filter, from its first page to its last.
type full struct{ list }

func (w full) Next(c Cursor, n int) []Request { return w.numbered(c, n) }

func (w full) Advance(c Cursor, r Request, a Answer) (Cursor, bool) { return c.turn(r, a) }

func (w full) Bookmark(Cursor) Bookmark { return Bookmark{Listed: true} }

// heads reads the history of the default branch's head, from a pinned commit, so
// that pushes do not move its pages. It is complete after one request while the
// head is the one whose history was read before.
type heads struct {
	list
	from Bookmark
}

func (w heads) Next(c Cursor, n int) []Request {
	if c.Head == "" {
		return w.numbered(Cursor{}, 1)
	}
	return w.numbered(c, n, "sha", c.Head)
}

func (w heads) Advance(c Cursor, r Request, a Answer) (Cursor, bool) {
	if c.Head != "" {
		return c.turn(r, a)
	}
	if len(a.Items) == 0 {
		return c, true
	}
	c.Head = a.Items[0].Key
	if c.Head == w.from.Head || a.Next == "" {
		return c, true
	}
	// GitHub's link names the branch, which may move: go on from the commit.
	c.Page, c.Last = 2, a.Last
	return c, false
}

func (w heads) Bookmark(c Cursor) Bookmark { return Bookmark{Listed: true, Head: c.Head} }
