package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

const (
	// unannouncedAge is how old a delivery is when its announcement is made up for: an
	// API that lives makes it within moments.
	unannouncedAge = 10 * time.Second
	// toldAgain is when a watch is told again of what still waits: it may have been
	// terminated. One that waits for a long sync is told in vain.
	toldAgain = 5 * time.Minute
	pickLimit = 1000
	// deleteLimit bounds what one round deletes: payloads are large.
	deleteLimit = 5000
)

// PickerStore is what a picker needs of the deliveries, of all workspaces.
type PickerStore interface {
	// Unannounced lists repositories with deliveries that are older than age and of
	// which their watch was not told, or longer ago than told; at most limit.
	Unannounced(ctx context.Context, age, told time.Duration, limit int32) ([]Repository, error)
	// MarkAnnounced notes that a watch was told, but for what it was told of within
	// that time.
	MarkAnnounced(ctx context.Context, r Repository, told time.Duration) error
	// DeleteDeliveries deletes at most limit deliveries that were finished longer ago
	// than age, and tells how many.
	DeleteDeliveries(ctx context.Context, age time.Duration, limit int32) (int64, error)
}

// Picker tells watches of deliveries that were stored while Temporal was away, and
// deletes old ones. Any number of pickers may run at once.
type Picker struct {
	Store     PickerStore
	Watch     Watch
	Retention time.Duration // of deliveries that were finished; 0: they are kept
	Logger    *slog.Logger
}

// Run picks at every tick until ctx ends.
func (p *Picker) Run(ctx context.Context, ticks <-chan time.Time) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks:
			if err := p.Pick(ctx); err != nil && ctx.Err() == nil {
				p.Logger.WarnContext(ctx, "not all deliveries were picked up", "error", err)
			}
		}
	}
}

// Pick looks once. One watch that cannot be told does not keep it from the others.
func (p *Picker) Pick(ctx context.Context) error {
	var failed []error
	if p.Retention > 0 {
		if _, err := p.Store.DeleteDeliveries(ctx, p.Retention, deleteLimit); err != nil {
			failed = append(failed, err)
		}
	}
	repositories, err := p.Store.Unannounced(ctx, unannouncedAge, toldAgain, pickLimit)
	if err != nil {
		return errors.Join(append(failed, err)...)
	}
	mark := Mark(p.Store)
	for _, r := range repositories {
		if err := announce(ctx, p.Watch, mark, r); err != nil {
			failed = append(failed, fmt.Errorf("repository %d: %w", r.ID, err))
		}
	}
	return errors.Join(failed...)
}

// Mark notes in the store that a repository's watch was told of what waits.
func Mark(s PickerStore) func(context.Context, Repository) error {
	return func(ctx context.Context, r Repository) error { return s.MarkAnnounced(ctx, r, toldAgain) }
}
