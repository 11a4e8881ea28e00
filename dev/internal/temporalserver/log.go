package temporalserver

import (
	"context"
	"io"
	"log/slog"
	"sync/atomic"

	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/log/tag"
)

// logger writes the server's log lines with slog.
type logger struct {
	to     *slog.Logger
	silent *atomic.Bool
}

func newLogger(w io.Writer, silent *atomic.Bool) log.Logger {
	if w == nil {
		w = io.Discard
	}
	return &logger{to: slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelWarn})), silent: silent}
}

func (l *logger) write(level slog.Level, message string, tags []tag.Tag) {
	if l.silent.Load() || !l.to.Enabled(context.Background(), level) {
		return
	}
	attributes := make([]slog.Attr, len(tags))
	for i, t := range tags {
		attributes[i] = slog.Any(t.Key(), t.Value())
	}
	l.to.LogAttrs(context.Background(), level, message, attributes...) //nolint:sloglint // the server's own message
}

func (l *logger) Debug(message string, tags ...tag.Tag) { l.write(slog.LevelDebug, message, tags) }
func (l *logger) Info(message string, tags ...tag.Tag)  { l.write(slog.LevelInfo, message, tags) }
func (l *logger) Warn(message string, tags ...tag.Tag)  { l.write(slog.LevelWarn, message, tags) }
func (l *logger) Error(message string, tags ...tag.Tag) { l.write(slog.LevelError, message, tags) }

// DPanic is an error outside of the server's own development.
func (l *logger) DPanic(message string, tags ...tag.Tag) { l.Error(message, tags...) }

// Panic and Fatal are told apart by nothing here: both end the process, as the
// server expects of them.
func (l *logger) Panic(message string, tags ...tag.Tag) {
	l.Error(message, tags...)
	panic("temporal server: " + message)
}

// Fatal ends the process, see Panic.
func (l *logger) Fatal(message string, tags ...tag.Tag) { l.Panic(message, tags...) }
