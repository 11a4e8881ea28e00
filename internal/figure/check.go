package figure

import (
	"errors"

	"go.opentelemetry.io/otel/metric"

	"github.com/holdfast/holdfast/internal/operation"
)

// checkGauges show by how much mirror and GitHub differed, and how sure that is.
type checkGauges struct {
	drift       metric.Int64ObservableGauge
	checkAge    metric.Float64ObservableGauge
	overdue     metric.Int64ObservableGauge
	unreachable metric.Int64ObservableGauge
}

func newCheckGauges(meter metric.Meter) (g checkGauges, err error) {
	var failed [4]error
	g.drift, failed[0] = meter.Int64ObservableGauge("holdfast.drift_items", metric.WithUnit("{item}"),
		metric.WithDescription("Items by which mirror and GitHub differed at the last full check of each repository; they are repaired."))
	g.checkAge, failed[1] = meter.Float64ObservableGauge("holdfast.full_check.age", metric.WithUnit("s"),
		metric.WithDescription("How long ago the last full check began, in the repository where that is longest ago."))
	g.overdue, failed[2] = meter.Int64ObservableGauge("holdfast.sweeps_overdue", metric.WithUnit("{repository}"),
		metric.WithDescription("Repositories that should have been swept long ago."))
	g.unreachable, failed[3] = meter.Int64ObservableGauge("holdfast.repositories.unreachable", metric.WithUnit("{repository}"),
		metric.WithDescription("Mirrored repositories that GitHub does not show any more."))
	return g, errors.Join(failed[:]...)
}

func (g checkGauges) observe(o metric.Observer, figures operation.Figures) {
	for _, c := range figures.Checks {
		for kind, items := range map[string]int64{"missing": c.Missing, "extra": c.Extra, "different": c.Different} {
			o.ObserveInt64(g.drift, items, labels("collection", c.Collection, "kind", kind))
		}
		o.ObserveFloat64(g.checkAge, c.Oldest.Seconds(), labels("collection", c.Collection))
	}
	o.ObserveInt64(g.overdue, figures.SweepsOverdue)
	o.ObserveInt64(g.unreachable, figures.Unreachable)
}
