package telemetry

import (
	"context"
	"log/slog"
	"strings"
	"unicode"
)

// TemporalLogger is log for Temporal's SDK: its names become ours (its WorkflowID is
// our operation_id), and what it says of a failed attempt of a step, which the
// step's own interceptor tells better, is for debugging only.
func TemporalLogger(log *slog.Logger) *slog.Logger {
	return slog.New(temporalHandler{log.Handler().WithAttrs([]slog.Attr{slog.String("component", "temporal")})})
}

type temporalHandler struct{ next slog.Handler }

// Enabled tells whether a record of that level is logged.
func (h temporalHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

// Handle logs a record with our names.
func (h temporalHandler) Handle(ctx context.Context, r slog.Record) error {
	level := r.Level
	if r.Message == "Activity error." {
		level = slog.LevelDebug
		if !h.next.Enabled(ctx, level) {
			return nil
		}
	}
	out := slog.NewRecord(r.Time, level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		out.AddAttrs(renamed(a))
		return true
	})
	return h.next.Handle(ctx, out)
}

// WithAttrs adds attributes with our names to every record.
func (h temporalHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	out := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		out[i] = renamed(a)
	}
	return temporalHandler{h.next.WithAttrs(out)}
}

// WithGroup puts the attributes that follow into a group.
func (h temporalHandler) WithGroup(name string) slog.Handler {
	return temporalHandler{h.next.WithGroup(name)}
}

func renamed(a slog.Attr) slog.Attr {
	if a.Key == "WorkflowID" {
		return slog.Attr{Key: keyOperation, Value: a.Value}
	}
	return slog.Attr{Key: snake(a.Key), Value: a.Value}
}

// snake is a name like TaskQueue or RunID as task_queue or run_id.
func snake(name string) string {
	var out strings.Builder
	last := rune('_')
	for _, c := range name {
		if unicode.IsUpper(c) && !unicode.IsUpper(last) && last != '_' {
			out.WriteByte('_')
		}
		out.WriteRune(unicode.ToLower(c))
		last = c
	}
	return out.String()
}
