package activities

import (
	"encoding/json"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/forecast"
	"github.com/holdfast/holdfast/internal/walk"
	"github.com/holdfast/holdfast/store"
)

// prospect is a collection of a plan and what is known of it before it is read.
type prospect struct {
	collection collection.Collection
	pass       store.PassState
	bookmark   walk.Bookmark
	full       bool  // everything is read, whatever the bookmark says
	items      int64 // that will be listed; -1: unknown
	parents    int64 // whose lists will be read
	batch      int64 // of them with one request
	left       int64 // requests
	asked      int64 // requests that it took to learn this
}

// listed tells whether the collection is one list: no single object, and not one list
// for each of other items.
func (p *prospect) listed() bool {
	return p.collection.Mode != collection.Single && p.collection.Mode != collection.PerParent
}

// whole tells whether everything there is will be read.
func (p *prospect) whole() bool {
	return p.full || !p.bookmark.Listed || p.collection.Mode == collection.FullList
}

// list is how the collection will be read, for the arithmetic.
func (p *prospect) list() forecast.List {
	l := forecast.List{Items: max(p.items, 0), Whole: p.whole(), CatchUp: catchesUp(p.collection)}
	l.Probes = probes(p.collection, forecast.Pages(l.Items), p.bookmark.Listed)
	if p.collection.Mode == collection.PerParent {
		l.Lists, l.PerRequest = p.parents, p.batch
	}
	return l
}

// requests that the collection's pass will make: those of its list, or of what is
// left of one that was begun.
func (p *prospect) requests(l forecast.List) int64 {
	if p.collection.Mode == collection.PerParent && p.parents == 0 {
		return 0
	}
	var cursor walk.Cursor
	if len(p.pass.Cursor) > 0 && json.Unmarshal(p.pass.Cursor, &cursor) == nil {
		if left := leftOf(cursor, p.collection, p.bookmark.Listed); left > 0 {
			return left
		}
	}
	return l.Requests()
}

// catchesUp tells whether a whole reading ends with a question for what moved meanwhile.
func catchesUp(c collection.Collection) bool {
	return c.Mode == collection.Since || c.Mode == collection.NewestFirst
}

// batch is how many parents' lists one request brings.
func (a *asking) batch(c collection.Collection) int64 {
	if c.GraphQL != nil && c.GraphQL.Batch > 0 && a.client.Queries() {
		return int64(c.GraphQL.Batch)
	}
	return 1
}

// probes are the requests of a list of so many pages that tell whether it has shifted:
// see walk.Guard. One whose order nobody knows is read twice in its first pass.
func probes(c collection.Collection, pages int64, listed bool) int64 {
	if pages < 2 {
		return 0
	}
	switch c.Mode {
	case collection.Since, collection.NewestFirst:
		return 1 + 2*min(pages-2, 1)
	case collection.NewestCreated:
		return 2
	case collection.FullList:
		if !listed {
			return pages
		}
	case collection.Single, collection.Heads, collection.PerParent:
	}
	return 0
}

// leftOf is how many requests a list takes from a cursor on; 0: unknown.
func leftOf(c walk.Cursor, of collection.Collection, listed bool) int64 {
	if !c.Listing() || c.Last == 0 {
		return 0
	}
	left := int64(max(c.Last-max(c.Page, 1)+1, 1))
	switch {
	case c.Again(): // the second reading of a list
	case of.Mode == collection.FullList:
		left += probes(of, int64(c.Last), listed)
	default: // the probe of the last page comes with the first one
		left += max(probes(of, int64(c.Last), listed)-1, 0)
	}
	if c.Phase == walk.List && catchesUp(of) {
		left++
	}
	return left
}
