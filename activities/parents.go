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
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	parents, err := r.Store.MovedParents(ctx, r.key, r.cursor.Parent, int32(r.Bounds.Pages*parentsStep)) //nolint:gosec // a small setting
	if err != nil {
		return PagesResult{}, retryable(err)
	}
	if len(parents) == 0 {
		err := r.complete(ctx, r.page(nil), walk.Bookmark{Listed: true})
		return PagesResult{Done: !r.again(), Work: r.work}, err
	}
	if r.expected, err = r.Store.CountMovedParents(ctx, r.key); err != nil {
		return PagesResult{}, retryable(err)
	}
	chunks := slices.Collect(slices.Chunk(parents, r.Bounds.Window))
	next := r.readChunk(ctx, chunks[0])
	for i := range chunks {
		work := <-next
		if failed := r.failed(ctx, work); failed >= 0 {
			if err := r.commitParents(ctx, work.upTo(failed)); err != nil {
				return PagesResult{}, err
			}
			return r.stopped(ctx, work.answers[failed])
		}
		more := i+1 < len(chunks) && !r.late()
		if more {
			// Asked for before the chunk is committed, so that GitHub and Postgres work at once.
			next = r.readChunk(ctx, chunks[i+1])
		}
		if err := r.commitParents(ctx, work); err != nil {
			return PagesResult{}, err
		}
		if !more {
			break
		}
	}
	return PagesResult{Work: r.work}, nil
}

// chunk is a few parents and, for each, its whole list.
type chunk struct {
	parents []store.Parent
	answers []answer
}

func (c chunk) upTo(n int) chunk {
	return chunk{parents: c.parents[:n], answers: c.answers[:n]}
}

// readChunk begins to read the lists of some parents.
func (r *reader) readChunk(ctx context.Context, parents []store.Parent) <-chan chunk {
	out := make(chan chunk, 1)
	go func() {
		c := chunk{parents: parents, answers: make([]answer, len(parents))}
		var group sync.WaitGroup
		for i, parent := range parents {
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

// failed is the index of the first answer that ends the step; -1: none does. A
// missing list counts as its parent's end only while the repository itself can
// still be read with the same credential.
func (r *reader) failed(ctx context.Context, work chunk) int {
	return slices.IndexFunc(work.answers, func(a answer) bool {
		if a.err == nil || !missing(a.err) {
			return a.err != nil
		}
		if !r.repositoryRead {
			_, err := r.GitHub.Object(ctx, "repos/"+r.in.Owner+"/"+r.in.Name)
			r.repositoryRead = err == nil
		}
		return !r.repositoryRead
	})
}

// missing tells that a parent went away between its own list and now. That is no
// reason to stop: the next pass over the parents sees it.
func missing(err error) bool {
	var e *github.Error
	return errors.As(err, &e) && (e.Kind == github.KindNotFound || e.Kind == github.KindGone)
}

func (r *reader) commitParents(ctx context.Context, work chunk) error {
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
		p.Note = "Some parents went away while their lists were read."
	}
	p.Total = r.estimate(p)
	cursor, err := json.Marshal(walk.Cursor{Parent: work.parents[len(work.parents)-1].Number})
	if err != nil {
		return fatal(typeUnreadableCursor, "The pass's cursor cannot be written.", err)
	}
	p.Cursor = cursor
	return r.write(ctx, p)
}

// estimate expects of the parents that are left what the first ones of this step had.
func (r *reader) estimate(p store.Page) int64 {
	if r.work.Total > 0 {
		return r.work.Total
	}
	return p.Listed * r.expected / int64(len(p.Parents)+1)
}
