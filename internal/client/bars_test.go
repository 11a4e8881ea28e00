package client

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/operation"
)

// story is an operation as a watcher sees it grow.
func story() []operation.Operation {
	work := func(name string, state operation.CollectionState, items, total int64) operation.CollectionWork {
		return operation.CollectionWork{Name: name, State: state, Items: items, Total: total, Written: items, Requests: items/100 + 1}
	}
	until := time.Date(2026, 3, 1, 14, 5, 0, 0, time.UTC)
	return []operation.Operation{
		{State: operation.StatePending},
		{State: operation.StateRunning, Collections: []operation.CollectionWork{
			{Name: "labels", State: operation.CollectionPending}, work("issues", operation.CollectionRunning, 0, 3000),
		}},
		{State: operation.StateRunning, Collections: []operation.CollectionWork{
			work("labels", operation.CollectionDone, 11, 11), work("issues", operation.CollectionRunning, 100, 3000),
		}},
		{State: operation.StateRunning, Waiting: &operation.Waiting{For: "github_primary_limit", Reason: "GitHub's hourly limit is used up.", Until: until}, Collections: []operation.CollectionWork{
			work("labels", operation.CollectionDone, 11, 11), work("issues", operation.CollectionRunning, 1100, 3000),
		}},
		{State: operation.StateFailed, Failure: &operation.Failure{Code: "repository_not_found", Message: "GitHub does not know this repository."}, Collections: []operation.CollectionWork{
			work("labels", operation.CollectionDone, 11, 11), work("issues", operation.CollectionRunning, 1100, 3000),
		}},
	}
}

func TestRendererWritesLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	r := NewRenderer(&out, false)
	for _, op := range story() {
		r.Render(op)
	}
	r.Close()
	require.Equal(t, `pending
running
issues           running  0 of about 3000 items, 0 written, 1 requests
labels           done     11 items, 11 written, 1 requests
running, waiting until 14:05:00Z: GitHub's hourly limit is used up.
issues           running  1100 of about 3000 items, 1100 written, 12 requests
failed: GitHub does not know this repository.
`, out.String())
}

func TestRendererCountsRepositories(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		tty  bool
		want []string
	}{
		"lines": {false, []string{"running\nrepositories     3/30 in sync\n", "repositories     6/30 in sync\n", "repositories     27/30 in sync, 2 failed, 1 cancelled\nsucceeded\n"}},
		"bars":  {true, []string{"repositories", "27/30 in sync, 2 failed, 1 cancelled"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			r := NewRenderer(&out, tt.tty)
			for done := range 28 {
				r.Render(operation.Operation{State: operation.StateRunning, Repositories: &operation.RepositoryWork{Total: 30, Done: done}})
			}
			r.Render(operation.Operation{State: operation.StateRunning, Repositories: &operation.RepositoryWork{Total: 30, Done: 27, Failed: 2, Cancelled: 1}})
			r.Render(operation.Operation{State: operation.StateSucceeded, Repositories: &operation.RepositoryWork{Total: 30, Done: 27, Failed: 2, Cancelled: 1}})
			r.Close()
			for _, want := range tt.want {
				require.Contains(t, out.String(), want)
			}
			require.Less(t, bytes.Count(out.Bytes(), []byte("\n")), 16)
		})
	}
}

func TestRendererDrawsBars(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	r := NewRenderer(&out, true)
	for _, op := range story() {
		r.Render(op)
	}
	r.Close()
	last := out.String()
	require.Contains(t, last, "labels")
	require.Contains(t, last, "▕████████████████████████▏  11 in 1 requests", "a full bar")
	require.Contains(t, last, "1100/3000 in 12 requests")
	require.Contains(t, last, "failed: GitHub does not know this repository.")
}

// The forecast is made anew every few seconds; a log hears of it when it changes.
func TestRendererTellsTheForecast(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	r := NewRenderer(&out, false)
	at := time.Date(2026, 3, 1, 14, 0, 0, 0, time.UTC)
	for _, left := range []time.Duration{5 * time.Minute, 5*time.Minute + 8*time.Second, 4 * time.Minute, 20 * time.Minute} {
		r.Render(operation.Operation{State: operation.StateRunning, Forecast: &operation.Forecast{
			Requests: 120, Items: 10_500, Seconds: left.Seconds(), At: at, DoneAt: at.Add(left),
		}})
	}
	r.Render(operation.Operation{State: operation.StateSucceeded})
	r.Close()
	require.Equal(t, `about 120 requests and 5m0s, for 10500 items
running, done at about 14:05:00Z
running, done at about 14:04:00Z
running, done at about 14:20:00Z
succeeded
`, out.String())
}
