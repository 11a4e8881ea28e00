package main

import (
	"fmt"
	"log/slog"
	"strings"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/extra/redisotel/v9"
	"github.com/redis/go-redis/v9"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/opentelemetry"
	"go.temporal.io/sdk/interceptor"
	temporallog "go.temporal.io/sdk/log"

	"github.com/holdfast/holdfast/internal/telemetry"
)

// queryTracer makes a span of each statement, without its parameters; nil where
// there are no traces.
func queryTracer(t *telemetry.Telemetry) pgx.QueryTracer {
	if !t.Tracing {
		return nil
	}
	return otelpgx.NewTracer(
		otelpgx.WithTracerProvider(t.TracerProvider), otelpgx.WithMeterProvider(t.MeterProvider),
		otelpgx.WithDisableConnectionDetailsInAttributes(), otelpgx.WithSpanNameFunc(statementName),
	)
}

// statementName is the name that sqlc gave a statement in its first line, and the
// first word of any other.
func statementName(sql string) string {
	if rest, ok := strings.CutPrefix(sql, "-- name: "); ok {
		name, _, _ := strings.Cut(rest, " ")
		return name
	}
	words := strings.Fields(sql[:min(len(sql), 64)])
	if len(words) == 0 {
		return "SQL"
	}
	return strings.ToUpper(words[0])
}

// measurePool shows the use of the database's connections.
func measurePool(t *telemetry.Telemetry, pool *pgxpool.Pool) error {
	if err := otelpgx.RecordStats(pool, otelpgx.WithStatsMeterProvider(t.MeterProvider)); err != nil {
		return fmt.Errorf("measure the database's connections: %w", err)
	}
	return nil
}

// observeRedis measures the client, and traces its commands where there are traces:
// their names, not their arguments, which hold events.
func observeRedis(t *telemetry.Telemetry, c *redis.Client) error {
	if err := redisotel.InstrumentMetrics(c, redisotel.WithMeterProvider(t.MeterProvider), redisotel.WithSemConvCompliantMetrics(true)); err != nil {
		return fmt.Errorf("measure Redis: %w", err)
	}
	if !t.Tracing {
		return nil
	}
	err := redisotel.InstrumentTracing(c,
		redisotel.WithTracerProvider(telemetry.ChildSpans(t.TracerProvider)),
		redisotel.WithDBStatement(false), redisotel.WithCallerEnabled(false),
	)
	if err != nil {
		return fmt.Errorf("trace Redis: %w", err)
	}
	return nil
}

// observeTemporal has Temporal's client, and the workers made from it, log, measure
// and trace with t.
func observeTemporal(t *telemetry.Telemetry, o *client.Options) error {
	o.Logger = temporallog.NewStructuredLogger(telemetry.TemporalLogger(t.Logger))
	o.MetricsHandler = opentelemetry.NewMetricsHandler(opentelemetry.MetricsHandlerOptions{
		Meter: t.MeterProvider.Meter("temporal-sdk-go"), UseMonotonicCounters: true,
		OnError: func(err error) { t.Logger.Warn("a metric of Temporal's client cannot be made", slog.Any("error", err)) },
	})
	if !t.Tracing {
		return nil
	}
	tracing, err := temporalTracing(t)
	if err != nil {
		return err
	}
	o.Interceptors = append(o.Interceptors, tracing)
	return nil
}

// temporalTracing makes spans of starting and running workflows and steps, and
// hands the trace on in their headers.
func temporalTracing(t *telemetry.Telemetry) (interceptor.Interceptor, error) {
	tracing, err := opentelemetry.NewTracingInterceptor(opentelemetry.TracerOptions{
		Tracer: t.TracerProvider.Tracer("temporal-sdk-go"), TextMapPropagator: t.Propagator,
		SpanStarter: telemetry.StartTemporalSpan, DisableBaggage: true,
		// A header that cannot be read costs the trace, never the work.
		AllowInvalidParentSpans: true,
	})
	if err != nil {
		return nil, fmt.Errorf("trace Temporal: %w", err)
	}
	return tracing, nil
}
