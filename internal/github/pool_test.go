package github_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/budget"
	"github.com/holdfast/holdfast/internal/connection"
	"github.com/holdfast/holdfast/internal/github"
)

// pooled is a pool of the fake's connections, on a clock that is set by hand.
type pooled struct {
	*github.Pool
	t     *testing.T
	fake  *fake
	clock *clock
	store *connections
}

func newPool(t *testing.T, held ...connection.Held) *pooled {
	t.Helper()
	f, clock := newFake(t), newClock()
	for i := range held {
		held[i].BaseURL, held[i].WorkspaceID, held[i].Version = f.URL+"/api/v3/", workspaceID, 1
		if held[i].State == "" {
			held[i].State = connection.StateUnchecked
		}
	}
	store := &connections{now: clock.now, held: held, looked: map[string]time.Time{}}
	l, err := budget.NewLedger(budget.Options{Process: t.Name(), Now: clock.now, Scale: 1})
	require.NoError(t, err)
	t.Cleanup(l.Close)
	pool := github.NewPool(github.PoolOptions{
		Connections: store, Tokens: &tokens{now: clock.now}, Ledger: l, UserAgent: "test", Now: clock.now, Scale: 1,
		Logger: slog.New(slog.DiscardHandler),
	})
	return &pooled{Pool: pool, t: t, fake: f, clock: clock, store: store}
}

// token is a connection with a token that the fake knows as of a user with that id.
func tokenOf(id, secret string) connection.Held {
	return connection.Held{
		Connection: connection.Connection{ID: id, Name: id, Kind: connection.KindToken}, Secrets: connection.Secrets{Token: secret},
	}
}

func installed() connection.Held {
	return connection.Held{
		Connection: connection.Connection{ID: "i", Name: "i", Kind: connection.KindApp, AppID: appID, InstallationID: installationID},
		Secrets:    connection.Secrets{PrivateKey: pkcs1(appKey())},
	}
}

// serving is the connection that serves a repository.
func (p *pooled) serving(owner, name string) *github.Client {
	p.t.Helper()
	c, err := p.For(p.t.Context(), workspaceID, owner, name, budget.Core)
	require.NoError(p.t, err)
	return c
}

func (p *pooled) refusal(owner, name string) string {
	p.t.Helper()
	_, err := p.For(p.t.Context(), workspaceID, owner, name, budget.Core)
	var refused *github.CredentialError
	require.ErrorAs(p.t, err, &refused)
	return refused.Reason
}

func TestARepositoryKeepsItsConnectionAndRepositoriesAreSpread(t *testing.T) {
	t.Parallel()
	p := newPool(t, tokenOf("a", "ta"), tokenOf("b", "tb"), tokenOf("c", "tc"))
	p.fake.users = map[string]int64{"ta": 1, "tb": 2, "tc": 3}
	served := map[string]int{}
	for i := range 60 {
		name := fmt.Sprintf("r%d", i)
		c := p.serving("o", name)
		served[c.Connection()]++
		require.Same(t, c, p.serving("O", strings.ToUpper(name)))
	}
	for id, n := range served {
		require.GreaterOrEqual(t, n, 8, "%s of %v", id, served)
	}
	require.Len(t, served, 3)
	require.Equal(t, 3, p.fake.asked("GET /api/v3/user "), "who it is is asked once each")
	require.Equal(t, 3, p.fake.asked(""))
	h := p.store.get(t, "b")
	require.Equal(t, connection.StateOK, h.State)
	require.Equal(t, "user:2@"+strings.TrimPrefix(p.fake.URL, "http://"), h.Account)
	require.Equal(t, "user2", h.Login)
}

func TestConnectionsServeTheirRepositoriesOnly(t *testing.T) {
	t.Parallel()
	a, b := tokenOf("a", "ta"), tokenOf("b", "tb")
	a.Repositories, b.Repositories = []string{"octo/*"}, []string{"hub/one"}
	nobody := connection.Held{Connection: connection.Connection{ID: "n", Name: "n", Kind: connection.KindAnonymous}}
	p := newPool(t, a, b, nobody)
	p.fake.users = map[string]int64{"ta": 1, "tb": 2}
	require.Equal(t, "a", p.serving("octo", "x").Connection())
	require.Equal(t, "b", p.serving("hub", "one").Connection())
	require.Equal(t, "No connection of this workspace serves hub/two.", p.refusal("hub", "two"), "nobody's is for workspaces without another")

	p = newPool(t, nobody)
	c := p.serving("hub", "two")
	require.Equal(t, "n", c.Connection())
	_, err := c.List(t.Context(), "repos/hub/two/issues", github.Ask{})
	require.NoError(t, err)
	require.Equal(t, 1, p.fake.asked("nobody"))
}

func TestAnotherTakesOverFromARefusedCredentialUntilItIsMended(t *testing.T) {
	t.Parallel()
	p := newPool(t, tokenOf("a", "ta"), tokenOf("b", "tb"))
	p.fake.users = map[string]int64{"ta": 1, "tb": 2}
	first := p.serving("o", "r")
	other := map[string]string{"a": "b", "b": "a"}[first.Connection()]
	_, err := first.List(t.Context(), "repos/o/r/issues", github.Ask{})
	require.NoError(t, err)
	p.fake.now(func() { delete(p.fake.users, "t"+first.Connection()) })
	for range 3 { // what was in flight meets it as well
		_, err = first.List(t.Context(), "repos/o/r/issues", github.Ask{})
		require.Equal(t, github.KindUnauthorized, github.KindOf(err))
	}
	require.Equal(t, other, p.serving("o", "r").Connection())
	h := p.store.get(t, first.Connection())
	require.Equal(t, connection.StateRefused, h.State)
	require.Contains(t, h.StateReason, "wrong, expired or revoked. GitHub says: as GitHub says")
	require.Len(t, p.store.reasons, 1, "it is noted once")

	p.store.edit(first.Connection(), func(h *connection.Held) { h.Secrets.Token = "new" })
	p.fake.now(func() { p.fake.users["new"] = 1 })
	p.clock.pass(4 * time.Second)
	mended := p.serving("o", "r")
	require.Equal(t, first.Connection(), mended.Connection(), "mended: the repository's own again")
	require.NotSame(t, first, mended)
}

func TestARefusedCredentialIsLeftInPeace(t *testing.T) {
	t.Parallel()
	p := newPool(t, tokenOf("a", "ta"))
	require.Contains(t, p.refusal("o", "r"), `The connection "a": GitHub does not accept the credential`)
	require.Equal(t, 1, p.fake.asked(""))
	for range 4 {
		p.clock.pass(time.Minute)
		p.refusal("o", "r")
	}
	require.Equal(t, 1, p.fake.asked(""), "nothing is asked while it is refused")
	p.clock.pass(61 * time.Second)
	p.refusal("o", "r")
	require.Equal(t, 2, p.fake.asked(""), "but once in five minutes")

	p.fake.now(func() { p.fake.users["ta"] = 1 })
	p.clock.pass(5 * time.Minute)
	require.Equal(t, "a", p.serving("o", "r").Connection(), "mended on GitHub's side")
	require.Equal(t, connection.StateOK, p.store.get(t, "a").State)

	p.store.of("a", 0, func(h *connection.Held) { h.State = connection.StateDisabled })
	p.clock.pass(4 * time.Second)
	require.Equal(t, `The connection "a": It is switched off.`, p.refusal("o", "r"))
}

func TestOneProcessLooksAtARefusedCredential(t *testing.T) {
	t.Parallel()
	p := newPool(t, tokenOf("a", "ta"))
	p.refusal("o", "r")
	p.clock.pass(5 * time.Minute)
	p.store.of("a", 0, func(*connection.Held) { p.store.looked["a"] = p.clock.now() }) // another process has
	p.refusal("o", "r")
	require.Equal(t, 1, p.fake.asked(""))
}

func TestAnotherTakesOverFromOneThatMustWait(t *testing.T) {
	t.Parallel()
	p := newPool(t, tokenOf("a", "ta"), tokenOf("b", "tb"))
	p.fake.users = map[string]int64{"ta": 1, "tb": 2}
	first := p.serving("o", "r")
	p.fake.now(func() { p.fake.answer = status(http.StatusTooManyRequests, "Retry-After", "600") })
	var limit *budget.LimitError
	_, err := first.List(t.Context(), "x", github.Ask{})
	require.ErrorAs(t, err, &limit)
	second := p.serving("o", "r")
	require.NotEqual(t, first.Connection(), second.Connection())
	p.clock.pass(time.Minute)
	_, err = second.List(t.Context(), "x", github.Ask{})
	require.ErrorAs(t, err, &limit)
	require.Equal(t, first.Connection(), p.serving("o", "r").Connection(), "of two that must wait the one that may go on first")
	require.WithinDuration(t, p.clock.now().Add(9*time.Minute), p.Ready(t.Context(), workspaceID, "o", "r", budget.Core), 5*time.Second)
	p.clock.pass(10 * time.Minute)
	require.Equal(t, first.Connection(), p.serving("o", "r").Connection())
	require.False(t, p.Ready(t.Context(), workspaceID, "o", "r", budget.Core).After(p.clock.now()))
}

// What is left and kept for more urgent lanes is nothing to the lane that has to wait.
func TestAnotherTakesOverFromOneWhoseRestIsNotForTheLane(t *testing.T) {
	t.Parallel()
	p := newPool(t, tokenOf("a", "ta"), tokenOf("b", "tb"))
	p.fake.users = map[string]int64{"ta": 1, "tb": 2}
	first := p.serving("o", "r")
	reset := strconv.FormatInt(time.Now().Add(30*time.Minute).Unix(), 10)
	p.fake.now(func() {
		p.fake.answer = status(http.StatusOK, "X-RateLimit-Limit", "5000", "X-RateLimit-Remaining", "20", "X-RateLimit-Reset", reset, "X-RateLimit-Resource", "core")
	})
	_, err := first.Object(t.Context(), "x")
	require.NoError(t, err)
	var limit *budget.LimitError
	_, err = first.Object(t.Context(), "x")
	require.ErrorAs(t, err, &limit)
	require.NotEqual(t, first.Connection(), p.serving("o", "r").Connection())
	person, err := p.For(budget.WithFlow(t.Context(), budget.Flow{Lane: budget.LaneInteractive}), workspaceID, "o", "r", budget.Core)
	require.NoError(t, err)
	require.Equal(t, first.Connection(), person.Connection(), "a person goes on with what is left")
}

// A forecast counts on what all accounts allow that may serve a repository.
func TestThePaceIsThatOfAllAccountsThatServe(t *testing.T) {
	t.Parallel()
	a, b, c := tokenOf("a", "ta"), tokenOf("b", "tb"), tokenOf("c", "tc")
	a.Repositories, b.Repositories, c.Repositories = []string{"o/*"}, []string{"o/*"}, []string{"x/*"}
	p := newPool(t, a, b, c)
	p.fake.users = map[string]int64{"ta": 1, "tb": 2, "tc": 3}
	first := p.serving("o", "r")
	pace := func() budget.Pace { return p.Pace(t.Context(), workspaceID, "o", "r", first) }
	require.False(t, pace().Known, "GitHub has not said yet")
	now := time.Now()
	limited := func(c *github.Client, left string, in time.Duration) {
		t.Helper()
		p.fake.now(func() {
			p.fake.answer = status(http.StatusOK, "X-RateLimit-Limit", "5000", "X-RateLimit-Remaining", left,
				"X-RateLimit-Reset", strconv.FormatInt(now.Add(in).Unix(), 10), "X-RateLimit-Resource", "core")
		})
		_, err := c.Object(t.Context(), "x")
		require.NoError(t, err)
	}
	limited(first, "1000", 20*time.Minute)
	alone := pace()
	require.Equal(t, []int64{5000, 1000}, []int64{alone.Limit, alone.Left})
	other, err := p.Connection(t.Context(), workspaceID, map[string]string{"a": "b", "b": "a"}[first.Connection()])
	require.NoError(t, err)
	limited(other, "3000", 40*time.Minute)
	limited(p.serving("x", "r"), "4000", time.Minute)
	both := pace()
	require.Equal(t, []int64{10000, 4000}, []int64{both.Limit, both.Left}, "the third does not serve it")
	require.InDelta(t, 10*60, both.Reset.Sub(alone.Reset).Seconds(), 5, "the middle of the two")
}

// What is left of GraphQL's points says nothing to who asks the REST API, and the reverse.
func TestAnotherTakesOverFromOneWhosePointsAreSpent(t *testing.T) {
	t.Parallel()
	p := newPool(t, tokenOf("a", "ta"), tokenOf("b", "tb"))
	p.fake.users = map[string]int64{"ta": 1, "tb": 2}
	of := func(resource budget.Resource) *github.Client {
		c, err := p.For(t.Context(), workspaceID, "o", "r", resource)
		require.NoError(t, err)
		return c
	}
	first := of(budget.GraphQL)
	require.Same(t, first, of(budget.Core))
	reset := strconv.FormatInt(time.Now().Add(30*time.Minute).Unix(), 10)
	p.fake.now(func() {
		p.fake.answer = status(http.StatusForbidden, "X-RateLimit-Limit", "5000", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", reset, "X-RateLimit-Resource", "graphql")
	})
	var limit *budget.LimitError
	_, err := first.GraphQL(t.Context(), query, nil)
	require.ErrorAs(t, err, &limit)
	require.Equal(t, budget.Points, limit.Limit)
	second := of(budget.GraphQL)
	require.NotSame(t, first, second)
	require.Same(t, first, of(budget.Core))
	ready := func(resource budget.Resource) time.Time { return p.Ready(t.Context(), workspaceID, "o", "r", resource) }
	require.False(t, ready(budget.GraphQL).After(p.clock.now()))

	_, err = second.GraphQL(t.Context(), query, nil)
	require.ErrorAs(t, err, &limit)
	require.WithinDuration(t, p.clock.now().Add(30*time.Minute), ready(budget.GraphQL), 5*time.Second)
	require.False(t, ready(budget.Core).After(p.clock.now()))

	p.clock.pass(time.Hour)
	p.fake.now(func() { p.fake.answer = status(http.StatusNotFound) })
	_, err = first.GraphQL(t.Context(), query, nil)
	require.Equal(t, github.KindNotServed, github.KindOf(err))
	p.fake.now(func() { p.fake.answer = status(http.StatusTooManyRequests, "Retry-After", "600") })
	_, err = first.List(t.Context(), "x", github.Ask{})
	require.ErrorAs(t, err, &limit)
	require.NotSame(t, first, of(budget.GraphQL), "without GraphQL it would ask the REST API")
}

func TestAConnectionIsAskedForByItsID(t *testing.T) {
	t.Parallel()
	a, b := tokenOf("a", "ta"), tokenOf("b", "tb")
	a.Repositories = []string{"o/a"}
	p := newPool(t, a, b)
	p.fake.users = map[string]int64{"ta": 1}
	c, err := p.Connection(t.Context(), workspaceID, "a")
	require.NoError(t, err)
	require.Equal(t, "a", c.Connection())
	var refused *github.CredentialError
	_, err = p.Connection(t.Context(), workspaceID, "b")
	require.ErrorAs(t, err, &refused)
	require.Contains(t, refused.Reason, "wrong, expired or revoked")
	_, err = p.Connection(t.Context(), workspaceID, "c")
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "The connection was deleted.", refused.Reason)
	_, err = p.For(t.Context(), workspaceID, "o", "a", budget.Core)
	require.NoError(t, err)
}

func TestTokensOfOneUserShareAnAccount(t *testing.T) {
	t.Parallel()
	a, b := tokenOf("a", "ta"), tokenOf("b", "tb")
	a.Repositories, b.Repositories = []string{"o/a"}, []string{"o/b"}
	p := newPool(t, a, b)
	p.fake.users = map[string]int64{"ta": 1, "tb": 1}
	first, second := p.serving("o", "a"), p.serving("o", "b")
	require.NotSame(t, first, second)
	p.fake.now(func() { p.fake.answer = status(http.StatusForbidden, "Retry-After", "600") })
	var limit *budget.LimitError
	_, err := first.List(t.Context(), "x", github.Ask{})
	require.ErrorAs(t, err, &limit)
	_, err = second.List(t.Context(), "x", github.Ask{})
	require.ErrorAs(t, err, &limit)
	require.Equal(t, 1, p.fake.asked("/x"), "what stops one stops the other")
}

func TestAnAccountHeedsAllItsConnections(t *testing.T) {
	t.Parallel()
	a, b := tokenOf("a", "ta"), tokenOf("b", "tb")
	a.InFlight, b.InFlight, b.Repositories = 5, 3, []string{"o/b"}
	p := newPool(t, a, b)
	p.fake.users = map[string]int64{"ta": 1, "tb": 1}
	c := p.serving("o", "a")
	require.Equal(t, 5, c.Pace().InFlight, "nobody knows yet that b is the same user's")
	p.serving("o", "b")
	p.clock.pass(4 * time.Second)
	c = p.serving("o", "a")
	require.Equal(t, 3, c.Pace().InFlight)
	p.store.mu.Lock()
	p.store.held = p.store.held[:1]
	p.store.mu.Unlock()
	p.clock.pass(4 * time.Second)
	require.Same(t, c, p.serving("o", "a"))
	require.Eventually(t, func() bool {
		_, err := c.List(t.Context(), "x", github.Ask{})
		return err == nil && c.Pace().InFlight == 5
	}, 10*time.Second, time.Millisecond)
}

func TestAnInstallationIsServedAndRefused(t *testing.T) {
	t.Parallel()
	p := newPool(t, installed())
	c := p.serving("octo", "r")
	_, err := c.List(t.Context(), "repos/octo/r/issues", github.Ask{})
	require.NoError(t, err)
	require.Equal(t, 1, p.fake.asked("POST /api/v3/app/installations/70/access_tokens app"))
	h := p.store.get(t, "i")
	require.Equal(t, "octo", h.Login)
	require.Equal(t, "installation:70@"+strings.TrimPrefix(p.fake.URL, "http://"), h.Account)

	p.fake.now(func() { p.fake.suspended = true })
	_, err = c.List(t.Context(), "repos/octo/r/issues", github.Ask{})
	require.Equal(t, github.KindUnauthorized, github.KindOf(err))
	require.Contains(t, p.refusal("octo", "r"), "suspended")
	p.clock.pass(5 * time.Minute)
	require.Contains(t, p.refusal("octo", "r"), "suspended the installation since 2026-01-02T03:04:05Z")
	p.fake.now(func() { p.fake.suspended = false })
	p.clock.pass(5 * time.Minute)
	require.Equal(t, "i", p.serving("octo", "r").Connection())

	broken := installed()
	broken.Secrets.PrivateKey = "s3cret"
	p = newPool(t, broken)
	reason := p.refusal("octo", "r")
	require.Contains(t, reason, "Its private key cannot be used")
	require.NotContains(t, reason, "s3cret")
}

func TestGitHubThatCannotSayWhoseATokenIsIsAskedAllTheSame(t *testing.T) {
	t.Parallel()
	p := newPool(t, tokenOf("a", "ta"))
	p.fake.good["ta"] = time.Now().Add(time.Hour) // a token of nobody's, as GitHub Actions have
	p.fake.answer = status(http.StatusForbidden)
	c := p.serving("o", "r")
	require.Equal(t, connection.StateOK, p.store.get(t, "a").State)
	p.fake.now(func() { p.fake.answer = ok(`[]`) })
	_, err := c.List(t.Context(), "x", github.Ask{})
	require.NoError(t, err)
}

func TestClientsOfChangedAndDeletedConnectionsAreDropped(t *testing.T) {
	t.Parallel()
	p := newPool(t, tokenOf("a", "ta"))
	p.fake.users = map[string]int64{"ta": 1, "tb": 2}
	changed := func() weak.Pointer[github.Client] { return weak.Make(p.serving("o", "r")) }()
	p.store.edit("a", func(h *connection.Held) { h.Secrets.Token = "tb" })
	require.NotNil(t, p.serving("o", "r"), "a change counts after a few seconds")
	require.Equal(t, 0, p.fake.asked("user 2"))
	p.clock.pass(4 * time.Second)
	deleted := func() weak.Pointer[github.Client] { return weak.Make(p.serving("o", "r")) }()
	require.Equal(t, 1, p.fake.asked("user 2"))
	p.store.mu.Lock()
	p.store.held = nil
	p.store.mu.Unlock()
	p.clock.pass(4 * time.Second)
	p.refusal("o", "r")
	require.Eventually(t, func() bool {
		runtime.GC()
		return changed.Value() == nil && deleted.Value() == nil
	}, 10*time.Second, 10*time.Millisecond)
}

func TestAPoolSaysWhatItsStoreCannotTell(t *testing.T) {
	t.Parallel()
	p := newPool(t, tokenOf("a", "ta"))
	p.store.fail = errors.New("the database is away")
	_, err := p.For(t.Context(), workspaceID, "o", "r", budget.Core)
	require.ErrorIs(t, err, p.store.fail)
	var refused *github.CredentialError
	require.NotErrorAs(t, err, &refused)
}

func TestAPoolIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	p := newPool(t, tokenOf("a", "ta"), tokenOf("b", "tb"), installed())
	p.fake.users = map[string]int64{"ta": 1, "tb": 2}
	var wait sync.WaitGroup
	for i := range 20 {
		wait.Go(func() {
			for range 5 {
				ctx, cancel := context.WithCancel(t.Context())
				c, err := p.For(ctx, workspaceID, "o", strconv.Itoa(i), budget.Core)
				if err == nil {
					_, err = c.List(ctx, "x", github.Ask{})
				}
				cancel()
				if err != nil && github.KindOf(err) != github.KindUnauthorized {
					t.Errorf("%v", err)
				}
				p.clock.pass(time.Second)
			}
		})
	}
	for range 5 {
		p.store.edit("b", func(*connection.Held) {})
		p.fake.now(func() { clear(p.fake.good) })
	}
	wait.Wait()
	require.Equal(t, 2, p.fake.asked("GET /api/v3/user user 1")+min(p.fake.asked("GET /api/v3/user user 2"), 1))
}
