package githubsim_test

import (
	"crypto/sha256"
	"encoding/json"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/githubsim"
)

func digest(r *githubsim.Repository) [32]byte {
	sim := githubsim.New(githubsim.Options{})
	sim.Add(r)
	h := sha256.New()
	for _, c := range githubsim.Collections() {
		for key, raw := range sim.Items(owner, name, c) {
			h.Write([]byte(key))
			h.Write(raw)
		}
	}
	return [32]byte(h.Sum(nil))
}

func TestSameSeedSameBytes(t *testing.T) {
	t.Parallel()
	spec := githubsim.SpecForItems(3000)
	first := digest(githubsim.Generate(1, spec))
	require.Equal(t, first, digest(githubsim.Generate(1, spec)))
	require.NotEqual(t, first, digest(githubsim.Generate(2, spec)))
}

func TestGenerateMakesWhatTheSpecSays(t *testing.T) {
	t.Parallel()
	for _, spec := range []githubsim.Spec{
		{},
		{Issues: 1},
		{Pulls: 3, Reviews: 9, ReviewComments: 20},
		{Commits: 1, Branches: 5, Tags: 3, Releases: 4},
		{Pulls: 200, Commits: 20, Branches: 1},
		{Labels: 100, Milestones: 3, Issues: 50, IssueComments: 500},
		githubsim.SpecForItems(100),
		githubsim.SpecForItems(5000),
	} {
		sim := githubsim.New(githubsim.Options{})
		sim.Add(githubsim.Generate(5, spec))
		total := 0
		for collection, want := range map[string]int{
			"repository": 1, "labels": spec.Labels, "milestones": spec.Milestones, "issues": spec.Issues + spec.Pulls,
			"issue_comments": spec.IssueComments, "pulls": spec.Pulls, "reviews": spec.Reviews,
			"review_comments": spec.ReviewComments, "commits": spec.Commits, "branches": spec.Branches, "tags": spec.Tags,
			"releases": spec.Releases,
		} {
			require.Equal(t, want, sim.Count(owner, name, collection), "%s of %+v", collection, spec)
			keys := make(map[string]bool)
			for key, raw := range sim.Items(owner, name, collection) {
				require.True(t, json.Valid(raw), "%s", raw)
				keys[key] = true
			}
			require.Len(t, keys, want, collection)
			total += want
		}
		require.Equal(t, total, spec.Items())
	}
	for _, n := range []int{100, 5000, 1_000_000} {
		require.Equal(t, n, githubsim.SpecForItems(n).Items())
	}
}

func TestUnknownCollection(t *testing.T) {
	t.Parallel()
	sim := githubsim.New(githubsim.Options{})
	sim.Add(githubsim.Generate(5, githubsim.Spec{}))
	require.Zero(t, sim.Count(owner, name, "wikis"))
	require.Zero(t, sim.Count("no", "body", "issues"))
	for key := range sim.Items("no", "body", "issues") {
		t.Error(key)
	}
}

func TestMillionItems(t *testing.T) {
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	start := time.Now()
	spec := githubsim.SpecForItems(1_000_000)
	repo := githubsim.Generate(7, spec)
	built := time.Since(start)
	b := setup(t, githubsim.Options{}, githubsim.Spec{})
	b.sim.Add(repo)
	start = time.Now()
	for _, path := range []string{
		"/issues?state=all&sort=updated", "/issues/comments?sort=updated", "/pulls?state=all", "/pulls/comments?", "/commits?",
	} {
		require.Len(t, b.get(t, base+path+"&per_page=100").list(t), 100, path)
	}
	indexed := time.Since(start)
	held := (heap() - before) >> 20
	t.Logf("%d items: built in %v, first pages of 5 lists in %v, %d MB", spec.Items(), built, indexed, held)
	require.Less(t, held, uint64(700))

	deep := b.get(t, base+"/issues/comments?sort=created&direction=asc&per_page=100&page=2500")
	require.Len(t, deep.list(t), 100)
	require.Contains(t, deep.rels()["last"], "page="+strconv.Itoa((spec.IssueComments+99)/100))
	n, err := repo.OpenIssue(githubsim.NewIssue{Title: "one more", By: "ada"})
	require.NoError(t, err)
	require.EqualValues(t, n, b.get(t, base+"/issues?per_page=1").list(t)[0]["number"])
	runtime.KeepAlive(repo)
}
