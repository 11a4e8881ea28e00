package store_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/walk"
	"github.com/holdfast/holdfast/store"
)

// listed is a page of labels as a part of the whole list.
func (b *bundle) listed(op operation.Operation, fence int64, etag string, raws ...string) store.Page {
	b.t.Helper()
	p := b.page(op, "labels", fence, raws...)
	p.Listing = &store.ListedPage{Number: 1, URL: "labels", ETag: etag}
	return p
}

// settle makes a page the last one of the list.
func settle(p store.Page) store.Page {
	p.Done, p.Settle, p.Whole = true, true, true
	p.Bookmark = json.RawMessage(`{"listed": true}`)
	p.Cursor = json.RawMessage(`{"phase": "verify"}`)
	return p
}

func (b *bundle) live() int {
	b.t.Helper()
	return b.count(`select count(*) from labels where deleted_at is null`)
}

func TestWhatAListDoesNotShowIsLookedAtTwice(t *testing.T) {
	b := setup(t)
	op := b.running("labels")
	fence := b.take(op, "labels").Fence
	c, err := b.CommitPage(t.Context(), settle(b.listed(op, fence, "a", label(1, "x"), label(2, "y"), label(3, "z"))))
	require.NoError(t, err)
	require.False(t, c.Suspects, "a first list misses nothing")

	op = b.running("labels")
	fence = b.take(op, "labels").Fence
	c, err = b.CommitPage(t.Context(), settle(b.listed(op, fence, "b", label(1, "x"), label(4, "new"))))
	require.NoError(t, err)
	require.True(t, c.Suspects)
	require.Equal(t, operation.CollectionRunning, c.Event.Collection.State, "the pass is not complete")
	require.Equal(t, 4, b.live(), "nothing is believed yet")

	suspects, n, err := b.Suspects(t.Context(), key("labels"), 10)
	require.NoError(t, err)
	require.Equal(t, int64(2), n)
	require.Equal(t, []store.Suspect{{Key: "2"}, {Key: "3"}}, suspects)

	again := b.listed(op, fence, "c", label(1, "x"), label(3, "z"), label(4, "new"))
	again.Listing.SecondLook = true
	again.Done, again.Confirm, again.Whole, again.Check = true, true, true, true
	again.Bookmark = json.RawMessage(`{"listed": true}`)
	c, err = b.CommitPage(t.Context(), again)
	require.NoError(t, err)
	require.Equal(t, int64(1), c.Rows)
	require.Equal(t, 1, b.count(`select count(*) from labels where key = '2' and deleted_at is not null`))
	require.Equal(t, 3, b.live(), "what one look of two shows is there")
	require.Equal(t, 3, b.count(`select items::int from collection_passes where collection = 'labels'`))
	require.Zero(t, b.count(`select count(*) from suspects`))
	require.Equal(t, 1, b.count(`select extra::int from collection_checks where collection = 'labels'`))
}

func TestOneByOneIsASecondLookAsWell(t *testing.T) {
	b := setup(t)
	op := b.running("issues")
	fence := b.take(op, "issues").Fence
	first := b.page(op, "issues", fence, `{"id": 10, "number": 1}`, `{"id": 20, "number": 2}`, `{"id": 30, "number": 3}`)
	first.Listing = &store.ListedPage{Number: 1, URL: "u"}
	b.commit(settle(first))

	op = b.running("issues")
	fence = b.take(op, "issues").Fence
	empty := b.page(op, "issues", fence)
	empty.Listing = &store.ListedPage{Number: 1, URL: "u"}
	c, err := b.CommitPage(t.Context(), settle(empty))
	require.NoError(t, err)
	require.True(t, c.Suspects)
	suspects, _, err := b.Suspects(t.Context(), key("issues"), 1)
	require.NoError(t, err)
	require.Equal(t, []store.Suspect{{Key: "10", Number: 1}}, suspects)

	p := b.page(op, "issues", fence)
	p.Gone, p.Present = []string{"10", "20"}, []string{"30"}
	p.Transfers = []store.Transfer{{Key: "20", Number: 2, ToURL: "https://api.github.com/repos/o/other/issues/9"}}
	p.Done, p.Whole, p.Bookmark = true, true, json.RawMessage(`{"listed": true}`)
	b.commit(p)
	require.Equal(t, 1, b.count(`select count(*) from issues where deleted_at is null and key = '30'`))
	require.Equal(t, 2, b.count(`select count(*) from issues where deleted_at is not null`))
	require.Equal(t, 1, b.count(`select count(*) from item_transfers where key = '20' and number = 2`))
	require.Zero(t, b.count(`select count(*) from suspects`))
}

func TestAnUnchangedPageIsHeldAgainstTheMirror(t *testing.T) {
	b := setup(t)
	op := b.running("labels")
	fence := b.take(op, "labels").Fence
	b.commit(settle(b.listed(op, fence, `"tag"`, label(1, "x"), label(2, "y"))))
	known, err := b.KnownPages(t.Context(), key("labels"), 1, 10)
	require.NoError(t, err)
	require.Equal(t, map[int]store.KnownPage{1: {URL: "labels", ETag: `"tag"`, Items: 2, Shown: walk.Shown([]string{"1", "2"})}}, known)

	unchanged := func() (store.Committed, error) {
		op := b.running("labels")
		p := settle(b.listed(op, b.take(op, "labels").Fence, `"tag"`))
		p.Listing.Unchanged = true
		return b.CommitPage(t.Context(), p)
	}
	c, err := unchanged()
	require.NoError(t, err)
	require.False(t, c.Suspects, "the page's items count as shown")

	_, err = b.pool.Exec(t.Context(), `update labels set deleted_at = now() where key = '2'`)
	require.NoError(t, err)
	_, err = unchanged()
	require.ErrorIs(t, err, store.ErrMirrorDiffers, "GitHub has what the mirror calls deleted")
}

func TestAFullCheckCountsWhatItFinds(t *testing.T) {
	b := setup(t)
	op := b.running("issues")
	fence := b.take(op, "issues").Fence
	b.commit(settle(b.page(op, "issues", fence, `{"id": 1, "title": "a", "updated_at": "2024-01-01T00:00:00Z"}`)))

	op = b.running("issues")
	fence = b.take(op, "issues").Fence
	p := b.page(op, "issues", fence,
		`{"id": 1, "title": "silent edit", "updated_at": "2024-01-01T00:00:00Z"}`,
		`{"id": 2, "title": "overlooked", "updated_at": "2024-01-01T00:00:00Z"}`,
		`{"id": 3, "title": "just now", "updated_at": "2024-03-01T00:00:00Z"}`)
	p.Check, p.Before = true, time.Date(2024, 2, 1, 0, 0, 0, 0, time.UTC)
	p.Listing = &store.ListedPage{Number: 1, URL: "u"}
	b.commit(settle(p))
	var missing, extra, different, items int
	require.NoError(t, b.pool.QueryRow(t.Context(), `select missing, extra, different, items from collection_checks where collection = 'issues'`).
		Scan(&missing, &extra, &different, &items))
	require.Equal(t, []int{1, 0, 1, 3}, []int{missing, extra, different, items})
	require.Zero(t, b.count(`select (found_missing + found_different + found_extra)::int from collection_passes where collection = 'issues'`), "the next check begins anew")
}

func TestChildrenOfDeletedParentsAreDeleted(t *testing.T) {
	b := setup(t)
	op := b.running("pulls", "reviews")
	pulls, reviews := b.take(op, "pulls"), b.take(op, "reviews")
	b.commit(b.page(op, "pulls", pulls.Fence, `{"id": 101, "number": 1}`, `{"id": 102, "number": 2}`))
	p := b.page(op, "reviews", reviews.Fence, `{"id": 1}`, `{"id": 2}`)
	p.Items[0].Parent, p.Items[1].Parent = "101", "102"
	b.commit(p)
	children, err := b.Children(t.Context(), key("reviews"), named(t, "reviews"), []store.Parent{{Key: "101"}, {Key: "102"}})
	require.NoError(t, err)
	require.Equal(t, map[string][]string{"101": {"1"}, "102": {"2"}}, children)

	gone := b.page(op, "pulls", pulls.Fence)
	gone.Gone = []string{"101"}
	b.commit(gone)
	of := named(t, "pulls")
	p = b.page(op, "reviews", reviews.Fence)
	p.ParentCollection = &of
	p.Done, p.Bookmark = true, json.RawMessage(`{}`)
	b.commit(p)
	require.Equal(t, 1, b.count(`select count(*) from reviews where deleted_at is not null and key = '1'`))
	require.Equal(t, 1, b.count(`select count(*) from reviews where deleted_at is null`))
}
