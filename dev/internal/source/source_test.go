package source_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/dev/internal/source"
	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

const repository = "harborline/relay"

// github is a simulator in the place of the real one.
func github(t *testing.T, o githubsim.Options) (*githubsim.Server, source.Options) {
	t.Helper()
	sim := githubsim.New(o)
	sim.Add(githubsim.Generate(1, githubsim.SpecForItems(500)))
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	return sim, source.Options{Repository: repository, GitHubURL: server.URL}
}

// What a real GitHub is asked for gives the figures that the simulator knows.
func TestRealGitHubIsCountedByAsking(t *testing.T) {
	t.Parallel()
	sim, options := github(t, githubsim.Options{})
	s, err := source.Open(t.Context(), options)
	require.NoError(t, err)
	require.Equal(t, repository, s.Repository())
	counts, err := s.Count(t.Context(), testenv.Database(t))
	require.NoError(t, err)
	require.Len(t, counts, len(githubsim.Collections()))
	for name, c := range counts {
		require.Zero(t, c.Mirrored, name)
		if name == "reviews" {
			require.Nil(t, c.Source, "reviews exist for each pull only")
			continue
		}
		want := sim.Count("harborline", "relay", name)
		if name == "issues" {
			want -= sim.Count("harborline", "relay", "pulls")
		}
		require.NotNil(t, c.Source, name)
		require.EqualValues(t, want, *c.Source, name)
	}
	require.LessOrEqual(t, sim.Stats().Total, int64(11), "one for each list that can be counted, and the repository")
}

// What does not fit into GitHub's limit any more stays unknown.
func TestRealGitHubWithinItsLimit(t *testing.T) {
	t.Parallel()
	_, options := github(t, githubsim.Options{AnonymousLimit: 1})
	s, err := source.Open(t.Context(), options)
	require.NoError(t, err)
	counts, err := s.Count(t.Context(), testenv.Database(t))
	require.NoError(t, err)
	require.EqualValues(t, 1, *counts["repository"].Source)
	require.Nil(t, counts["labels"].Source)
	require.Nil(t, counts["issues"].Source)

	_, err = source.Open(t.Context(), options)
	require.ErrorContains(t, err, "GitHub's hourly limit is used up (403): try again at ")
	require.ErrorContains(t, err, "set GITHUB_TOKEN")
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	_, options := github(t, githubsim.Options{Tokens: []string{"good"}})
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	odd := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<html>")
	}))
	t.Cleanup(odd.Close)
	for name, tt := range map[string]struct {
		options source.Options
		want    string
	}{
		"wrong token":     {source.Options{Repository: repository, GitHubURL: options.GitHubURL, GitHubToken: "bad"}, "GitHub does not accept GITHUB_TOKEN"},
		"no such":         {source.Options{Repository: "no/such", GitHubURL: options.GitHubURL, GitHubToken: "good"}, "GitHub shows no repository no/such (404)"},
		"not GitHub":      {source.Options{Repository: repository, GitHubURL: odd.URL}, "does not answer as GitHub does: check GITHUB_API_URL"},
		"nobody there":    {source.Options{Repository: repository, GitHubURL: "http://127.0.0.1:1"}, "GitHub cannot be reached at http://127.0.0.1:1/ (dial tcp"},
		"no name":         {source.Options{Repository: "a/b/c"}, "has to be of the form owner/name"},
		"two sources":     {source.Options{Repository: repository, Archive: "a.json"}, "cannot both be set"},
		"refs of nothing": {source.Options{Refs: "refs.json"}, "belong to an ARCHIVE"},
		"no archive":      {source.Options{Archive: "nowhere.json"}, "read ARCHIVE"},
		"too few items":   {source.Options{Items: 1}, "ITEMS must be"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := source.Open(t.Context(), tt.options)
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestSimulatedSource(t *testing.T) {
	t.Parallel()
	s, err := source.Open(t.Context(), source.ReadOptions(func(name string) string {
		return map[string]string{"ITEMS": "300"}[name]
	}))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	counts, err := s.Count(t.Context(), testenv.Database(t))
	require.NoError(t, err)
	require.Positive(t, *counts["issues"].Source)
	require.Zero(t, counts["issues"].Mirrored)
	require.Contains(t, counts["issues"].Difference, "missing", "an empty mirror is not equal")
	byCollection, total, told := s.Requests()
	require.True(t, told)
	require.Zero(t, total)
	require.Empty(t, byCollection)
}
