package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/store"
)

func forecastAt(at time.Time, requests int64) operation.Forecast {
	return operation.Forecast{Requests: requests, Items: 10, Seconds: 5, At: at.UTC(), DoneAt: at.Add(5 * time.Second).UTC(), Basis: operation.ForecastBasis{LatencyMS: 40}}
}

func TestAPlanKeepsWhatItExpects(t *testing.T) {
	b := setup(t)
	op := b.create()
	f := forecastAt(time.Now().Truncate(time.Millisecond), 12)
	started, event, err := b.StartForecast(t.Context(), workspace, op.ID, []store.Planned{
		{Name: "labels", Total: 150, ExpectedRequests: 3, Requests: 1}, {Name: "issues"},
	}, &f)
	require.NoError(t, err)
	require.Equal(t, &f, started.Forecast)
	require.Equal(t, &f, event.Operation.Forecast, "the first event tells it")
	require.EqualValues(t, 1, event.Seq)
	labels := started.Collections[0]
	require.Equal(t, []int64{150, 3, 1}, []int64{labels.Total, labels.ExpectedRequests, labels.Requests})

	pass := b.take(started, "labels")
	p := b.page(started, "labels", pass.Fence, label(1, "a"))
	p.Left = 4
	require.EqualValues(t, 6, b.commit(p).Collection.ExpectedRequests, "two were made, four are left")
	p.Left = 0
	require.EqualValues(t, 6, b.commit(p).Collection.ExpectedRequests, "nothing new is known")
	p.Done, p.Bookmark = true, []byte(`{}`)
	require.EqualValues(t, 4, b.commit(p).Collection.ExpectedRequests, "what is done took what it took")

	read, err := b.Operation(t.Context(), workspace, op.ID)
	require.NoError(t, err)
	require.Equal(t, &f, read.Forecast)
}

func TestOneOfManyRenewsAForecast(t *testing.T) {
	b := setup(t)
	op := b.create()
	at := time.Now().Truncate(time.Millisecond)
	first := forecastAt(at, 12)
	_, _, err := b.StartForecast(t.Context(), workspace, op.ID, []store.Planned{{Name: "labels"}}, &first)
	require.NoError(t, err)
	event, err := b.RenewForecast(t.Context(), workspace, op.ID, forecastAt(at.Add(2*time.Second), 13), 3*time.Second)
	require.NoError(t, err)
	require.Nil(t, event, "there is a younger one")
	event, err = b.RenewForecast(t.Context(), workspace, op.ID, forecastAt(at.Add(4*time.Second), 14), 3*time.Second)
	require.NoError(t, err)
	require.EqualValues(t, 14, event.Operation.Forecast.Requests)
	events, err := b.Events(t.Context(), workspace, op.ID, 0, 10)
	require.NoError(t, err)
	require.Len(t, events, 2)
	require.EqualValues(t, 12, events[0].Operation.Forecast.Requests, "each event keeps its own")
	require.EqualValues(t, 14, events[1].Operation.Forecast.Requests)
	_, _, err = b.SetState(t.Context(), workspace, op.ID, operation.StateSucceeded, nil)
	require.NoError(t, err)
	event, err = b.RenewForecast(t.Context(), workspace, op.ID, forecastAt(at.Add(time.Minute), 15), 0)
	require.NoError(t, err)
	require.Nil(t, event, "it has ended")
}

func TestPastPaces(t *testing.T) {
	b := setup(t)
	for i, measured := range []float64{5000, 0, 2000} {
		op := b.create()
		f := forecastAt(time.Now(), 12)
		f.Basis.MeasuredItemsPerSecond = measured
		_, _, err := b.StartForecast(t.Context(), workspace, op.ID, []store.Planned{{Name: "labels"}}, &f)
		require.NoError(t, err)
		_, _, err = b.SetState(t.Context(), workspace, op.ID, operation.StateSucceeded, nil)
		require.NoError(t, err)
		b.exec(`update operations set finished_at = started_at + $1 * interval '1 second' where id = $2`, i, op.ID)
	}
	b.running("labels") // one that has not ended tells nothing
	past, err := b.PastPaces(t.Context(), workspace, 10)
	require.NoError(t, err)
	require.Equal(t, []store.PastPace{
		{Latency: 40 * time.Millisecond, ItemsPerSecond: 2000}, {Latency: 40 * time.Millisecond, ItemsPerSecond: 5000},
	}, past)
}
