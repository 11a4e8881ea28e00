package activities_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/internal/budget"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/delivery"
	"github.com/holdfast/holdfast/internal/github"
	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/operation"
)

// shiftedClock runs ahead of the real one as far as it is told.
type shiftedClock struct{ ahead atomic.Int64 }

func (c *shiftedClock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// hooked is a mirrored repository whose hook sends to a receiver that may be away.
type hooked struct {
	*bundle
	hook   *githubsim.Hook
	client *github.Client
	about  *activities.Deliveries
	clock  *shiftedClock
	away   atomic.Bool

	mu   sync.Mutex
	told []delivery.Repository
}

func setupHook(t *testing.T) *hooked {
	t.Helper()
	return setupHookOf(t, "issues", "label", "star")
}

// setupHookOf is setupHook with a hook of some events; of all if none are named.
func setupHookOf(t *testing.T, events ...string) *hooked {
	t.Helper()
	h := &hooked{clock: &shiftedClock{}}
	h.bundle = setup(t, 60, githubsim.Options{Now: h.clock.now})
	receiver := &delivery.Receiver{
		Directory:   delivery.Fixed{{Name: "default", WorkspaceID: config.DefaultWorkspace, Secrets: []string{"s"}}},
		Collections: h.steps.Collections, Keeper: h.store, Logger: slog.New(slog.DiscardHandler), Announce: h.announce,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil && !h.away.Load() {
			_, err = receiver.Receive(r.Context(), delivery.Request{
				Connection: "default", GUID: r.Header.Get("X-GitHub-Delivery"), Event: r.Header.Get("X-GitHub-Event"),
				Signature: r.Header.Get("X-Hub-Signature-256"), ContentType: r.Header.Get("Content-Type"), Body: body,
			})
		}
		if err != nil || h.away.Load() {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	t.Cleanup(server.Close)
	api := httptest.NewServer(h.sim)
	t.Cleanup(api.Close)
	client, err := github.New(github.Options{
		BaseURL: api.URL, Credential: github.StaticToken("t"), UserAgent: "test", Account: account(t, h.clock.now), Now: h.clock.now, Scale: 0.001,
	})
	require.NoError(t, err)
	h.client = client
	h.hook = h.sim.AddHook(githubsim.HookOptions{Of: h.repo.FullName(), URL: server.URL, Secret: "s", Events: events})
	t.Cleanup(h.hook.Close)
	h.about = &activities.Deliveries{
		Store: h.store, Clients: fixed{client}, Collections: h.steps.Collections, Logger: slog.New(slog.DiscardHandler), Now: h.clock.now,
		Hooks: func(_ context.Context, workspaceID string) ([]delivery.Hook, error) {
			return []delivery.Hook{{Connection: "default", WorkspaceID: workspaceID, Path: h.hook.Path()}}, nil
		},
	}
	h.env.RegisterActivity(h.about)
	return h
}

func (h *hooked) announce(r delivery.Repository) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told = append(h.told, r)
}

// mirror syncs some collections.
func (h *hooked) mirror(names ...string) {
	h.t.Helper()
	ref := h.create(names...)
	plan, err := h.planSync(ref)
	require.NoError(h.t, err)
	for _, name := range names {
		h.read(ref, plan, name)
	}
	h.finish(ref, "succeeded")
}

func (h *hooked) finish(ref activities.OperationRef, state string) {
	h.t.Helper()
	_, err := h.pool.Exec(h.t.Context(), `update operations set state = $2, finished_at = now() where id = $1`, ref.OperationID, state)
	require.NoError(h.t, err)
}

func (h *hooked) recover() (out activities.Recovered, err error) {
	value, err := h.env.ExecuteActivity(h.about.RecoverDeliveries, activities.Recover{WorkspaceID: config.DefaultWorkspace})
	if err == nil {
		require.NoError(h.t, value.Get(&out))
	}
	return out, err
}

func (h *hooked) kept() int {
	h.t.Helper()
	var n int
	require.NoError(h.t, h.pool.QueryRow(h.t.Context(), `select count(*) from deliveries`).Scan(&n))
	return n
}

func (h *hooked) sweepsDue() int {
	h.t.Helper()
	var n int
	require.NoError(h.t, h.pool.QueryRow(h.t.Context(), `select count(*) from repository_states where sweep_due_at is not null`).Scan(&n))
	return n
}

func TestFailedDeliveriesAreAskedForAgain(t *testing.T) {
	h := setupHook(t)
	h.mirror("labels")
	h.repo.Star(2)
	h.hook.Wait()
	require.Equal(t, 2, h.kept())
	h.away.Store(true)
	h.repo.Star(150) // more than a page of the hook's list
	h.hook.Wait()
	require.Equal(t, 150, h.hook.Failed())

	out, err := h.recover()
	require.NoError(t, err)
	require.Equal(t, activities.Recovered{Failed: 150, Redelivered: 150}, out)
	h.hook.Wait()
	require.Equal(t, 2, h.kept(), "it is still away")

	h.away.Store(false)
	_, err = h.recover()
	require.NoError(t, err)
	h.hook.Wait()
	require.Zero(t, h.hook.Failed())
	require.Equal(t, 152, h.kept())
	out, err = h.recover()
	require.NoError(t, err)
	require.Zero(t, out, "what has succeeded since is not asked for again")
	require.Zero(t, h.sweepsDue())
}

// Our answer may be lost on its way: GitHub then takes for failed what was kept.
func TestWhatWasKeptIsNotAskedForAgain(t *testing.T) {
	h := setupHook(t)
	h.mirror("labels")
	h.hook.SetFaults(githubsim.HookFaults{Failed: 1})
	h.repo.Star(1)
	h.hook.Wait()
	_, err := h.pool.Exec(t.Context(), `insert into deliveries
		(workspace_id, guid, connection, event, action, repository, organization, collections, items, payload, state, finished_at)
		select $1, $2, 'default', 'star', '', '', '', '{}', '[]', '', 'processed', now()`, config.DefaultWorkspace, h.failedGUID())
	require.NoError(t, err)
	out, err := h.recover()
	require.NoError(t, err)
	require.Equal(t, activities.Recovered{Failed: 1}, out)
}

// failedGUID is that of the one delivery that failed.
func (h *hooked) failedGUID() string {
	h.t.Helper()
	page, err := h.client.ListHookDeliveries(h.t.Context(), h.hook.Path(), "")
	require.NoError(h.t, err)
	require.Len(h.t, page.Deliveries, 1)
	return page.Deliveries[0].GUID
}

func TestALookThatComesTooLateIsLeftToTheSweep(t *testing.T) {
	h := setupHook(t)
	h.mirror("labels")
	_, err := h.recover()
	require.NoError(t, err)
	h.away.Store(true)
	h.repo.Star(3)
	h.hook.Wait()
	h.clock.ahead.Store(int64(73 * time.Hour))
	out, err := h.recover()
	require.NoError(t, err)
	require.Equal(t, activities.Recovered{Due: 1}, out, "GitHub lists them no more")
	require.Equal(t, 1, h.sweepsDue())
}

func TestAHookThatIsNotOursIsAnError(t *testing.T) {
	h := setupHook(t)
	h.about.Hooks = func(_ context.Context, workspaceID string) ([]delivery.Hook, error) {
		return []delivery.Hook{{Connection: "default", WorkspaceID: workspaceID, Path: "orgs/somebody/hooks/7"}}, nil
	}
	_, err := h.recover()
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	require.True(t, app.NonRetryable())
	require.Equal(t, string(github.KindNotFound), app.Type())
	h.about.Hooks = func(context.Context, string) ([]delivery.Hook, error) { return nil, nil }
	out, err := h.recover()
	require.NoError(t, err)
	require.Zero(t, out)
}

func TestDeliveriesNominateTheirCollections(t *testing.T) {
	h := setupHook(t)
	h.mirror("labels", "issues")
	_, err := h.repo.CreateLabel("new", "ededed", "")
	require.NoError(t, err)
	h.repo.Star(1)
	h.hook.Wait()
	watched := activities.Watched{WorkspaceID: config.DefaultWorkspace, RepositoryID: h.repo.ID()}
	claim := func(pass int) (out activities.Claimed) {
		value, err := h.env.ExecuteActivity(h.about.ClaimDeliveries, activities.WatchPass{Watched: watched, Pass: pass})
		require.NoError(t, err)
		require.NoError(t, value.Get(&out))
		return out
	}
	first := claim(1)
	require.Equal(t, h.repo.FullName(), first.Subject)
	require.Equal(t, first.OperationID, claim(1).OperationID, "repeated it is the same pass")
	op, err := h.store.Operation(t.Context(), config.DefaultWorkspace, first.OperationID)
	require.NoError(t, err)
	require.Equal(t, "webhook", string(op.Source))
	require.JSONEq(t, `{"repository":"`+h.repo.FullName()+`","collections":["labels","repository"]}`, string(op.Input),
		"stargazers are not mirrored here")

	settle := func() (out activities.Settled) {
		value, err := h.env.ExecuteActivity(h.about.SettleDeliveries, activities.WatchPassEnd{Watched: watched, OperationID: first.OperationID})
		require.NoError(t, err)
		require.NoError(t, value.Get(&out))
		return out
	}
	require.Equal(t, activities.Settled{Open: true}, settle())
	ref := activities.OperationRef{WorkspaceID: config.DefaultWorkspace, OperationID: first.OperationID}
	plan, err := h.planSync(ref)
	require.NoError(t, err)
	h.read(ref, plan, "labels")
	h.finish(ref, "succeeded")
	require.Equal(t, activities.Settled{Processed: 2}, settle())
	require.Equal(t, activities.Claimed{}, claim(2))
	require.NotEmpty(t, h.told)
}

// Payloads that come in any order never move an item back: lists alone write.
func TestPayloadsOutOfOrderMoveNothingBack(t *testing.T) {
	h := setupHook(t)
	h.hook.SetFaults(githubsim.HookFaults{Delayed: 1, Delay: 200 * time.Millisecond, Doubled: 0.5})
	number, err := h.repo.OpenIssue(githubsim.NewIssue{Title: "title 0", By: "ada"})
	require.NoError(t, err)
	h.mirror("issues")
	var want string
	for i := range 20 {
		want = "title " + time.Duration(i+1).String()
		require.NoError(t, h.repo.EditIssue(number, githubsim.IssueEdit{Title: &want, By: "ada"}))
	}
	h.mirror("issues")
	h.hook.Wait()
	var title string
	require.NoError(t, h.pool.QueryRow(t.Context(), `select title from issues where number = $1`, number).Scan(&title))
	require.Equal(t, want, title)
	require.GreaterOrEqual(t, h.kept(), 20, "each delivery once")
}

// Passes may follow each other sooner as long as GitHub allows much more.
func TestWhatIsLeftOfTheBudgetIsToldToTheWatch(t *testing.T) {
	p := setupPool(t, "ada")
	about := &activities.Deliveries{Store: p.store, Clients: p.pool, Collections: p.steps.Collections, Logger: p.steps.Logger, Now: time.Now}
	p.env.RegisterActivity(about)
	ref := p.create("labels")
	_, err := p.env.ExecuteActivity(p.steps.FinishOperation, activities.Finish{OperationRef: ref, State: operation.StateCancelled})
	require.NoError(t, err)
	ample := func() bool {
		value, err := p.env.ExecuteActivity(about.SettleDeliveries, activities.WatchPassEnd{
			Watched: activities.Watched{WorkspaceID: config.DefaultWorkspace, RepositoryID: p.repo.ID()}, OperationID: ref.OperationID,
		})
		require.NoError(t, err)
		var out activities.Settled
		require.NoError(t, value.Get(&out))
		return out.Ample
	}
	client, err := p.pool.For(t.Context(), config.DefaultWorkspace, "o", "r", budget.Core)
	require.NoError(t, err)
	_, err = client.Object(t.Context(), "repos/"+p.repo.FullName())
	require.NoError(t, err)
	require.True(t, ample())

	p.sim.SetFaults(githubsim.FaultPlan{Faults: []githubsim.Fault{{Kind: githubsim.FaultPrimaryLimit, From: 1, Times: 1}}})
	_, err = client.Object(t.Context(), "repos/"+p.repo.FullName())
	require.Error(t, err, "nothing is left of the hour")
	require.False(t, ample())
}
