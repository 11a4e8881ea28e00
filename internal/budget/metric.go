package budget

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
)

// meterName is the scope of this package's instruments.
const meterName = "github.com/holdfast/holdfast/internal/budget"

// instruments measure what a ledger does.
type instruments struct {
	spent        metric.Int64Counter
	wait         metric.Float64Histogram
	registration metric.Registration
}

// observed are the instruments that are read from the accounts when they are asked for.
type observed struct {
	limit, remaining, reserve, inFlight, waiting, alone metric.Int64ObservableGauge
}

// newInstruments makes the instruments; provider nil: they measure nothing.
func newInstruments(provider metric.MeterProvider, l *Ledger) (*instruments, error) {
	if provider == nil {
		provider = noop.NewMeterProvider()
	}
	meter := provider.Meter(meterName)
	i, o := &instruments{}, observed{}
	var failed [9]error
	i.spent, failed[0] = meter.Int64Counter("holdfast.github.budget.spent", metric.WithUnit("{request}"),
		metric.WithDescription("Requests that this process sent to GitHub, by account, resource and lane."))
	i.wait, failed[1] = meter.Float64Histogram("holdfast.github.budget.wait.duration", metric.WithUnit("s"),
		metric.WithDescription("How long requests waited for their turn, by lane; those that were told to come back later included."),
		metric.WithExplicitBucketBoundaries(0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20))
	gauge := func(name, unit, description string) (metric.Int64ObservableGauge, error) {
		return meter.Int64ObservableGauge("holdfast.github.budget."+name, metric.WithUnit(unit), metric.WithDescription(description))
	}
	o.limit, failed[2] = gauge("limit", "{request}", "Requests, or points of GraphQL, that GitHub allows an account in an hour.")
	o.remaining, failed[3] = gauge("remaining", "{request}", "What is left of that hour, as far as this process knows.")
	o.reserve, failed[4] = gauge("reserve", "{request}", "What of that hour is left to other tools.")
	o.inFlight, failed[5] = gauge("in_flight", "{request}", "Requests of this process that are out.")
	o.waiting, failed[6] = gauge("waiting", "{request}", "Requests of this process that wait for their turn, by lane.")
	o.alone, failed[7] = gauge("alone", "1", "1 while Redis is out of reach and this process uses its share of the budgets only.")
	i.registration, failed[8] = meter.RegisterCallback(o.read(l), o.limit, o.remaining, o.reserve, o.inFlight, o.waiting, o.alone)
	if err := errors.Join(failed[:]...); err != nil {
		return nil, fmt.Errorf("make the instruments of the budget: %w", err)
	}
	return i, nil
}

// read is the callback that reads the accounts.
func (o observed) read(l *Ledger) metric.Callback {
	return func(_ context.Context, to metric.Observer) error {
		var alone int64
		if l.alone() {
			alone = 1
		}
		to.ObserveInt64(o.alone, alone)
		for _, a := range l.known() {
			o.account(to, a)
		}
		return nil
	}
}

func (o observed) account(to metric.Observer, a *Account) {
	now := a.ledger.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	account := attribute.String("account", a.id)
	var out int64
	for _, busy := range a.busy {
		out += int64(busy)
	}
	to.ObserveInt64(o.inFlight, out, metric.WithAttributes(account))
	for i, n := range a.queue.number {
		to.ObserveInt64(o.waiting, int64(n), metric.WithAttributes(account, attribute.String("lane", Lane(i+1).String())))
	}
	for i, name := range resources {
		h := a.known.hours[i]
		if !h.known {
			continue
		}
		h.pass(now)
		set := metric.WithAttributes(account, attribute.String("resource", string(name)))
		to.ObserveInt64(o.limit, h.limit, set)
		to.ObserveInt64(o.remaining, h.left, set)
		to.ObserveInt64(o.reserve, a.known.reserve[i], set)
	}
}

// waited measures an Enter.
func (i *instruments) waited(ctx context.Context, l Lane, took time.Duration, err error) {
	outcome := "go"
	var limit *LimitError
	switch {
	case errors.As(err, &limit):
		outcome = string(limit.Limit)
	case err != nil:
		outcome = "canceled"
	}
	i.wait.Record(ctx, took.Seconds(), metric.WithAttributes(
		attribute.String("lane", l.String()), attribute.String("outcome", outcome)))
}

// left measures a Leave.
func (i *instruments) left(ctx context.Context, account string, l Lane, k kind, answer Answer) {
	if !answer.Sent {
		return
	}
	i.spent.Add(ctx, 1, metric.WithAttributes(attribute.String("account", account),
		attribute.String("resource", string(k.resource())), attribute.String("lane", l.String())))
}

// close stops reading the accounts.
func (i *instruments) close() error {
	if err := i.registration.Unregister(); err != nil {
		return fmt.Errorf("stop measuring the budget: %w", err)
	}
	return nil
}
