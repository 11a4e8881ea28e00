package walk_test

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/walk"
)

// source is a list as GitHub serves it: it changes while it is read.
type source struct {
	now      time.Time
	items    []collection.Item // in created order
	filters  bool              // knows since
	newest   bool              // lists the newest first
	first    int               // items that it began with
	made     int
	asked    int
	beyond   bool // answers "after" links beyond page 99, and refuses numbers there
	refusals int
}

func (s *source) edit(i int) {
	s.now = s.now.Add(time.Second)
	s.items[i].UpdatedAt = s.now
}

func (s *source) add() {
	s.now = s.now.Add(time.Minute)
	s.made++
	s.items = append(s.items, collection.Item{Key: strconv.Itoa(s.made), UpdatedAt: s.now, CreatedAt: s.now})
}

func (s *source) answer(raw string) walk.Answer {
	s.asked++
	u, err := url.Parse(raw)
	if err != nil {
		panic(err)
	}
	q := u.Query()
	items := slices.Clone(s.items)
	if s.newest {
		slices.Reverse(items)
	}
	if q.Get("sort") == "updated" {
		slices.SortStableFunc(items, func(a, b collection.Item) int { return a.UpdatedAt.Compare(b.UpdatedAt) })
		if q.Get("direction") == "desc" {
			slices.Reverse(items)
		}
	}
	if since := q.Get("since"); since != "" && s.filters {
		from, err := time.Parse(time.RFC3339, since)
		if err != nil {
			panic(err)
		}
		items = slices.DeleteFunc(items, func(i collection.Item) bool { return i.UpdatedAt.Before(from) })
	}
	page := 1
	if n, err := strconv.Atoi(q.Get("page")); err == nil {
		page = n
	}
	if s.beyond && page > 99 && !q.Has("after") {
		s.refusals++
		return walk.Answer{Date: s.now}
	}
	first := min((page-1)*100, len(items))
	last := min(first+100, len(items))
	a := walk.Answer{Items: items[first:last], Date: s.now}
	if last < len(items) {
		q.Set("page", strconv.Itoa(page+1))
		if s.beyond && page >= 99 {
			q.Set("after", strconv.Itoa(last))
		} else {
			a.Last = (len(items) + 99) / 100
		}
		u.RawQuery = q.Encode()
		a.Next = u.String()
	}
	return a
}

// pass walks once. between runs after each answer, while the window's other
// answers are already there.
func pass(t require.TestingT, s *source, c collection.Collection, from walk.Bookmark, window int, mirror map[string]time.Time, between func()) walk.Bookmark {
	w := walk.For(walk.Source{Collection: c, Owner: "o", Name: "r", From: from})
	var cursor walk.Cursor
	flight := map[string]walk.Answer{}
	for range 10_000 {
		for _, r := range w.Next(cursor, window) {
			if _, ok := flight[r.URL]; !ok {
				flight[r.URL] = s.answer(r.URL)
			}
		}
		r := w.Next(cursor, 1)[0]
		a := flight[r.URL]
		delete(flight, r.URL)
		for _, item := range a.Items {
			mirror[item.Key] = item.UpdatedAt
		}
		next, done := w.Advance(cursor, r, a)
		if done {
			return w.Bookmark(next)
		}
		cursor = next
		between()
	}
	require.Fail(t, "the walk does not end")
	return walk.Bookmark{}
}

func named(t require.TestingT, name string) collection.Collection {
	c, ok := collection.ByName(name)
	require.True(t, ok)
	return c
}

func newSource(n int, filters bool) *source {
	s := &source{now: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), filters: filters}
	for range n {
		s.add()
	}
	s.now = s.now.Add(24 * time.Hour)
	s.first = n
	return s
}

func (s *source) versions() map[string]time.Time {
	all := make(map[string]time.Time, len(s.items))
	for _, item := range s.items {
		all[item.Key] = item.UpdatedAt
	}
	return all
}

func TestPassesConvergeWhileTheSourceChanges(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		collection string
		filters    bool
	}{{"issues", true}, {"issue_comments", true}, {"pulls", false}} {
		t.Run(tt.collection, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				s := newSource(rapid.IntRange(0, 1500).Draw(t, "items"), tt.filters)
				c, mirror := named(t, tt.collection), map[string]time.Time{}
				window := rapid.IntRange(1, 8).Draw(t, "window")
				bulk := rapid.Bool().Draw(t, "bulk edits in one second")
				change := func() {
					for range rapid.IntRange(0, 30).Draw(t, "edits") {
						if len(s.items) > 0 {
							s.edit(rapid.IntRange(0, len(s.items)-1).Draw(t, "which"))
						}
						if bulk {
							s.now = s.now.Add(-time.Second)
						}
					}
					if rapid.Bool().Draw(t, "add") {
						s.add()
					}
				}
				changes := rapid.IntRange(0, 10).Draw(t, "changes")
				between := func() {
					if changes > 0 {
						changes--
						change()
					}
				}
				b := pass(t, s, c, walk.Bookmark{}, window, mirror, between)
				s.now = s.now.Add(time.Hour)
				change()
				pass(t, s, c, b, window, mirror, func() {})
				require.Equal(t, s.versions(), mirror)
			})
		})
	}
}

func TestRequestsOfAPass(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		collection    string
		filters       bool
		items         int
		first, second int
	}{
		{"issues", true, 0, 2, 1},
		{"issues", true, 100, 1 + 1, 1},
		{"issues", true, 150, 2 + 1 + 1, 1}, // the first page is read again
		{"issues", true, 250, 3 + 3 + 1, 1}, // and the last before and after the others
		{"pulls", false, 250, 3 + 3 + 1, 1},
		{"labels", false, 250, 3 + 3, 3}, // until two readings show the same
		{"labels", false, 100, 1, 1},
		{"commits", false, 250, 3, 1},
		{"commits", false, 0, 1, 1},
	} {
		t.Run(fmt.Sprintf("%s of %d", tt.collection, tt.items), func(t *testing.T) {
			t.Parallel()
			s, mirror := newSource(tt.items, tt.filters), map[string]time.Time{}
			c := named(t, tt.collection)
			b := pass(t, s, c, walk.Bookmark{}, 6, mirror, func() {})
			require.Equal(t, tt.first, s.asked)
			require.Equal(t, s.versions(), mirror)
			s.asked = 0
			pass(t, s, c, b, 6, mirror, func() {})
			require.Equal(t, tt.second, s.asked)
		})
	}
}

func TestLinksAreFollowedWhereNumbersEnd(t *testing.T) {
	t.Parallel()
	s, mirror := newSource(10_250, true), map[string]time.Time{}
	s.beyond = true
	pass(t, s, named(t, "issues"), walk.Bookmark{}, 8, mirror, func() {})
	require.Len(t, mirror, 10_250)
	require.Zero(t, s.refusals, "no number beyond 99 is asked for")

	s, mirror = newSource(10_250, true), map[string]time.Time{}
	pass(t, s, named(t, "issue_comments"), walk.Bookmark{}, 8, mirror, func() {})
	require.Len(t, mirror, 10_250)
	require.Equal(t, 103+3+1, s.asked)
}

func TestOneChangeCostsOneRequest(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"issues", "pulls"} {
		s, mirror := newSource(5000, name == "issues"), map[string]time.Time{}
		b := pass(t, s, named(t, name), walk.Bookmark{}, 6, mirror, func() {})
		s.now = s.now.Add(time.Hour)
		s.edit(17)
		s.asked = 0
		pass(t, s, named(t, name), b, 6, mirror, func() {})
		require.Equal(t, s.versions(), mirror, name)
		require.Equal(t, 1, s.asked, name)
	}
}

func TestManyItemsOfOneSecond(t *testing.T) {
	t.Parallel()
	s, mirror := newSource(1050, true), map[string]time.Time{}
	b := pass(t, s, named(t, "issues"), walk.Bookmark{}, 6, mirror, func() {})
	s.now = s.now.Add(time.Hour)
	for i := range s.items {
		s.items[i].UpdatedAt = s.now
	}
	pass(t, s, named(t, "issues"), b, 6, mirror, func() {})
	require.Equal(t, s.versions(), mirror)
}

func TestCommitsStayWithTheHeadTheyBeganWith(t *testing.T) {
	t.Parallel()
	w := walk.For(walk.Source{Collection: named(t, "commits"), Owner: "o", Name: "r"})
	first := w.Next(walk.Cursor{}, 8)
	require.Len(t, first, 1)
	c, done := w.Advance(walk.Cursor{}, first[0], walk.Answer{
		Items: []collection.Item{{Key: "abc"}}, Next: "https://api.github.com/repositories/1/commits?page=2", Last: 9,
	})
	require.False(t, done)
	for _, r := range w.Next(c, 4) {
		u, err := url.Parse(r.URL)
		require.NoError(t, err)
		require.Equal(t, "abc", u.Query().Get("sha"))
		require.False(t, r.Verbatim)
	}
	require.Len(t, w.Next(c, 4), 4)
	require.Equal(t, "abc", w.Bookmark(c).Head)
}

func TestPerParentHasNoWalk(t *testing.T) {
	t.Parallel()
	for _, c := range collection.All() {
		w := walk.For(walk.Source{Collection: c, Owner: "o", Name: "r"})
		require.Equal(t, c.Mode == collection.PerParent, w == nil, c.Name)
	}
}
