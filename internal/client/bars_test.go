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
