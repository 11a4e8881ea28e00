package progress

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/operation"
)

// whole is an operation with every field set, its times in a zone that is not UTC.
func whole() operation.Operation {
	at := time.Date(2026, 3, 1, 8, 30, 0, 0, time.FixedZone("NST", -12600))
	until := began.Add(time.Hour)
	return operation.Operation{
		ID: opID, Kind: operation.KindSyncRepository, Subject: "octo/mirror",
		Input: json.RawMessage(`{"repository":"octo/mirror"}`), State: operation.StateFailed,
		Waiting: &operation.Waiting{For: "github_primary_limit", Reason: "The limit is used up.", Until: until},
		Failure: &operation.Failure{Code: "repository_not_found", Message: "GitHub does not know it."},
		Collections: []operation.CollectionWork{{
			Name: "issues", State: operation.CollectionDone, Items: 1, Total: 2, Written: 3, Pages: 4, Requests: 5, Note: "n",
			StartedAt: &at, FinishedAt: &at,
		}},
		Seq: 7, CreatedAt: at, StartedAt: &at, FinishedAt: &at,
	}
}

func TestOperationSurvivesTheWire(t *testing.T) {
	t.Parallel()
	op := whole()
	data, err := json.Marshal(FromOperation(op))
	require.NoError(t, err)
	require.NotContains(t, string(data), "-03:30", "times are UTC")
	var back Operation
	require.NoError(t, json.Unmarshal(data, &back))
	utcOp := op
	utcOp.CreatedAt, utcOp.StartedAt, utcOp.FinishedAt = op.CreatedAt.UTC(), utc(op.StartedAt), utc(op.FinishedAt)
	utcOp.Collections = inUTC(op.Collections)
	require.Equal(t, utcOp, back.Domain())
	require.Equal(t, "NST", op.Collections[0].StartedAt.Location().String(), "what was handed in is left alone")
}

func TestApply(t *testing.T) {
	t.Parallel()
	var op operation.Operation
	require.NoError(t, snapshotOf(whole(), false).Apply(&op))
	before := op
	work := operation.CollectionWork{Name: "issues", Items: 9}
	require.NoError(t, Message{Type: MessageCollection, Seq: 8, Collection: &work}.Apply(&op))
	require.Equal(t, int64(9), op.Collections[0].Items)
	require.Equal(t, int64(1), before.Collections[0].Items, "an earlier picture does not change")
	other := operation.CollectionWork{Name: "labels", Items: 1}
	require.NoError(t, Message{Type: MessageCollection, Seq: 11, Skipped: 2, Collection: &other}.Apply(&op))
	require.Len(t, op.Collections, 2)
	for name, m := range map[string]Message{
		"again":        {Type: MessageCollection, Seq: 11, Collection: &work},
		"gap":          {Type: MessageCollection, Seq: 13, Collection: &work},
		"skips amiss":  {Type: MessageCollection, Seq: 12, Skipped: 1, Collection: &work},
		"empty":        {Type: MessageState, Seq: 12},
		"unknown type": {Type: "new", Seq: 12},
	} {
		unchanged := op
		require.Error(t, m.Apply(&op), name)
		require.Equal(t, unchanged, op, name)
	}
}
