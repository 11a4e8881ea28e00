package store

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/holdfast/holdfast/internal/operation"
)

// WithMetrics is the store, counting with provider how operations move from state
// to state.
func (s *Store) WithMetrics(provider metric.MeterProvider) (*Store, error) {
	counter, err := provider.Meter("github.com/holdfast/holdfast/store").Int64Counter("holdfast.operation.transitions",
		metric.WithUnit("{transition}"),
		metric.WithDescription("Operations that came into a state by this process; pending: that were created."))
	if err != nil {
		return nil, fmt.Errorf("make the instrument of the operations' states: %w", err)
	}
	counting := *s
	counting.transitions = transitions{counter}
	// All are there from the start: whoever looks for an increase would miss the
	// first one otherwise.
	for _, kind := range operation.Kinds() {
		for _, state := range operation.States() {
			counter.Add(context.Background(), 0, transitionTo(kind, state))
		}
	}
	return &counting, nil
}

// transitions counts changes of operations' states once they are committed. The
// zero value counts nothing.
type transitions struct{ counter metric.Int64Counter }

func (t transitions) add(ctx context.Context, kind operation.Kind, to operation.State) {
	t.addMany(ctx, kind, to, 1)
}

func (t transitions) addMany(ctx context.Context, kind operation.Kind, to operation.State, n int) {
	if t.counter != nil {
		t.counter.Add(ctx, int64(n), transitionTo(kind, to))
	}
}

func transitionTo(kind operation.Kind, state operation.State) metric.AddOption {
	return metric.WithAttributeSet(attribute.NewSet(attribute.String("kind", string(kind)), attribute.String("state", string(state))))
}
