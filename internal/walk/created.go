package walk

import "time"

// newestCreated reads a list that stands in the order of creation, newest first, and
// has no filter. Later passes read from its beginning until what was created before
// the last one, less the time in which such items still move. What is created
// meanwhile pushes others back: they are met twice, never missed.
type newestCreated struct {
	list
	from     Bookmark
	full     bool
	lookback time.Duration
}

func (w newestCreated) Next(c Cursor, n int) []Request {
	if w.phase(c) == CatchUp {
		return w.numbered(c, 1) // it mostly ends with the first page
	}
	if probe, ok := w.probe(c); ok {
		return probe
	}
	return edged(w.numbered(c, n))
}

func (w newestCreated) Advance(c Cursor, r Request, a Answer) (Cursor, bool) {
	c.Phase = w.phase(c)
	c.Whole = c.Whole || c.Phase != CatchUp
	if c.Mark.IsZero() {
		c.Mark = marked(a.Date)
	}
	if c.Phase != CatchUp {
		return c.prepended(r, a)
	}
	if n := len(a.Items); n > 0 && a.Items[n-1].CreatedAt.Before(w.from.Mark.Add(-w.lookback)) {
		return c, true
	}
	return c.turn(r, a)
}

func (w newestCreated) phase(c Cursor) Phase {
	if c.Phase == "" && w.full {
		return Check
	}
	return c.phase(w.from)
}

func (w newestCreated) Bookmark(c Cursor) Bookmark { return Bookmark{Listed: true, Mark: c.Mark} }
