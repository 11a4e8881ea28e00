package telemetry

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
	"go.opentelemetry.io/otel/trace/noop"
)

// The protocols of OTLP that traces are sent with, as OTEL_EXPORTER_OTLP_PROTOCOL
// names them.
const (
	ProtocolHTTP = "http/protobuf"
	ProtocolGRPC = "grpc"
)

// newExporter sends traces to where OTEL_EXPORTER_OTLP_* says.
func newExporter(ctx context.Context, o Options) (sdktrace.SpanExporter, error) {
	switch {
	case o.Exporter != nil:
		return o.Exporter, nil
	case o.Traces == ProtocolHTTP:
		return otlptracehttp.New(ctx)
	case o.Traces == ProtocolGRPC:
		return otlptracegrpc.New(ctx)
	}
	return nil, fmt.Errorf("traces cannot be sent with the protocol %q", o.Traces)
}

// spanIDKey is the context's key of the id that the next span shall have.
type spanIDKey struct{}

// StartTemporalSpan starts a span of Temporal's tracing interceptor. A workflow's own
// span gets the same id whenever it begins: another worker that goes on with the
// workflow begins it anew, and the steps of before would have lost their parent.
func StartTemporalSpan(ctx context.Context, t trace.Tracer, name string, opts ...trace.SpanStartOption) trace.Span {
	if strings.HasPrefix(name, "RunWorkflow:") {
		begun := trace.NewSpanStartConfig(opts...)
		ctx = context.WithValue(ctx, spanIDKey{}, runSpanID(trace.SpanContextFromContext(ctx), name, begun.Timestamp()))
	}
	_, span := t.Start(ctx, name, opts...)
	return span
}

// runSpanID is the id of the span of one run of a workflow: its parent, which its
// history keeps, and its start time are the same for all workers.
func runSpanID(parent trace.SpanContext, name string, begun time.Time) trace.SpanID {
	traceID, spanID := parent.TraceID(), parent.SpanID()
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %s %d", traceID, spanID, name, begun.UnixNano()))
	return trace.SpanID(sum[:8])
}

// idGenerator makes random ids, but for spans that know theirs.
type idGenerator struct{}

// NewIDs makes the ids of a trace and its first span.
func (g idGenerator) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	var id trace.TraceID
	for !id.IsValid() {
		binary.NativeEndian.PutUint64(id[:8], rand.Uint64()) //nolint:gosec // an id, no secret
		binary.NativeEndian.PutUint64(id[8:], rand.Uint64()) //nolint:gosec // an id, no secret
	}
	return id, g.NewSpanID(ctx, id)
}

// NewSpanID makes a span's id.
func (idGenerator) NewSpanID(ctx context.Context, _ trace.TraceID) trace.SpanID {
	id, _ := ctx.Value(spanIDKey{}).(trace.SpanID)
	for !id.IsValid() {
		binary.NativeEndian.PutUint64(id[:], rand.Uint64()) //nolint:gosec // an id, no secret
	}
	return id
}

// ChildSpans is p without the spans that nothing asked for: where a context has no
// span, none is begun. It is for drivers whose background work (Redis streams that
// are read for ever) would make a trace of each call.
func ChildSpans(p trace.TracerProvider) trace.TracerProvider { return childProvider{next: p} }

type childProvider struct {
	embedded.TracerProvider
	next trace.TracerProvider
}

// Tracer is the provider's tracer of that name.
func (p childProvider) Tracer(name string, opts ...trace.TracerOption) trace.Tracer {
	return childTracer{next: p.next.Tracer(name, opts...)}
}

type childTracer struct {
	embedded.Tracer
	next trace.Tracer
}

// Start begins a span, if it has a parent.
func (t childTracer) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return ctx, noop.Span{}
	}
	return t.next.Start(ctx, name, opts...)
}
