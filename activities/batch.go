package activities

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/github"
	"github.com/holdfast/holdfast/store"
)

// batching is what a step has learned of reading many parents by one query. Second
// looks learn while the next chunk is read.
type batching struct {
	unserved atomic.Bool  // GraphQL does not give the collection's lists: they are read by REST
	most     atomic.Int32 // parents that a query may ask for; 0: as many as the definition says
}

// queries tells whether the lists of parents are read by GraphQL, many at once.
func (r *reader) queries() bool {
	return r.collection.GraphQL != nil && (r.collection.GraphQL.Only || !r.batching.unserved.Load() && r.client.Queries())
}

// parentsAtOnce is how many parents make a chunk, and parentsLimit how many a step reads.
func (r *reader) parentsAtOnce() int {
	if r.queries() {
		return r.collection.GraphQL.Batch
	}
	return r.Bounds.Window
}

func (r *reader) parentsLimit() int {
	limit, whole := r.Bounds.Pages*parentsStep, r.parentsAtOnce()
	return max(limit-limit%whole, whole)
}

// readTogether reads the lists of some parents by GraphQL, or by REST where GraphQL
// does not give them.
func (r *reader) readTogether(ctx context.Context, parents []store.Parent) []answer {
	if !r.queries() {
		return r.readApart(ctx, parents)
	}
	answers, err := r.readBatch(ctx, parents)
	switch kind := github.KindOf(err); {
	case err == nil:
		return answers
	case !r.collection.GraphQL.Only && slices.Contains([]github.Kind{
		github.KindNotServed, github.KindForbidden, github.KindRejected, github.KindNotFound, github.KindUnexpected,
	}, kind):
		// What REST answers is what counts, the reason of a refusal included.
		r.Logger.InfoContext(ctx, "GraphQL does not give the lists; they are read by REST", "operation_id", r.op.ID, "collection", r.collection.Name, "error", err)
		r.batching.unserved.Store(true)
		spent := answers[0].page.Requests
		answers = r.readApart(ctx, parents)
		answers[0].page.Requests += spent
		return answers
	}
	for i := range answers {
		answers[i].err = err
	}
	return answers
}

// readApart reads the list of each parent by REST, a few at once.
func (r *reader) readApart(ctx context.Context, parents []store.Parent) []answer {
	answers := make([]answer, len(parents))
	r.together(len(parents), func(i int) { answers[i] = r.wholeList(ctx, parents[i]) })
	return answers
}

// want is a part of the batch that a parent's list still lacks.
type want struct {
	collection.Want
	parent int // index of the parent
}

// readBatch reads the whole lists of some parents. What is left of lists and threads
// that were cut off is asked for together as well. The error is one of all of them;
// the requests that were made stand in the first answer.
func (r *reader) readBatch(ctx context.Context, parents []store.Parent) ([]answer, error) {
	answers := make([]answer, len(parents))
	left := make([]want, 0, len(parents))
	for i, parent := range parents {
		number, err := strconv.ParseInt(parent.Arg, 10, 64)
		if err != nil {
			return answers, fmt.Errorf("read the number of parent %s: %w", parent.Key, err)
		}
		left = append(left, want{collection.Want{Number: number}, i})
	}
	for len(left) > 0 {
		round := left[:min(len(left), r.collection.GraphQL.Batch)]
		left = left[len(round):]
		got, requests, err := r.ask(ctx, round)
		answers[0].page.Requests += requests
		if err != nil {
			return answers, err
		}
		for i, part := range got {
			more := r.gather(ctx, &answers[round[i].parent], parents[round[i].parent], round[i], part)
			left = append(left, more...)
		}
	}
	return answers, nil
}

// part is what came of a want.
type part struct {
	collection.Answered
	date time.Time // of the answer, by GitHub's clock
	err  error
}

// gather adds a part to a parent's answer, and gives what is still missing of its list.
func (r *reader) gather(ctx context.Context, a *answer, parent store.Parent, w want, p part) []want {
	switch {
	case a.err != nil:
		return nil
	case p.err != nil:
		a.err = p.err
		return nil
	case p.After != "" && p.After == w.After:
		a.err = &github.Error{Kind: github.KindUnreachable, Message: "GitHub's list does not go on"}
		return nil
	}
	if a.page.Date.IsZero() {
		a.page.Date = p.date
	}
	a.page.Items = append(a.page.Items, p.Items...)
	r.prepare(ctx, a, parent.Key, p.Items)
	var more []want
	if p.After != "" {
		rest := w
		rest.After = p.After
		more = append(more, rest)
	}
	for _, thread := range p.Threads {
		more = append(more, want{thread, w.parent})
	}
	return more
}

// ask sends one query for some wants, or where that is too large several smaller ones.
func (r *reader) ask(ctx context.Context, wants []want) (parts []part, requests int64, err error) {
	most := len(wants)
	if learned := int(r.batching.most.Load()); learned > 0 {
		most = min(most, learned)
	}
	for shrink := 0; len(parts) < len(wants); {
		some := wants[len(parts):min(len(parts)+most, len(wants))]
		got, asked, err := r.askOnce(ctx, some, shrink)
		requests += asked
		switch {
		case err == nil:
			parts = append(parts, got...)
		case github.KindOf(err) != github.KindTooLarge:
			return nil, requests, err
		case len(some) > 1:
			// For the rest of the step as well: the next would be as large.
			most = len(some) / 2
			r.batching.most.Store(int32(most)) //nolint:gosec // at most a batch
		case collection.MaxNodes>>shrink > 1:
			shrink++
		default:
			return nil, requests, &github.Error{Kind: github.KindUnreachable, Message: "GitHub does not answer the smallest query in time", Err: err}
		}
	}
	return parts, requests, nil
}

func (r *reader) askOnce(ctx context.Context, wants []want, shrink int) ([]part, int64, error) {
	plain := make([]collection.Want, len(wants))
	for i := range wants {
		plain[i] = wants[i].Want
	}
	definition := r.collection.GraphQL
	query := definition.BatchQuery(r.in.Owner, r.in.Name, plain, shrink)
	result, err := r.client.GraphQL(ctx, query.Text, query.Variables)
	if err != nil {
		return nil, result.Requests, err
	}
	if err := result.Failed("repository"); err != nil {
		return nil, result.Requests, err
	}
	answered, err := definition.ReadBatch(result.Data, plain)
	if err != nil {
		return nil, result.Requests, unreadable(err)
	}
	parts := make([]part, len(wants))
	for i := range answered {
		parts[i].Answered, parts[i].date = answered[i], result.Date
		place := []string{"repository", collection.Alias(i)}
		if plain[i].Thread != "" {
			place = place[1:]
		}
		if problem := result.Within(place...); problem != nil {
			parts[i].err = problem
		} else if answered[i].Missing {
			parts[i].err = &github.Error{Kind: github.KindNotFound, Message: "GitHub does not show it"}
		}
	}
	return parts, result.Requests, nil
}

// unreadable is an error of data that GitHub gave; a list that is switched off is
// left as it is.
func unreadable(err error) error {
	if errors.Is(err, collection.ErrSwitchedOff) {
		return err
	}
	return &github.Error{Kind: github.KindUnexpected, Err: err}
}
