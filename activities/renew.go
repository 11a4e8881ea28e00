package activities

import (
	"context"
	"time"

	"github.com/holdfast/holdfast/internal/forecast"
	"github.com/holdfast/holdfast/internal/operation"
)

// renewEvery is how long a forecast is good for: a twentieth of the time that the
// operation takes, but neither busier than a reader can follow nor older than a moment.
func renewEvery(f operation.Forecast) time.Duration {
	return min(max(time.Duration(f.Seconds/20*float64(time.Second)), time.Second), 5*time.Second)
}

// renew estimates an operation anew, unless another step did so a moment ago. It
// never fails the work: the forecast stays what it was then.
func (a *asking) renew(ctx context.Context, op operation.Operation, now bool) *operation.Forecast {
	latest, err := a.Store.Operation(ctx, op.WorkspaceID, op.ID)
	if err != nil || latest.Forecast == nil || latest.State != operation.StateRunning {
		return latest.Forecast
	}
	age := renewEvery(*latest.Forecast)
	if now {
		age = 0
	}
	if a.Now().Sub(latest.Forecast.At) < age {
		return latest.Forecast
	}
	f, ok := a.estimate(ctx, latest)
	if !ok {
		return nil
	}
	event, err := a.Store.RenewForecast(ctx, op.WorkspaceID, op.ID, f, age)
	if err != nil {
		a.Logger.WarnContext(ctx, "the forecast could not be renewed", "operation_id", op.ID, "error", err)
		return latest.Forecast
	}
	if event != nil {
		a.Publisher.Publish(ctx, *event)
	}
	return &f
}

// estimate says from how far an operation is when it will be done. It is not ok where
// nobody can say: nothing may be asked.
func (a *asking) estimate(ctx context.Context, op operation.Operation) (f operation.Forecast, ok bool) {
	f = operation.Forecast{Basis: op.Forecast.Basis}
	var all, left []forecast.Job
	for _, w := range op.Collections {
		c, ok := a.Collections.ByName(w.Name)
		if !ok {
			continue
		}
		expected, items := max(w.ExpectedRequests, w.Requests), max(w.Total, w.Items)
		f.Requests += expected
		f.Items += items
		all = append(all, a.job(c, expected, items, 1))
		if w.FinishedAt == nil {
			left = append(left, a.job(c, max(expected-w.Requests, 1), max(items-w.Items, 0), 1))
		}
	}
	pace := a.paceOf(a.client.Pace(), latencyOf(op.Forecast), op.Forecast.Basis.ItemsPerSecond)
	busy := a.Now().Sub(op.Forecast.At)
	f.Basis.BusySeconds += min(max(busy, 0), longestBusy).Seconds()
	worked := time.Duration(f.Basis.BusySeconds * float64(time.Second))
	fitted, measured := pace.Fitted(all, left, worked)
	if measured {
		f.Basis.MeasuredItemsPerSecond = fitted.ItemsPerSecond
	}
	estimate := forecast.Of(left, fitted, a.budget(ctx, op.WorkspaceID)).Corrected(forecast.Of(all, fitted, forecast.Budget{}), worked)
	a.conclude(&f, *op.StartedAt, estimate, pace)
	return f, !estimate.Never
}

// latencyOf is the latency that a forecast was made with.
func latencyOf(f *operation.Forecast) time.Duration {
	return time.Duration(f.Basis.LatencyMS * float64(time.Millisecond))
}

// foretell renews the operation's forecast after a page, every few seconds.
func (r *reader) foretell(ctx context.Context) {
	now := r.Now()
	if r.op.Forecast == nil || now.Sub(r.foretold) < renewEvery(*r.op.Forecast) {
		return
	}
	r.foretold = now
	r.forecast = ForecastLine(r.renew(ctx, r.op, false))
}

// parentsLeft is how many requests the lists of the parents take that are left after
// so many more; 0: unknown.
func (r *reader) parentsLeft(read int) int64 {
	r.parents += int64(read)
	if r.full { // also those count whose lists were read before
		return 0
	}
	batch := r.batch(r.collection)
	return (max(r.expected-r.parents, 0) + batch - 1) / batch
}
