package githubsim

import (
	"cmp"
	"slices"
	"sort"
	"sync"
)

// sortKey is what a list is sorted by.
type sortKey uint8

const (
	byCreated sortKey = iota
	byUpdated
	byComments
)

// stateKey is which items a list takes.
type stateKey uint8

const (
	anyState stateKey = iota
	openState
	closedState
)

// rows is a slice of items that can be listed in several orders.
type rows interface {
	size() int
	member(i int32, state stateKey) bool // false for deleted items
	value(i int32, by sortKey) int64     // what to sort by
	id(i int32) int64                    // breaks ties
}

// table keeps the sorted views of a slice of items. A view is built when it is
// first asked for and kept sorted from then on. The repository's lock guards the
// items; the table's own guards the building of a view by one of many readers.
type table struct {
	rows  rows
	mu    sync.Mutex
	views map[viewKey]*view
}

type viewKey struct {
	by    sortKey
	state stateKey
}

// view holds indices of items in ascending order of (value, id).
type view struct {
	viewKey
	rows  rows
	order []int32
}

func newTable(r rows) *table { return &table{rows: r, views: make(map[viewKey]*view)} }

// view is the view of the members in a state in an order. The caller holds the
// repository's lock, for reading at least, and must not change what it gets.
func (t *table) view(by sortKey, state stateKey) *view {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := viewKey{by, state}
	if v, ok := t.views[key]; ok {
		return v
	}
	v := buildView(t.rows, key)
	t.views[key] = v
	return v
}

// change edits item i with f and moves it to its new place in all views.
// The caller holds the repository's lock for writing.
func (t *table) change(i int32, f func()) {
	for _, v := range t.views {
		v.remove(i)
	}
	f()
	for _, v := range t.views {
		v.insert(i)
	}
}

// add puts the new item i in its place in all views. The caller holds the
// repository's lock for writing.
func (t *table) add(i int32) {
	for _, v := range t.views {
		v.insert(i)
	}
}

func buildView(r rows, key viewKey) *view {
	keyed := make([]cursorAt, 0, r.size())
	for i := range int32(r.size()) {
		if r.member(i, key.state) {
			keyed = append(keyed, cursorAt{cursor{r.value(i, key.by), r.id(i)}, i})
		}
	}
	slices.SortFunc(keyed, func(a, b cursorAt) int { return a.compare(b.cursor) })
	v := &view{viewKey: key, rows: r, order: make([]int32, len(keyed))}
	for n, k := range keyed {
		v.order[n] = k.i
	}
	return v
}

// cursor is a place in a view: the sort value and the id of an item.
type cursor struct{ value, id int64 }

type cursorAt struct {
	cursor
	i int32
}

func (c cursor) compare(o cursor) int {
	return cmp.Or(cmp.Compare(c.value, o.value), cmp.Compare(c.id, o.id))
}

func (v *view) cursorOf(i int32) cursor { return cursor{v.rows.value(i, v.by), v.rows.id(i)} }

// search is the number of items that stand before c.
func (v *view) search(c cursor) int {
	return sort.Search(len(v.order), func(n int) bool { return v.cursorOf(v.order[n]).compare(c) >= 0 })
}

func (v *view) remove(i int32) {
	if !v.rows.member(i, v.state) {
		return
	}
	if n := v.search(v.cursorOf(i)); n < len(v.order) && v.order[n] == i {
		v.order = slices.Delete(v.order, n, n+1)
	}
}

func (v *view) insert(i int32) {
	if v.rows.member(i, v.state) {
		v.order = slices.Insert(v.order, v.search(v.cursorOf(i)), i)
	}
}

// since is a view of the members that were updated at or after s, in an order.
func (t *table) since(by sortKey, state stateKey, s stamp) *view {
	if s == 0 {
		return t.view(by, state)
	}
	updated := t.view(byUpdated, state)
	cut := &view{viewKey: viewKey{byUpdated, state}, rows: t.rows}
	cut.order = updated.order[updated.search(cursor{value: int64(s)}):]
	if by == byUpdated {
		return cut
	}
	sorted := &view{viewKey: viewKey{by, state}, rows: t.rows, order: slices.Clone(cut.order)}
	slices.SortFunc(sorted.order, func(a, b int32) int { return sorted.cursorOf(a).compare(sorted.cursorOf(b)) })
	return sorted
}
