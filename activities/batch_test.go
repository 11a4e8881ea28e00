package activities_test

import (
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/github"
	"github.com/holdfast/holdfast/internal/githubsim"
)

// setUpQueries is a bundle with a repository of a spec, whose client has a token and
// so may ask GraphQL.
func setUpQueries(t *testing.T, spec githubsim.Spec, options githubsim.Options) *bundle {
	t.Helper()
	b := setup(t, 1, githubsim.Options{})
	b.sim, b.repo = githubsim.New(options), githubsim.Generate(2, spec)
	b.sim.Add(b.repo)
	b.ask("token")
	return b
}

// ask makes the steps ask with a token, or with none.
func (b *bundle) ask(token string) {
	b.t.Helper()
	server := httptest.NewServer(b.sim)
	b.t.Cleanup(server.Close)
	client, err := github.New(github.Options{
		BaseURL: server.URL, UserAgent: "test", Credential: github.StaticToken(token), Account: account(b.t, time.Now), Now: time.Now, Scale: 0.001,
	})
	require.NoError(b.t, err)
	b.steps.Clients = fixed{client}
}

// reviewed adds n reviews to each pull request.
func (b *bundle) reviewed(n int) {
	b.t.Helper()
	authors := []string{"ada", "", "dependabot[bot]", "bob"}
	states := []string{"APPROVED", "COMMENTED", "CHANGES_REQUESTED", "DISMISSED", "PENDING"}
	count := 0
	for number := range 1_000_000 {
		if number > 0 && count == b.sim.Count("harborline", "relay", "pulls") {
			return
		}
		for i := range n {
			_, err := b.repo.AddReview(number, githubsim.NewReview{By: authors[(number+i)%len(authors)], State: states[(number+i)%len(states)], Body: "r <&> \u2028"})
			if err != nil {
				break // it is no pull request
			}
			if i == 0 {
				count++
			}
		}
	}
}

func pullsOnly(n int) githubsim.Spec { return githubsim.Spec{Pulls: n, Commits: 5, Labels: 3} }

func TestAThousandPullsTakeFewRequestsForTheirReviews(t *testing.T) {
	var ahead atomic.Int64
	b := setUpQueries(t, pullsOnly(1000), githubsim.Options{Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }})
	b.reviewed(2)
	ahead.Add(int64(time.Second)) // what is read within the second in which it moved is read once more
	b.sim.ResetStats()
	work := b.sync("reviews")
	b.requireMirror("pulls", "reviews")
	require.Equal(t, int64(2000), work["reviews"].Items)
	stats := b.sim.Stats().Requests
	require.Zero(t, stats["reviews"], "REST is not asked")
	require.LessOrEqual(t, stats["graphql"], int64(20), "40 are allowed")
	require.Equal(t, stats["graphql"], work["reviews"].Requests)

	b.sim.ResetStats()
	work = b.sync("reviews")
	require.Zero(t, work["reviews"].Written)
	require.Zero(t, b.sim.Stats().Requests["graphql"], "no pull request moved")
	_, err := b.repo.AddReview(b.pull(), githubsim.NewReview{By: "eve", State: "APPROVED"})
	require.NoError(t, err)
	require.Equal(t, int64(1), b.sync("reviews")["reviews"].Written)
	require.Equal(t, int64(1), b.sim.Stats().Requests["graphql"])
	b.requireMirror("reviews")
}

func TestReviewsAreReadByRESTWhereGraphQLIsNotServed(t *testing.T) {
	b := setUpQueries(t, pullsOnly(120), githubsim.Options{WithoutGraphQL: true})
	b.reviewed(1)
	b.sim.ResetStats()
	work := b.sync("reviews")
	b.requireMirror("reviews")
	stats := b.sim.Stats().Requests
	require.Equal(t, int64(1), stats["graphql"], "it is not asked again")
	require.Equal(t, int64(120), stats["reviews"])
	require.Equal(t, int64(121), work["reviews"].Requests)
}

func TestItMakesNoDifferenceWhoGaveTheReviews(t *testing.T) {
	b := setUpQueries(t, githubsim.SpecForItems(3000), githubsim.Options{})
	b.reviewed(1)
	b.sync("reviews")
	require.NotZero(t, b.sim.Stats().Requests["graphql"])
	before := b.xmins()
	for _, token := range []string{"", "token"} {
		b.ask(token)
		b.sim.ResetStats()
		_, err := b.pool.Exec(t.Context(), `delete from collection_parents`)
		require.NoError(t, err)
		work := b.sync("reviews")
		require.Zero(t, work["reviews"].Written, "not even raw is refreshed")
		require.Equal(t, token == "", b.sim.Stats().Requests["reviews"] > 0)
	}
	after := b.xmins()
	for key, version := range before {
		if key.table == "reviews" {
			require.Equal(t, version, after[key], key.key)
		}
	}
}

func TestLongListsOfReviewsAreReadToTheirEnds(t *testing.T) {
	b := setUpQueries(t, pullsOnly(3), githubsim.Options{})
	b.reviewed(250)
	b.sim.ResetStats()
	b.sync("reviews")
	b.requireMirror("reviews")
	require.Equal(t, int64(3), b.sim.Stats().Requests["graphql"], "the rests of all lists are asked for together")
}

func TestAQueryThatTakesTooLongIsAskedInParts(t *testing.T) {
	b := setUpQueries(t, pullsOnly(250), githubsim.Options{})
	b.reviewed(1)
	b.sim.SetFaults(githubsim.FaultPlan{Faults: []githubsim.Fault{
		{Kind: githubsim.FaultStatus, Status: 502, Endpoint: "graphql", Times: 2},
		{Kind: githubsim.FaultShortBody, Endpoint: "graphql", From: 4, Times: 1},
		{Kind: githubsim.FaultReset, Endpoint: "graphql", From: 6, Times: 1},
	}})
	b.sim.ResetStats()
	b.sync("reviews")
	b.requireMirror("reviews")
	require.Zero(t, b.sim.Stats().Requests["reviews"])
	require.Less(t, b.sim.Stats().Requests["graphql"], int64(20))
}

func TestPointsThatAreUsedUpAreAWaitWithAReason(t *testing.T) {
	b := setUpQueries(t, pullsOnly(250), githubsim.Options{})
	ref := b.create("reviews", "labels")
	plan, err := b.planSync(ref)
	require.NoError(t, err)
	b.read(ref, plan, "pulls")
	b.sim.SetFaults(githubsim.FaultPlan{Faults: []githubsim.Fault{{Kind: githubsim.FaultPrimaryLimit, Endpoint: "graphql", From: 2, Times: 1}}})
	result, err := b.pages(ref, plan, "reviews")
	require.NoError(t, err)
	require.NotNil(t, result.Wait)
	require.Contains(t, result.Wait.Reason, "GraphQL points")
	require.Greater(t, result.Wait.Pause, 10*time.Minute)
	op, err := b.store.Operation(t.Context(), ref.WorkspaceID, ref.OperationID)
	require.NoError(t, err)
	require.Equal(t, "github_points_limit", op.Waiting.For)
	require.Zero(t, b.sim.Stats().Offences)
	_, err = b.pages(ref, plan, "labels")
	require.NoError(t, err, "requests of the REST API go on")
}

func TestADeletedPullIsMissedAlone(t *testing.T) {
	b := setUpQueries(t, pullsOnly(150), githubsim.Options{})
	b.reviewed(1)
	ref := b.create("reviews")
	plan, err := b.planSync(ref)
	require.NoError(t, err)
	b.read(ref, plan, "pulls")
	require.NoError(t, b.repo.VanishPull(b.pull()))
	b.read(ref, plan, "reviews")
	var reviews int
	require.NoError(t, b.pool.QueryRow(t.Context(), `select count(*) from reviews where deleted_at is null`).Scan(&reviews))
	require.Equal(t, 149, reviews)
}

func TestEveryQueryStaysWithinGitHubsLimits(t *testing.T) {
	t.Parallel()
	for _, c := range collection.All() {
		if c.GraphQL == nil || c.GraphQL.Parent == "" {
			continue
		}
		// What the simulator computes as GitHub does: nodes and connections of a whole batch.
		lists := c.GraphQL.Batch
		nodes, connections := lists*collection.MaxNodes, lists
		if c.GraphQL.Thread != "" {
			connections += nodes
			nodes += nodes * c.GraphQL.ThreadFirst
		}
		require.LessOrEqual(t, nodes, 500_000, c.Name)
		require.LessOrEqual(t, connections/100, 25, "%s: points", c.Name)
	}
}
