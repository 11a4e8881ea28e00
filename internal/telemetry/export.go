package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// redactingExporter takes secrets out of spans on their way out: the text of an
// error may hold one.
type redactingExporter struct {
	sdktrace.SpanExporter
	redactor *Redactor
}

// ExportSpans sends the spans without secrets.
func (e redactingExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	clean := make([]sdktrace.ReadOnlySpan, len(spans))
	for i, span := range spans {
		clean[i] = redactedSpan{span, e.redactor}
	}
	return e.SpanExporter.ExportSpans(ctx, clean)
}

// redactedSpan is a span without secrets.
type redactedSpan struct {
	sdktrace.ReadOnlySpan
	redactor *Redactor
}

// Attributes are the span's.
func (s redactedSpan) Attributes() []attribute.KeyValue {
	return redactAttributes(s.redactor, s.ReadOnlySpan.Attributes())
}

// Status is how the span's work ended.
func (s redactedSpan) Status() sdktrace.Status {
	status := s.ReadOnlySpan.Status()
	status.Description = s.redactor.String(status.Description)
	return status
}

// Events are what happened meanwhile; errors are among them.
func (s redactedSpan) Events() []sdktrace.Event {
	events := s.ReadOnlySpan.Events()
	clean := make([]sdktrace.Event, len(events))
	for i, event := range events {
		event.Attributes = redactAttributes(s.redactor, event.Attributes)
		clean[i] = event
	}
	return clean
}

func redactAttributes(r *Redactor, attributes []attribute.KeyValue) []attribute.KeyValue {
	clean := make([]attribute.KeyValue, len(attributes))
	for i, a := range attributes {
		switch a.Value.Type() {
		case attribute.STRING:
			a.Value = attribute.StringValue(r.String(a.Value.AsString()))
		case attribute.STRINGSLICE:
			values := a.Value.AsStringSlice()
			for j, value := range values {
				values[j] = r.String(value)
			}
			a.Value = attribute.StringSliceValue(values)
		default: // numbers hold no secret
		}
		clean[i] = a
	}
	return clean
}
