package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/holdfast/holdfast/internal/github"
	"github.com/holdfast/holdfast/internal/walk"
	"github.com/holdfast/holdfast/store"
)

// parentsStep is how many times more parents than pages one step reads: their
// lists are short.
const parentsStep = 8

// readParents reads the lists of the parents that moved, a few at once, and
// commits those together.
func (r *reader) readParents(ctx context.Context) (PagesResult, error) {
	left, err := r.Store.CountMovedParents(ctx, r.key)
	if err != nil {
		return PagesResult{}, retryable(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var work chunk
	next := r.nextChunk(ctx, r.cursor.Parent)
	for read := 0; ; read += len(work.parents) {
		work = <-next
		switch {
		case work.err != nil:
			return PagesResult{}, retryable(work.err)
		case len(work.parents) == 0:
			err := r.complete(ctx, r.page(nil), walk.Bookmark{Listed: true})
			return PagesResult{Done: true, Work: r.work}, err
		}
		if i := slices.IndexFunc(work.answers, func(a answer) bool { return a.err != nil && !missing(a.err) }); i >= 0 {
			if err := r.commitParents(ctx, work.upTo(i), left); err != nil {
				return PagesResult{}, err
			}
			return r.stopped(ctx, work.answers[i])
		}
		last := work.parents[len(work.parents)-1].Number
		more := read+len(work.parents) < r.Bounds.Pages*parentsStep && r.Now().Sub(r.started) < r.Bounds.Time
		if more {
			next = r.nextChunk(ctx, last)
		}
		if err := r.commitParents(ctx, work, left); err != nil {
			return PagesResult{}, err
		}
		if !more {
			return PagesResult{Work: r.work}, nil
		}
	}
}

// chunk is a few parents and, for each, its whole list.
type chunk struct {
	parents []store.Parent
	answers []answer
	err     error // of the database
}

func (c chunk) upTo(n int) chunk {
	return chunk{parents: c.parents[:n], answers: c.answers[:n]}
}

// nextChunk begins to read the lists of the parents after a number.
func (r *reader) nextChunk(ctx context.Context, after int64) <-chan chunk {
	out := make(chan chunk, 1)
	go func() {
		var c chunk
		c.parents, c.err = r.Store.MovedParents(ctx, r.key, after, int32(r.Bounds.Window)) //nolint:gosec // a small setting
		c.answers = make([]answer, len(c.parents))
		var group sync.WaitGroup
		for i, parent := range c.parents {
			group.Go(func() { c.answers[i] = r.wholeList(ctx, parent) })
		}
		group.Wait()
		out <- c
	}()
	return out
}

// wholeList reads all pages of one parent's list.
func (r *reader) wholeList(ctx context.Context, parent store.Parent) answer {
	var all answer
	url := fmt.Sprintf("%s?per_page=%d", r.collection.ListPath(r.in.Owner, r.in.Name, parent.Number), github.PerPage)
	for url != "" {
		one := r.fetch(ctx, url)
		all.page.Requests += one.page.Requests
		all.page.Items = append(all.page.Items, one.page.Items...)
		all.items = append(all.items, one.items...)
		all.bad += one.bad
		if one.err != nil {
			all.err = one.err
			return all
		}
		url = one.page.Next
	}
	return all
}

// missing tells that a parent went away between its own list and now. That is no
// reason to stop: the next pass over the parents sees it.
func missing(err error) bool {
	var e *github.Error
	return errors.As(err, &e) && (e.Kind == github.KindNotFound || e.Kind == github.KindGone)
}

func (r *reader) commitParents(ctx context.Context, work chunk, left int64) error {
	if len(work.parents) == 0 {
		return nil
	}
	p := r.page(work.answers)
	gone := 0
	for i, parent := range work.parents {
		if work.answers[i].err != nil {
			gone++
			continue
		}
		p.Parents = append(p.Parents, parent)
	}
	if gone > 0 {
		p.Note += fmt.Sprintf("%d parents went away while their lists were read.", gone)
	}
	p.Total = r.estimate(p, left)
	cursor, err := json.Marshal(walk.Cursor{Parent: work.parents[len(work.parents)-1].Number})
	if err != nil {
		return fatal("unreadable_cursor", "The pass's cursor cannot be written.", err)
	}
	p.Cursor = cursor
	return r.write(ctx, p)
}

// estimate expects of the parents that are left what the first ones of this step had.
func (r *reader) estimate(p store.Page, left int64) int64 {
	if r.work.Total > 0 {
		return r.work.Total
	}
	return p.Listed * left / int64(len(p.Parents)+1)
}
