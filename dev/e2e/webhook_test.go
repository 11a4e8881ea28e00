package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	temporal "go.temporal.io/sdk/client"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/delivery"
	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/localservice"
	"github.com/holdfast/holdfast/workflows"
)

const webhookSecret = "It's a Secret to Everybody"

// hooked are options of a world whose API takes deliveries.
func hooked(o options) options {
	o.env = append(o.env, "HOLDFAST_WEBHOOK_SECRET="+webhookSecret)
	return o
}

// hook has the simulator tell the API of events.
func (w *world) hook(events ...string) *githubsim.Hook {
	w.t.Helper()
	h := w.sim.AddHook(githubsim.HookOptions{
		Of: w.repo.FullName(), URL: w.api.URL + "/v1/webhooks/default", Secret: webhookSecret, Events: events,
	})
	w.t.Cleanup(h.Close)
	return h
}

// deliveries counts the deliveries by their state.
func (w *world) deliveries() map[string]int {
	w.t.Helper()
	rows, err := w.pool.Query(w.t.Context(), `select state, count(*)::int from deliveries group by state`)
	require.NoError(w.t, err)
	defer rows.Close()
	counts := map[string]int{}
	for rows.Next() {
		var state string
		var n int
		require.NoError(w.t, rows.Scan(&state, &n))
		counts[state] = n
	}
	require.NoError(w.t, rows.Err())
	return counts
}

// awaitDeliveries waits until n deliveries have come and none is open.
func (w *world) awaitDeliveries(n int) {
	w.t.Helper()
	require.Eventually(w.t, func() bool {
		counts := w.deliveries()
		return counts["pending"] == 0 && counts["processed"]+counts["left"]+counts["ignored"] >= n
	}, syncTimeout, 200*time.Millisecond, "deliveries: %v", w.deliveries())
}

// numbers are those of the first n issues that are no pull requests.
func (w *world) numbers(n int) []int {
	w.t.Helper()
	rows, err := w.pool.Query(w.t.Context(), `select number::int from issues where not is_pull_request order by number limit $1`, n)
	require.NoError(w.t, err)
	defer rows.Close()
	var numbers []int
	for rows.Next() {
		var number int
		require.NoError(w.t, rows.Scan(&number))
		numbers = append(numbers, number)
	}
	require.NoError(w.t, rows.Err())
	require.Len(w.t, numbers, n)
	return numbers
}

// A burst costs a few passes, however many deliveries it has.
func TestABurstOfDeliveriesCostsFewRequests(t *testing.T) {
	t.Parallel()
	w := setup(t, hooked(options{items: 2000}))
	w.startWorker()
	w.sync()
	numbers := w.numbers(200)
	h := w.hook("issues", "issue_comment")
	w.sim.ResetStats()

	ticks := time.NewTicker(10 * time.Millisecond)
	defer ticks.Stop()
	for i := range 1000 {
		<-ticks.C
		number, title := numbers[i*7%len(numbers)], fmt.Sprintf("title %d", i)
		switch i % 5 {
		case 0:
			_, err := w.repo.AddIssueComment(number, "ada", title)
			require.NoError(t, err)
		default:
			require.NoError(t, w.repo.EditIssue(number, githubsim.IssueEdit{Title: &title, By: "ada"}))
		}
	}
	h.Wait()
	require.Equal(t, 1000, h.Sent())
	require.Zero(t, h.Failed())
	w.awaitDeliveries(1000)
	stats := w.sim.Stats()
	t.Logf("%d requests: %v", stats.Total, stats.Requests)
	require.Less(t, stats.Total, int64(30), "%v", stats.Requests)
	require.Equal(t, map[string]int{"processed": 1000}, w.deliveries())
	w.requireMirrored()

	t.Log("the operations say what asked for them")
	var passes int
	require.NoError(t, w.pool.QueryRow(t.Context(), `select count(*) from operations where source = 'webhook' and state = 'succeeded'`).Scan(&passes))
	require.LessOrEqual(t, passes, 6)
	require.Positive(t, passes)

	watch := workflows.WatchID(delivery.Repository{WorkspaceID: config.DefaultWorkspace, ID: w.repo.ID()})
	w.requireReplays(w.historySoFar(watch), "watch_repository_burst")
}

// historySoFar is the history of a workflow that may go on.
func (w *world) historySoFar(id string) *history.History {
	w.t.Helper()
	c, err := temporal.Dial(temporal.Options{HostPort: w.temporalAddress, Namespace: w.temporalNamespace})
	require.NoError(w.t, err)
	defer c.Close()
	var all history.History
	events := c.GetWorkflowHistory(w.t.Context(), id, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(w.t, err)
		all.Events = append(all.Events, event)
	}
	return &all
}

// What GitHub could not deliver is asked for again, and worked.
func TestFailedDeliveriesAreRecovered(t *testing.T) {
	t.Parallel()
	o := hooked(options{})
	o.env = append(o.env, "GITHUB_TOKEN=t", "HOLDFAST_WEBHOOK_HOOK=repos/harborline/relay/hooks/1")
	w := setup(t, o)
	w.startWorker()
	w.sync()
	h := w.hook()
	h.SetFaults(githubsim.HookFaults{Failed: 1})
	for i, number := range w.numbers(20) {
		title := fmt.Sprintf("title %d", i)
		require.NoError(t, w.repo.EditIssue(number, githubsim.IssueEdit{Title: &title, By: "ada"}))
	}
	h.SetFaults(githubsim.HookFaults{})
	require.Equal(t, 20, h.Failed())
	c, err := temporal.Dial(temporal.Options{HostPort: w.temporalAddress, Namespace: w.temporalNamespace})
	require.NoError(t, err)
	defer c.Close()
	run, err := c.ExecuteWorkflow(t.Context(), temporal.StartWorkflowOptions{ID: "recover", TaskQueue: workflows.TaskQueue},
		workflows.RecoverDeliveriesType, workflows.RecoverDeliveriesInput{Recover: activities.Recover{WorkspaceID: config.DefaultWorkspace}})
	require.NoError(t, err)
	var out activities.Recovered
	require.NoError(t, run.Get(t.Context(), &out))
	require.Equal(t, activities.Recovered{Failed: 20, Redelivered: 20}, out)
	w.requireReplays(w.history("recover"), "recover_deliveries_redelivered")
	h.Wait()
	require.Zero(t, h.Failed())
	w.awaitDeliveries(20)
	w.requireMirrored()
}

// Deliveries are answered and kept while Temporal is away, and worked once it is back.
func TestDeliveriesAreKeptWhileTemporalIsAway(t *testing.T) {
	t.Parallel()
	w := setup(t, hooked(options{}))
	worker := w.startWorker()
	w.sync()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, worker.Stop(ctx))

	port, err := localservice.FreePort()
	require.NoError(t, err)
	address := fmt.Sprintf("127.0.0.1:%d", port)
	lonely, err := w.product.Start("lonely", []string{"HOLDFAST_LISTEN=" + address, "TEMPORAL_ADDRESS=127.0.0.1:1"}, "api")
	require.NoError(t, err)
	w.stopAtEnd(lonely)
	require.NoError(t, lonely.Await(ctx, func() error { return alive(ctx, address) }))
	h := w.sim.AddHook(githubsim.HookOptions{Of: w.repo.FullName(), URL: "http://" + address + "/v1/webhooks/default", Secret: webhookSecret})
	t.Cleanup(h.Close)
	for i, number := range w.numbers(50) {
		title := fmt.Sprintf("title %d", i)
		require.NoError(t, w.repo.EditIssue(number, githubsim.IssueEdit{Title: &title, By: "ada"}))
	}
	h.Wait()
	require.Zero(t, h.Failed(), "all were answered with 202")
	require.Equal(t, map[string]int{"pending": 50}, w.deliveries())

	w.startWorker()
	w.awaitDeliveries(50)
	require.Equal(t, map[string]int{"processed": 50}, w.deliveries())
	w.requireMirrored()
}

// alive asks a server that cannot reach its services whether it lives.
func alive(ctx context.Context, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/healthz", http.NoBody)
	if err != nil {
		return err
	}
	client := http.Client{Timeout: time.Second}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}
