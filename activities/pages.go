package activities

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/github"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/walk"
	"github.com/holdfast/holdfast/store"
)

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
	Hold  *Hold                    `json:"hold,omitempty"` // with Wait: why
	Work  operation.CollectionWork `json:"work"`
	// Forecast is when all of the operation will be done, for people.
	Forecast string `json:"forecast,omitempty"`
}

// SyncPages goes on with a collection's pass from where it stands in Postgres, for
// a bounded number of pages and time. Each page is committed by itself, so being
// killed costs the pages in flight and nothing else.
func (a *Sync) SyncPages(ctx context.Context, in Pages) (PagesResult, error) {
	stop := heartbeat(ctx)
	defer stop()
	result, err := a.syncPages(ctx, in)
	if err == nil {
		return result, nil
	}
	result.Hold, result.Wait, err = a.held(ctx, in.OperationRef, err)
	return result, err
}

func (a *Sync) syncPages(ctx context.Context, in Pages) (PagesResult, error) {
	op, input, err := a.input(ctx, in.OperationRef)
	if err != nil {
		return PagesResult{}, err
	}
	c, ok := a.Collections.ByName(in.Collection)
	if !ok {
		return PagesResult{}, unknown(in.Collection)
	}
	asks, wait, err := a.ask(ctx, op, c, in.Owner, in.Name)
	if asks == nil {
		return PagesResult{Wait: wait}, err
	}
	key := store.PassKey{WorkspaceID: in.WorkspaceID, RepositoryID: in.RepositoryID, Collection: c.Name}
	// Lists of parents are as fresh as what was known of the parents: see TakePass.
	pass, err := a.Store.TakePass(ctx, key, op, c.Mode != collection.PerParent && !input.Full)
	var held *store.HeldError
	switch {
	case errors.As(err, &held):
		return a.awaitHolder(ctx, op, c, held.Holder)
	case err != nil:
		return PagesResult{}, retryable(err)
	}
	if pass.Fresh {
		return a.fresh(ctx, op, key)
	}
	r := &reader{asking: asks, op: op, key: key, pass: pass, collection: c, in: in, full: input.Full, started: a.Now(), stopping: activity.GetWorkerStopChannel(ctx)}
	if err := readOptional(pass.Cursor, &r.cursor); err != nil {
		return PagesResult{}, fatal(typeUnreadableCursor, "The pass's cursor cannot be read.", err)
	}
	if err := readOptional(pass.Bookmark, &r.bookmark); err != nil {
		return PagesResult{}, fatal(typeUnreadableCursor, "The pass's bookmark cannot be read.", err)
	}
	result, err := r.read(ctx)
	if isFatal(err) {
		return result, r.giveUp(ctx, err)
	}
	// What an earlier operation wrote may not be indexed yet.
	result.Index = r.work.Written > 0 || r.again()
	result.Forecast = r.forecast
	return result, err
}

// read does what the pass is at.
func (r *reader) read(ctx context.Context) (PagesResult, error) {
	switch {
	case r.collection.Mode == collection.PerParent:
		return r.readParents(ctx)
	case r.cursor.Phase == walk.Verify:
		return r.verify(ctx)
	default:
		return r.readList(ctx)
	}
}

func readOptional(raw json.RawMessage, into any) error {
	if len(raw) == 0 {
		return nil
	}
	return json.Unmarshal(raw, into)
}

// reader is one step of one pass.
type reader struct {
	*asking
	op         operation.Operation
	key        store.PassKey
	pass       store.Pass
	collection collection.Collection
	in         Pages
	full       bool // everything there is is to be compared
	cursor     walk.Cursor
	bookmark   walk.Bookmark
	started    time.Time
	stopping   <-chan struct{}          // closed when the worker stops
	asked      int                      // pages asked for in this step
	expected   int64                    // parents whose lists are to be read, when the step began
	parents    int64                    // of them, whose lists were read in this step
	work       operation.CollectionWork // after the last commit

	known          map[int]store.KnownPage // of the list of everything there is, by number
	suspects       bool                    // the mirror has items that no page showed
	batching       batching
	foretold       time.Time // when the forecast was renewed last
	forecast       string    // for people
	repositoryRead bool      // the repository itself could be read in this step
	committed      bool      // something, in this step
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

// fetch asks for a page, for that of a parent's list if there is one. GitHub may
// answer that it is as it was when it was read last.
func (r *reader) fetch(ctx context.Context, request walk.Request, parent string) answer {
	var a answer
	if r.collection.Mode == collection.Single {
		a.page, a.err = r.client.Object(ctx, request.URL)
	} else {
		a.page, a.err = r.list(ctx, request)
	}
	a.items = make([]collection.Item, 0, len(a.page.Items))
	r.prepare(ctx, &a, parent, a.page.Items)
	return a
}

// prepare adds items to an answer, of a parent's list if there is one.
func (r *reader) prepare(ctx context.Context, a *answer, parent string, raws []json.RawMessage) {
	for _, raw := range raws {
		item, err := r.collection.PrepareOf(parent, raw)
		if err != nil {
			a.bad++
			r.Logger.WarnContext(ctx, "an item cannot be read", "operation_id", r.op.ID, "collection", r.collection.Name, "error", err)
			continue
		}
		a.items = append(a.items, item)
	}
}

func (r *reader) list(ctx context.Context, request walk.Request) (github.Page, error) {
	if r.collection.GraphQL != nil && r.collection.GraphQL.Only {
		return r.queryPage(ctx, request.URL)
	}
	ask := github.Ask{Accept: r.collection.Accept, Envelope: cmp.Or(request.Envelope, r.collection.Envelope)}
	known, ok := r.known[request.Page]
	if ok && request.Listing && !request.Entire && known.URL == request.URL {
		ask.ETag = known.ETag
	}
	page, err := r.client.List(ctx, request.URL, ask)
	if err != nil || !page.Unchanged || page.Linked {
		return page, err
	}
	if known.Next == "" && known.Items >= github.PerPage {
		// The page is full and as it was, but there may be one behind it by now.
		ask.ETag = ""
		whole, err := r.client.List(ctx, request.URL, ask)
		whole.Requests += page.Requests
		return whole, err
	}
	page.Next, page.Last = known.Next, known.Last
	return page, nil
}

// readList reads a list: several numbered pages at once where the walk allows it,
// committed in their order.
func (r *reader) readList(ctx context.Context) (PagesResult, error) {
	w := walk.For(walk.Source{Collection: r.collection, Owner: r.in.Owner, Name: r.in.Name, From: r.bookmark, Full: r.full})
	var err error
	listed := r.full || r.collection.Mode == collection.FullList || r.cursor.Listing()
	if r.bookmark.Listed && listed || r.cursor.Again() {
		if r.known, err = r.Store.KnownPages(ctx, r.key, max(r.cursor.Page, 1), r.Bounds.Pages+r.Bounds.Window); err != nil {
			return PagesResult{}, retryable(err)
		}
	}
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
		switch {
		case r.uncomparable(got):
			r.cursor = r.cursor.Uncompared()
			continue
		case got.err != nil:
			return r.stopped(ctx, got)
		}
		next, end, err := r.turn(ctx, w, flight, request, got)
		if errors.Is(err, store.ErrMirrorDiffers) {
			request.Entire = true
			if got = r.fetch(ctx, request, ""); got.err != nil {
				return r.stopped(ctx, got)
			}
			next, end, err = r.turn(ctx, w, flight, request, got)
		}
		if again := next.Again() && next.Page < r.cursor.Page; err != nil || end || again {
			// What a list showed that is read again is known to the next step.
			return PagesResult{Done: end && !r.suspects && !r.again(), Work: r.work}, err
		}
		r.cursor = next
	}
}

// turn commits an answer. It tells where the pass goes on, and whether this reading ends.
func (r *reader) turn(ctx context.Context, w walk.Walk, flight *flight, request walk.Request, got answer) (walk.Cursor, bool, error) {
	a := walk.Answer{Items: got.items, Status: got.page.Status, Next: got.page.Next, Last: got.page.Last, Date: got.page.Date}
	if got.page.Unchanged {
		a.Shown = r.known[request.Page].Shown
	}
	next, done := w.Advance(r.cursor, request, a)
	if !done {
		// Asked for before the page is committed, so that GitHub and Postgres work at once.
		flight.start(w.Next(next, r.Bounds.Window))
	}
	return next, done, r.commit(ctx, w, request, got, next, done)
}

// uncomparable tells that GitHub does not know the earlier head any more.
func (r *reader) uncomparable(got answer) bool {
	return (r.cursor.Phase == walk.Compare || r.cursor.Phase == walk.Dropped) && github.KindOf(got.err) == github.KindNotFound
}
