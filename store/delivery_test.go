package store_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/delivery"
	"github.com/holdfast/holdfast/store"
)

var watched = delivery.Repository{WorkspaceID: workspace, ID: repository}

// deliveredAt is the updated_at of what the deliveries of these tests are about.
var deliveredAt = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// withIssues is a mirror with issues as of those times, by id from 1.
func withIssues(t *testing.T, updated ...time.Time) *bundle {
	t.Helper()
	b := setup(t)
	op := b.running("issues")
	pass := b.take(op, "issues")
	var raws []string
	for i, at := range updated {
		id := strconv.Itoa(i + 1)
		raws = append(raws, `{"id":`+id+`,"number":`+id+`,"title":"t","updated_at":"`+at.Format(time.RFC3339)+`"}`)
	}
	b.commit(b.page(op, "issues", pass.Fence, raws...))
	return b
}

// receive keeps a delivery about issues.
func (b *bundle) receive(guid string, about ...int) delivery.State {
	b.t.Helper()
	d := delivery.Delivery{
		WorkspaceID: workspace, Connection: "default", GUID: guid, Event: "issues", Action: "edited",
		RepositoryID: repository, Repository: "o/r", Collections: []string{"issues", "issue_comments"}, Payload: []byte("{}"),
	}
	for _, id := range about {
		d.Items = append(d.Items, delivery.Item{Collection: "issues", Key: strconv.Itoa(id), UpdatedAt: deliveredAt})
	}
	state, err := b.InsertDelivery(b.t.Context(), d)
	require.NoError(b.t, err)
	return state
}

// claim claims what may be worked, and gives the pass.
func (b *bundle) claim(want ...string) string {
	b.t.Helper()
	id := uuid.NewString()
	names, err := b.ClaimDeliveries(b.t.Context(), watched, id)
	require.NoError(b.t, err)
	require.ElementsMatch(b.t, want, names)
	return id
}

func (b *bundle) settle(id string, failed bool) map[delivery.State]int64 {
	b.t.Helper()
	settled, err := b.SettleDeliveries(b.t.Context(), store.Settle{
		Repository: watched, OperationID: id, Failed: failed, Collections: collection.NewRegistry(), MostLooks: 2,
		Sweep: func([]store.Settled) bool { return false },
	})
	require.NoError(b.t, err)
	out := map[delivery.State]int64{}
	for _, s := range settled {
		require.Equal(b.t, "issues", s.Event)
		require.Equal(b.t, "edited", s.Action)
		out[s.State] += s.Count
	}
	return out
}

// now lets everything be looked at again.
func (b *bundle) now() {
	b.t.Helper()
	_, err := b.pool.Exec(b.t.Context(), `update deliveries set look_at = now() where state = 'pending'`)
	require.NoError(b.t, err)
}

func TestADeliveryIsKeptOnce(t *testing.T) {
	b := withIssues(t, deliveredAt)
	require.Equal(t, delivery.StatePending, b.receive("a", 1))
	require.Empty(t, b.receive("a", 1))
	require.Equal(t, 1, b.count(`select count(*) from deliveries`))
	known, err := b.KnownDeliveries(t.Context(), workspace, []string{"a", "b"})
	require.NoError(t, err)
	require.Equal(t, []string{"a"}, known)
}

func TestWhatIsNotMirroredIsIgnored(t *testing.T) {
	b := setup(t)
	require.Equal(t, delivery.StateIgnored, b.receive("a", 1))
	b.claim()
	state, err := b.InsertDelivery(t.Context(), delivery.Delivery{WorkspaceID: workspace, GUID: "ping", Event: "ping", Payload: []byte{0, 0xff}})
	require.NoError(t, err)
	require.Equal(t, delivery.StateIgnored, state)
	var payload []byte
	require.NoError(t, b.pool.QueryRow(t.Context(), `select payload from deliveries where guid = 'ping' and repository_id is null`).Scan(&payload))
	require.Equal(t, []byte{0, 0xff}, payload, "kept byte for byte")
}

func TestADeliveryIsProcessedOnceTheMirrorShowsIt(t *testing.T) {
	b := withIssues(t, deliveredAt, deliveredAt.Add(time.Hour), deliveredAt.Add(-time.Second))
	b.receive("as new", 1)
	b.receive("newer", 2)
	b.receive("about nothing")
	b.receive("older", 3)
	b.receive("missing", 4)
	b.receive("one of two", 1, 3)
	id := b.claim("issues")
	b.receive("after the claim", 3)
	require.Equal(t, map[delivery.State]int64{delivery.StateProcessed: 3, delivery.StatePending: 3}, b.settle(id, false))
	require.Empty(t, b.settle(id, false), "settling again changes nothing")

	n, pause, err := b.PendingDeliveries(t.Context(), watched)
	require.NoError(t, err)
	require.EqualValues(t, 4, n)
	require.Zero(t, pause, "one came meanwhile")
	id = b.claim("issues")
	require.Equal(t, map[delivery.State]int64{delivery.StatePending: 1}, b.settle(id, false), "the others wait")
	_, pause, err = b.PendingDeliveries(t.Context(), watched)
	require.NoError(t, err)
	require.Greater(t, pause, time.Second)
	require.LessOrEqual(t, pause, 2*time.Second)
}

func TestADeliveryIsLeftAfterItsLooks(t *testing.T) {
	for name, failed := range map[string]bool{"GitHub answers an older state": false, "the pass fails": true} {
		t.Run(name, func(t *testing.T) {
			b := withIssues(t, deliveredAt.Add(-time.Second))
			b.receive("a", 1)
			for range 2 {
				require.Equal(t, map[delivery.State]int64{delivery.StatePending: 1}, b.settle(b.claim("issues"), failed))
				b.claim()
				b.now()
			}
			require.Equal(t, map[delivery.State]int64{delivery.StateLeft: 1}, b.settle(b.claim("issues"), failed))
			require.Equal(t, 1, b.count(`select count(*) from deliveries where finished_at is not null and looks = 3`))
		})
	}
}

func TestAPassThatFailsShowsNothing(t *testing.T) {
	b := withIssues(t, deliveredAt)
	b.receive("a", 1)
	require.Equal(t, map[delivery.State]int64{delivery.StatePending: 1}, b.settle(b.claim("issues"), true))
}

func TestADeletedItemIsNewsEnough(t *testing.T) {
	b := withIssues(t, deliveredAt.Add(-time.Hour))
	_, err := b.pool.Exec(t.Context(), `update issues set deleted_at = now()`)
	require.NoError(t, err)
	b.receive("a", 1)
	require.Equal(t, map[delivery.State]int64{delivery.StateProcessed: 1}, b.settle(b.claim("issues"), false))
}

func TestASweepIsMarkedAsDueWithTheDeliveries(t *testing.T) {
	b := withIssues(t, deliveredAt)
	_, err := b.pool.Exec(t.Context(), `insert into repository_states (workspace_id, repository_id, full_name, checked_at) values ($1, $2, 'o/r', now())`, workspace, repository)
	require.NoError(t, err)
	b.receive("a", 1)
	_, err = b.SettleDeliveries(t.Context(), store.Settle{
		Repository: watched, OperationID: b.claim("issues"), Collections: collection.NewRegistry(), MostLooks: 2,
		Sweep: func(s []store.Settled) bool { return len(s) == 1 && s[0].State == delivery.StateProcessed },
	})
	require.NoError(t, err)
	require.Equal(t, 1, b.count(`select count(*) from repository_states where sweep_due_at <= now()`))
}

func TestUnannouncedDeliveriesAreFound(t *testing.T) {
	b := withIssues(t, deliveredAt)
	b.receive("a", 1)
	find := func(age, told time.Duration) []delivery.Repository {
		found, err := b.Unannounced(t.Context(), age, told, 10)
		require.NoError(t, err)
		return found
	}
	require.Empty(t, find(time.Hour, time.Hour), "they are young")
	require.Equal(t, []delivery.Repository{watched}, find(0, time.Hour))
	require.NoError(t, b.MarkAnnounced(t.Context(), watched, time.Hour))
	require.Empty(t, find(0, time.Hour))
	require.Equal(t, []delivery.Repository{watched}, find(0, 0), "long ago")
	b.settle(b.claim("issues"), false)
	require.Empty(t, find(0, 0), "nothing waits")
}

func TestOldDeliveriesAreDeleted(t *testing.T) {
	b := withIssues(t, deliveredAt)
	b.receive("done", 1)
	b.settle(b.claim("issues"), false)
	b.receive("open", 1)
	n, err := b.DeleteDeliveries(t.Context(), time.Hour, 10)
	require.NoError(t, err)
	require.Zero(t, n)
	n, err = b.DeleteDeliveries(t.Context(), 0, 10)
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	require.Equal(t, 1, b.count(`select count(*) from deliveries where state = 'pending'`))
}

func TestLooksOnlyGoForward(t *testing.T) {
	b := setup(t)
	const hook = "orgs/o/hooks/1"
	at, err := b.DeliveryLook(t.Context(), workspace, "default", hook)
	require.NoError(t, err)
	require.Zero(t, at)
	for _, d := range []time.Duration{time.Hour, 0} {
		require.NoError(t, b.SetDeliveryLook(t.Context(), workspace, "default", hook, deliveredAt.Add(d)))
	}
	at, err = b.DeliveryLook(t.Context(), workspace, "default", hook)
	require.NoError(t, err)
	require.True(t, at.Equal(deliveredAt.Add(time.Hour)))
}
