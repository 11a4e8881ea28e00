package activities_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/conformance"
	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/operation"
)

// social are the collections around issues, pull requests and the repository.
var social = []string{"issue_events", "pull_files", "pull_commits", "stargazers", "forks", "contributors", "collaborators"}

// setUpSocial is a bundle with a repository that has all of them, and a client that may
// push to it.
func setUpSocial(t *testing.T, items int) *bundle {
	t.Helper()
	spec := githubsim.SpecForItems(items)
	spec.IssueEvents, spec.Stargazers, spec.Forks, spec.Collaborators = 350, 250, 120, 10
	b := setUpQueries(t, spec, githubsim.Options{})
	b.repo.SetPushAccess(true)
	return b
}

func (b *bundle) requireSocial() {
	b.t.Helper()
	require.Empty(b.t, b.mirrored(b.t, b.repo, social).difference(b.source(b.t, b.repo, social)), "what the mirror lacks")
}

// changes counts the changes of the social collections so far.
func (b *bundle) changes() (n int) {
	b.t.Helper()
	require.NoError(b.t, b.pool.QueryRow(b.t.Context(), `select count(*) from changes where collection = any ($1)`, social).Scan(&n))
	return n
}

func TestASocialSyncEqualsItsSource(t *testing.T) {
	b := setUpSocial(t, 1500)
	work := b.sync(append([]string{"issues"}, social...)...)
	b.requireSocial()
	for _, name := range social {
		require.Empty(t, work[name].Note, name)
		require.Positive(t, work[name].Items, name)
	}
	var wrong int
	require.NoError(t, b.pool.QueryRow(t.Context(), `select count(*) from pull_files f
		where not exists (select from pulls p where p.id = f.pull_id and p.key = f.parent_key) or f.filename is null or f.changes is null`).Scan(&wrong))
	require.Zero(t, wrong, "a file belongs to a pull request")
	require.NoError(t, b.pool.QueryRow(t.Context(), `select count(*) from issue_events e
		where not exists (select from issues i where i.number = e.issue_number and i.id = e.issue_id) or e.event is null or e.created_at is null`).Scan(&wrong))
	require.Zero(t, wrong, "an event belongs to an issue")
	require.NoError(t, b.pool.QueryRow(t.Context(), `select count(*) from stargazers where starred_at is null or login is null`).Scan(&wrong))
	require.Zero(t, wrong, "a star has its time")
}

func TestWhatIsStoredAroundFollowsGitHubsDescription(t *testing.T) {
	d := conformance.GitHub(t)
	b := setUpSocial(t, 600)
	b.repo.SetPrivate(true)
	b.editOddly()
	b.sync(social...)
	b.requireDescribed(d, social...)
}

func TestASecondSocialSyncAsksForLittle(t *testing.T) {
	b := setUpSocial(t, 1500)
	b.sync(social...)
	b.sim.ResetStats()
	before := b.changes()
	for name, w := range b.sync(social...) {
		require.Zero(t, w.Written, name)
	}
	require.Equal(t, before, b.changes())
	stats := b.sim.Stats()
	require.Equal(t, map[string]int64{
		"issue_events": 1, "stargazers": 3, "forks": 2, "contributors": 1, "collaborators": 1,
	}, only(stats.Requests, append(social, "issue_event")), "one for what has a bookmark, one for each page of a list, none for what has not moved")
	require.EqualValues(t, 3+2+1+1, stats.Statuses[http.StatusNotModified], "pages of lists are asked for conditionally")
}

// only are the entries of some names, without zeros.
func only(counts map[string]int64, names []string) map[string]int64 {
	left := map[string]int64{}
	for _, name := range names {
		if counts[name] > 0 {
			left[name] = counts[name]
		}
	}
	return left
}

func TestOnlyTheListsOfPullsThatMovedAreRead(t *testing.T) {
	b := setUpSocial(t, 1000)
	shas := b.repo.Push("topic", githubsim.NewCommit{Message: "1", By: "ada", Files: []string{"a.go", "b.go"}}, githubsim.NewCommit{Message: "2", By: "ada", Files: []string{"c.go"}})
	_, err := b.repo.OpenPull(githubsim.NewPull{NewIssue: githubsim.NewIssue{Title: "p", By: "ada"}, Head: "topic"})
	require.NoError(t, err)
	b.sync(social...)
	before := b.changes()
	b.sim.ResetStats()

	_, err = b.repo.ForcePush("topic", shas[0], githubsim.NewCommit{Message: "3", By: "ada", Files: []string{"b.go", "d.go"}})
	require.NoError(t, err)
	b.sync(social...)
	b.requireSocial()
	requests := b.sim.Stats().Requests
	require.LessOrEqual(t, requests["pull_files"], int64(2), "one pull request moved: its list, and a second look at what it shows no more")
	require.LessOrEqual(t, requests["pull_commits"], int64(2))
	// d.go came, c.go went, b.go moved, a.go stays; a commit came, one went; one event tells of it.
	require.Equal(t, before+3+2+1, b.changes())
}

// Stars, pushes and new names of users are no changes of what they are shown in.
func TestWhatMovesByItselfIsNoChange(t *testing.T) {
	b := setUpSocial(t, 1000)
	_, err := b.repo.Fork("forker")
	require.NoError(t, err)
	require.NoError(t, b.repo.StarBy("ada"))
	require.NoError(t, b.repo.AddCollaborator("ada", "write"))
	b.repo.Push(b.repo.DefaultBranch(), githubsim.NewCommit{Message: "m", By: "ada"})
	issue, err := b.repo.OpenIssue(githubsim.NewIssue{Title: "t", By: "ada", Labels: []string{"bug"}})
	require.NoError(t, err)
	b.sync(social...)
	before, versions := b.changes(), b.xmins()

	require.NoError(t, b.repo.EditFork("forker", githubsim.ForkEdit{Stars: 3}))
	body := "another body"
	require.NoError(t, b.repo.EditIssue(issue, githubsim.IssueEdit{Body: &body}))
	b.sync(social...)
	for row, version := range b.xmins() {
		if row.table != "issues" && row.table != "repositories" {
			require.Equal(t, versions[row], version, "%v was written for a fork's stars or an issue's text", row)
		}
	}

	require.NoError(t, b.repo.EditFork("forker", githubsim.ForkEdit{Pushed: true}))
	b.repo.Push(b.repo.DefaultBranch(), githubsim.NewCommit{Message: "m", By: "ada"})
	require.NoError(t, b.repo.RenameUser("ada", "lovelace"))
	require.NoError(t, b.repo.RenameUser("forker", "spooner"))
	b.sync(social...)
	b.sweepOf(t, b.repo, social...)
	require.Equal(t, before, b.changes())
	b.requireSocial()
	var names []string
	require.NoError(t, b.pool.QueryRow(t.Context(), `select array[
		(select full_name from forks where owner_login = 'spooner'), (select login from stargazers where login = 'lovelace'),
		(select login from collaborators where login = 'lovelace'), (select contributions::text from contributors where login = 'lovelace')]`).Scan(&names))
	require.Equal(t, []string{"spooner/relay", "lovelace", "lovelace", "2"}, names, "the rows show the new names and counts all the same")
}

func TestWhatHappensAroundIsFoundByTheNextSync(t *testing.T) {
	b := setUpSocial(t, 1000)
	_, err := b.repo.Fork("leaver")
	require.NoError(t, err)
	require.NoError(t, b.repo.StarBy("leaver"))
	require.NoError(t, b.repo.AddCollaborator("leaver", "read"))
	b.sync(social...)

	closed := "closed"
	require.NoError(t, b.repo.EditIssue(1, githubsim.IssueEdit{State: &closed, By: "ada"}))
	require.NoError(t, b.repo.SetLabels(2, "bug", "question"))
	require.NoError(t, b.repo.StarBy("newcomer"))
	require.NoError(t, b.repo.UnstarBy("leaver"))
	require.NoError(t, b.repo.DeleteFork("leaver"))
	_, err = b.repo.Fork("newcomer")
	require.NoError(t, err)
	require.NoError(t, b.repo.RemoveCollaborator("leaver"))
	require.NoError(t, b.repo.AddCollaborator("newcomer", "admin"))
	b.repo.Push(b.repo.DefaultBranch(), githubsim.NewCommit{Message: "m", By: "newcomer"})
	b.sync(social...)
	b.requireSocial()
}

// An event is asked for one by one where the list does not show it any more.
func TestEventsOfADeletedIssueAreFoundByTheSweep(t *testing.T) {
	b := setUpSocial(t, 600)
	number, err := b.repo.OpenIssue(githubsim.NewIssue{Title: "t", By: "ada", Labels: []string{"bug"}})
	require.NoError(t, err)
	b.sync(social...)
	require.NoError(t, b.repo.DeleteIssue(number))
	b.sim.ResetStats()
	b.sweepOf(t, b.repo, social...)
	b.requireSocial()
	require.EqualValues(t, 1, b.sim.Stats().Requests["issue_event"])
	b.sweepOf(t, b.repo, social...)
	require.Empty(t, b.drift(t, b.repo))
}

func TestAListThatIsWithheldIsSkipped(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		token      string
		collection string
		faults     githubsim.FaultPlan
		note       string
	}{
		"without push access": {"token", "collaborators", githubsim.FaultPlan{}, "may push"},
		"without a token":     {"", "collaborators", githubsim.FaultPlan{}, "may push"},
		"too long a history": {"token", "contributors", githubsim.FaultPlan{Faults: []githubsim.Fault{
			{Kind: githubsim.FaultStatus, Status: http.StatusForbidden, Endpoint: "contributors"},
		}}, "too large"},
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t, 300, githubsim.Options{})
			b.ask(tt.token)
			b.sim.SetFaults(tt.faults)
			work := b.sync("labels", tt.collection)
			require.Equal(t, operation.CollectionSkipped, work[tt.collection].State)
			require.Contains(t, work[tt.collection].Note, tt.note)
			require.Equal(t, operation.CollectionDone, work["labels"].State)
			b.requireMirror("labels")
		})
	}
}

func TestWhoseTokenIsRevokedMeanwhileIsNotTakenForWithheld(t *testing.T) {
	b := setUpSocial(t, 300)
	ref := b.create("collaborators")
	plan, err := b.planSync(ref)
	require.NoError(t, err)
	b.sim.SetFaults(githubsim.FaultPlan{Faults: []githubsim.Fault{{Kind: githubsim.FaultStatus, Status: http.StatusForbidden}}})
	_, err = b.pages(ref, plan, "collaborators")
	require.ErrorContains(t, err, "may not read collaborators")
}

func TestTheContributorsOfAnEmptyRepositoryAreNone(t *testing.T) {
	b := setUpQueries(t, githubsim.Spec{Labels: 1}, githubsim.Options{Now: time.Now})
	work := b.sync("contributors", "labels")
	require.Equal(t, operation.CollectionDone, work["contributors"].State)
	require.Zero(t, work["contributors"].Items)
}

func TestListsAreMirroredUpToTheirCap(t *testing.T) {
	b := setUpQueries(t, githubsim.Spec{Commits: 1}, githubsim.Options{})
	var pushed []githubsim.NewCommit
	for range 255 {
		pushed = append(pushed, githubsim.NewCommit{Message: "m", By: "ada"})
	}
	b.repo.Push("big", pushed...)
	_, err := b.repo.OpenPull(githubsim.NewPull{NewIssue: githubsim.NewIssue{Title: "p", By: "ada"}, Head: "big"})
	require.NoError(t, err)
	names := []string{"pull_commits", "pull_files"}
	work := b.sync(names...)
	require.EqualValues(t, 250, work["pull_commits"].Items)
	require.EqualValues(t, 255, work["pull_files"].Items)
	require.Empty(t, b.mirrored(t, b.repo, names).difference(b.source(t, b.repo, names)))
}
