package githubsim_test

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/githubsim"
)

func TestWhatIsTakenAwayIsGoneEverywhere(t *testing.T) {
	t.Parallel()
	clock := newMovingClock()
	b := setup(t, githubsim.Options{Now: clock.now}, githubsim.SpecForItems(500))
	milestone := b.repo.AddMilestone("m", "", "ada")
	number, err := b.repo.OpenIssue(githubsim.NewIssue{Title: "t", By: "ada", Labels: []string{"fleeting", "bug"}, Milestone: milestone})
	require.NoError(t, err)
	before := b.get(t, issuePath(number)).object(t)
	label := before["labels"].([]any)[0].(map[string]any)
	clock.move(time.Minute)

	require.NoError(t, b.repo.DeleteLabel("fleeting"))
	require.NoError(t, b.repo.DeleteMilestone(milestone))
	require.Error(t, b.repo.DeleteLabel("fleeting"))
	require.Error(t, b.repo.DeleteMilestone(milestone))
	after := b.get(t, issuePath(number)).object(t)
	require.Len(t, after["labels"], 1)
	require.Nil(t, after["milestone"])
	require.Equal(t, before["updated_at"], after["updated_at"])
	require.NotContains(t, b.items("labels"), fmt.Sprintf("%.0f", label["id"]))
	require.Equal(t, http.StatusNotFound, b.get(t, base+"/milestones/"+strconv.Itoa(milestone)).StatusCode)
	again, err := b.repo.CreateLabel("fleeting", "ededed", "")
	require.NoError(t, err)
	require.NotEqualValues(t, label["id"], again, "it is another label of the same name")

	release := b.repo.CreateRelease(githubsim.NewRelease{Tag: "v9", By: "ada"})
	require.Equal(t, http.StatusOK, b.get(t, fmt.Sprintf("%s/releases/%d", base, release)).StatusCode)
	require.NoError(t, b.repo.DeleteRelease(release))
	require.NoError(t, b.repo.DeleteTag("v9"))
	require.Equal(t, http.StatusNotFound, b.get(t, fmt.Sprintf("%s/releases/%d", base, release)).StatusCode)
	require.NotContains(t, b.items("releases"), strconv.FormatInt(release, 10))
	require.NotContains(t, b.items("tags"), "v9")
}

func TestAVanishedPullTakesAllWithIt(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.SpecForItems(500))
	before := map[string]int{}
	for _, c := range githubsim.Collections() {
		before[c] = b.sim.Count(owner, name, c)
	}
	number, err := b.repo.OpenPull(githubsim.NewPull{NewIssue: githubsim.NewIssue{Title: "p", By: "spam"}, Head: "x", Fork: "spam"})
	require.NoError(t, err)
	review, err := b.repo.AddReview(number, githubsim.NewReview{By: "spam", Comments: []githubsim.NewReviewComment{{Path: "a", Line: 1, Body: "b"}}})
	require.NoError(t, err)
	comment, err := b.repo.AddIssueComment(number, "spam", "c")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, b.get(t, fmt.Sprintf("%s/issues/comments/%d", base, comment)).StatusCode)
	require.Contains(t, b.items("reviews"), strconv.FormatInt(review, 10))

	require.NoError(t, b.repo.VanishPull(number))
	for path, status := range map[string]int{
		fmt.Sprintf("/pulls/%d", number): 404, fmt.Sprintf("/issues/%d", number): 404, fmt.Sprintf("/pulls/%d/reviews", number): 404,
		fmt.Sprintf("/issues/comments/%d", comment): 404,
	} {
		require.Equal(t, status, b.get(t, base+path).StatusCode, path)
	}
	for c, n := range before {
		require.Equal(t, n, b.sim.Count(owner, name, c), c)
	}
	require.Error(t, b.repo.VanishPull(number))
}

func TestReviewsAreDismissedAndTakenAway(t *testing.T) {
	t.Parallel()
	clock := newMovingClock()
	b := setup(t, githubsim.Options{Now: clock.now}, githubsim.SpecForItems(500))
	number, err := b.repo.OpenPull(githubsim.NewPull{NewIssue: githubsim.NewIssue{Title: "p", By: "ada"}, Head: b.repo.DefaultBranch()})
	require.NoError(t, err)
	path := fmt.Sprintf("%s/pulls/%d", base, number)
	id, err := b.repo.AddReview(number, githubsim.NewReview{By: "ben", State: "APPROVED", Comments: []githubsim.NewReviewComment{{Path: "a", Line: 1, Body: "b"}}})
	require.NoError(t, err)
	updated := b.get(t, path).object(t)["updated_at"]
	clock.move(time.Minute)
	require.NoError(t, b.repo.EditReview(id, "other words"))
	require.Equal(t, updated, b.get(t, path).object(t)["updated_at"])
	require.NoError(t, b.repo.DismissReview(id))
	review := b.get(t, path+"/reviews").list(t)[0]
	require.Equal(t, "DISMISSED", review["state"])
	require.Equal(t, "other words", review["body"])
	require.NotEqual(t, updated, b.get(t, path).object(t)["updated_at"])

	remark := b.get(t, base+"/pulls/comments?sort=created&direction=desc&per_page=1").list(t)[0]
	remarkID := int64(remark["id"].(float64))
	require.NoError(t, b.repo.EditReviewComment(remarkID, "quiet", githubsim.Silent))
	at := fmt.Sprintf("%s/pulls/comments/%d", base, remarkID)
	require.Equal(t, "quiet", b.get(t, at).object(t)["body"])
	require.Equal(t, remark["updated_at"], b.get(t, at).object(t)["updated_at"])
	require.NoError(t, b.repo.DeleteReview(id, false))
	require.Empty(t, b.get(t, path+"/reviews").list(t))
	require.Equal(t, http.StatusNotFound, b.get(t, at).StatusCode)
	require.EqualValues(t, 0, b.get(t, path).object(t)["review_comments"])
	require.Error(t, b.repo.DeleteReviewComment(remarkID))
}

func TestATransferredIssueIsElsewhere(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.SpecForItems(500))
	dock := githubsim.Generate(3, githubsim.Spec{Owner: owner, Name: "dock", Labels: 2, Issues: 5})
	b.sim.Add(dock)
	number, err := b.repo.OpenIssue(githubsim.NewIssue{Title: "t", Body: "b", By: "ada", Labels: []string{"bug", "only here"}})
	require.NoError(t, err)
	_, err = b.repo.AddIssueComment(number, "ben", "c")
	require.NoError(t, err)
	open := b.get(t, base).object(t)["open_issues_count"].(float64)
	issues, comments := b.sim.Count(owner, "dock", "issues"), b.sim.Count(owner, name, "issue_comments")
	old := b.get(t, issuePath(number)).object(t)

	there, err := b.sim.Transfer(b.repo, number, dock)
	require.NoError(t, err)
	res := b.get(t, issuePath(number))
	require.Equal(t, http.StatusMovedPermanently, res.StatusCode)
	moved := b.get(t, res.Header.Get("Location")).object(t)
	require.EqualValues(t, there, moved["number"])
	require.NotEqual(t, old["id"], moved["id"])
	require.Equal(t, old["created_at"], moved["created_at"])
	require.Equal(t, "b", moved["body"])
	require.EqualValues(t, 1, moved["comments"])
	require.Equal(t, owner+"/dock", b.get(t, fmt.Sprintf("/repositories/%d", dock.ID())).object(t)["full_name"])
	require.Equal(t, issues+1, b.sim.Count(owner, "dock", "issues"))
	require.Equal(t, 1, b.sim.Count(owner, "dock", "issue_comments"))
	require.Equal(t, comments-1, b.sim.Count(owner, name, "issue_comments"))
	require.InDelta(t, open-1, b.get(t, base).object(t)["open_issues_count"], 0)
	_, err = b.sim.Transfer(b.repo, number, dock)
	require.Error(t, err)
	_, err = b.sim.Transfer(dock, there, dock)
	require.Error(t, err)

	// One that was composed from a seed, to see that its text and its people come along.
	before := b.get(t, issuePath(1)).object(t)
	require.Nil(t, before["pull_request"])
	_, err = b.sim.Transfer(b.repo, 1, dock)
	require.NoError(t, err)
	after := b.get(t, b.get(t, issuePath(1)).Header.Get("Location")).object(t)
	for _, field := range []string{"title", "body", "state", "comments", "created_at", "closed_at"} {
		require.Equal(t, before[field], after[field], field)
	}
	require.Equal(t, before["user"].(map[string]any)["id"], after["user"].(map[string]any)["id"])
}

func TestDeletedUsersAreGhosts(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.SpecForItems(500))
	number, err := b.repo.OpenIssue(githubsim.NewIssue{Title: "t", By: "leaves", Assignees: []string{"leaves", "stays"}})
	require.NoError(t, err)
	pull, err := b.repo.OpenPull(githubsim.NewPull{NewIssue: githubsim.NewIssue{Title: "t", By: "leaves"}, Head: "x", Fork: "leaves"})
	require.NoError(t, err)
	other, err := b.repo.OpenPull(githubsim.NewPull{NewIssue: githubsim.NewIssue{Title: "t", By: "stays"}, Head: "y", Fork: "leaves"})
	require.NoError(t, err)
	require.NoError(t, b.repo.DeleteUser("leaves"))
	issue := b.get(t, issuePath(number)).object(t)
	require.Equal(t, "ghost", issue["user"].(map[string]any)["login"])
	require.EqualValues(t, 10137, issue["user"].(map[string]any)["id"])
	require.Len(t, issue["assignees"], 1)
	for _, n := range []int{pull, other} {
		head := b.get(t, fmt.Sprintf("%s/pulls/%d", base, n)).object(t)["head"].(map[string]any)
		require.Nil(t, head["repo"])
		require.Nil(t, head["user"])
	}
	require.Error(t, b.repo.DeleteUser("leaves"))
	require.Error(t, b.repo.DeleteUser(owner))
}

func TestALostForkIsNull(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.SpecForItems(500))
	pull, err := b.repo.OpenPull(githubsim.NewPull{NewIssue: githubsim.NewIssue{Title: "t", By: "eve"}, Head: "x", Fork: "eve"})
	require.NoError(t, err)
	path := fmt.Sprintf("%s/pulls/%d", base, pull)
	before := b.get(t, path).object(t)
	require.Equal(t, "eve/"+name, before["head"].(map[string]any)["repo"].(map[string]any)["full_name"])
	require.NoError(t, b.repo.LoseFork(pull))
	after := b.get(t, path).object(t)
	require.Nil(t, after["head"].(map[string]any)["repo"])
	require.Equal(t, before["updated_at"], after["updated_at"])
	require.Error(t, b.repo.LoseFork(pull))
}

func TestANameIsTakenOver(t *testing.T) {
	t.Parallel()
	b := setup(t, githubsim.Options{}, githubsim.SpecForItems(300))
	b.sim.Rename(b.repo, "", "renamed")
	require.Equal(t, http.StatusMovedPermanently, b.get(t, base).StatusCode)
	taker := githubsim.Generate(11, githubsim.Spec{Owner: owner, Name: name, ID: 777, Issues: 3})
	b.sim.Add(taker)
	require.EqualValues(t, 777, b.get(t, base).object(t)["id"])
	require.Equal(t, owner+"/renamed", b.get(t, fmt.Sprintf("/repositories/%d", b.repo.ID())).object(t)["full_name"])

	second := githubsim.Generate(12, githubsim.Spec{Owner: owner, Name: name, ID: 778, Issues: 3})
	b.sim.Add(second)
	require.EqualValues(t, 778, b.get(t, base).object(t)["id"])
	require.Equal(t, http.StatusNotFound, b.get(t, "/repositories/777").StatusCode, "it was deleted and made anew")
}
