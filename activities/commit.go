package activities

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/github"
	"github.com/holdfast/holdfast/internal/walk"
	"github.com/holdfast/holdfast/store"
)

// commit writes a page of a list; next is where the pass goes on from it.
func (r *reader) commit(ctx context.Context, w walk.Walk, request walk.Request, got answer, next walk.Cursor, done bool) error {
	p := r.page([]answer{got})
	if request.Listing {
		p.Listing = &store.ListedPage{
			Number: request.Page, URL: request.URL, ETag: got.page.ETag, Next: got.page.Next, Last: got.page.Last,
			Unchanged: got.page.Unchanged, SecondLook: r.cursor.Again(),
		}
		if got.page.Unchanged {
			p.Listed = r.known[request.Page].Items
		}
	}
	switch {
	case r.cursor.Phase == walk.Dropped:
		for _, item := range p.Items {
			p.Gone = append(p.Gone, item.Key)
		}
		p.Items, p.Listed = nil, 0
	case next.Phase != walk.CatchUp:
		p.Total = int64(next.Last) * github.PerPage
	case r.cursor.Relisting():
		p.Listed = 0
	}
	caughtUp := r.full && r.bookmark.Listed && catchesUp(r.collection) && !request.Listing
	if request.Probe || caughtUp || r.cursor.Again() {
		p.Listed = 0 // counted where the page was, or will be, read the first time
	}
	switch {
	case done && r.cursor.Phase == walk.Relist:
		p.Confirm = true
		return r.complete(ctx, p, *r.cursor.Left)
	case done && next.Whole:
		left := w.Bookmark(next)
		p.Settle, next = true, walk.SecondLook(left)
		if err := setCursor(&p, next); err != nil {
			return err
		}
		return r.complete(ctx, p, left)
	case done:
		return r.complete(ctx, p, w.Bookmark(next))
	}
	if err := setCursor(&p, next); err != nil {
		return err
	}
	p.Left = leftOf(next, r.collection, r.bookmark.Listed)
	return r.write(ctx, p)
}

func setCursor(p *store.Page, c walk.Cursor) (err error) {
	if p.Cursor, err = json.Marshal(c); err != nil {
		return fatal(typeUnreadableCursor, "The pass's cursor cannot be written.", err)
	}
	return nil
}

// page gathers answers into one commit.
func (r *reader) page(answers []answer) store.Page {
	p := store.Page{Key: r.key, OperationID: r.op.ID, Source: r.op.Source, Collection: r.collection, Fence: r.pass.Fence}
	p.Check, p.Before = r.checks()
	bad := 0
	for _, a := range answers {
		p.Items = append(p.Items, a.items...)
		p.Listed += int64(len(a.page.Items))
		p.Requests += a.page.Requests
		p.Pages++
		bad += a.bad
	}
	if bad > 0 {
		p.Note = "Some items could not be read at all; the worker's log names them."
	}
	return p
}

// checks tells whether what differs now was overlooked before, unless it is of a
// time or later. Where a list can be asked for what is new, a full check has done so first.
func (r *reader) checks() (check bool, before time.Time) {
	if !r.full || !r.bookmark.Listed {
		return false, before
	}
	switch r.collection.Mode {
	case collection.Since, collection.NewestFirst:
		return r.cursor.Phase == walk.Check || r.cursor.Left != nil, r.cursor.Mark
	case collection.NewestCreated:
		return true, r.bookmark.Mark
	case collection.FullList, collection.Heads, collection.PerParent, collection.Single:
	}
	return true, before
}

// complete commits the last page of a pass.
func (r *reader) complete(ctx context.Context, p store.Page, b walk.Bookmark) error {
	var err error
	if p.Bookmark, err = json.Marshal(b); err != nil {
		return fatal(typeUnreadableCursor, "The pass's bookmark cannot be written.", err)
	}
	p.Done, p.Again = true, r.again()
	p.Whole = b.Listed && (r.full || !r.bookmark.Listed)
	return r.write(ctx, p)
}

func (r *reader) write(ctx context.Context, p store.Page) error {
	committed, err := r.Store.CommitPage(ctx, p)
	if errors.Is(err, store.ErrMirrorDiffers) {
		return err
	}
	if err != nil {
		return commitError(err)
	}
	r.suspects = committed.Suspects
	r.Metrics.countPage(ctx, p, committed.Rows)
	r.work = *committed.Event.Collection
	r.Publisher.Publish(ctx, committed.Event)
	r.foretell(ctx)
	if r.committed {
		return nil
	}
	r.committed = true
	return r.goesOn(ctx, r.op, r.collection.Name)
}
