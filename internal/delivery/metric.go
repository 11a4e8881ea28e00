package delivery

import (
	"context"
	"fmt"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/holdfast/holdfast/internal/collection"
)

// otherEvent stands in the metrics for events that nominate nothing: their names are
// whatever was sent.
const otherEvent = "other"

// Metrics count deliveries. A nil *Metrics counts nothing.
type Metrics struct {
	deliveries metric.Int64Counter
	events     []string
}

// NewMetrics makes the instrument. Of the events those have a name of their own that
// nominate one of the collections.
func NewMetrics(provider metric.MeterProvider, collections *collection.Registry) (*Metrics, error) {
	counter, err := provider.Meter("github.com/holdfast/holdfast/internal/delivery").Int64Counter("holdfast.deliveries",
		metric.WithUnit("{delivery}"), metric.WithDescription("Webhook deliveries, by what became of them."))
	if err != nil {
		return nil, fmt.Errorf("make the instrument of the deliveries: %w", err)
	}
	m := &Metrics{deliveries: counter, events: []string{ping}}
	for _, c := range collections.All() {
		m.events = append(m.events, c.Events...)
	}
	slices.Sort(m.events)
	m.events = slices.Compact(m.events)
	// These are there from the start: whoever looks for an increase would miss the
	// first one otherwise.
	for _, outcome := range []Outcome{OutcomeRefused, OutcomeFailed, OutcomeLeft} {
		m.Count(context.Background(), "", outcome, 0)
	}
	return m, nil
}

// Count counts n deliveries of an event that came to an outcome.
func (m *Metrics) Count(ctx context.Context, event string, outcome Outcome, n int64) {
	if m == nil {
		return
	}
	if _, known := slices.BinarySearch(m.events, event); !known {
		event = otherEvent
	}
	m.deliveries.Add(ctx, n, metric.WithAttributeSet(attribute.NewSet(
		attribute.String("event", event), attribute.String("outcome", string(outcome)))))
}
