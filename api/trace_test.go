package api_test

import (
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/holdfast/holdfast/api"
	"github.com/holdfast/holdfast/internal/auth"
)

func TestRequestsAreTracedAndMeasuredByRoute(t *testing.T) {
	t.Parallel()
	spans, metrics := tracetest.NewSpanRecorder(), sdkmetric.NewManualReader()
	b := setup(t, func(o *api.Options) {
		o.TracerProvider = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
		o.MeterProvider = sdkmetric.NewMeterProvider(sdkmetric.WithReader(metrics))
	})
	reader := b.token(t, auth.RoleReader)
	const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	b.do(t, http.MethodGet, "/v1/operations/"+missingID, reader, nil, "Traceparent: "+parent)
	b.do(t, http.MethodGet, "/nowhere/"+missingID, reader, nil)
	b.do(t, http.MethodGet, "/healthz", "", nil)
	b.do(t, http.MethodGet, "/readyz", "", nil)

	require.Eventually(t, func() bool { return len(spans.Ended()) == 2 }, 10*time.Second, 5*time.Millisecond)
	var names []string
	for _, span := range spans.Ended() {
		names = append(names, span.Name())
	}
	require.Equal(t, []string{"GET /v1/operations/{id}", "GET"}, names)
	first := spans.Ended()[0]
	require.Equal(t, "4bf92f3577b34da6a3ce929d0e0e4736", first.SpanContext().TraceID().String())
	require.Equal(t, "00f067aa0ba902b7", first.Parent().SpanID().String())
	require.Contains(t, first.Attributes(), attribute.String("http.route", "/v1/operations/{id}"))
	require.Contains(t, first.Attributes(), attribute.String("holdfast.operation_id", missingID))

	// A request is measured when its handler has returned, which its client does not await.
	want := map[string]uint64{"/v1/operations/{id}": 1, "": 1}
	require.Eventually(t, func() bool { return maps.Equal(want, measuredRoutes(t, metrics)) }, 10*time.Second, 5*time.Millisecond)
}

// measuredRoutes counts the measured requests by route.
func measuredRoutes(t *testing.T, metrics sdkmetric.Reader) map[string]uint64 {
	t.Helper()
	var got metricdata.ResourceMetrics
	require.NoError(t, metrics.Collect(t.Context(), &got))
	routes := map[string]uint64{}
	for _, scope := range got.ScopeMetrics {
		for _, m := range scope.Metrics {
			if m.Name != "http.server.request.duration" {
				continue
			}
			for _, point := range m.Data.(metricdata.Histogram[float64]).DataPoints {
				route, _ := point.Attributes.Value("http.route")
				routes[route.AsString()] += point.Count
			}
		}
	}
	return routes
}
