package operation_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/operation"
)

// months answers what it is asked one after another, and tells of each time.
type months struct {
	answers []error
	asked   chan time.Duration
	cleared atomic.Int64
}

func (m *months) KeepChanges(_ context.Context, retention time.Duration) (int, error) {
	err := m.answers[0]
	m.answers = m.answers[1:]
	m.asked <- retention
	return 1, err
}

func (m *months) DropOperationFeed(context.Context, time.Duration) (int64, error) {
	return 0, errors.New("locked")
}

func (m *months) DeleteSessions(_ context.Context, limit int) (int64, error) {
	if limit < 1 {
		return 0, errors.New("without a bound")
	}
	m.cleared.Add(1)
	return 0, errors.New("locked")
}

func TestTheKeeperGoesOnAfterAFailure(t *testing.T) {
	t.Parallel()
	m := &months{answers: []error{errors.New("locked"), nil, nil}, asked: make(chan time.Duration, 3)}
	ctx, cancel := context.WithCancel(t.Context())
	ticks, done := make(chan time.Time), make(chan struct{})
	go func() {
		defer close(done)
		(&operation.ChangeKeeper{Store: m, Retention: time.Hour, Logger: slog.New(slog.DiscardHandler)}).Run(ctx, ticks)
	}()
	require.Equal(t, time.Hour, <-m.asked, "at once")
	for range 2 {
		ticks <- time.Time{}
		require.Equal(t, time.Hour, <-m.asked)
	}
	cancel()
	<-done
	require.GreaterOrEqual(t, m.cleared.Load(), int64(2), "sessions each time")
}
