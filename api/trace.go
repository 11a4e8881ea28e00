package api

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
)

// observe measures and traces requests by method and route, but for probes, which
// would drown the rest. A request that comes with a trace goes on with it.
func (a *API) observe() func(http.Handler) http.Handler {
	if a.opts.TracerProvider == nil {
		a.opts.TracerProvider = tracenoop.NewTracerProvider()
	}
	if a.opts.MeterProvider == nil {
		a.opts.MeterProvider = metricnoop.NewMeterProvider()
	}
	if a.opts.Propagator == nil {
		a.opts.Propagator = propagation.TraceContext{}
	}
	return otelhttp.NewMiddleware("request",
		otelhttp.WithTracerProvider(a.opts.TracerProvider),
		otelhttp.WithMeterProvider(a.opts.MeterProvider),
		otelhttp.WithPropagators(a.opts.Propagator),
		otelhttp.WithFilter(func(r *http.Request) bool { return r.URL.Path != "/healthz" && r.URL.Path != "/readyz" }),
	)
}

// nameRoute names the request's span and its measurements by its route, which is
// known once it was served: the path itself would be a name of its own for each
// operation.
func nameRoute(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer describeSpan(r)
		next.ServeHTTP(w, r)
	})
}

// describeSpan puts what is known of a request once it was routed into its span
// and its measurements.
func describeSpan(r *http.Request) {
	ctx := r.Context()
	route := chi.RouteContext(ctx).RoutePattern()
	if route == "" || strings.HasSuffix(route, "*") {
		return // there is nothing at this path
	}
	known := attribute.String("http.route", route)
	if labeler, ok := otelhttp.LabelerFromContext(ctx); ok {
		labeler.Add(known)
	}
	span := trace.SpanFromContext(ctx)
	span.SetName(r.Method + " " + route)
	span.SetAttributes(known)
	if info := requestOf(ctx); info != nil && info.ids.Operation != "" {
		span.SetAttributes(traceOperation.String(info.ids.Operation))
	}
}

// endHandshake ends the span of a request that became a stream: a stream may go on
// for hours, and a span is sent when it ends.
func endHandshake(r *http.Request) {
	describeSpan(r)
	span := trace.SpanFromContext(r.Context())
	span.SetAttributes(attribute.Int("http.response.status_code", http.StatusSwitchingProtocols))
	span.End()
}

// traceOperation is the span attribute that names the operation.
const traceOperation = attribute.Key("holdfast.operation_id")
