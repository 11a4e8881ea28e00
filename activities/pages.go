package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/github"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/walk"
	"github.com/holdfast/holdfast/store"
)

// otherPassWait is how long to wait before looking again whether another
// operation's pass has ended.
const otherPassWait = 5 * time.Second

// Pages asks for one step of a collection's pass.
type Pages struct {
	OperationRef
	RepositoryID int64  `json:"repository_id"`
	Owner        string `json:"owner"`
	Name         string `json:"name"`
	Collection   string `json:"collection"`
}

// PagesResult is how far the step came: done, more, or wait until a time.
type PagesResult struct {
	Done  bool                     `json:"done,omitempty"`
	Index bool                     `json:"index,omitempty"` // with Done: there may be texts to index
	Wait  *Wait                    `json:"wait,omitempty"`
	Work  operation.CollectionWork `json:"work"`
}

// SyncPages goes on with a collection's pass from where it stands in Postgres, for
// a bounded number of pages and time. Each page is committed by itself, so being
// killed costs the pages in flight and nothing else.
func (a *Sync) SyncPages(ctx context.Context, in Pages) (PagesResult, error) {
	stop := heartbeat(ctx)
	defer stop()
	op, _, err := a.input(ctx, in.OperationRef)
	if err != nil {
		return PagesResult{}, err
	}
	c, ok := a.Collections.ByName(in.Collection)
	if !ok {
		return PagesResult{}, unknown(in.Collection)
	}
	key := store.PassKey{WorkspaceID: in.WorkspaceID, RepositoryID: in.RepositoryID, Collection: c.Name}
	// Lists of parents are as fresh as what was known of the parents: see TakePass.
	pass, err := a.Store.TakePass(ctx, key, op, c.Mode != collection.PerParent)
	var held *store.HeldError
	switch {
	case errors.As(err, &held):
		return a.awaitHolder(ctx, op, c, held.Holder)
	case err != nil:
		return PagesResult{}, retryable(err)
	}
	if err := a.goesOn(ctx, op, c.Name); err != nil {
		return PagesResult{}, err
	}
	if pass.Fresh {
		return a.fresh(ctx, op, key)
	}
	r := &reader{Sync: a, op: op, key: key, pass: pass, collection: c, in: in, started: a.Now(), stopping: activity.GetWorkerStopChannel(ctx)}
	if err := readOptional(pass.Cursor, &r.cursor); err != nil {
		return PagesResult{}, fatal(typeUnreadableCursor, "The pass's cursor cannot be read.", err)
	}
	if err := readOptional(pass.Bookmark, &r.bookmark); err != nil {
		return PagesResult{}, fatal(typeUnreadableCursor, "The pass's bookmark cannot be read.", err)
	}
	read := r.readList
	if c.Mode == collection.PerParent {
		read = r.readParents
	}
	result, err := read(ctx)
	if isFatal(err) {
		return result, r.giveUp(ctx, err)
	}
	// What an earlier operation wrote may not be indexed yet.
	result.Index = r.work.Written > 0 || r.again()
	return result, err
}

// awaitHolder waits for another operation's pass. It says so once, not at each look.
func (a *Sync) awaitHolder(ctx context.Context, op operation.Operation, c collection.Collection, holder string) (PagesResult, error) {
	w := operation.Waiting{
		For: waitOtherPass, Until: a.Now().Add(otherPassWait), Collection: c.Name,
		Reason: fmt.Sprintf("Operation %s is reading %s already.", holder, c.Name),
	}
	result := PagesResult{Wait: &Wait{Reason: w.Reason, Pause: otherPassWait}}
	if op.Waiting != nil && op.Waiting.Reason == w.Reason {
		a.Metrics.countWait(ctx, w.For, otherPassWait)
		return result, nil
	}
	return result, a.waiting(ctx, op, w)
}

func readOptional(raw json.RawMessage, into any) error {
	if len(raw) == 0 {
		return nil
	}
	return json.Unmarshal(raw, into)
}

// reader is one step of one pass.
type reader struct {
	*Sync
	op         operation.Operation
	key        store.PassKey
	pass       store.Pass
	collection collection.Collection
	in         Pages
	cursor     walk.Cursor
	bookmark   walk.Bookmark
	started    time.Time
	stopping   <-chan struct{}          // closed when the worker stops
	asked      int                      // pages asked for in this step
	expected   int64                    // parents whose lists are to be read, when the step began
	work       operation.CollectionWork // after the last commit

	repositoryRead bool // the repository itself could be read in this step
}

// spent tells whether the step may ask for nothing more: it has had its share, or
// its worker stops.
func (r *reader) spent() bool {
	return r.asked >= r.Bounds.Pages || r.late()
}

func (r *reader) late() bool {
	select {
	case <-r.stopping:
		return true
	default:
		return r.Now().Sub(r.started) >= r.Bounds.Time
	}
}

// again tells whether the pass began before the operation was asked for: it was
// left behind by another, and what changed meanwhile may stand on pages that were
// read before. The operation then needs a pass of its own as well.
func (r *reader) again() bool { return r.pass.StartedAt.Before(r.op.CreatedAt) }

// answer is what a request brought, ready to be stored.
type answer struct {
	page  github.Page
	items []collection.Item
	bad   int // items that cannot be read at all
	err   error
}

func (r *reader) fetch(ctx context.Context, url string) answer {
	var a answer
	if r.collection.Mode == collection.Single {
		a.page, a.err = r.GitHub.Object(ctx, url)
	} else {
		a.page, a.err = r.GitHub.List(ctx, url)
	}
	a.items = make([]collection.Item, 0, len(a.page.Items))
	for _, raw := range a.page.Items {
		item, err := r.collection.Prepare(raw)
		if err != nil {
			a.bad++
			r.Logger.WarnContext(ctx, "an item cannot be read", "operation_id", r.op.ID, "collection", r.collection.Name, "error", err)
			continue
		}
		a.items = append(a.items, item)
	}
	return a
}

// readList reads a list: several numbered pages at once where the walk allows it,
// committed in their order.
func (r *reader) readList(ctx context.Context) (PagesResult, error) {
	w := walk.For(r.collection, r.in.Owner, r.in.Name, r.bookmark)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	flight := newFlight(ctx, r)
	defer flight.wait()
	defer cancel()
	for {
		flight.start(w.Next(r.cursor, r.Bounds.Window))
		request, got, ok := flight.take(w.Next(r.cursor, 1)[0])
		if !ok {
			return PagesResult{Work: r.work}, nil
		}
		if got.err != nil {
			return r.stopped(ctx, got)
		}
		next, done := w.Advance(r.cursor, request, walk.Answer{
			Items: got.items, Next: got.page.Next, Last: got.page.Last, Date: got.page.Date,
		})
		if !done {
			// Asked for before the page is committed, so that GitHub and Postgres work at once.
			flight.start(w.Next(next, r.Bounds.Window))
		}
		if err := r.commit(ctx, w, got, next, done); err != nil {
			return PagesResult{}, err
		}
		if done {
			return PagesResult{Done: !r.again(), Work: r.work}, nil
		}
		r.cursor = next
	}
}

func (r *reader) commit(ctx context.Context, w walk.Walk, got answer, next walk.Cursor, done bool) error {
	p := r.page([]answer{got})
	if next.Phase != walk.CatchUp {
		p.Total = int64(next.Last) * github.PerPage
	} else if r.cursor.Relisting() {
		p.Listed = 0
	}
	if done {
		return r.complete(ctx, p, w.Bookmark(next))
	}
	var err error
	if p.Cursor, err = json.Marshal(next); err != nil {
		return fatal(typeUnreadableCursor, "The pass's cursor cannot be written.", err)
	}
	return r.write(ctx, p)
}

// page gathers answers into one commit.
func (r *reader) page(answers []answer) store.Page {
	p := store.Page{Key: r.key, OperationID: r.op.ID, Collection: r.collection, Fence: r.pass.Fence}
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

// complete commits the last page of a pass.
func (r *reader) complete(ctx context.Context, p store.Page, b walk.Bookmark) error {
	var err error
	if p.Bookmark, err = json.Marshal(b); err != nil {
		return fatal(typeUnreadableCursor, "The pass's bookmark cannot be written.", err)
	}
	p.Done, p.Again = true, r.again()
	return r.write(ctx, p)
}

func (r *reader) write(ctx context.Context, p store.Page) error {
	committed, err := r.Store.CommitPage(ctx, p)
	if err != nil {
		return commitError(err)
	}
	r.Metrics.countPage(ctx, p, committed.Rows)
	r.work = *committed.Event.Collection
	r.Publisher.Publish(ctx, committed.Event)
	return nil
}
