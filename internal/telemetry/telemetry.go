// Package telemetry tells operators what a process does: logs, traces, metrics and
// reports of errors, with the private listeners that serve them.
//
// A process makes one Telemetry and hands its parts on; nothing here is global.
// What leaves the process (a line of the log, a span, a report) passes through one
// Redactor, which knows the configuration's secrets.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Options say what a process tells, and to whom.
type Options struct {
	Service string     // service.name, unless the environment's OTEL_* names another
	Version string     // service.version, and the release of reports
	Log     io.Writer  // JSON, one record a line
	Level   slog.Level // at first; see Telemetry.Level
	Secrets []string   // never to be told; see NewRedactor
	// Traces is the exporter's protocol, ProtocolHTTP or ProtocolGRPC; empty: no
	// traces. Where to is read from OTEL_EXPORTER_OTLP_* by the exporter itself.
	Traces string
	// Exporter receives the traces in the place of OTLP, if it is set.
	Exporter          sdktrace.SpanExporter
	SentryDSN         string // empty: no reports
	SentryEnvironment string
}

// Telemetry is what a process tells with. Its parts are safe for concurrent use.
type Telemetry struct {
	Logger *slog.Logger
	// Level is the least level that is logged; it may be set at any time.
	Level *slog.LevelVar
	// Tracing tells whether there are traces: where there are none, whoever would
	// have to pay for making spans is not asked to.
	Tracing        bool
	TracerProvider trace.TracerProvider
	Propagator     propagation.TextMapPropagator // W3C trace context
	MeterProvider  metric.MeterProvider

	registry *prometheus.Registry
	closers  []func(context.Context) error
}

// New makes the telemetry of a process; the caller ends it with Shutdown.
func New(ctx context.Context, o Options) (*Telemetry, error) {
	redactor := NewRedactor(o.Secrets...)
	t := &Telemetry{
		Level: new(slog.LevelVar), TracerProvider: noop.NewTracerProvider(),
		Propagator: propagation.TraceContext{}, registry: newRegistry(),
	}
	t.Level.Set(o.Level)
	handler := newHandler(o.Log, t.Level, redactor)
	if o.SentryDSN != "" {
		reporter, err := newReporter(o)
		if err != nil {
			return nil, err
		}
		handler.reporter = reporter
		t.closers = append(t.closers, reporter.close)
	}
	t.Logger = slog.New(handler)
	about, err := newResource(ctx, o)
	if err != nil {
		return nil, errors.Join(err, t.Shutdown(ctx))
	}
	meters, err := newMeterProvider(about, t.registry)
	if err != nil {
		return nil, errors.Join(err, t.Shutdown(ctx))
	}
	t.MeterProvider = meters
	t.closers = append(t.closers, meters.Shutdown)
	if o.Traces == "" && o.Exporter == nil {
		return t, nil
	}
	exporter, err := newExporter(ctx, o)
	if err != nil {
		return nil, errors.Join(err, t.Shutdown(ctx))
	}
	tracers := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(redactingExporter{exporter, redactor}),
		sdktrace.WithResource(about), sdktrace.WithIDGenerator(idGenerator{}),
	)
	t.Tracing, t.TracerProvider = true, tracers
	t.closers = append(t.closers, tracers.Shutdown)
	return t, nil
}

// Shutdown sends what is still to be sent, at most until ctx ends.
func (t *Telemetry) Shutdown(ctx context.Context) error {
	failed := make(chan error, len(t.closers))
	for _, end := range t.closers {
		go func() { failed <- end(ctx) }()
	}
	var errs []error
	for range t.closers {
		select {
		case err := <-failed:
			errs = append(errs, err)
		case <-ctx.Done():
			return errors.Join(append(errs, fmt.Errorf("send the last traces and reports: %w", ctx.Err()))...)
		}
	}
	return errors.Join(errs...)
}

// newResource is who tells. What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say
// wins.
func newResource(ctx context.Context, o Options) (*resource.Resource, error) {
	about, err := resource.New(ctx,
		resource.WithTelemetrySDK(),
		resource.WithAttributes(
			attribute.String("service.name", o.Service),
			attribute.String("service.version", o.Version),
			attribute.String("service.instance.id", uuid.NewString()),
		),
		resource.WithFromEnv(),
	)
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	return about, nil
}
