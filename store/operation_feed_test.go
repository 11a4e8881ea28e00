package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/operation"
)

// feed reads all of the feed after a position, in brief.
func (b *bundle) feed(after int64) (brief []string) {
	b.t.Helper()
	feed, err := b.OperationFeed(b.t.Context(), workspace, after, 10_000)
	require.NoError(b.t, err)
	for i, f := range feed {
		require.Equal(b.t, after+int64(i)+1, f.Position, "without a gap")
		switch {
		case f.Event.Operation != nil:
			brief = append(brief, fmt.Sprintf("%d %s %s", f.Event.Seq, f.Subject, f.Event.Operation.State))
		default:
			brief = append(brief, fmt.Sprintf("%d %s %s %d", f.Event.Seq, f.Subject, f.Event.Collection.Name, f.Event.Collection.Items))
		}
	}
	return brief
}

func TestTheFeedHasEveryStateAndProgressNowAndThen(t *testing.T) {
	b := setup(t)
	op := b.running("labels")
	b.take(op, "labels")
	for i := range 5 {
		b.commit(b.page(op, "labels", 1, fmt.Sprintf(`{"id": %d, "name": "bug"}`, i)))
	}
	require.Equal(t, []string{"0 o/r pending", "1 o/r running"}, b.feed(0), "progress within a second says little")
	_, err := b.pool.Exec(t.Context(), `update operation_feed set at = at - interval '2 seconds'`)
	require.NoError(t, err)
	for i := range 3 {
		b.commit(b.page(op, "labels", 1, fmt.Sprintf(`{"id": %d, "name": "bug"}`, 10+i)))
	}
	require.Equal(t, []string{"7 o/r labels 6"}, b.feed(2))
	last := b.page(op, "labels", 1, `{"id": 20, "name": "bug"}`)
	last.Done, last.Bookmark = true, []byte("{}")
	b.commit(last)
	_, _, err = b.SetState(t.Context(), workspace, op.ID, operation.StateSucceeded, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"10 o/r labels 9", "11 o/r succeeded"}, b.feed(3), "the end of a collection is told")
}

// However many write and read at once, whoever goes on from the last position has seen
// everything once, and what is of one operation in its order.
func TestTheFeedNeverSkips(t *testing.T) {
	b := setup(t)
	const writers, each = 8, 15
	var writing sync.WaitGroup
	done := make(chan struct{})
	for range writers {
		writing.Go(func() {
			for range each {
				op, _, err := b.CreateOperation(t.Context(), operation.New{
					ID: uuid.Must(uuid.NewV7()).String(), WorkspaceID: workspace, Kind: operation.KindSyncRepository, Subject: "o/r", Input: []byte(`{}`),
				})
				if err == nil {
					_, _, err = b.StartPlan(t.Context(), workspace, op.ID, []string{"labels"})
				}
				if err == nil {
					_, _, err = b.SetState(t.Context(), workspace, op.ID, operation.StateSucceeded, nil)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	go func() { defer close(done); writing.Wait() }()
	var reading sync.WaitGroup
	for range 3 {
		reading.Go(func() {
			last, seen := int64(0), map[string]int64{}
			for over := false; ; {
				feed, err := b.OperationFeed(t.Context(), workspace, last, 7)
				if err != nil {
					t.Error(err)
					return
				}
				for _, f := range feed {
					if before, known := seen[f.Event.OperationID]; f.Position != last+1 || (known && f.Event.Seq != before+1) || (!known && f.Event.Seq != 0) {
						t.Errorf("%d of %s after %d", f.Event.Seq, f.Event.OperationID, before)
					}
					last, seen[f.Event.OperationID] = f.Position, f.Event.Seq
				}
				if over && len(feed) == 0 {
					break
				}
				select {
				case <-done:
					over = true
				default:
				}
			}
			if last != 3*writers*each {
				t.Errorf("%d of %d were seen", last, 3*writers*each)
			}
		})
	}
	reading.Wait()
}

func TestOpenOperationsAndTheFeedBelongTogether(t *testing.T) {
	b := setup(t)
	op := b.running("labels")
	ended := b.running("labels")
	_, _, err := b.SetState(t.Context(), workspace, ended.ID, operation.StateSucceeded, nil)
	require.NoError(t, err)
	for _, tt := range []struct {
		f    operation.FeedFilter
		want int
	}{
		{operation.FeedFilter{Limit: 10}, 1},
		{operation.FeedFilter{Limit: 10, Subject: "O/R"}, 1},
		{operation.FeedFilter{Limit: 10, Subject: "o/x"}, 0},
		{operation.FeedFilter{Limit: 10, Visible: operation.Patterns{"o/*"}}, 1},
		{operation.FeedFilter{Limit: 10, Visible: operation.Patterns{"x/*"}}, 0},
	} {
		ops, ends, err := b.OpenOperations(t.Context(), workspace, tt.f)
		require.NoError(t, err)
		require.Len(t, ops, tt.want, tt.f)
		require.Equal(t, operation.FeedEnds{Last: 5}, ends)
		if tt.want > 0 {
			require.Equal(t, op.ID, ops[0].ID)
			require.Len(t, ops[0].Collections, 1)
		}
	}
}

func TestThePastOfTheFeedIsDropped(t *testing.T) {
	b := setup(t)
	b.running("labels")
	b.feed(0)
	b.running("labels") // nobody has read this, and it has no number
	_, err := b.pool.Exec(t.Context(), `update operation_feed set at = at - interval '8 days'`)
	require.NoError(t, err)
	b.create()
	dropped, err := b.DropOperationFeed(t.Context(), 7*24*time.Hour)
	require.NoError(t, err)
	require.Equal(t, int64(4), dropped)
	_, ends, err := b.OpenOperations(t.Context(), workspace, operation.FeedFilter{Limit: 1})
	require.NoError(t, err)
	require.Equal(t, operation.FeedEnds{Last: 5, Dropped: 4}, ends)
	require.Equal(t, []string{"0 o/r pending"}, b.feed(4))
	dropped, err = b.DropOperationFeed(t.Context(), 7*24*time.Hour)
	require.NoError(t, err)
	require.Zero(t, dropped)
}

func TestChangesAreFedWithoutTheItemsAsTheyWere(t *testing.T) {
	b := setup(t)
	op := b.running("labels")
	b.knownAs("o/r")
	b.take(op, "labels")
	b.commit(b.page(op, "labels", 1, `{"id": 1, "name": "bug"}`))
	b.commit(b.page(op, "labels", 1, `{"id": 1, "name": "flaw"}`))
	ends, err := b.ChangeEnds(t.Context(), workspace)
	require.NoError(t, err)
	require.Equal(t, operation.FeedEnds{Last: 3}, ends)
	changes, err := b.ChangeFeed(t.Context(), workspace, 2, 10)
	require.NoError(t, err)
	require.Len(t, changes, 1)
	changes[0].At = time.Time{}
	require.Equal(t, operation.Change{
		Seq: 3, RepositoryID: repository, Repository: "o/r", Collection: "labels", Key: "1", Kind: operation.ChangeUpdated, Fields: []string{"name"},
		Source: operation.SourceSync, OperationID: op.ID,
	}, changes[0])
}
