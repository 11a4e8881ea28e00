package activities_test

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/github"
	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/githubsim/upheaval"
	"github.com/holdfast/holdfast/internal/operation"
)

// serveAs lets the steps read another GitHub with the same repository.
func (b *bundle) serveAs(t *testing.T, options githubsim.Options) *githubsim.Server {
	t.Helper()
	sim := githubsim.New(options)
	sim.Add(b.repo)
	b.readWithToken(t, sim)
	return sim
}

// readWithToken lets the steps read a GitHub as somebody.
func (b *bundle) readWithToken(t *testing.T, sim *githubsim.Server) {
	t.Helper()
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	client, err := github.New(github.Options{
		BaseURL: server.URL, UserAgent: "test", Credential: github.StaticToken("token"), Account: account(t, time.Now), Now: time.Now, Scale: 0.001,
	})
	require.NoError(t, err)
	b.steps.Clients = fixed{client}
}

// requireNoChanges syncs and sweeps, and wants neither to find anything.
func (b *bundle) requireNoChanges(t *testing.T) {
	t.Helper()
	for _, op := range []operation.Operation{b.syncOf(t, b.repo), b.sweepOf(t, b.repo)} {
		require.Empty(t, b.changed(t, op), "%s", op.Kind)
	}
	require.Empty(t, b.drift(t, b.repo))
}

func TestStarsChangeNothing(t *testing.T) {
	b := setup(t, 800, githubsim.Options{})
	b.syncOf(t, b.repo)
	b.repo.Star(17)
	b.requireNoChanges(t)
}

func TestAPushChangesWhatWasPushedAlone(t *testing.T) {
	b := setup(t, 800, githubsim.Options{})
	b.syncOf(t, b.repo)
	sha := b.repo.Push(b.repo.DefaultBranch(), githubsim.NewCommit{Message: "m", By: "ada"})[0]
	require.Equal(t, []string{"branches " + b.repo.DefaultBranch() + " updated", "commits " + sha + " created"}, b.changed(t, b.syncOf(t, b.repo)))
	b.requireNoChanges(t)
}

func TestARenamedUserChangesNothing(t *testing.T) {
	b := setup(t, 800, githubsim.Options{})
	b.syncOf(t, b.repo)
	for n, login := range b.people(t) {
		require.NoError(t, b.repo.RenameUser(login, fmt.Sprintf("renamed-%d", n)))
	}
	b.requireNoChanges(t)
	var renamed int
	require.NoError(t, b.pool.QueryRow(t.Context(), `select count(*) from pulls where user_login like 'renamed-%'`).Scan(&renamed))
	require.Positive(t, renamed, "the new name is there all the same")
}

// Reviews that GraphQL gave are those that REST lists.
func TestTheShapesOfGraphQLAndRESTAreTheSame(t *testing.T) {
	b := setup(t, 1200, githubsim.Options{})
	graphql := b.serveAs(t, githubsim.Options{})
	b.syncOf(t, b.repo)
	require.Zero(t, graphql.Stats().Requests["reviews"])
	require.Positive(t, graphql.Stats().Requests["graphql"])
	rest := b.serveAs(t, githubsim.Options{WithoutGraphQL: true})
	b.requireNoChanges(t)
	require.Positive(t, rest.Stats().Requests["reviews"])
	b.serveAs(t, githubsim.Options{})
	b.requireNoChanges(t)
}

// With a token GitHub's answers have more in them than without.
func TestTheShapeForAnotherViewerIsTheSame(t *testing.T) {
	b := setup(t, 400, githubsim.Options{})
	b.syncOf(t, b.repo)
	b.serveAs(t, githubsim.Options{})
	b.requireNoChanges(t)
}

// An item that a list does not have any more is asked for alone. GitHub's shape of one
// object is not the list's, and is not stored: of a transferred issue not even its new
// place's.
func TestTheShapeOfASingleObjectIsNotStored(t *testing.T) {
	b := setup(t, 400, githubsim.Options{})
	dock := githubsim.Generate(2, githubsim.Spec{Owner: "harborline", Name: "dock", Labels: 3})
	b.sim.Add(dock)
	number, err := b.repo.OpenIssue(githubsim.NewIssue{Title: "leaves", By: "ada"})
	require.NoError(t, err)
	b.syncOf(t, b.repo)
	before := b.source(t, b.repo, b.core())
	_, err = b.sim.Transfer(b.repo, number, dock)
	require.NoError(t, err)
	b.sim.ResetStats()
	found := b.changed(t, b.sweepOf(t, b.repo))
	require.Positive(t, b.sim.Stats().Requests["issue"])
	require.Equal(t, before.difference(b.source(t, b.repo, b.core())), found)
	require.Len(t, found, 1)
	b.requireConverged(t, b.repo)
	var to string
	require.NoError(t, b.pool.QueryRow(t.Context(), `select to_url from item_transfers where number = $1`, number).Scan(&to))
	require.Contains(t, to, "/repos/harborline/dock/issues/")
	b.requireNoChanges(t)
}

// Deliveries carry objects in a shape that is not the list's either. They nominate, and
// none of what they carry is stored: what they are about is mirrored already here, so
// the pass that they ask for finds nothing and leaves every row as it is.
func TestTheShapesOfWebhooksChangeNothing(t *testing.T) {
	h := setupHookOf(t)
	h.readWithToken(t, h.sim)
	h.syncOf(t, h.repo, collection.PresetAll)
	site := upheaval.Site{Server: h.sim, Repository: h.repo}
	for n := range uint32(3) {
		for _, name := range upheaval.Names() {
			_, err := site.Do(upheaval.Action{Name: name, Picks: [4]uint32{n, 7 * n, 13 * n, n}})
			require.NoError(t, err)
		}
	}
	h.hook.Wait()
	h.syncOf(t, h.repo, collection.PresetAll)
	h.sweepOf(t, h.repo, collection.PresetAll)

	watched := activities.Watched{WorkspaceID: config.DefaultWorkspace, RepositoryID: h.repo.ID()}
	value, err := h.env.ExecuteActivity(h.about.ClaimDeliveries, activities.WatchPass{Watched: watched, Pass: 1})
	require.NoError(t, err)
	var claimed activities.Claimed
	require.NoError(t, value.Get(&claimed))
	before := h.xmins()
	op := h.complete(t, activities.OperationRef{WorkspaceID: config.DefaultWorkspace, OperationID: claimed.OperationID})
	require.Equal(t, operation.SourceWebhook, op.Source)
	require.Empty(t, h.changed(t, op))
	require.Equal(t, before, h.xmins())

	for _, c := range h.steps.Collections.All() {
		told := h.count(`select count(*) from deliveries where event = any($1)`, c.Events)
		asked := slices.ContainsFunc(op.Collections, func(w operation.CollectionWork) bool { return w.Name == c.Name })
		require.Equal(t, told > 0 && c.Scope == collection.ScopeRepository, asked, c.Name)
	}
	require.Greater(t, len(op.Collections), 20)
}
