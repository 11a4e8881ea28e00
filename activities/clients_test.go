package activities_test

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/internal/budget"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/connection"
	"github.com/holdfast/holdfast/internal/github"
	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/operation"
)

// connections are a workspace's, in memory.
type connections struct {
	mu   sync.Mutex
	held []connection.Held
}

func (c *connections) Connections(context.Context, string) ([]connection.Held, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.held), nil
}

// change changes a connection; version 0 is whichever there is.
func (c *connections) change(id string, version int64, do func(*connection.Held)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.held {
		if c.held[i].ID == id && (version == 0 || c.held[i].Version == version) {
			do(&c.held[i])
		}
	}
}

func (c *connections) Accept(_ context.Context, id string, version int64, account, login string) error {
	c.change(id, version, func(h *connection.Held) { h.State, h.Account, h.Login = connection.StateOK, account, login })
	return nil
}

func (c *connections) Refuse(_ context.Context, id string, version int64, reason string) error {
	c.change(id, version, func(h *connection.Held) { h.State, h.StateReason = connection.StateRefused, reason })
	return nil
}

func (c *connections) Look(context.Context, string, int64, time.Duration) (bool, error) {
	return false, nil
}

// pooled is a bundle whose steps ask with connections of different users.
type pooled struct {
	*bundle
	connections *connections
	pool        *github.Pool
	clock       *shiftedClock
}

// setupPool makes a connection for each name, with the token of the same name.
func setupPool(t *testing.T, names ...string) *pooled {
	t.Helper()
	var users []githubsim.User
	p := &pooled{connections: new(connections), clock: new(shiftedClock)}
	for _, name := range names {
		users = append(users, githubsim.User{Login: name, Tokens: []githubsim.Token{{Value: name, Scopes: []string{"repo"}}}})
	}
	p.bundle = setup(t, 300, githubsim.Options{Users: users, ShowPublic: true})
	server := httptest.NewServer(p.sim)
	t.Cleanup(server.Close)
	for _, name := range names {
		p.connections.held = append(p.connections.held, connection.Held{
			Connection: connection.Connection{
				ID: name, WorkspaceID: config.DefaultWorkspace, Name: name, Kind: connection.KindToken, BaseURL: server.URL,
				State: connection.StateUnchecked, Version: 1,
			},
			Secrets: connection.Secrets{Token: name},
		})
	}
	ledger, err := budget.NewLedger(budget.Options{Process: t.Name(), Now: time.Now})
	require.NoError(t, err)
	t.Cleanup(ledger.Close)
	p.pool = github.NewPool(github.PoolOptions{
		Connections: p.connections, Ledger: ledger, UserAgent: "test", Now: p.clock.now, Logger: slog.New(slog.DiscardHandler),
	})
	p.steps.Clients = p.pool
	return p
}

// chosen is the connection that the repository's steps use now.
func (p *pooled) chosen() string {
	p.t.Helper()
	owner, name, _ := strings.Cut(p.repo.FullName(), "/")
	client, err := p.pool.For(p.t.Context(), config.DefaultWorkspace, owner, name, budget.Core)
	require.NoError(p.t, err)
	return client.Connection()
}

func TestARefusedCredentialIsWaitedFor(t *testing.T) {
	p := setupPool(t, "ada")
	ref := p.create("labels", "milestones")
	plan, err := p.planSync(ref)
	require.NoError(t, err)

	p.sim.RevokeToken("ada")
	result, err := p.pages(ref, plan, "labels")
	require.NoError(t, err, "the operation is not failed")
	require.InDelta(t, time.Minute, result.Wait.Pause, float64(5*time.Second))
	op := p.operation(ref.OperationID)
	require.Equal(t, operation.StateRunning, op.State)
	require.Equal(t, activities.WaitCredential, op.Waiting.For)
	require.Contains(t, op.Waiting.Reason, "wrong, expired or revoked")
	require.Contains(t, op.Waiting.Reason, `"ada"`, "it says which connection")
	require.WithinDuration(t, time.Now().Add(time.Minute), op.Waiting.Until, 10*time.Second)

	asked, told := p.sim.Stats().Total, op.Seq
	for _, name := range []string{"labels", "milestones", "labels"} {
		result, err = p.pages(ref, plan, name)
		require.NoError(t, err)
		require.NotNil(t, result.Wait)
	}
	require.Equal(t, asked, p.sim.Stats().Total, "GitHub is not asked meanwhile")
	require.Equal(t, told, p.operation(ref.OperationID).Seq, "it is said once")

	p.sim.RestoreToken("ada")
	p.connections.change("ada", 0, func(h *connection.Held) { h.State, h.StateReason, h.Version = connection.StateUnchecked, "", 2 })
	p.clock.ahead.Add(int64(time.Minute))
	p.read(ref, plan, "labels")
	op = p.operation(ref.OperationID)
	require.Nil(t, op.Waiting, "it goes on")
	require.Equal(t, operation.StateRunning, op.State)
}

// Before there is a plan the operation waits all the same, and its plan follows.
func TestWithoutAConnectionThereIsAWait(t *testing.T) {
	p := setupPool(t, "ada")
	p.connections.change("ada", 0, func(h *connection.Held) { h.Repositories = []string{"somebody/*"} })
	ref := p.create()
	plan, err := p.planSync(ref)
	require.NoError(t, err)
	require.Equal(t, "No connection of this workspace serves "+p.repo.FullName()+".", plan.Wait.Reason)
	op := p.operation(ref.OperationID)
	require.Equal(t, operation.StatePending, op.State)
	require.Equal(t, activities.WaitCredential, op.Waiting.For)

	p.connections.change("ada", 0, func(h *connection.Held) { h.Repositories = nil })
	p.clock.ahead.Add(int64(time.Minute))
	plan, err = p.planSync(ref)
	require.NoError(t, err)
	require.Nil(t, plan.Wait)
	require.Nil(t, p.operation(ref.OperationID).Waiting)
}

func TestAnotherConnectionTakesOverFromARefusedOne(t *testing.T) {
	p := setupPool(t, "ada", "bob")
	p.takesOver(func(chosen string) { p.sim.RevokeToken(chosen) })
}

func TestAnotherConnectionTakesOverAtALimit(t *testing.T) {
	p := setupPool(t, "ada", "bob")
	p.takesOver(func(string) {
		p.sim.SetFaults(githubsim.FaultPlan{Faults: []githubsim.Fault{{Kind: githubsim.FaultPrimaryLimit, From: 1, Times: 1}}})
	})
}

// takesOver stops the connection that is used, and reads on with another one.
func (p *pooled) takesOver(stop func(chosen string)) {
	p.t.Helper()
	ref := p.create("labels")
	plan, err := p.planSync(ref)
	require.NoError(p.t, err)
	before := p.chosen()
	stop(before)
	result, err := p.pages(ref, plan, "labels")
	require.NoError(p.t, err)
	require.Equal(p.t, &activities.Wait{Reason: "Another connection takes over."}, result.Wait)
	require.Nil(p.t, p.operation(ref.OperationID).Waiting, "there is nothing to wait for")
	require.NotEqual(p.t, before, p.chosen())
	p.read(ref, plan, "labels")
}

// When all connections have met their limits, the first one to be let through is waited for.
func TestTheFirstConnectionThatIsReadyIsWaitedFor(t *testing.T) {
	p := setupPool(t, "ada", "bob")
	ref := p.create("labels")
	plan, err := p.planSync(ref)
	require.NoError(t, err)
	p.sim.SetFaults(githubsim.FaultPlan{Faults: []githubsim.Fault{
		{Kind: githubsim.FaultSecondaryLimit, From: 1, Times: 1, RetryAfter: 10 * time.Minute, Hold: true},
		{Kind: githubsim.FaultSecondaryLimit, From: 1, Times: 1, RetryAfter: 40 * time.Minute, Hold: true},
	}})
	first, err := p.pages(ref, plan, "labels")
	require.NoError(t, err)
	require.Zero(t, first.Wait.Pause)
	second, err := p.pages(ref, plan, "labels")
	require.NoError(t, err)
	require.InDelta(t, 10*time.Minute, second.Wait.Pause, float64(time.Minute), "not for the one that was just refused")
	op := p.operation(ref.OperationID)
	require.Equal(t, string(budget.Secondary), op.Waiting.For)
	require.WithinDuration(t, time.Now().Add(10*time.Minute), op.Waiting.Until, time.Minute)
}

// busy lets nobody through.
type busy struct {
	fixed
	limit budget.Limit
}

func (b busy) For(context.Context, string, string, string, budget.Resource) (*github.Client, error) {
	return nil, &budget.LimitError{Limit: b.limit, Until: time.Now().Add(10 * time.Second)}
}

func TestManyShortWaitsAreToldOnce(t *testing.T) {
	b := setup(t, 100, githubsim.Options{})
	ref := b.create("labels")
	plan, err := b.planSync(ref)
	require.NoError(t, err)
	free := b.steps.Clients
	b.steps.Clients = busy{limit: budget.Turn}
	told := b.operation(ref.OperationID).Seq
	for range 5 {
		result, err := b.pages(ref, plan, "labels")
		require.NoError(t, err)
		require.Contains(t, result.Wait.Reason, "Other work uses the budget")
	}
	op := b.operation(ref.OperationID)
	require.Equal(t, told+1, op.Seq)
	require.Equal(t, string(budget.Turn), op.Waiting.For)

	b.steps.Clients = free
	b.read(ref, plan, "labels")
	require.Nil(t, b.operation(ref.OperationID).Waiting)
}

// GitHub answers 401 to who shows no credential where it wants one: that refuses none.
func TestWithoutACredentialThereIsNoneToRefuse(t *testing.T) {
	p := setupPool(t, "nobody")
	p.connections.change("nobody", 0, func(h *connection.Held) { h.Kind, h.Secrets = connection.KindAnonymous, connection.Secrets{} })
	ref := p.create("labels", "collaborators")
	plan, err := p.planSync(ref)
	require.NoError(t, err)
	result, err := p.pages(ref, plan, "collaborators")
	require.NoError(t, err)
	require.Equal(t, operation.CollectionSkipped, result.Work.State)
	p.read(ref, plan, "labels")
	require.Nil(t, p.operation(ref.OperationID).Waiting)
}
