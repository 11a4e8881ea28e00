package githubsim_test

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/githubsim"
)

// What a conditional request is answered follows every change: 304 means that the
// body is the same, and says where the list goes on now.
func TestConditionalRequestsFollowEveryChange(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.SpecForItems(600))
	for n := b.sim.Count(owner, name, "labels"); n < 100; n++ {
		_, err := b.repo.CreateLabel(fmt.Sprintf("a%03d", n), "ededed", "d")
		require.NoError(t, err)
	}
	pull, err := b.repo.OpenPull(githubsim.NewPull{NewIssue: githubsim.NewIssue{Title: "p", By: "ada", Labels: []string{"a012", "a013"}}, Head: "x", Fork: "eve"})
	require.NoError(t, err)
	labels, pulls := base+"/labels?per_page=100", base+"/pulls?state=all&per_page=100"
	ask := func(path, token, tag string) answer {
		return b.get(t, path, "Authorization", "Bearer "+token, "If-None-Match", tag)
	}
	tag := b.get(t, labels, "Authorization", "Bearer one").Header.Get("ETag")
	require.Equal(t, http.StatusNotModified, ask(labels, "one", tag).StatusCode)
	require.Empty(t, ask(labels, "one", tag).rels())
	require.Equal(t, http.StatusOK, ask(labels, "two", tag).StatusCode, "another token's tag is another one")

	_, err = b.repo.CreateLabel("zzz", "ededed", "")
	require.NoError(t, err)
	same := ask(labels, "one", tag)
	require.Equal(t, http.StatusNotModified, same.StatusCode, "the page is the same")
	require.Contains(t, same.rels(), "next", "and there is one more")
	require.NoError(t, b.repo.DeleteLabel("a050"))
	require.Equal(t, http.StatusOK, ask(labels, "one", tag).StatusCode, "what follows moved up")

	for change, f := range map[string]func() error{
		"labels reordered": func() error { return b.repo.ReorderLabels(pull) },
		"a fork lost":      func() error { return b.repo.LoseFork(pull) },
		"a user renamed":   func() error { return b.repo.RenameUser("ada", "lovelace") },
		"a star":           func() error { b.repo.Star(1); return nil },
		"a draft":          func() error { return b.repo.SetDraft(pull, true) },
	} {
		tag := b.get(t, pulls, "Authorization", "Bearer one").Header.Get("ETag")
		require.Equal(t, http.StatusNotModified, ask(pulls, "one", tag).StatusCode)
		require.NoError(t, f(), change)
		require.Equal(t, http.StatusOK, ask(pulls, "one", tag).StatusCode, change)
	}
	tag = b.get(t, pulls, "Authorization", "Bearer one").Header.Get("ETag")
	require.NoError(t, b.repo.VanishPull(pull))
	require.Equal(t, http.StatusOK, ask(pulls, "one", tag).StatusCode)
}

func TestComparisons(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.SpecForItems(300))
	main := b.repo.DefaultBranch()
	base0 := b.get(t, base+"/branches/"+main).object(t)["commit"].(map[string]any)["sha"].(string)
	var commits []githubsim.NewCommit
	for i := range 260 {
		commits = append(commits, githubsim.NewCommit{Message: strconv.Itoa(i), By: "ada"})
	}
	shas := b.repo.Push(main, commits...)
	path := base + "/compare/" + base0 + "..." + main
	whole := b.get(t, path).object(t)
	require.Equal(t, "ahead", whole["status"])
	require.EqualValues(t, 260, whole["total_commits"])
	require.Len(t, whole["commits"], 250, "GitHub's bound where none is named")
	require.Equal(t, base0, whole["merge_base_commit"].(map[string]any)["sha"])

	var seen []string
	for next, ok := path+"?per_page=100", true; ok; {
		page := b.get(t, next)
		for _, c := range page.object(t)["commits"].([]any) {
			seen = append(seen, c.(map[string]any)["sha"].(string))
		}
		next, ok = page.rels()["next"]
	}
	require.Equal(t, shas, seen, "the oldest first")

	require.Equal(t, "identical", b.get(t, base+"/compare/"+main+"..."+main).object(t)["status"])
	require.Equal(t, "behind", b.get(t, base+"/compare/"+main+"..."+base0).object(t)["status"])
	_, err := b.repo.ForcePush(main, shas[9], githubsim.NewCommit{Message: "instead", By: "ada"})
	require.NoError(t, err)
	old := base + "/compare/" + shas[259] + "..." + main
	diverged := b.get(t, old).object(t)
	require.Equal(t, "diverged", diverged["status"])
	require.EqualValues(t, 1, diverged["ahead_by"])
	require.EqualValues(t, 250, diverged["behind_by"])
	require.Equal(t, shas[9], diverged["merge_base_commit"].(map[string]any)["sha"])
	b.repo.Prune()
	require.Equal(t, http.StatusNotFound, b.get(t, old).StatusCode, "GitHub does not know the commit any more")
	require.Equal(t, http.StatusNotFound, b.get(t, base+"/commits?sha="+shas[259]).StatusCode)
	require.Equal(t, http.StatusOK, b.get(t, base+"/commits?sha="+shas[9]).StatusCode)
	_, err = b.repo.ForcePush(main, shas[259])
	require.Error(t, err)
	_, err = b.repo.ForcePush(main, "")
	require.Error(t, err)
}
