package githubsim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/githubsim"
)

// changed names the keys of the items that differ between two readings.
func changed(before, after map[string]json.RawMessage) (keys []string) {
	for key, raw := range after {
		if string(before[key]) != string(raw) {
			keys = append(keys, key)
		}
	}
	return keys
}

func issuePath(n int) string { return fmt.Sprintf("%s/issues/%d", base, n) }

func TestStarMovesEmbeddedCounters(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.SpecForItems(500))
	pulls, issues := b.items("pulls"), b.items("issues")
	stars := int(b.get(t, base).object(t)["stargazers_count"].(float64))
	b.repo.Star(2)
	require.EqualValues(t, stars+2, b.get(t, base).object(t)["stargazers_count"])
	require.Len(t, changed(pulls, b.items("pulls")), len(pulls), "every pull embeds its base")
	require.Empty(t, changed(issues, b.items("issues")))
	p := b.get(t, base+"/pulls?state=all&per_page=1").list(t)[0]
	require.EqualValues(t, stars+2, p["base"].(map[string]any)["repo"].(map[string]any)["watchers"])
}

func TestIssueLife(t *testing.T) {
	t.Parallel()
	clock := newMovingClock()
	b := setup(t, githubsim.Options{Now: clock.now}, githubsim.SpecForItems(500))
	open := int(b.get(t, base).object(t)["open_issues_count"].(float64))
	m := b.repo.AddMilestone("next", "", "ada")
	n, err := b.repo.OpenIssue(githubsim.NewIssue{
		Title: "title", Body: "a\x00\"b\"\n\xed\xa0\x80", By: "newcomer", Labels: []string{"bug", "brand new"}, Milestone: m,
	})
	require.NoError(t, err)
	issue := b.get(t, issuePath(n)).object(t)
	require.Equal(t, "2025-07-01T12:00:00Z", issue["updated_at"])
	require.Len(t, issue["labels"], 2)
	require.EqualValues(t, 1, issue["milestone"].(map[string]any)["open_issues"])
	require.Contains(t, string(b.get(t, issuePath(n)).body), `"body":"a\u0000\"b\"\n\ud800"`)
	require.EqualValues(t, open+1, b.get(t, base).object(t)["open_issues_count"])
	require.Equal(t, issue["number"], b.get(t, base+"/issues?per_page=1").list(t)[0]["number"])

	clock.move(time.Minute)
	id, err := b.repo.AddIssueComment(n, "ada", "hello")
	require.NoError(t, err)
	issue = b.get(t, issuePath(n)).object(t)
	require.EqualValues(t, 1, issue["comments"])
	require.Equal(t, "2025-07-01T12:01:00Z", issue["updated_at"])
	latest := b.get(t, base+"/issues/comments?since=2025-07-01T12:01:00Z").list(t)
	require.Len(t, latest, 1)
	require.EqualValues(t, id, latest[0]["id"])

	clock.move(time.Minute)
	require.NoError(t, b.repo.EditIssueComment(id, "hello again"))
	require.Equal(t, "2025-07-01T12:01:00Z", b.get(t, issuePath(n)).object(t)["updated_at"])
	title, closed := "quiet", "closed"
	require.NoError(t, b.repo.EditIssue(n, githubsim.IssueEdit{Title: &title, Silent: true}))
	issue = b.get(t, issuePath(n)).object(t)
	require.Equal(t, "quiet", issue["title"])
	require.Equal(t, "2025-07-01T12:01:00Z", issue["updated_at"])

	require.NoError(t, b.repo.EditIssue(n, githubsim.IssueEdit{State: &closed, By: "ada"}))
	issue = b.get(t, issuePath(n)).object(t)
	require.Equal(t, "closed", issue["state"])
	require.Equal(t, "completed", issue["state_reason"])
	require.Equal(t, "ada", issue["closed_by"].(map[string]any)["login"])
	require.EqualValues(t, 1, issue["milestone"].(map[string]any)["closed_issues"])
	require.EqualValues(t, open, b.get(t, base).object(t)["open_issues_count"])

	require.NoError(t, b.repo.SetLabels(n, "question"))
	require.Len(t, b.get(t, issuePath(n)).object(t)["labels"], 1)

	require.NoError(t, b.repo.DeleteIssueComment(id))
	require.EqualValues(t, 0, b.get(t, issuePath(n)).object(t)["comments"])
	issues := b.sim.Count(owner, name, "issues")
	require.NoError(t, b.repo.DeleteIssue(n))
	require.Equal(t, http.StatusGone, b.get(t, issuePath(n)).StatusCode)
	require.Equal(t, issues-1, b.sim.Count(owner, name, "issues"))
	require.Error(t, b.repo.DeleteIssue(n))
	require.EqualValues(t, 0, b.get(t, base+"/milestones?state=all&sort=completeness&per_page=100").list(t)[0]["closed_issues"])
}

func TestPullLife(t *testing.T) {
	t.Parallel()
	clock := newMovingClock()
	b := setup(t, githubsim.Options{Now: clock.now}, githubsim.SpecForItems(500))
	commits := b.sim.Count(owner, name, "commits")
	shas := b.repo.Push("topic", githubsim.NewCommit{Message: "one", By: "ada"}, githubsim.NewCommit{Message: "two", By: "ada"})
	require.Equal(t, commits, b.sim.Count(owner, name, "commits"), "not on the default branch")
	n, err := b.repo.OpenPull(githubsim.NewPull{NewIssue: githubsim.NewIssue{Title: "p", By: "ada"}, Head: "topic"})
	require.NoError(t, err)
	path := fmt.Sprintf("%s/pulls/%d", base, n)
	head := func() any { return b.get(t, path).object(t)["head"].(map[string]any)["sha"] }
	require.Equal(t, shas[1], head())

	clock.move(time.Minute)
	more := b.repo.Push("topic", githubsim.NewCommit{Message: "three", By: "ada"})
	require.Equal(t, more[0], head())
	require.Equal(t, "2025-07-01T12:01:00Z", b.get(t, path).object(t)["updated_at"])
	require.Equal(t, "2025-07-01T12:01:00Z", b.get(t, base).object(t)["pushed_at"])

	id, err := b.repo.AddReview(n, githubsim.NewReview{
		By: "ben", State: "APPROVED", Body: "fine", Comments: []githubsim.NewReviewComment{{Path: "a.go", Line: 3, Body: "nit"}},
	})
	require.NoError(t, err)
	require.EqualValues(t, id, b.get(t, path+"/reviews").list(t)[0]["id"])
	require.EqualValues(t, 1, b.get(t, path).object(t)["review_comments"])
	remark := b.get(t, base+"/pulls/comments?sort=created&direction=desc&per_page=1").list(t)[0]
	require.EqualValues(t, id, remark["pull_request_review_id"])
	_, err = b.repo.AddReview(n, githubsim.NewReview{State: "HMM"})
	require.Error(t, err)

	clock.move(time.Minute)
	require.NoError(t, b.repo.MergePull(n, "ben"))
	pull := b.get(t, path).object(t)
	require.Equal(t, true, pull["merged"])
	require.Equal(t, "ben", pull["merged_by"].(map[string]any)["login"])
	latest := b.get(t, base+"/commits?per_page=1").list(t)[0]
	require.Equal(t, pull["merge_commit_sha"], latest["sha"])
	require.Len(t, latest["parents"], 2)
	require.Equal(t, commits+4, b.sim.Count(owner, name, "commits"))
	require.Error(t, b.repo.MergePull(n, "ben"))
	reopened := "open"
	require.Error(t, b.repo.EditIssue(n, githubsim.IssueEdit{State: &reopened}))
	require.Error(t, b.repo.DeleteIssue(n))

	require.NoError(t, b.repo.SetBranch("main", shas[0]))
	require.Equal(t, shas[0], b.get(t, base+"/commits").list(t)[0]["sha"])
	require.NoError(t, b.repo.DeleteBranch("topic"))
	require.Equal(t, http.StatusNotFound, b.get(t, base+"/branches/topic").StatusCode)
	require.Error(t, b.repo.DeleteBranch("main"))
}

func TestRenamesAndReleases(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.SpecForItems(500))
	issue := b.get(t, base+"/issues?per_page=1").list(t)[0]
	user := issue["user"].(map[string]any)
	require.NoError(t, b.repo.RenameUser(user["login"].(string), "someone-else"))
	after := b.get(t, base+"/issues?per_page=1").list(t)[0]
	require.Equal(t, "someone-else", after["user"].(map[string]any)["login"])
	require.Equal(t, user["id"], after["user"].(map[string]any)["id"])
	require.Equal(t, issue["updated_at"], after["updated_at"])
	require.Error(t, b.repo.RenameUser("no-such-user", "x"))
	require.Error(t, b.repo.RenameUser("someone-else", owner))

	require.NoError(t, b.repo.EditLabel("bug", githubsim.LabelEdit{Name: "defect", Color: "000000"}))
	found := false
	for _, l := range b.get(t, base+"/labels").list(t) {
		require.NotEqual(t, "bug", l["name"])
		found = found || l["name"] == "defect" && l["color"] == "000000"
	}
	require.True(t, found)

	id := b.repo.CreateRelease(githubsim.NewRelease{Tag: "v9.0.0", Body: "notes", By: "ada"})
	require.EqualValues(t, id, b.get(t, base+"/releases?per_page=1").list(t)[0]["id"])
	require.Equal(t, "v9.0.0", b.get(t, base+"/tags?per_page=1").list(t)[0]["name"])
}

func TestChangesWhileServing(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.SpecForItems(1000))
	var work sync.WaitGroup
	for range 2 {
		work.Go(func() {
			for n := 1; n <= 60; n++ {
				b.repo.Star(1)
				b.repo.Push("main", githubsim.NewCommit{Message: "m", By: "ada"})
				if _, err := b.repo.AddIssueComment(n, "ada", "x"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		work.Wait()
	}()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		for _, path := range []string{"/issues?state=all&sort=updated", "/pulls?state=all", "/issues/comments?sort=updated", "/commits", ""} {
			require.Equal(t, http.StatusOK, b.get(t, base+path).StatusCode)
		}
		require.NotEmpty(t, b.items("issue_comments"))
	}
	all, _ := b.walk(t, base+"/issues?state=all&sort=updated&direction=asc&per_page=100")
	require.Len(t, all, b.sim.Count(owner, name, "issues"))
	requireSorted(t, all, "updated_at")
}
