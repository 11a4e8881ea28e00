package githubsim_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/githubsim"
)

// pointer is for the fields of edits.
func pointer[T any](v T) *T { return &v }

// editMore goes on where edit ends: what is taken away, moved and rewritten.
func editMore(t *testing.T, r *githubsim.Repository) {
	t.Helper()
	yes := true
	_, err := r.CreateLabel("short-lived "+odd, "ededed", "")
	require.NoError(t, err)
	number, err := r.OpenIssue(githubsim.NewIssue{Title: "labels", By: "leaves", Labels: []string{"short-lived " + odd, "x", "y"}, Assignees: []string{"leaves"}})
	require.NoError(t, err)
	require.NoError(t, r.ReorderLabels(number))
	require.NoError(t, r.DeleteLabel("short-lived "+odd))
	require.NoError(t, r.React(number))
	require.NoError(t, r.EditIssue(number, githubsim.IssueEdit{Locked: &yes, Assignees: &[]string{"leaves", "stays"}}))

	due := time.Date(2030, 1, 2, 0, 0, 0, 0, time.UTC)
	milestone := r.AddMilestone("m", "", "leaves")
	require.NoError(t, r.EditMilestone(milestone, githubsim.MilestoneEdit{Title: pointer(odd), Description: pointer(""), State: pointer("closed"), Due: &due}))
	require.NoError(t, r.DeleteMilestone(r.AddMilestone("short-lived", "", "ada")))

	pull, err := r.OpenPull(githubsim.NewPull{NewIssue: githubsim.NewIssue{Title: odd, By: "leaves"}, Head: "from/ünï", Fork: "leaves"})
	require.NoError(t, err)
	lost, err := r.OpenPull(githubsim.NewPull{NewIssue: githubsim.NewIssue{Title: odd, By: "loses"}, Head: "x", Fork: "loses"})
	require.NoError(t, err)
	require.NoError(t, r.LoseFork(lost))
	require.NoError(t, r.SetDraft(pull, true))
	editReviews(t, r, pull)
	editSocial(t, r, pull)
	editContinuous(t, r)
	require.NoError(t, r.DeleteUser("leaves"))

	release := r.CreateRelease(githubsim.NewRelease{Tag: "v3", Name: "x", By: "ada"})
	require.NoError(t, r.EditRelease(release, githubsim.ReleaseEdit{Name: pointer(""), Body: pointer(odd), Prerelease: &yes}))
	require.NoError(t, r.DeleteRelease(r.CreateRelease(githubsim.NewRelease{Tag: "v4", By: "ada"})))
	require.NoError(t, r.DeleteTag("v4"))
	r.Download(3)

	shas := r.Push("side", githubsim.NewCommit{Message: "a", By: "ada"}, githubsim.NewCommit{Message: "b", By: "ada"})
	_, err = r.ForcePush("side", shas[0], githubsim.NewCommit{Message: "c", By: "ada", Date: time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)})
	require.NoError(t, err)
	_, err = r.ForcePush("unrelated", "", githubsim.NewCommit{Message: odd})
	require.NoError(t, err)
	require.NoError(t, r.SetTag("moved/ünï", shas[1]))
	r.Prune()
	require.NoError(t, r.EditRepository(githubsim.RepositoryEdit{Description: pointer(odd), Homepage: pointer("https://example.com"), Archived: &yes}))
}

func editReviews(t *testing.T, r *githubsim.Repository, pull int) {
	t.Helper()
	review, err := r.AddReview(pull, githubsim.NewReview{By: "leaves", State: "APPROVED", Comments: []githubsim.NewReviewComment{{Path: "a", Line: 1, Body: "b"}}})
	require.NoError(t, err)
	require.NoError(t, r.EditReview(review, odd))
	require.NoError(t, r.DismissReview(review))
	review, err = r.AddReview(pull, githubsim.NewReview{By: "ada", Comments: []githubsim.NewReviewComment{{Path: "a", Line: 1, Body: "b"}}})
	require.NoError(t, err)
	require.NoError(t, r.DeleteReview(review, true))
	vanishing, err := r.OpenPull(githubsim.NewPull{NewIssue: githubsim.NewIssue{Title: "v", By: "spam"}, Head: "spam", Fork: "spam"})
	require.NoError(t, err)
	_, err = r.AddReview(vanishing, githubsim.NewReview{By: "spam", Comments: []githubsim.NewReviewComment{{Path: "a", Line: 1, Body: "b"}}})
	require.NoError(t, err)
	_, err = r.AddIssueComment(vanishing, "spam", "c")
	require.NoError(t, err)
	require.NoError(t, r.VanishPull(vanishing))
}

// bury deletes an issue and transfers another one, and keeps their paths.
func (b *bundle) bury(t *testing.T) {
	t.Helper()
	there := githubsim.Generate(2, githubsim.Spec{Owner: owner, Name: "dock", Labels: 3})
	b.sim.Add(there)
	for _, fate := range []func(number int) error{
		b.repo.DeleteIssue,
		func(number int) error { _, err := b.sim.Transfer(b.repo, number, there); return err },
	} {
		number, err := b.repo.OpenIssue(githubsim.NewIssue{Title: odd, By: "ada", Labels: []string{"bug"}})
		require.NoError(t, err)
		require.NoError(t, fate(number))
		b.graves = append(b.graves, issuePath(number))
	}
}

// comparisons are pairs of commits in all relations.
func (b *bundle) comparisons(at string) []string {
	pairs := []string{"nowhere...nobody", "main", "...", "main...nowhere"}
	main := b.repo.DefaultBranch()
	for _, other := range append(b.some("branches", "name"), main) {
		pairs = append(pairs, main+"..."+other, other+"..."+main)
	}
	shas := b.some("commits", "sha")
	for i := 0; i+1 < len(shas); i += 20 {
		pairs = append(pairs, shas[i]+"..."+shas[i+1], shas[i+1]+"..."+shas[i])
	}
	var paths []string
	for _, pair := range pairs {
		paths = append(paths, at+"/compare/"+url.PathEscape(pair))
	}
	if len(shas) > 1 {
		paths = append(paths, at+"/compare/"+shas[len(shas)-1]+"..."+main+"?per_page=100")
	}
	return paths
}
