package telemetry

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"

	"go.opentelemetry.io/otel/trace"

	"github.com/holdfast/holdfast/internal/operation"
)

// The names of ids in logs and reports.
const (
	keyTrace     = "trace_id"
	keySpan      = "span_id"
	keyRequest   = "request_id"
	keyWorkspace = "workspace_id"
	keyOperation = "operation_id"
)

// handler writes JSON without secrets, adds the ids that the context carries, and
// hands errors to the reporter.
type handler struct {
	json     slog.Handler
	redactor *Redactor
	reporter *reporter   // nil: no reports
	attrs    []slog.Attr // of With, outside of groups; they are in json already
	grouped  bool        // attributes go into a group from here on
}

func newHandler(w io.Writer, level slog.Leveler, redactor *Redactor) *handler {
	return &handler{json: slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level}), redactor: redactor}
}

// Enabled tells whether a record of that level is logged.
func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.json.Enabled(ctx, level)
}

// Handle logs a record.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	out := slog.NewRecord(r.Time, r.Level, h.redactor.String(r.Message), r.PC)
	attrs := make([]slog.Attr, 0, r.NumAttrs()+5)
	r.Attrs(func(a slog.Attr) bool {
		attrs = append(attrs, h.clean(a))
		return true
	})
	attrs = h.addIDs(ctx, attrs)
	out.AddAttrs(attrs...)
	if h.reporter != nil && r.Level >= slog.LevelError {
		h.reporter.report(out, append(slices.Clip(h.attrs), attrs...))
	}
	return h.json.Handle(ctx, out)
}

// WithAttrs adds attributes to every record.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = h.clean(a)
	}
	with := *h
	with.json = h.json.WithAttrs(clean)
	if !h.grouped {
		with.attrs = append(slices.Clip(h.attrs), clean...)
	}
	return &with
}

// WithGroup puts the attributes that follow into a group.
func (h *handler) WithGroup(name string) slog.Handler {
	with := *h
	with.json = h.json.WithGroup(name)
	with.grouped = with.grouped || name != ""
	return &with
}

// addIDs adds the ids that the context carries and the record does not.
func (h *handler) addIDs(ctx context.Context, attrs []slog.Attr) []slog.Attr {
	add := func(key, value string) {
		is := func(a slog.Attr) bool { return a.Key == key }
		if value != "" && !slices.ContainsFunc(attrs, is) && !slices.ContainsFunc(h.attrs, is) {
			attrs = append(attrs, slog.String(key, value))
		}
	}
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		add(keyTrace, span.TraceID().String())
		add(keySpan, span.SpanID().String())
	}
	ids := operation.IDsOf(ctx)
	add(keyRequest, ids.Request)
	add(keyWorkspace, ids.Workspace)
	add(keyOperation, ids.Operation)
	return attrs
}

// clean is an attribute without secrets.
func (h *handler) clean(a slog.Attr) slog.Attr {
	value := a.Value.Resolve()
	switch value.Kind() {
	case slog.KindString:
		value = slog.StringValue(h.redactor.String(value.String()))
	case slog.KindGroup:
		members := value.Group()
		clean := make([]slog.Attr, len(members))
		for i, member := range members {
			clean[i] = h.clean(member)
		}
		value = slog.GroupValue(clean...)
	case slog.KindAny:
		value = h.cleanAny(value.Any())
	default: // numbers and times hold no secret
	}
	return slog.Attr{Key: a.Key, Value: value}
}

// cleanAny is any value without secrets: an error's or a Stringer's text, or what
// the value looks like as JSON.
func (h *handler) cleanAny(v any) slog.Value {
	switch v := v.(type) {
	case nil:
		return slog.AnyValue(nil)
	case error:
		return slog.StringValue(h.redactor.String(text(v.Error)))
	case fmt.Stringer:
		return slog.StringValue(h.redactor.String(text(v.String)))
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return slog.StringValue(h.redactor.String(fmt.Sprint(v)))
	}
	if clean := h.redactor.String(string(raw)); clean != string(raw) {
		return slog.StringValue(clean)
	}
	return slog.AnyValue(json.RawMessage(raw))
}

// text calls a method of a value that may be a nil pointer in an interface.
func text(of func() string) (s string) {
	defer func() {
		if recover() != nil {
			s = "<nil>"
		}
	}()
	return of()
}
