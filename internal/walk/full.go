package walk

// single reads one object.
type single struct{ list }

func (w single) Next(Cursor, int) []Request { return []Request{{URL: w.path, Page: 1}} }

func (w single) Advance(c Cursor, _ Request, _ Answer) (Cursor, bool) { return c, true }

func (w single) Bookmark(Cursor) Bookmark { return Bookmark{Listed: true} }

// full reads a list that has no filter, from its first page to its last.
type full struct {
	list
	from Bookmark
}

func (w full) Next(c Cursor, n int) []Request { return listing(w.numbered(c, n)) }

func (w full) Advance(c Cursor, r Request, a Answer) (Cursor, bool) {
	if c.Phase == "" {
		c.Phase = List
	}
	c.Whole = true
	return c.settled(r, a, w.from.Sum)
}

func (w full) Bookmark(c Cursor) Bookmark { return Bookmark{Listed: true, Sum: c.guard().Sum} }
