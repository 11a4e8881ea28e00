package walk_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/walk"
)

// remove takes an item out of the list; those behind it move forward.
func (s *source) remove(i int) { s.items = slices.Delete(s.items, i, i+1) }

// requireAll holds that the mirror has every item that is there. It may have more:
// what went away while it was read is a full check's business.
func (s *source) requireAll(t require.TestingT, mirror map[string]time.Time) {
	for key, version := range s.versions() {
		require.Contains(t, mirror, key, "an item was lost")
		require.True(t, mirror[key].Equal(version), "an edit of %s was lost", key)
	}
}

func TestNoItemIsLostWhenAListShifts(t *testing.T) {
	t.Parallel()
	events := collection.Collection{Name: "events", Mode: collection.NewestCreated, Path: "repos/{owner}/{repo}/events"}
	for _, tt := range []struct {
		name       string
		collection collection.Collection
		filters    bool
		newest     bool
	}{
		{"since", named(t, "issues"), true, false},
		{"newest first", named(t, "pulls"), false, false},
		{"full list", named(t, "labels"), false, false},
		{"newest created", events, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				s := newSource(rapid.IntRange(101, 420).Draw(t, "items"), tt.filters)
				s.newest = tt.newest
				window := rapid.IntRange(1, 8).Draw(t, "window")
				mirror := map[string]time.Time{}
				removals := rapid.IntRange(0, 2).Draw(t, "removals")
				editable := tt.collection.Mode == collection.Since || tt.collection.Mode == collection.NewestFirst
				between := func() {
					switch rapid.IntRange(0, 4).Draw(t, "change") {
					case 0:
						if removals > 0 {
							removals--
							s.remove(rapid.IntRange(0, len(s.items)-1).Draw(t, "which"))
						}
					case 1:
						// Who appends to a list of unknown order may keep it from settling for ever.
						if editable || tt.newest && removals == 0 && len(s.items)%7 == 0 {
							s.add()
						}
					case 2:
						if editable {
							s.edit(rapid.IntRange(0, len(s.items)-1).Draw(t, "which"))
						}
					}
				}
				pass(t, s, tt.collection, walk.Bookmark{}, window, mirror, between)
				if !tt.newest {
					s.requireAll(t, mirror)
					return
				}
				known := s.versions()
				for key := range known {
					if n, err := strconv.Atoi(key); err == nil && n > s.first {
						delete(known, key) // created meanwhile: the next pass reads it
					}
				}
				for key := range known {
					require.Contains(t, mirror, key, "an item was lost")
				}
			})
		})
	}
}

func TestAnInsertionBetweenPagesOfANewestFirstListIsNoShift(t *testing.T) {
	t.Parallel()
	s := newSource(450, false)
	s.newest = true
	events := collection.Collection{Name: "events", Mode: collection.NewestCreated, Path: "events"}
	mirror, added := map[string]time.Time{}, false
	pass(t, s, events, walk.Bookmark{}, 1, mirror, func() {
		if s.asked == 4 && !added {
			added = true
			s.add()
		}
	})
	require.True(t, added)
	require.Len(t, mirror, 451)
	require.Equal(t, 5+2, s.asked, "it is read once, with its last page before the others and its first behind them")
}
