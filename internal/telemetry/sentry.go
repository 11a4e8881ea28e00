package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/getsentry/sentry-go"
)

// reporter sends errors to Sentry. Its queue holds 100 reports; of more the oldest
// are dropped. A report has the record's message and attributes, a stack and the
// ids, and nothing of requests or of people.
type reporter struct{ client *sentry.Client }

// newReporter makes a reporter. Its error does not repeat the DSN.
func newReporter(o Options) (*reporter, error) {
	release := o.Version
	if release == "" {
		release = "dev" // Sentry would run git to find one
	}
	environment := o.SentryEnvironment
	if environment == "" {
		environment = "production" // as Sentry itself would have it
	}
	client, err := sentry.NewClient(sentry.ClientOptions{
		Dsn: o.SentryDSN, Release: "holdfast@" + release, Environment: environment,
		MaxBreadcrumbs: -1, DisableClientReports: true,
		Integrations: func(all []sentry.Integration) []sentry.Integration {
			return slices.DeleteFunc(all, func(i sentry.Integration) bool { return i.Name() != "Environment" })
		},
	})
	if err != nil {
		return nil, errors.New("SENTRY_DSN: cannot be read")
	}
	return &reporter{client: client}, nil
}

// close sends what is still to be sent, at most until ctx ends.
func (r *reporter) close(ctx context.Context) error {
	if !r.client.FlushWithContext(ctx) {
		return errors.New("not all reports reached Sentry in time")
	}
	r.client.Close()
	return nil
}

// report sends a record, whose secrets are gone already.
func (r *reporter) report(record slog.Record, attrs []slog.Attr) {
	event := sentry.NewEvent()
	event.Level, event.Message, event.Timestamp = sentry.LevelError, record.Message, record.Time
	exception := sentry.Exception{Type: record.Message, Stacktrace: stack()}
	details := sentry.Context{}
	for _, a := range attrs {
		switch a.Key {
		case keyTrace, keySpan, keyRequest, keyWorkspace, keyOperation, "code", "route", "activity_type", "component":
			event.Tags[a.Key] = a.Value.String()
		case "error", "panic", "panic_error":
			exception.Value = a.Value.String()
		default:
			details[a.Key] = fmt.Sprint(a.Value.Any())
		}
	}
	if id := event.Tags[keyTrace]; id != "" {
		event.Contexts["trace"] = sentry.Context{"trace_id": id, "span_id": event.Tags[keySpan]}
	}
	event.Contexts["log"] = details
	event.Exception = []sentry.Exception{exception}
	r.client.CaptureEvent(event, nil, nil)
}

// stack is where the record was logged. In a deferred function that recovers from a
// panic that includes where the panic came from.
func stack() *sentry.Stacktrace {
	s := sentry.NewStacktrace()
	if s == nil {
		return nil
	}
	for n := len(s.Frames); n > 0; n-- {
		if module := s.Frames[n-1].Module; module != "log/slog" && !strings.HasSuffix(module, "/internal/telemetry") {
			s.Frames = s.Frames[:n]
			break
		}
	}
	return s
}
