package delivery_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/delivery"
)

// watches notes who was told.
type watches struct {
	mu           sync.Mutex
	told, marked map[int64]int
	err          error
}

func (w *watches) watch(_ context.Context, r delivery.Repository) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told[r.ID]++
	return w.err
}

func (w *watches) mark(_ context.Context, r delivery.Repository) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.marked[r.ID]++
	return nil
}

// counts is how often each was told, and how often that was noted.
func (w *watches) counts() (told, marked map[int64]int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.told), maps.Clone(w.marked)
}

// announcing runs announcements on a clock that does not tick by itself.
func announcing(t *testing.T, err error, during func(*delivery.Announcements, *watches)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &watches{told: map[int64]int{}, marked: map[int64]int{}, err: err}
		a := delivery.NewAnnouncements(w.watch, w.mark, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			a.Run(ctx)
		}()
		during(a, w)
		cancel()
		<-ended
	})
}

func repository(id int64) delivery.Repository { return delivery.Repository{WorkspaceID: "w", ID: id} }

func TestABurstIsToldAtOnceAndThenTogether(t *testing.T) {
	announcing(t, nil, func(a *delivery.Announcements, w *watches) {
		for range 100 {
			a.Announce(repository(1))
		}
		a.Announce(repository(2))
		synctest.Wait()
		told, _ := w.counts()
		require.Equal(t, map[int64]int{1: 1, 2: 1}, told)
		for range 100 {
			a.Announce(repository(1))
		}
		synctest.Wait()
		told, _ = w.counts()
		require.Equal(t, 1, told[1], "a watch was told a moment ago")
		<-time.After(1100 * time.Millisecond)
		synctest.Wait()
		told, _ = w.counts()
		require.Equal(t, map[int64]int{1: 2, 2: 1}, told)
		<-time.After(time.Minute)
		a.Announce(repository(1))
		synctest.Wait()
		told, marked := w.counts()
		require.Equal(t, 3, told[1], "the next burst is told at once")
		require.Equal(t, told, marked)
	})
}

func TestWhatCannotBeToldIsNotMarked(t *testing.T) {
	announcing(t, errors.New("Temporal is away"), func(a *delivery.Announcements, w *watches) {
		a.Announce(repository(1))
		synctest.Wait()
		told, marked := w.counts()
		require.Equal(t, map[int64]int{1: 1}, told)
		require.Empty(t, marked)
	})
}

// pickable is a store with repositories of which nobody was told.
type pickable struct {
	watches
	waiting []delivery.Repository
	deleted time.Duration
	err     error
}

func (p *pickable) Unannounced(context.Context, time.Duration, time.Duration, int32) ([]delivery.Repository, error) {
	return p.waiting, p.err
}

func (p *pickable) MarkAnnounced(ctx context.Context, r delivery.Repository, _ time.Duration) error {
	return p.mark(ctx, r)
}

func (p *pickable) DeleteDeliveries(_ context.Context, age time.Duration, _ int32) (int64, error) {
	p.deleted = age
	return 0, nil
}

func TestThePickerTellsOfWhatWaits(t *testing.T) {
	t.Parallel()
	p := &pickable{watches: watches{told: map[int64]int{}, marked: map[int64]int{}}, waiting: []delivery.Repository{repository(1), repository(2)}}
	picker := &delivery.Picker{Store: p, Watch: p.watch, Retention: time.Hour, Logger: slog.New(slog.DiscardHandler)}
	require.NoError(t, picker.Pick(t.Context()))
	require.Equal(t, map[int64]int{1: 1, 2: 1}, p.told)
	require.Equal(t, p.told, p.marked)
	require.Equal(t, time.Hour, p.deleted)

	p.watches.err = errors.New("Temporal is away")
	require.ErrorContains(t, picker.Pick(t.Context()), "repository 2: Temporal is away")
	require.Equal(t, map[int64]int{1: 2, 2: 2}, p.told, "one that cannot be told does not keep it from the others")
	require.Equal(t, map[int64]int{1: 1, 2: 1}, p.marked)
	p.err = errors.New("down")
	require.ErrorContains(t, picker.Pick(t.Context()), "down")
}

func TestThePickerGoesOnWithTheNextTick(t *testing.T) {
	t.Parallel()
	p := &pickable{watches: watches{told: map[int64]int{}, marked: map[int64]int{}}, err: errors.New("down")}
	picker := &delivery.Picker{Store: p, Watch: p.watch, Logger: slog.New(slog.DiscardHandler)}
	ctx, cancel := context.WithCancel(t.Context())
	ticks, ended := make(chan time.Time), make(chan struct{})
	go func() {
		defer close(ended)
		picker.Run(ctx, ticks)
	}()
	ticks <- time.Time{}
	ticks <- time.Time{}
	cancel()
	<-ended
	require.Zero(t, p.deleted, "without a retention nothing is deleted")
}
