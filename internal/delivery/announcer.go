package delivery

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	// announceApart is how far apart a repository's watch is told: what comes in
	// between is told together.
	announceApart = time.Second
	// announceAtOnce is how many watches are told at once.
	announceAtOnce = 4
	// announceWaiting bounds the repositories that wait to be told of. What does not
	// fit is found by the picker.
	announceWaiting = 1000
)

// Announcements tells watches of what was stored, apart from the requests that
// brought it: they are answered whether or not Temporal answers.
type Announcements struct {
	watch Watch
	mark  func(ctx context.Context, r Repository) error
	log   *slog.Logger
	queue chan Repository
	apart time.Duration

	mu sync.Mutex
	// open has the repositories that are queued, told of, or were a moment ago, and
	// whether more has come since they were taken from the queue.
	open map[Repository]bool
}

// NewAnnouncements tells by watch, and notes by mark that a watch was told.
func NewAnnouncements(watch Watch, mark func(ctx context.Context, r Repository) error, log *slog.Logger) *Announcements {
	return &Announcements{
		watch: watch, mark: mark, log: log, apart: announceApart,
		queue: make(chan Repository, announceWaiting), open: map[Repository]bool{},
	}
}

// Announce has the watch of r told soon. It never waits.
func (a *Announcements) Announce(r Repository) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, open := a.open[r]; open {
		a.open[r] = true
		return
	}
	a.push(r)
}

// push queues a repository. The lock is held.
func (a *Announcements) push(r Repository) {
	select {
	case a.queue <- r:
		a.open[r] = false
	default: // the picker finds it
		delete(a.open, r)
	}
}

// Run tells the watches until ctx ends.
func (a *Announcements) Run(ctx context.Context) {
	var group sync.WaitGroup
	for range announceAtOnce {
		group.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case r := <-a.queue:
					a.tell(ctx, r)
				}
			}
		})
	}
	group.Wait()
}

// tell tells one watch. What comes while it does, and for a moment after it, is told
// together when that has passed.
func (a *Announcements) tell(ctx context.Context, r Repository) {
	a.mu.Lock()
	a.open[r] = false
	a.mu.Unlock()
	if err := announce(ctx, a.watch, a.mark, r); err != nil && ctx.Err() == nil {
		a.log.WarnContext(ctx, "a watch will be told later of its deliveries", "repository_id", r.ID, "error", err)
	}
	time.AfterFunc(a.apart, func() { a.rested(r) })
}

// rested lets a repository be told of again, at once if more has come.
func (a *Announcements) rested(r Repository) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open[r] {
		a.push(r)
		return
	}
	delete(a.open, r)
}

// announce tells a watch, and notes it.
func announce(ctx context.Context, watch Watch, mark func(context.Context, Repository) error, r Repository) error {
	if err := watch(ctx, r); err != nil {
		return err
	}
	return mark(ctx, r)
}
