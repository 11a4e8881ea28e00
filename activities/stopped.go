package activities

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.temporal.io/sdk/temporal"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/github"
	"github.com/holdfast/holdfast/internal/walk"
	"github.com/holdfast/holdfast/store"
)

// giveUp leaves a pass that cannot go on to whoever wants it next. Where GitHub
// refuses the very request that the cursor leads to, the next pass begins anew.
func (r *reader) giveUp(ctx context.Context, cause error) error {
	var app *temporal.ApplicationError
	if !errors.As(cause, &app) {
		return cause
	}
	restart := slices.Contains([]string{
		string(github.KindRejected), string(github.KindNotFound), string(github.KindConflict), string(github.KindUnexpected), typeUnreadableCursor,
	}, app.Type())
	event, err := r.Store.FailPass(ctx, r.key, r.op.ID, r.pass.Fence, restart, app.Message())
	switch {
	case errors.Is(err, store.ErrNotRunning):
		return commitError(err)
	case errors.Is(err, store.ErrStaleFence):
		return cause // it is not ours any more
	case err != nil:
		return retryable(err)
	}
	r.Publisher.Publish(ctx, event)
	if err := r.goesOn(ctx, r.op, r.collection.Name); err != nil {
		return err
	}
	return cause
}

// withheld tells that GitHub refuses a list to a credential that may read the
// repository all the same.
func (r *reader) withheld(ctx context.Context, refused error) bool {
	kinds := []github.Kind{github.KindUnauthorized, github.KindForbidden, github.KindNotFound}
	if r.collection.Withheld == "" || !slices.Contains(kinds, github.KindOf(refused)) {
		return false
	}
	_, err := r.client.Object(ctx, r.scopePath())
	return err == nil
}

// stopped decides what follows an answer that is no page.
func (r *reader) stopped(ctx context.Context, got answer) (PagesResult, error) {
	var note string
	switch kind := github.KindOf(got.err); {
	case kind == github.KindGone:
		note = fmt.Sprintf("%s are switched off in this repository.", r.collection.Name)
	case kind == github.KindConflict && r.collection.Mode == collection.Heads:
		note = "The git repository is empty."
	case r.notListed(got.err) != "":
		note = r.notListed(got.err)
	case r.withheld(ctx, got.err):
		note = r.collection.Withheld
	default:
		wait, err := r.refused(ctx, r.op, got.err, r.collection.Name, r.collection.Name+" of "+r.in.Owner+"/"+r.in.Name)
		return PagesResult{Wait: wait, Work: r.work}, err
	}
	p := r.page([]answer{got})
	p.Skipped, p.Note = true, note
	err := r.complete(ctx, p, walk.Bookmark{})
	return PagesResult{Done: !r.again(), Work: r.work}, err
}
