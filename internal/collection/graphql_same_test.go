package collection_test

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/internal/budget"
	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/github"
	"github.com/holdfast/holdfast/internal/githubsim"
)

// Whatever reviews there are: what is written from GraphQL counts as the same as what
// REST lists, and would be stored as the same.
func TestReviewsAreTheSameByRESTAndByGraphQL(t *testing.T) {
	t.Parallel()
	c := named(t, "reviews")
	rapid.Check(t, func(t *rapid.T) {
		sim := githubsim.New(githubsim.Options{})
		spec := githubsim.Spec{Pulls: rapid.IntRange(1, 8).Draw(t, "pulls"), Reviews: rapid.IntRange(0, 40).Draw(t, "reviews"), Commits: 3}
		repo := githubsim.Generate(rapid.Uint64().Draw(t, "seed"), spec)
		sim.Add(repo)
		for range rapid.IntRange(0, 10).Draw(t, "more") {
			_, err := repo.AddReview(rapid.IntRange(1, spec.Pulls).Draw(t, "number"), githubsim.NewReview{
				By:    rapid.SampledFrom([]string{"", "ada", "dependabot[bot]", "Octo-Cat", "renovate[bot]"}).Draw(t, "by"),
				State: rapid.SampledFrom([]string{"APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING"}).Draw(t, "state"),
				Body:  rapid.OneOf(rapid.String(), rapid.Just("\x00 \xed\xa0\x80 <&> \u2028")).Draw(t, "body"),
			})
			require.NoError(t, err)
		}
		asked := wants(spec.Pulls)
		query := c.GraphQL.BatchQuery("harborline", "relay", asked, 0)
		result, err := ask(t, sim, query)
		require.NoError(t, err)
		require.Empty(t, result.Errors)
		answers, err := c.GraphQL.ReadBatch(result.Data, asked)
		require.NoError(t, err)
		byKey := map[string]collection.Item{}
		for _, a := range answers {
			require.Empty(t, a.After)
			for _, raw := range a.Items {
				item, err := c.PrepareOf("", raw)
				require.NoError(t, err)
				byKey[item.Key] = item
			}
		}
		n := 0
		for key, raw := range sim.Items("harborline", "relay", "reviews") {
			want, err := c.PrepareOf("", raw)
			require.NoError(t, err)
			require.Equal(t, want.Hash, byKey[key].Hash, "%s", raw)
			require.Equal(t, want.RawHash, byKey[key].RawHash, "%s\n%s", raw, byKey[key].Raw)
			require.Equal(t, want.RawBytes == nil, byKey[key].RawBytes == nil)
			n++
		}
		require.Len(t, byKey, n)
	})
}

// ask sends a query to a simulator.
func ask(t *rapid.T, sim *githubsim.Server, q collection.Query) (github.Result, error) {
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	ledger, err := budget.NewLedger(budget.Options{Process: t.Name(), Now: time.Now})
	require.NoError(t, err)
	t.Cleanup(ledger.Close)
	account := ledger.Account("test", func(context.Context) (budget.Rates, error) { return budget.Rates{}, nil })
	client, err := github.New(github.Options{
		BaseURL: server.URL, Credential: github.StaticToken("token"), UserAgent: "test", Account: account, Now: time.Now, Scale: 0.001,
	})
	require.NoError(t, err)
	return client.GraphQL(t.Context(), q.Text, q.Variables)
}
