package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/operation"
)

func discussed() githubsim.Spec {
	return githubsim.Spec{Issues: 3, Labels: 5, Commits: 2, Discussions: 230, DiscussionComments: 1500}
}

func TestDiscussionsEqualTheirSource(t *testing.T) {
	b := setUpQueries(t, discussed(), githubsim.Options{})
	names := []string{"discussions", "discussion_comments"}
	work := b.sync(names...)
	b.requireMirror(names...)
	require.Equal(t, int64(230), work["discussions"].Items)
	require.Equal(t, int64(1500), work["discussion_comments"].Items)
	require.Less(t, b.sim.Stats().Requests["graphql"], int64(40))

	b.sim.ResetStats()
	for name, w := range b.sync(names...) {
		require.Zero(t, w.Written, name)
	}
	require.Equal(t, int64(1), b.sim.Stats().Requests["graphql"], "the newest discussions, and no comments")

	number, err := b.repo.OpenDiscussion(githubsim.NewDiscussion{Title: "new \x00", Body: "b \xed\xa0\x80", By: "", Category: "q-a"})
	require.NoError(t, err)
	top, err := b.repo.CommentOnDiscussion(number, 0, "dependabot[bot]", "a comment")
	require.NoError(t, err)
	for range 230 {
		_, err = b.repo.CommentOnDiscussion(number, top, "ada", "a reply")
		require.NoError(t, err)
	}
	for range 120 {
		_, err = b.repo.CommentOnDiscussion(number, 0, "bob", "another")
		require.NoError(t, err)
	}
	require.NoError(t, b.repo.AnswerDiscussion(number, top, "ada"))
	yes := true
	require.NoError(t, b.repo.EditDiscussion(5, githubsim.DiscussionEdit{Closed: &yes, Locked: &yes}))
	require.NoError(t, b.repo.RenameUser("ada", "lovelace"))
	b.sync(names...)
	b.requireMirror(names...)
	var kept int
	require.NoError(t, b.pool.QueryRow(t.Context(), `select count(*) from discussions where raw_bytes is not null`).Scan(&kept))
	require.Equal(t, 1, kept)
}

func TestDiscussionsAreSkippedWhereThereAreNone(t *testing.T) {
	b := setUpQueries(t, pullsOnly(1), githubsim.Options{})
	work := b.sync("discussions", "discussion_comments")
	require.Equal(t, operation.CollectionSkipped, work["discussions"].State)
	require.Equal(t, "Discussions are switched off in this repository.", work["discussions"].Note)
	require.Equal(t, int64(1), b.sim.Stats().Requests["graphql"])

	b.repo.SetDiscussions(true)
	_, err := b.repo.OpenDiscussion(githubsim.NewDiscussion{Title: "t", By: "ada"})
	require.NoError(t, err)
	require.Equal(t, operation.CollectionDone, b.sync("discussions")["discussions"].State)
	b.requireMirror("discussions")
}

func TestDiscussionsAreSkippedWhereGraphQLIsNotServed(t *testing.T) {
	b := setUpQueries(t, discussed(), githubsim.Options{WithoutGraphQL: true})
	b.requireNoDiscussions()
}

func TestDiscussionsAreSkippedWithoutAToken(t *testing.T) {
	b := setUpQueries(t, discussed(), githubsim.Options{})
	b.ask("")
	b.requireNoDiscussions()
	require.Zero(t, b.sim.Stats().Requests["graphql"])
}

func (b *bundle) requireNoDiscussions() {
	b.t.Helper()
	work := b.sync("discussions", "discussion_comments")
	require.Equal(b.t, operation.CollectionSkipped, work["discussions"].State)
	require.Contains(b.t, work["discussions"].Note, "by GraphQL only, which needs a token")
	require.Zero(b.t, work["discussion_comments"].Items)
}

// A sweep finds what no updated_at tells of, and what is gone: by a second look at the
// list, or at the discussion.
func TestASweepOfDiscussionsFindsWhatIsGone(t *testing.T) {
	b := setUpQueries(t, discussed(), githubsim.Options{})
	names := []string{"discussions", "discussion_comments"}
	b.sync(names...)
	var number int
	var comment, other int64
	require.NoError(t, b.pool.QueryRow(t.Context(), `select discussion_number, min(id), max(id) from discussion_comments
		group by 1 having count(*) > 5 order by 1 limit 1`).Scan(&number, &comment, &other))
	require.NoError(t, b.repo.DeleteDiscussionComment(comment))
	require.NoError(t, b.repo.EditDiscussionComment(other, "edited"))
	title := "silent"
	require.NoError(t, b.repo.EditDiscussion(number+2, githubsim.DiscussionEdit{Title: &title, Silent: true}))
	require.NoError(t, b.repo.DeleteDiscussion(number+1))
	found := b.sweep(names...)
	b.requireMirror(names...)
	require.Equal(t, drift{Extra: 1, Different: 1}, found["discussions"])
	var gone int
	require.NoError(t, b.pool.QueryRow(t.Context(), `select count(*) from discussions where deleted_at is not null`).Scan(&gone))
	require.Equal(t, 1, gone)
	require.NoError(t, b.pool.QueryRow(t.Context(), `select count(*) from discussion_comments where id = $1 and deleted_at is not null`, comment).Scan(&gone))
	require.Equal(t, 1, gone)
}

func TestDiscussionsAreReadWhileOthersFail(t *testing.T) {
	b := setUpQueries(t, discussed(), githubsim.Options{Faults: githubsim.FaultPlan{Seed: 3, Faults: []githubsim.Fault{
		{Kind: githubsim.FaultStatus, Status: 502, Probability: 0.1},
		{Kind: githubsim.FaultShortBody, Probability: 0.05},
		{Kind: githubsim.FaultReset, Probability: 0.05},
	}}})
	b.sync("discussions", "discussion_comments")
	b.requireMirror("discussions", "discussion_comments")
}
