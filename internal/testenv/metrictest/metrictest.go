// Package metrictest reads in tests what instruments have measured.
package metrictest

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// Reader reads the instruments of a provider of its own.
type Reader struct {
	t      testing.TB
	reader *sdkmetric.ManualReader
	meters *sdkmetric.MeterProvider
}

// New makes a provider and its reader.
func New(t testing.TB) *Reader {
	t.Helper()
	reader := sdkmetric.NewManualReader()
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	t.Cleanup(func() { require.NoError(t, meters.Shutdown(context.WithoutCancel(t.Context()))) })
	return &Reader{t: t, reader: reader, meters: meters}
}

// Provider makes the instruments.
func (r *Reader) Provider() metric.MeterProvider { return r.meters }

// Read collects all values by the instrument's name and its attributes, as in
// "holdfast.waits{reason=other_pass}". A histogram's is the number of what it measured.
func (r *Reader) Read() map[string]float64 {
	r.t.Helper()
	var collected metricdata.ResourceMetrics
	require.NoError(r.t, r.reader.Collect(r.t.Context(), &collected))
	values := map[string]float64{}
	for _, scope := range collected.ScopeMetrics {
		for _, m := range scope.Metrics {
			r.add(values, m)
		}
	}
	return values
}

func (r *Reader) add(values map[string]float64, m metricdata.Metrics) {
	r.t.Helper()
	switch data := m.Data.(type) {
	case metricdata.Sum[int64]:
		addPoints(values, m.Name, data.DataPoints)
	case metricdata.Sum[float64]:
		addPoints(values, m.Name, data.DataPoints)
	case metricdata.Gauge[int64]:
		addPoints(values, m.Name, data.DataPoints)
	case metricdata.Gauge[float64]:
		addPoints(values, m.Name, data.DataPoints)
	case metricdata.Histogram[int64]:
		addCounts(values, m.Name, data.DataPoints)
	case metricdata.Histogram[float64]:
		addCounts(values, m.Name, data.DataPoints)
	default:
		require.Fail(r.t, "an instrument of an unknown kind", "%s is %T", m.Name, data)
	}
}

func addPoints[N int64 | float64](values map[string]float64, name string, points []metricdata.DataPoint[N]) {
	for _, p := range points {
		values[series(name, p.Attributes)] = float64(p.Value)
	}
}

func addCounts[N int64 | float64](values map[string]float64, name string, points []metricdata.HistogramDataPoint[N]) {
	for _, p := range points {
		values[series(name, p.Attributes)] = float64(p.Count)
	}
}

func series(name string, attributes attribute.Set) string {
	if attributes.Len() == 0 {
		return name
	}
	return fmt.Sprintf("%s{%s}", name, attributes.Encoded(attribute.DefaultEncoder()))
}
