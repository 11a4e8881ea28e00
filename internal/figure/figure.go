// Package figure shows what Postgres knows of the operations and the mirror as
// metrics. They are asked for when metrics are collected and kept for a moment, so
// that several who collect cost the database no more than one.
//
// Every worker shows the same figures: whoever adds them up takes the greatest.
package figure

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/holdfast/holdfast/internal/operation"
)

// Source is where the figures come from; *store.Store is one.
type Source interface {
	Figures(ctx context.Context, policy operation.SweepPolicy) (operation.Figures, error)
}

// Options say what figures are made of.
type Options struct {
	Source Source
	Logger *slog.Logger
	Now    func() time.Time
	// Policy says when a sweep is overdue.
	Policy operation.SweepPolicy
	// Reasons are those of waits that are shown with 0 while nothing waits for them.
	Reasons []string
	// Timeout bounds how long the source may hold up a collection; 5 s if 0.
	Timeout time.Duration
	// Keep is how long what the source said, an error as well, is good for; 10 s if 0.
	Keep time.Duration
}

// Register makes provider's readers show the figures. While the source fails they
// are absent, and holdfast_figures_errors_total counts.
func Register(provider metric.MeterProvider, o Options) error {
	if o.Timeout <= 0 {
		o.Timeout = 5 * time.Second
	}
	if o.Keep <= 0 {
		o.Keep = 10 * time.Second
	}
	meter := provider.Meter("github.com/holdfast/holdfast/internal/figure")
	g, err := newGauges(meter)
	if err != nil {
		return fmt.Errorf("make the instruments of the figures: %w", err)
	}
	g.errors.Add(context.Background(), 0)
	r := &reader{Options: o, gauges: g}
	_, err = meter.RegisterCallback(r.observe, g.operations, g.oldest, g.waiting, g.longest, g.age, g.repositories,
		g.drift, g.checkAge, g.overdue, g.unreachable)
	if err != nil {
		return fmt.Errorf("register the figures: %w", err)
	}
	return nil
}

type gauges struct {
	operations   metric.Int64ObservableGauge
	oldest       metric.Float64ObservableGauge
	waiting      metric.Int64ObservableGauge
	longest      metric.Float64ObservableGauge
	age          metric.Float64ObservableGauge
	repositories metric.Int64ObservableGauge
	errors       metric.Int64Counter
	checkGauges
}

func newGauges(meter metric.Meter) (gauges, error) {
	var g gauges
	var failed [7]error
	g.operations, failed[0] = meter.Int64ObservableGauge("holdfast.operations", metric.WithUnit("{operation}"),
		metric.WithDescription("Operations that are open, and those that have ended within the last hour."))
	g.oldest, failed[1] = meter.Float64ObservableGauge("holdfast.oldest_operation", metric.WithUnit("s"),
		metric.WithDescription("How long ago the oldest open operation in that state was created."))
	g.waiting, failed[2] = meter.Int64ObservableGauge("holdfast.operations.waiting", metric.WithUnit("{operation}"),
		metric.WithDescription("Open operations that wait; the longest wait of each counts."))
	g.longest, failed[3] = meter.Float64ObservableGauge("holdfast.longest_wait", metric.WithUnit("s"),
		metric.WithDescription("How long it is until the last of those operations goes on."))
	g.age, failed[4] = meter.Float64ObservableGauge("holdfast.mirror.age", metric.WithUnit("s"),
		metric.WithDescription("How long ago the last complete pass began, in the repository where that is longest ago."))
	g.repositories, failed[5] = meter.Int64ObservableGauge("holdfast.repositories", metric.WithUnit("{repository}"),
		metric.WithDescription("Repositories that are mirrored."))
	g.errors, failed[6] = meter.Int64Counter("holdfast.figures.errors", metric.WithUnit("{error}"),
		metric.WithDescription("How often the figures could not be read from Postgres; they are absent then."))
	var err error
	g.checkGauges, err = newCheckGauges(meter)
	return g, errors.Join(append(failed[:], err)...)
}

// reader asks the source and keeps what it said.
type reader struct {
	Options
	gauges gauges

	mu      sync.Mutex
	asked   time.Time
	figures operation.Figures
	err     error
}

// observe is called at each collection. It fails nobody's: what else there is to
// collect is shown.
func (r *reader) observe(ctx context.Context, o metric.Observer) error {
	figures, err := r.read(ctx)
	if err != nil {
		return nil //nolint:nilerr // it was logged and counted
	}
	r.observeOperations(o, figures.Operations)
	r.observeWaits(o, figures.Waits)
	for _, m := range figures.Mirrors {
		o.ObserveFloat64(r.gauges.age, m.Age.Seconds(), labels("collection", m.Collection))
	}
	o.ObserveInt64(r.gauges.repositories, figures.Repositories)
	r.gauges.observe(o, figures)
	return nil
}

// observeOperations shows every state, so that none vanishes from a graph when the
// last operation leaves it.
func (r *reader) observeOperations(o metric.Observer, figures []operation.StateFigure) {
	for _, kind := range operation.Kinds() {
		for _, state := range operation.States() {
			of := operation.StateFigure{Kind: kind, State: state}
			for _, f := range figures {
				if f.Kind == kind && f.State == state {
					of = f
				}
			}
			at := labels("kind", string(kind), "state", string(state))
			o.ObserveInt64(r.gauges.operations, of.Count, at)
			if !state.Terminal() {
				o.ObserveFloat64(r.gauges.oldest, of.Oldest.Seconds(), at)
			}
		}
	}
}

func (r *reader) observeWaits(o metric.Observer, figures []operation.WaitFigure) {
	byReason := make(map[string]operation.WaitFigure, len(r.Reasons))
	for _, reason := range r.Reasons {
		byReason[reason] = operation.WaitFigure{Reason: reason}
	}
	for _, f := range figures {
		byReason[f.Reason] = f
	}
	for reason, f := range byReason {
		o.ObserveInt64(r.gauges.waiting, f.Count, labels("reason", reason))
		o.ObserveFloat64(r.gauges.longest, f.Longest.Seconds(), labels("reason", reason))
	}
}

// read is what the source said, at most Keep ago.
func (r *reader) read(ctx context.Context) (operation.Figures, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.asked.IsZero() && r.Now().Sub(r.asked) < r.Keep {
		return r.figures, r.err
	}
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	before := r.err
	r.figures, r.err = r.Source.Figures(ctx, r.Policy)
	r.asked = r.Now()
	if r.err != nil {
		r.gauges.errors.Add(ctx, 1)
	}
	switch {
	case r.err != nil && before == nil:
		r.Logger.WarnContext(ctx, "the figures cannot be read; their metrics are absent", "error", r.err)
	case r.err == nil && before != nil:
		r.Logger.InfoContext(ctx, "the figures can be read again")
	}
	return r.figures, r.err
}

// labels are names and values in turn.
func labels(pairs ...string) metric.ObserveOption {
	set := make([]attribute.KeyValue, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		set = append(set, attribute.String(pairs[i], pairs[i+1]))
	}
	return metric.WithAttributes(set...)
}
