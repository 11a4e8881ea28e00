package oidc

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
)

// metrics tell how fetching the issuers' keys goes.
type metrics struct{ fetches metric.Int64Counter }

func newMetrics(provider metric.MeterProvider, v *Verifier) (*metrics, error) {
	if provider == nil {
		provider = noop.NewMeterProvider()
	}
	meter := provider.Meter("github.com/holdfast/holdfast/internal/oidc")
	fetches, err := meter.Int64Counter("holdfast.oidc.fetches",
		metric.WithUnit("{fetch}"), metric.WithDescription("Fetches of issuers' keys, by how they ended."))
	_, errAge := meter.Float64ObservableGauge("holdfast.oidc.keys.age",
		metric.WithUnit("s"), metric.WithDescription("How long ago the issuers' keys were fetched."),
		metric.WithFloat64Callback(func(_ context.Context, o metric.Float64Observer) error {
			for url, i := range v.issuers {
				if at := i.keys.fetched.Load(); at != nil {
					o.Observe(v.now().Sub(*at).Seconds(), metric.WithAttributes(attribute.String("issuer", url)))
				}
			}
			return nil
		}))
	if err := errors.Join(err, errAge); err != nil {
		return nil, fmt.Errorf("make the instruments of the issuers: %w", err)
	}
	return &metrics{fetches}, nil
}

func (m *metrics) count(ctx context.Context, issuer string, err error) {
	outcome := "fetched"
	if err != nil {
		outcome = "failed"
	}
	m.fetches.Add(ctx, 1, metric.WithAttributes(attribute.String("issuer", issuer), attribute.String("outcome", outcome)))
}
