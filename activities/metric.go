package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/holdfast/holdfast/internal/budget"
	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/github"
	"github.com/holdfast/holdfast/store"
)

// waitOtherPass is what a collection waits for while another operation reads it.
const waitOtherPass = "other_pass"

// WaitReasons are the codes of what a step may wait for, as operation.Waiting has them.
func WaitReasons() []string {
	reasons := []string{WaitCredential, string(github.KindUnreachable), waitOtherPass, WaitApproval}
	for _, limit := range budget.Limits() {
		reasons = append(reasons, string(limit))
	}
	return reasons
}

// Metrics count what the steps do. A nil *Metrics counts nothing.
type Metrics struct {
	pages  metric.Int64Counter
	items  metric.Int64Counter
	rows   metric.Int64Counter
	waits  metric.Int64Counter
	waited metric.Float64Counter
}

// NewMetrics makes the instruments. Each collection and each reason of a wait is
// there from the start, with 0: whoever looks for an increase would miss the first
// one otherwise.
func NewMetrics(provider metric.MeterProvider, collections *collection.Registry) (*Metrics, error) {
	meter := provider.Meter("github.com/holdfast/holdfast/activities")
	m := new(Metrics)
	var failed [5]error
	m.pages, failed[0] = meter.Int64Counter("holdfast.pages", metric.WithUnit("{page}"),
		metric.WithDescription("Pages of GitHub's lists whose items were committed."))
	m.items, failed[1] = meter.Int64Counter("holdfast.items", metric.WithUnit("{item}"),
		metric.WithDescription("Items that GitHub listed on those pages."))
	m.rows, failed[2] = meter.Int64Counter("holdfast.rows.written", metric.WithUnit("{row}"),
		metric.WithDescription("Rows that were inserted or changed, since an item differed from the mirror."))
	m.waits, failed[3] = meter.Int64Counter("holdfast.waits", metric.WithUnit("{wait}"),
		metric.WithDescription("Steps that stopped to wait for something outside of their operation."))
	m.waited, failed[4] = meter.Float64Counter("holdfast.wait", metric.WithUnit("s"),
		metric.WithDescription("How long those steps were to wait, counted when they began to."))
	if err := errors.Join(failed[:]...); err != nil {
		return nil, fmt.Errorf("make the instruments of the steps: %w", err)
	}
	for _, name := range collections.Names() {
		m.count(context.Background(), name, 0, 0, 0)
	}
	for _, reason := range WaitReasons() {
		m.waits.Add(context.Background(), 0, reasonOf(reason))
		m.waited.Add(context.Background(), 0, reasonOf(reason))
	}
	return m, nil
}

// countPage counts a committed page, of which so many rows were written.
func (m *Metrics) countPage(ctx context.Context, p store.Page, rows int64) {
	if m != nil {
		m.count(ctx, p.Key.Collection, p.Pages, p.Listed, rows)
	}
}

func (m *Metrics) count(ctx context.Context, name string, pages, items, rows int64) {
	of := metric.WithAttributeSet(attribute.NewSet(attribute.String("collection", name)))
	m.pages.Add(ctx, pages, of)
	m.items.Add(ctx, items, of)
	m.rows.Add(ctx, rows, of)
}

// countWait counts a step that stops to wait for so long. The reason is one of
// WaitReasons.
func (m *Metrics) countWait(ctx context.Context, reason string, pause time.Duration) {
	if m != nil {
		m.waits.Add(ctx, 1, reasonOf(reason))
		m.waited.Add(ctx, max(pause, 0).Seconds(), reasonOf(reason))
	}
}

func reasonOf(reason string) metric.AddOption {
	return metric.WithAttributeSet(attribute.NewSet(attribute.String("reason", reason)))
}
