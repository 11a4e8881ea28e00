package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
)

// meterName is the scope of this package's instruments.
const meterName = "github.com/holdfast/holdfast/internal/github"

// noAnswer is the status of an attempt that brought no whole answer.
const noAnswer = "error"

// countedStatuses are the ones that GitHub documents for its REST API; others are
// counted by their class, so that nobody can make up labels.
var countedStatuses = []int{
	200, 201, 202, 204, 301, 302, 304, 307, 400, 401, 403, 404, 405, 409, 410, 422, 429, 451, 500, 502, 503, 504,
}

// instruments measure what the client asks GitHub.
type instruments struct {
	requests metric.Int64Counter
	duration metric.Float64Histogram
	inFlight metric.Int64UpDownCounter
	now      func() time.Time
}

// newInstruments makes the instruments; provider nil: they measure nothing.
func newInstruments(provider metric.MeterProvider, now func() time.Time) (instruments, error) {
	if provider == nil {
		provider = noop.NewMeterProvider()
	}
	meter := provider.Meter(meterName)
	i := instruments{now: now}
	var failed [3]error
	i.requests, failed[0] = meter.Int64Counter("holdfast.github.requests", metric.WithUnit("{request}"),
		metric.WithDescription("Attempts of requests to GitHub by the status of their answer, retries and redirects included; error: no whole answer came."))
	i.duration, failed[1] = meter.Float64Histogram("holdfast.github.request.duration", metric.WithUnit("s"),
		metric.WithDescription("How long attempts of requests to GitHub took, to the end of the answer's body."),
		metric.WithExplicitBucketBoundaries(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60))
	i.inFlight, failed[2] = meter.Int64UpDownCounter("holdfast.github.requests.in_flight", metric.WithUnit("{request}"),
		metric.WithDescription("Requests that were sent to GitHub and are not answered yet."))
	if err := errors.Join(failed[:]...); err != nil {
		return instruments{}, fmt.Errorf("make the instruments of the GitHub client: %w", err)
	}
	i.inFlight.Add(context.Background(), 0)
	// All are there from the start: whoever looks for an increase would miss the
	// first one otherwise.
	for _, status := range countedStatuses {
		i.requests.Add(context.Background(), 0, statusOf(strconv.Itoa(status)))
	}
	i.requests.Add(context.Background(), 0, statusOf(noAnswer))
	return i, nil
}

// begin measures an attempt that is sent now, until end is called with what it
// brought.
func (i instruments) begin(ctx context.Context) (end func(resp *http.Response, err error)) {
	began := i.now()
	i.inFlight.Add(ctx, 1)
	return func(resp *http.Response, err error) {
		i.inFlight.Add(ctx, -1)
		i.duration.Record(ctx, i.now().Sub(began).Seconds())
		status := noAnswer
		if err == nil {
			status = statusLabel(resp.StatusCode)
		}
		i.requests.Add(ctx, 1, statusOf(status))
	}
}

func statusOf(label string) metric.AddOption {
	return metric.WithAttributeSet(attribute.NewSet(attribute.String("status", label)))
}

func statusLabel(status int) string {
	if slices.Contains(countedStatuses, status) {
		return strconv.Itoa(status)
	}
	if class := status / 100; class >= 1 && class <= 5 {
		return strconv.Itoa(class) + "xx"
	}
	return "other"
}
