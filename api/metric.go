package api

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/metric"
)

// measureStreams shows how many streams are open.
func (a *API) measureStreams() error {
	_, err := a.opts.MeterProvider.Meter("github.com/holdfast/holdfast/api").Int64ObservableGauge("holdfast.stream.listeners",
		metric.WithUnit("{listener}"), metric.WithDescription("WebSocket streams that are open."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(int64(a.streams.count()))
			return nil
		}))
	if err != nil {
		return fmt.Errorf("make the instrument of the streams: %w", err)
	}
	return nil
}
