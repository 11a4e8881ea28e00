package activities

import (
	"context"
	"sync"

	"github.com/holdfast/holdfast/internal/walk"
)

// flight holds the requests of a pass that were sent and not yet committed.
type flight struct {
	ctx    context.Context //nolint:containedctx // lives within one call of readList
	reader *reader
	sent   map[string]*sent // by URL
	group  sync.WaitGroup
}

type sent struct {
	request walk.Request
	answer  answer
	done    chan struct{}
}

func newFlight(ctx context.Context, r *reader) *flight {
	return &flight{ctx: ctx, reader: r, sent: map[string]*sent{}}
}

// start sends those of the requests that were not sent yet, as far as the step may.
func (f *flight) start(requests []walk.Request) {
	for _, request := range requests {
		if _, ok := f.sent[request.URL]; ok {
			continue
		}
		if f.reader.spent() {
			return
		}
		f.reader.asked++
		s := &sent{request: request, done: make(chan struct{})}
		f.sent[request.URL] = s
		f.group.Go(func() {
			defer close(s.done)
			s.answer = f.reader.fetch(f.ctx, s.request, "")
		})
	}
}

// take waits for the answer of a request; ok is false when it was not sent, since
// the step is spent.
func (f *flight) take(request walk.Request) (walk.Request, answer, bool) {
	s, ok := f.sent[request.URL]
	if !ok {
		return request, answer{}, false
	}
	<-s.done
	delete(f.sent, request.URL)
	return s.request, s.answer, true
}

func (f *flight) wait() { f.group.Wait() }

// together does something for each of n, as many at once as a step may ask for.
func (r *reader) together(n int, do func(i int)) {
	slots := make(chan struct{}, r.Bounds.Window)
	var group sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			do(i)
		})
	}
	group.Wait()
}
