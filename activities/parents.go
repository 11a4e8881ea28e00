package activities

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

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
	of, ok := r.Collections.ByName(r.collection.Parents.Collection)
	if !ok {
		return PagesResult{}, unknown(r.collection.Parents.Collection)
	}
	moved := store.Moved{Key: r.key, Nested: r.collection, Parents: of, Full: r.full, After: r.cursor.Parent}
	parents, err := r.Store.MovedParents(ctx, moved, r.parentsLimit())
	if err != nil {
		return PagesResult{}, retryable(err)
	}
	if len(parents) == 0 {
		p := r.page(nil)
		p.ParentCollection = &of
		err := r.complete(ctx, p, walk.Bookmark{Listed: true})
		return PagesResult{Done: !r.again(), Work: r.work}, err
	}
	if r.expected, err = r.Store.CountMovedParents(ctx, moved); err != nil {
		return PagesResult{}, retryable(err)
	}
	return r.readChunks(ctx, slices.Collect(slices.Chunk(parents, r.parentsAtOnce())))
}

func (r *reader) readChunks(ctx context.Context, chunks [][]store.Parent) (PagesResult, error) {
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
		out <- chunk{parents: parents, answers: r.readTogether(ctx, parents)}
	}()
	return out
}

// wholeList reads all pages of one parent's list by REST.
func (r *reader) wholeList(ctx context.Context, parent store.Parent) answer {
	var all answer
	request := walk.Request{URL: r.parentURL(parent)}
	for request.URL != "" {
		one := r.fetch(ctx, request, parent.Key)
		if all.page.Requests += one.page.Requests; all.page.Date.IsZero() {
			all.page.Date = one.page.Date
		}
		all.page.Items = append(all.page.Items, one.page.Items...)
		all.items = append(all.items, one.items...)
		all.bad += one.bad
		if one.err != nil {
			all.err = one.err
			return all
		}
		request.URL = one.page.Next
	}
	return all
}

func (r *reader) parentURL(parent store.Parent) string {
	query := url.Values{"per_page": {strconv.Itoa(github.PerPage)}}
	maps.Copy(query, r.collection.Query)
	return r.collection.ListPath(r.in.Owner, r.in.Name, parent.Arg) + "?" + query.Encode()
}

// vanished are the items that the mirror has of some parents and that their lists do
// not show, also when they are read a second time.
func (r *reader) vanished(ctx context.Context, work chunk) ([]string, int64, error) {
	children, err := r.Store.Children(ctx, r.key, r.collection, work.parents)
	if err != nil {
		return nil, 0, retryable(err)
	}
	var doubted []store.Parent
	for i, parent := range work.parents {
		children[parent.Key] = unlisted(children[parent.Key], work.answers[i])
		if work.answers[i].err == nil && len(children[parent.Key]) > 0 {
			doubted = append(doubted, parent)
		}
	}
	if len(doubted) == 0 {
		return nil, 0, nil
	}
	var gone []string
	var requests int64
	for i, again := range r.readTogether(ctx, doubted) {
		requests += again.page.Requests
		if again.err == nil {
			gone = append(gone, unlisted(children[doubted[i].Key], again)...)
		}
	}
	return gone, requests, nil
}

// unlisted are the keys that an answer does not have. Where it has items that cannot
// be read, any of them may be one of those.
func unlisted(keys []string, a answer) []string {
	if a.bad > 0 {
		return nil
	}
	listed := make(map[string]bool, len(a.items))
	for _, item := range a.items {
		listed[item.Key] = true
	}
	return slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return listed[key] })
}

// failed is the index of the first answer that ends the step; -1: none does. A
// missing list counts as its parent's end only while the repository itself can
// still be read with the same credential.
func (r *reader) failed(ctx context.Context, work chunk) int {
	return slices.IndexFunc(work.answers, func(a answer) bool {
		if a.err == nil || !missing(a.err) && !pruned(a.err) {
			return a.err != nil
		}
		if !r.repositoryRead {
			_, err := r.client.Object(ctx, r.scopePath())
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

// pruned tells that GitHub has a commit no more that it listed before. It answers 422
// for the lists of one.
func pruned(err error) bool {
	var e *github.Error
	return errors.As(err, &e) && e.Kind == github.KindRejected && strings.HasPrefix(e.Message, "No commit found")
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
		p.Parents = append(p.Parents, settled(parent, work.answers[i].page.Date))
	}
	if gone > 0 {
		p.Note = "Some parents went away while their lists were read."
	}
	p.Total = r.estimate(p)
	p.Left = r.parentsLeft(len(work.parents))
	var err error
	var again int64
	if p.Gone, again, err = r.vanished(ctx, work); err != nil {
		return err
	}
	p.Requests += again
	r.cursor = walk.Cursor{Parent: work.parents[len(work.parents)-1].Key}
	if err := setCursor(&p, r.cursor); err != nil {
		return err
	}
	return r.write(ctx, p)
}

// settled is a parent as it is recorded whose list was read at a time of GitHub's. Its
// times have no fractions of a second: what moves within the second of the reading does
// not show in its version, so such a list is read once more.
func settled(parent store.Parent, read time.Time) store.Parent {
	if !read.IsZero() && !parent.Version.Before(read.Truncate(time.Second)) {
		parent.Version = time.Time{}
	}
	return parent
}

// estimate expects of the parents that are left what the first ones of this step had.
func (r *reader) estimate(p store.Page) int64 {
	if r.work.Total > 0 {
		return r.work.Total
	}
	return p.Listed * r.expected / int64(len(p.Parents)+1)
}
