package upheaval_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/githubsim/upheaval"
)

func newSite(seed uint64) *upheaval.Site {
	sim := githubsim.New(githubsim.Options{})
	site := &upheaval.Site{
		Server: sim, Repository: githubsim.Generate(seed, githubsim.SpecForItems(300)),
		Dock: githubsim.Generate(seed, githubsim.Spec{Owner: "harborline", Name: "dock", Labels: 3}),
	}
	sim.Add(site.Repository)
	sim.Add(site.Dock)
	return site
}

func TestEveryActionCanHappen(t *testing.T) {
	t.Parallel()
	for _, name := range upheaval.Names() {
		site := newSite(1)
		for _, first := range []string{ // what the others need
			"pull opened", "pull opened from a fork", "starred by somebody", "run started", "run finished", "run started",
			"deployed", "discussion opened", "discussion commented on",
		} {
			did, err := site.Do(upheaval.Action{Name: first})
			require.NoError(t, err)
			require.True(t, did, first)
		}
		done := false
		for pick := range uint32(10) {
			did, err := site.Do(upheaval.Action{Name: name, Picks: [4]uint32{pick, 1, 1, 1}})
			require.NoError(t, err)
			done = done || did
		}
		require.True(t, done, name)
	}
	site := newSite(1)
	_, err := site.Do(upheaval.Action{Name: "no such thing"})
	require.Error(t, err)
}

func TestWhereThereIsNothingNothingHappens(t *testing.T) {
	t.Parallel()
	sim := githubsim.New(githubsim.Options{})
	site := &upheaval.Site{Server: sim, Repository: githubsim.Generate(1, githubsim.Spec{})}
	sim.Add(site.Repository)
	for _, name := range []string{"issue deleted", "issue transferred", "pull merged", "review deleted", "user deleted", "tag deleted", "forced back"} {
		did, err := site.Do(upheaval.Action{Name: name})
		require.NoError(t, err)
		require.False(t, did, name)
	}
}

var next = regexp.MustCompile(`<([^>]*)>; rel="next"`)

// list reads a list of the repository by its pages, as keys of its items.
func list(t require.TestingT, url string) map[string]bool {
	keys := map[string]bool{}
	for url != "" {
		response, err := http.Get(url)
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusOK, response.StatusCode, "%s: %s", url, body)
		var items []map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(body, &items), url)
		for _, item := range items {
			for _, field := range []string{"id", "sha", "name"} {
				if raw, ok := item[field]; ok {
					keys[strings.Trim(string(raw), `"`)] = true
					break
				}
			}
		}
		link := next.FindStringSubmatch(response.Header.Get("Link"))
		if url = ""; link != nil {
			url = link[1]
		}
	}
	return keys
}

// Whatever happened, what lists serve is what the simulator says that it holds.
func TestAfterAnyUpheavalListsServeWhatIsThere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		site := newSite(uint64(rapid.IntRange(1, 4).Draw(t, "seed")))
		server := httptest.NewServer(site.Server)
		defer server.Close()
		for _, a := range rapid.SliceOfN(upheaval.Generator(), 0, 30).Draw(t, "actions") {
			_, err := site.Do(a)
			require.NoError(t, err)
		}
		owner, name, _ := strings.Cut(site.Repository.FullName(), "/")
		for collection, path := range map[string]string{
			"labels": "labels?per_page=100", "milestones": "milestones?state=all", "issues": "issues?state=all&per_page=100",
			"issue_comments": "issues/comments?per_page=100", "pulls": "pulls?state=all&sort=updated&direction=desc&per_page=7",
			"review_comments": "pulls/comments?sort=updated&per_page=100", "commits": "commits?per_page=100", "branches": "branches",
			"tags": "tags", "releases": "releases",
		} {
			want := map[string]bool{}
			for key := range site.Server.Items(owner, name, collection) {
				want[key] = true
			}
			require.Equal(t, want, list(t, server.URL+"/repos/"+owner+"/"+name+"/"+path), collection)
			require.Len(t, want, site.Server.Count(owner, name, collection), collection)
		}
	})
}
