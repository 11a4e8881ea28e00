package telemetry_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/holdfast/holdfast/internal/telemetry"
)

func TestSpansHaveNoSecret(t *testing.T) {
	exporter := tracetest.NewInMemoryExporter()
	told, _ := setup(t, func(o *telemetry.Options) { o.Exporter = exporter })
	require.True(t, told.Tracing)
	_, span := told.TracerProvider.Tracer("test").Start(t.Context(), "work")
	span.SetAttributes(attribute.String("text", "a "+secret), attribute.StringSlice("list", []string{secret}), attribute.Int("n", 1))
	span.RecordError(errors.New("failed with " + secret))
	span.SetStatus(codes.Error, "failed with "+secret)
	span.End()
	require.NoError(t, told.TracerProvider.(*sdktrace.TracerProvider).ForceFlush(t.Context()))

	got := exporter.GetSpans()
	require.Len(t, got, 1)
	require.Equal(t, "failed with [redacted]", got[0].Status.Description)
	require.Contains(t, got[0].Attributes, attribute.String("text", "a [redacted]"))
	require.Contains(t, got[0].Attributes, attribute.StringSlice("list", []string{"[redacted]"}))
	require.Contains(t, got[0].Attributes, attribute.Int("n", 1))
	require.Contains(t, got[0].Events[0].Attributes, attribute.String("exception.message", "failed with [redacted]"))
	require.Contains(t, got[0].Resource.Attributes(), attribute.String("service.name", "holdfast-test"))
	require.Contains(t, got[0].Resource.Attributes(), attribute.String("service.version", "1.2.3"))
}

// A workflow that another worker goes on with has the span that its steps know.
func TestAWorkflowHasOneSpan(t *testing.T) {
	told, _ := setup(t, func(o *telemetry.Options) { o.Exporter = tracetest.NewInMemoryExporter() })
	tracer := told.TracerProvider.Tracer("test")
	parent, span := tracer.Start(t.Context(), "StartWorkflow:Sync")
	defer span.End()
	begun := trace.WithTimestamp(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	id := func(name string, opts ...trace.SpanStartOption) trace.SpanID {
		s := telemetry.StartTemporalSpan(parent, tracer, name, opts...)
		defer s.End()
		require.Equal(t, span.SpanContext().TraceID(), s.SpanContext().TraceID())
		return s.SpanContext().SpanID()
	}
	first := id("RunWorkflow:Sync", begun)
	require.Equal(t, first, id("RunWorkflow:Sync", begun))
	require.NotEqual(t, first, id("RunWorkflow:Sync", trace.WithTimestamp(time.Now())), "a run that continues it as new is another one")
	step := id("RunActivity:Step", begun)
	require.NotEqual(t, step, id("RunActivity:Step", begun), "another attempt")
}

func TestChildSpansNeedAParent(t *testing.T) {
	told, _ := setup(t, func(o *telemetry.Options) { o.Exporter = tracetest.NewInMemoryExporter() })
	tracer := telemetry.ChildSpans(told.TracerProvider).Tracer("redis")
	_, span := tracer.Start(t.Context(), "xread")
	require.False(t, span.SpanContext().IsValid())
	ctx, parent := told.TracerProvider.Tracer("test").Start(t.Context(), "work")
	defer parent.End()
	_, span = tracer.Start(ctx, "xadd")
	defer span.End()
	require.Equal(t, parent.SpanContext().TraceID(), span.SpanContext().TraceID())
	require.True(t, span.IsRecording())
}

func TestNoTracesUnlessAskedFor(t *testing.T) {
	told, _ := setup(t, nil)
	require.False(t, told.Tracing)
	_, span := told.TracerProvider.Tracer("test").Start(t.Context(), "work")
	require.False(t, span.IsRecording())
	_, err := telemetry.New(t.Context(), telemetry.Options{Log: new(buffer), Traces: "udp"})
	require.ErrorContains(t, err, "udp")
}
