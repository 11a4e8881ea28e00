package githubsim_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/githubsim"
)

const starMedia = "application/vnd.github.star+json"

func TestStarsHaveStargazers(t *testing.T) {
	t.Parallel()
	clock := newMovingClock()
	spec := githubsim.SpecForItems(300)
	spec.Stargazers = 120
	b := setup(t, githubsim.Options{Now: clock.now}, spec)
	require.EqualValues(t, 120, b.get(t, base).object(t)["stargazers_count"])
	clock.move(time.Minute)
	b.repo.Star(2)
	require.NoError(t, b.repo.StarBy("ada"))
	require.Error(t, b.repo.StarBy("ada"), "once is enough")
	require.NoError(t, b.repo.StarBy("ben"))
	require.NoError(t, b.repo.UnstarBy("ben"))
	require.Error(t, b.repo.UnstarBy("ben"))
	require.EqualValues(t, 123, b.get(t, base).object(t)["stargazers_count"])

	last := b.get(t, base+"/stargazers?per_page=100&page=2", "Accept", starMedia).list(t)
	require.Len(t, last, 23)
	require.Equal(t, "2025-07-01T12:01:00Z", last[22]["starred_at"])
	require.Equal(t, "ada", last[22]["user"].(map[string]any)["login"])
	require.Equal(t, "ada", b.get(t, base+"/stargazers?per_page=100&page=2").list(t)[22]["login"], "without the media type they are users")
	require.Equal(t, 123, b.sim.Count(owner, name, "stargazers"))
	require.NoError(t, b.repo.DeleteUser("ada"))
	b.repo.Star(-2)
	require.Equal(t, 120, b.sim.Count(owner, name, "stargazers"))
	require.EqualValues(t, 120, b.get(t, base).object(t)["stargazers_count"])
}

func TestOnlyTheFirst40000StarsAreListed(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.Spec{Stargazers: 40_150})
	first := b.get(t, base+"/stargazers?per_page=100", "Accept", starMedia)
	require.Contains(t, first.rels()["last"], "page=400")
	last := b.get(t, base+"/stargazers?per_page=100&page=400", "Accept", starMedia)
	require.Len(t, last.list(t), 100)
	require.NotContains(t, last.rels(), "next")
	require.Equal(t, http.StatusUnprocessableEntity, b.get(t, base+"/stargazers?per_page=100&page=401").StatusCode)
	require.Equal(t, 40_000, b.sim.Count(owner, name, "stargazers"))
	require.EqualValues(t, 40_150, b.get(t, base).object(t)["stargazers_count"])
}

func TestForks(t *testing.T) {
	t.Parallel()
	clock := newMovingClock()
	b := setup(t, githubsim.Options{Now: clock.now}, githubsim.SpecForItems(500))
	before := b.sim.Count(owner, name, "forks")
	require.EqualValues(t, before, b.get(t, base).object(t)["forks_count"])
	pull, err := b.repo.OpenPull(githubsim.NewPull{NewIssue: githubsim.NewIssue{Title: "p", By: "ada"}, Head: "x", Fork: "ada"})
	require.NoError(t, err)
	clock.move(time.Minute)
	id, err := b.repo.Fork("ben")
	require.NoError(t, err)
	_, err = b.repo.Fork("ben")
	require.Error(t, err, "there is one")
	newest := b.get(t, base+"/forks").list(t)
	require.EqualValues(t, id, newest[0]["id"])
	require.Equal(t, "ada/relay", newest[1]["full_name"])
	require.Equal(t, true, newest[0]["fork"])
	oldest, _ := b.walk(t, base+"/forks?sort=oldest&per_page=100")
	require.Len(t, oldest, before+2)
	require.EqualValues(t, id, oldest[before+1]["id"])
	require.NoError(t, b.repo.EditFork("ben", githubsim.ForkEdit{Stars: 4, Pushed: true}))
	require.EqualValues(t, 4, b.get(t, base+"/forks?sort=stargazers").list(t)[0]["stargazers_count"])

	raised := b.get(t, fmt.Sprintf("%s/pulls/%d", base, pull)).object(t)
	require.NoError(t, b.repo.DeleteFork("ada"))
	require.Error(t, b.repo.DeleteFork("ada"))
	lost := b.get(t, fmt.Sprintf("%s/pulls/%d", base, pull)).object(t)
	require.Nil(t, lost["head"].(map[string]any)["repo"])
	require.Equal(t, raised["updated_at"], lost["updated_at"])
	require.Equal(t, before+1, b.sim.Count(owner, name, "forks"))
	require.EqualValues(t, before+1, b.get(t, base).object(t)["forks_count"])
}

func TestCollaboratorsAreShownToThoseWhoMayPush(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.Spec{Collaborators: 3})
	token := []string{"Authorization", "Bearer x"}
	require.Equal(t, http.StatusUnauthorized, b.get(t, base+"/collaborators").StatusCode)
	refused := b.get(t, base+"/collaborators", token...)
	require.Equal(t, http.StatusForbidden, refused.StatusCode)
	require.Contains(t, string(refused.body), "Must have push access")
	b.repo.SetPushAccess(true)
	require.NoError(t, b.repo.AddCollaborator("ada", "read"))
	require.NoError(t, b.repo.AddCollaborator("ada", "maintain"))
	require.Error(t, b.repo.AddCollaborator("ada", "king"))
	require.NoError(t, b.repo.AddCollaborator("ben", "read"))
	require.NoError(t, b.repo.RemoveCollaborator("ben"))
	require.Error(t, b.repo.RemoveCollaborator("ben"))
	list := b.get(t, base+"/collaborators", token...).list(t)
	require.Len(t, list, 4)
	for _, c := range list {
		if c["login"] == "ada" {
			require.Equal(t, "maintain", c["role_name"])
			require.Equal(t, map[string]any{"pull": true, "triage": true, "push": true, "maintain": true, "admin": false}, c["permissions"])
		}
	}
	require.Equal(t, 4, b.sim.Count(owner, name, "collaborators"))
}

func TestContributors(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.SpecForItems(1000))
	list, _ := b.walk(t, base+"/contributors?per_page=10")
	sum, last := 0.0, list[0]["contributions"].(float64)
	for _, c := range list {
		require.LessOrEqual(t, c["contributions"], last)
		last = c["contributions"].(float64)
		sum += last
	}
	require.Equal(t, b.sim.Count(owner, name, "commits"), int(sum))
	b.repo.Push("main", githubsim.NewCommit{Message: "m", By: "brand-new"})
	require.Equal(t, len(list)+1, b.sim.Count(owner, name, "contributors"))

	b = setup(t, githubsim.Options{}, githubsim.Spec{})
	empty := b.get(t, base+"/contributors")
	require.Equal(t, http.StatusNoContent, empty.StatusCode)
	require.Empty(t, empty.body)
}

func TestEventsTellWhatHappened(t *testing.T) {
	t.Parallel()
	clock := newMovingClock()
	b := setup(t, githubsim.Options{Now: clock.now}, githubsim.SpecForItems(300))
	require.Empty(t, b.get(t, base+"/issues/events").list(t))
	n, err := b.repo.OpenIssue(githubsim.NewIssue{Title: "one", By: "ada", Labels: []string{"bug"}})
	require.NoError(t, err)
	clock.move(time.Minute)
	title, closed := "two", "closed"
	require.NoError(t, b.repo.EditIssue(n, githubsim.IssueEdit{Title: &title, State: &closed, By: "ben"}))
	require.NoError(t, b.repo.EditIssue(n, githubsim.IssueEdit{Title: new(string), Silent: true}))
	require.NoError(t, b.repo.ReorderLabels(n))
	list := b.get(t, base+"/issues/events").list(t)
	require.Len(t, list, 3, "what is silent has no event")
	require.Equal(t, map[string]any{"from": "one", "to": "two"}, list[0]["rename"])
	require.Equal(t, "closed", list[1]["event"])
	require.Equal(t, "ben", list[1]["actor"].(map[string]any)["login"])
	require.Equal(t, "2025-07-01T12:01:00Z", list[1]["created_at"])
	require.Equal(t, "bug", list[2]["label"].(map[string]any)["name"])
	require.EqualValues(t, n, list[2]["issue"].(map[string]any)["number"])
	require.NoError(t, b.repo.EditLabel("bug", githubsim.LabelEdit{Name: "defect"}))
	single := b.get(t, fmt.Sprintf("%s/issues/events/%.0f", base, list[2]["id"])).object(t)
	require.Equal(t, list[2]["label"], single["label"], "an event keeps what it tells of")

	newest := list[0]["id"].(float64)
	require.NoError(t, b.repo.DeleteIssue(n))
	require.Empty(t, b.get(t, base+"/issues/events").list(t))
	require.Equal(t, http.StatusNotFound, b.get(t, fmt.Sprintf("%s/issues/events/%.0f", base, newest)).StatusCode)
	_, err = b.repo.OpenIssue(githubsim.NewIssue{Title: "t", By: "ada", Labels: []string{"new"}})
	require.NoError(t, err)
	require.Greater(t, b.get(t, base+"/issues/events").list(t)[0]["id"], newest, "an id is given once")
}

func TestFilesAndCommitsOfAPull(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.SpecForItems(500))
	for _, p := range b.get(t, base+"/pulls?state=all&per_page=100").list(t) {
		path := fmt.Sprintf("%s/pulls/%.0f", base, p["number"])
		single := b.get(t, path).object(t)
		files := b.get(t, path+"/files?per_page=100").list(t)
		require.EqualValues(t, len(files), single["changed_files"])
		for _, kind := range []string{"additions", "deletions"} {
			lines := 0
			for _, f := range files {
				lines += int(f[kind].(float64))
			}
			require.EqualValues(t, lines, single[kind])
		}
		commits := b.get(t, path+"/commits?per_page=100").list(t)
		require.EqualValues(t, len(commits), single["commits"], path)
		require.Equal(t, p["head"].(map[string]any)["sha"], commits[len(commits)-1]["sha"])
	}
}

func TestAPushMovesFilesAndCommitsOfItsPull(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.SpecForItems(300))
	shas := b.repo.Push("topic", githubsim.NewCommit{Message: "1", By: "ada", Files: []string{"a.go", "b.go"}})
	n, err := b.repo.OpenPull(githubsim.NewPull{NewIssue: githubsim.NewIssue{Title: "p", By: "ada"}, Head: "topic"})
	require.NoError(t, err)
	path := fmt.Sprintf("%s/pulls/%d", base, n)
	files := func() map[string]any {
		blobs := map[string]any{}
		for _, f := range b.get(t, path+"/files?per_page=100").list(t) {
			blobs[f["filename"].(string)] = f["sha"]
		}
		return blobs
	}
	commits := func() (list []string) {
		for _, c := range b.get(t, path+"/commits?per_page=100").list(t) {
			list = append(list, c["sha"].(string))
		}
		return list
	}
	first := files()
	require.Len(t, first, 2)
	require.Equal(t, shas, commits())
	shas = append(shas, b.repo.Push("topic", githubsim.NewCommit{Message: "2", By: "ada", Files: []string{"b.go"}})...)
	second := files()
	require.Equal(t, first["a.go"], second["a.go"])
	require.NotEqual(t, first["b.go"], second["b.go"])
	require.Equal(t, shas, commits())
	forced, err := b.repo.ForcePush("topic", shas[0], githubsim.NewCommit{Message: "3", By: "ada", Files: []string{"c.go"}})
	require.NoError(t, err)
	require.Equal(t, []string{shas[0], forced[0]}, commits())
	require.Equal(t, first["b.go"], files()["b.go"])
	require.Contains(t, files(), "c.go")
	require.Equal(t, "head_ref_force_pushed", b.get(t, base+"/issues/events").list(t)[0]["event"])
	b.repo.Prune()
	require.Equal(t, []string{shas[0], forced[0]}, commits())
}

func TestListsOfAPullAreCapped(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.SpecForItems(300))
	var pushed []githubsim.NewCommit
	for i := range 260 {
		c := githubsim.NewCommit{Message: "m", By: "ada"}
		for n := range 12 {
			c.Files = append(c.Files, fmt.Sprintf("d%d/f%d", i, n))
		}
		pushed = append(pushed, c)
	}
	b.repo.Push("big", pushed...)
	n, err := b.repo.OpenPull(githubsim.NewPull{NewIssue: githubsim.NewIssue{Title: "p", By: "ada"}, Head: "big"})
	require.NoError(t, err)
	path := fmt.Sprintf("%s/pulls/%d", base, n)
	files, _ := b.walk(t, path+"/files?per_page=100")
	require.Len(t, files, 3000)
	commits, _ := b.walk(t, path+"/commits?per_page=100")
	require.Len(t, commits, 250)
	require.EqualValues(t, 260*12, b.get(t, path).object(t)["changed_files"])
	listed, pull := 0, fmt.Sprintf("%.0f", b.get(t, path).object(t)["id"])
	for key := range b.items("pull_files") {
		if id, _, _ := strings.Cut(key, "/"); id == pull {
			listed++
		}
	}
	require.Equal(t, 3000, listed)
}

func TestASpecMakesWhatHappensAroundIt(t *testing.T) {
	t.Parallel()
	plain, social := githubsim.SpecForItems(600), socialSpec()
	one, other := setup(t, githubsim.Options{}, plain), setup(t, githubsim.Options{}, social)
	for c, want := range map[string]int{
		"issue_events": 300, "stargazers": 250, "collaborators": 12, "forks": one.sim.Count(owner, name, "forks") + 7,
	} {
		require.Equal(t, want, other.sim.Count(owner, name, c), c)
		require.Len(t, other.items(c), want, c)
	}
	require.Equal(t, plain.Items()+300+250+12+7, social.Items())
	first := digest(githubsim.Generate(3, social))
	require.Equal(t, first, digest(githubsim.Generate(3, social)))
	for _, c := range []string{"issues", "pulls", "commits", "reviews"} {
		require.Len(t, other.items(c), one.sim.Count(owner, name, c))
	}
	require.Equal(t, one.items("commits"), other.items("commits"), "the rest is the same with it")
	for _, c := range []string{"stargazers", "issue_events", "collaborators"} {
		require.Zero(t, one.sim.Count(owner, name, c), c)
	}
}
