package githubsim_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/githubsim"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func TestWalksGiveEveryItemOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.SpecForItems(3000))
	for _, tc := range []struct {
		path, collection, sorted string
	}{
		{"/labels?", "labels", ""},
		{"/milestones?state=all&", "milestones", ""},
		{"/issues?state=all&sort=created&direction=asc&", "issues", "created_at"},
		{"/issues?state=all&sort=updated&direction=asc&", "issues", "updated_at"},
		{"/issues?state=all&sort=updated&direction=desc&", "issues", "-updated_at"},
		{"/issues?state=all&sort=comments&direction=desc&", "issues", ""},
		{"/issues?state=all&", "issues", "-created_at"},
		{"/issues/comments?", "issue_comments", "created_at"},
		{"/issues/comments?sort=updated&direction=asc&", "issue_comments", "updated_at"},
		{"/pulls?state=all&", "pulls", "-created_at"},
		{"/pulls?state=all&sort=updated&", "pulls", "updated_at"},
		{"/pulls?state=all&sort=created&direction=asc&", "pulls", "created_at"},
		{"/pulls/comments?sort=created&direction=desc&", "review_comments", "-created_at"},
		{"/pulls/comments?", "review_comments", "created_at"},
		{"/commits?", "commits", ""},
		{"/branches?", "branches", ""},
		{"/tags?", "tags", ""},
		{"/releases?", "releases", "-created_at"},
	} {
		for _, size := range []string{"", "per_page=7", "per_page=100"} {
			t.Run(tc.path+size, func(t *testing.T) {
				t.Parallel()
				items, _ := b.walk(t, base+tc.path+size)
				require.Len(t, items, b.sim.Count(owner, name, tc.collection))
				want := b.items(tc.collection)
				for _, it := range items {
					key := keyOf(tc.collection, it)
					require.Contains(t, want, key)
					delete(want, key)
				}
				require.Empty(t, want)
				requireSorted(t, items, tc.sorted)
			})
		}
	}
}

func keyOf(collection string, item map[string]any) string {
	switch collection {
	case "branches", "tags":
		return item["name"].(string)
	case "commits":
		return item["sha"].(string)
	default:
		return strconv.FormatFloat(item["id"].(float64), 'f', 0, 64)
	}
}

// requireSorted checks the order by a field, descending if it starts with "-".
func requireSorted(t *testing.T, items []map[string]any, field string) {
	t.Helper()
	if field == "" {
		return
	}
	key, descending := strings.CutPrefix(field, "-")
	var values []string
	for _, it := range items {
		values = append(values, it[key].(string))
	}
	if descending {
		slices.Reverse(values)
	}
	require.IsIncreasing(t, append([]string{""}, slices.Compact(values)...))
}

func TestReviewsOfEveryPull(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.SpecForItems(2000))
	pulls, _ := b.walk(t, base+"/pulls?state=all&per_page=100")
	want := b.items("reviews")
	for _, p := range pulls {
		reviews, _ := b.walk(t, fmt.Sprintf("%s/pulls/%.0f/reviews?per_page=2", base, p["number"]))
		requireSorted(t, reviews, "submitted_at")
		for _, v := range reviews {
			require.Contains(t, want, keyOf("reviews", v))
			delete(want, keyOf("reviews", v))
		}
	}
	require.Empty(t, want)
}

func TestLinks(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.Spec{Issues: 250})
	at := b.url + "/repositories/" + itoa(b.repo.ID()) + "/issues?state=all&per_page=100&page="
	for _, tc := range []struct {
		query string
		want  map[string]string
	}{
		{"?state=all&per_page=100", map[string]string{"next": at + "2", "last": at + "3"}},
		{"?state=all&per_page=100&page=2", map[string]string{"prev": at + "1", "next": at + "3", "last": at + "3", "first": at + "1"}},
		{"?state=all&per_page=100&page=3", map[string]string{"prev": at + "2", "first": at + "1"}},
		{"?state=all&per_page=100&page=9", map[string]string{"prev": at + "3", "first": at + "1"}},
		{"?state=all&per_page=500&page=1", map[string]string{
			"next": strings.Replace(at, "=100", "=500", 1) + "2", "last": strings.Replace(at, "=100", "=500", 1) + "3",
		}},
	} {
		require.Equal(t, tc.want, b.get(t, base+"/issues"+tc.query).rels(), tc.query)
	}
	require.Len(t, b.get(t, base+"/issues?state=all").list(t), 30)
	require.Empty(t, b.get(t, base+"/issues?state=all&page=99").list(t))
}

func TestIssuesBeyondNumberedPages(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.Spec{Issues: 10_150, Pulls: 100})
	res := b.get(t, base+"/issues?state=all&per_page=100&page=100")
	require.Equal(t, http.StatusUnprocessableEntity, res.StatusCode)
	require.Contains(t, res.object(t)["message"], "pagination is limited for this resource")

	b.many = true
	for _, query := range []string{"sort=created&direction=asc", "sort=updated&direction=desc"} {
		items, last := b.walk(t, base+"/issues?state=all&per_page=100&"+query)
		seen := make(map[any]bool)
		for _, it := range items {
			require.False(t, seen[it["id"]], "twice: %v", it["number"])
			seen[it["id"]] = true
		}
		require.Len(t, seen, 10_250)
		require.NotContains(t, last.rels(), "last")
		require.Contains(t, last.rels()["prev"], "before=")
	}

	b.many = false

	page := b.get(t, base+"/issues?state=all&per_page=100&page=98").rels()
	require.NotContains(t, page["next"], "after=")
	require.Contains(t, page["last"], "page=103")
	edge := b.get(t, page["next"])
	require.Contains(t, edge.rels()["next"], "page=100&after=")
	beyond := b.get(t, edge.rels()["next"])
	require.Len(t, beyond.list(t), 100)
	back := b.get(t, beyond.rels()["prev"])
	require.Equal(t, edge.list(t), back.list(t))
}

func TestOmitLast(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{OmitLast: true}, githubsim.Spec{Issues: 9_950, Labels: 50})
	require.NotContains(t, b.get(t, base+"/issues?state=all").rels(), "last")
	require.Contains(t, b.get(t, base+"/labels").rels(), "last")
}

func TestSinceIsInclusive(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.SpecForItems(2000))
	for _, path := range []string{"/issues?state=all&", "/issues/comments?", "/pulls/comments?"} {
		all, _ := b.walk(t, base+path+"sort=updated&direction=asc&per_page=100")
		since := all[len(all)/2]["updated_at"].(string)
		want := 0
		for _, it := range all {
			if it["updated_at"].(string) >= since {
				want++
			}
		}
		for _, order := range []string{"sort=updated&direction=asc", "sort=created&direction=desc", "sort=created&direction=asc"} {
			some, _ := b.walk(t, base+path+order+"&per_page=30&since="+since)
			require.Len(t, some, want, path+order)
			for _, it := range some {
				require.GreaterOrEqual(t, it["updated_at"], since)
			}
		}
	}
}

func TestStateFilter(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.SpecForItems(2000))
	for _, path := range []string{"/issues", "/pulls", "/milestones"} {
		open, _ := b.walk(t, base+path+"?per_page=100")
		closed, _ := b.walk(t, base+path+"?per_page=100&state=closed")
		all, _ := b.walk(t, base+path+"?per_page=100&state=all")
		require.Len(t, all, len(open)+len(closed))
		for _, it := range open {
			require.Equal(t, "open", it["state"])
			require.Nil(t, it["closed_at"])
		}
		for _, it := range closed {
			require.Equal(t, "closed", it["state"])
		}
		if path == "/issues" {
			require.EqualValues(t, len(open), b.get(t, base).object(t)["open_issues_count"])
		}
	}
}

func TestCommitsFromAnyHead(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.SpecForItems(2000))
	all, _ := b.walk(t, base+"/commits?per_page=100")
	merges := 0
	seen := make(map[any]bool)
	for _, c := range slices.Backward(all) { // parents come after their children
		parents := c["parents"].([]any)
		for _, p := range parents {
			require.True(t, seen[p.(map[string]any)["sha"]])
		}
		seen[c["sha"]] = true
		if len(parents) > 1 {
			merges++
		}
	}
	require.Positive(t, merges)

	from := all[len(all)/3]["sha"].(string)
	some, _ := b.walk(t, base+"/commits?per_page=100&sha="+from)
	require.Equal(t, from, some[0]["sha"])
	require.Less(t, len(some), len(all))

	date := func(c map[string]any) string {
		return c["commit"].(map[string]any)["committer"].(map[string]any)["date"].(string)
	}
	middle := date(all[len(all)/2])
	since, _ := b.walk(t, base+"/commits?per_page=100&since="+middle)
	until, _ := b.walk(t, base+"/commits?per_page=100&until="+middle)
	both, _ := b.walk(t, base+"/commits?since="+middle+"&until="+middle)
	require.Len(t, all, len(since)+len(until)-len(both))
}

func TestListsServeWhatItemsGive(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.SpecForItems(500))
	for collection, path := range map[string]string{
		"issues": "/issues?state=all", "pulls": "/pulls?state=all", "commits": "/commits", "branches": "/branches",
		"labels": "/labels", "repository": "", "issue_comments": "/issues/comments", "review_comments": "/pulls/comments",
	} {
		body := string(b.get(t, base+path).body)
		found := 0
		for _, raw := range b.items(collection) {
			if strings.Contains(body, string(raw)) {
				found++
			}
		}
		require.Equal(t, min(30, b.sim.Count(owner, name, collection)), found, collection)
	}
}
