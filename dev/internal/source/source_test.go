package source_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/dev/internal/source"
	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/localservice"
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
	require.Len(t, counts, len(collection.NewRegistry().Expand(collection.ScopeRepository, nil)))
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
	archive := filepath.Join(t.TempDir(), "archive.json")
	require.NoError(t, os.WriteFile(archive, []byte(`{"repo":"octo/mirror","timestamp":"2026-03-01T12:00:00Z"}`), 0o600))
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
		"no archive":      {source.Options{Archive: "nowhere.json"}, "read ARCHIVE: "},
		"no commits":      {source.Options{Archive: archive, Commits: "nowhere.ndjson"}, "read COMMITS: "},
		"no refs":         {source.Options{Archive: archive, Refs: "nowhere.json"}, "read REFS: "},
		"too few items":   {source.Options{Items: 1}, "ITEMS must be"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := source.Open(t.Context(), tt.options)
			require.ErrorContains(t, err, tt.want)
		})
	}
}

// A port that is taken is said before anything is made, and as an error only: a nil
// pointer in the interface would be closed later on.
func TestThePortIsTakenFirst(t *testing.T) {
	t.Parallel()
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, taken.Close()) })
	port := taken.Addr().(*net.TCPAddr).Port
	for name, options := range map[string]source.Options{
		"generated": {Items: 500, Port: port},
		"archived":  {Archive: "nowhere.json", Port: port},
	} {
		s, err := source.Open(t.Context(), options)
		require.ErrorContains(t, err, "start the simulated GitHub: listen tcp 127.0.0.1:", name)
		require.True(t, s == nil, name) //nolint:testifylint // require.Nil takes a nil pointer for nil
	}
}

// What cannot be made gives its port back.
func TestASourceThatFailsLeavesThePort(t *testing.T) {
	t.Parallel()
	port, err := localservice.FreePort()
	require.NoError(t, err)
	_, err = source.Open(t.Context(), source.Options{Archive: "nowhere.json", Port: port})
	require.ErrorContains(t, err, "read ARCHIVE: ")
	require.True(t, localservice.PortFree(port))
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
