package activities_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/githubsim"
)

// drift is what the last full check of a collection found.
type drift struct{ Missing, Extra, Different int64 }

// sweep compares everything there is, as the workflow would, and returns what it found.
func (b *bundle) sweep(names ...string) map[string]drift {
	b.t.Helper()
	op := b.sweepOf(b.t, b.repo, names...)
	found := map[string]drift{}
	rows, err := b.pool.Query(b.t.Context(), `select collection, missing, extra, different from collection_checks where operation_id = $1`, op.ID)
	require.NoError(b.t, err)
	defer rows.Close()
	for rows.Next() {
		var name string
		var d drift
		require.NoError(b.t, rows.Scan(&name, &d.Missing, &d.Extra, &d.Different))
		found[name] = d
	}
	require.NoError(b.t, rows.Err())
	return found
}

func (b *bundle) requireNoDrift(names ...string) {
	b.t.Helper()
	for name, d := range b.sweep(names...) {
		require.Zero(b.t, d, name)
	}
}

func (b *bundle) count(sql string, args ...any) (n int64) {
	b.t.Helper()
	require.NoError(b.t, b.pool.QueryRow(b.t.Context(), sql, args...).Scan(&n))
	return n
}

func TestASweepFindsAndRepairsWhatNoOtherPassSees(t *testing.T) {
	b := setup(t, 3000, githubsim.Options{})
	b.sync()
	title := "edited without a trace"
	var numbers []int
	for _, raw := range b.sim.Items("harborline", "relay", "issues") {
		var issue struct {
			Number int             `json:"number"`
			Pull   json.RawMessage `json:"pull_request"`
		}
		require.NoError(t, json.Unmarshal(raw, &issue))
		if issue.Pull == nil {
			numbers = append(numbers, issue.Number)
		}
	}
	require.NoError(t, b.repo.EditIssue(numbers[0], githubsim.IssueEdit{Title: &title, Silent: true}))
	require.NoError(t, b.repo.DeleteIssue(numbers[1]))
	require.NoError(t, b.repo.DeleteIssue(numbers[2]))
	_, err := b.pool.Exec(t.Context(), `delete from issues where number = $1`, numbers[3])
	require.NoError(t, err)

	b.sync("issues")
	require.Zero(t, b.count(`select count(*) from issues where deleted_at is not null`), "no incremental pass can know")

	found := b.sweep()
	require.Equal(t, drift{Missing: 1, Extra: 2, Different: 1}, found["issues"])
	require.Equal(t, int64(2), b.count(`select count(*) from issues where deleted_at is not null`))
	b.requireMirror()
	b.requireNoDrift()
}

func TestAListThatIsReadWholeShowsDeletionsAtOnce(t *testing.T) {
	b := setup(t, 1000, githubsim.Options{})
	b.sync()
	before := b.count(`select count(*) from branches`)
	require.NoError(t, b.repo.DeleteBranch(b.firstBranch()))
	b.sync()
	require.Equal(t, int64(1), b.count(`select count(*) from branches where deleted_at is not null`))
	require.Equal(t, before-1, b.count(`select items from collection_passes where collection = 'branches'`))
	b.requireMirror()
}

func (b *bundle) firstBranch() string {
	for name := range b.sim.Items("harborline", "relay", "branches") {
		if name != b.repo.DefaultBranch() {
			return name
		}
	}
	require.Fail(b.t, "there is no other branch")
	return ""
}

func TestAForcePushTakesCommitsOut(t *testing.T) {
	b := setup(t, 2000, githubsim.Options{})
	b.repo.Push(b.repo.DefaultBranch(), githubsim.NewCommit{Message: "kept"})
	kept := b.repo.Push(b.repo.DefaultBranch(), githubsim.NewCommit{Message: "also kept"})[0]
	b.repo.Push(b.repo.DefaultBranch(), githubsim.NewCommit{Message: "lost"}, githubsim.NewCommit{Message: "lost as well"})
	b.sync()
	_, err := b.repo.ForcePush(b.repo.DefaultBranch(), kept, githubsim.NewCommit{Message: "instead"})
	require.NoError(t, err)
	b.sim.ResetStats()
	b.sync("commits")
	require.LessOrEqual(t, b.sim.Stats().Requests["commits"]+b.sim.Stats().Requests["compare"], int64(3))
	require.Equal(t, int64(2), b.count(`select count(*) from commits where deleted_at is not null`))
	b.requireMirror("commits")
	b.requireNoDrift("commits")

	b.repo.Push(b.repo.DefaultBranch(), githubsim.NewCommit{Message: "more"})
	b.sync("commits")
	_, err = b.repo.ForcePush(b.repo.DefaultBranch(), kept, githubsim.NewCommit{Message: "anew"})
	require.NoError(t, err)
	b.repo.Prune()
	b.sync("commits")
	b.requireMirror("commits")
}

func TestATransferredIssueIsLinked(t *testing.T) {
	b := setup(t, 1000, githubsim.Options{})
	b.sync()
	number, err := b.repo.OpenIssue(githubsim.NewIssue{Title: "on its way"})
	require.NoError(t, err)
	b.sync("issues")
	other := githubsim.Generate(7, githubsim.Spec{Owner: "harborline", Name: "elsewhere", Issues: 3})
	b.sim.Add(other)
	moved, err := b.sim.Transfer(b.repo, number, other)
	require.NoError(t, err)
	require.Positive(t, moved)
	require.Equal(t, int64(1), b.sweep("issues")["issues"].Extra)
	require.Equal(t, int64(1), b.count(`select count(*) from item_transfers where number = $1 and to_url like '%/repos/harborline/elsewhere/issues/%'`, number))
	b.requireMirror("issues")
}

func TestAnUnchangedListIsAskedForConditionally(t *testing.T) {
	b := setup(t, 1000, githubsim.Options{})
	b.sync()
	b.sim.ResetStats()
	b.sync("labels", "branches", "tags", "releases", "milestones")
	stats := b.sim.Stats()
	for _, name := range []string{"labels", "branches", "tags", "releases", "milestones"} {
		require.Positive(t, stats.Requests[name], name)
	}
	require.Equal(t, stats.Total-1, stats.Statuses[http.StatusNotModified], "all but the repository itself")
}

func TestARepositoryThatGitHubHidesIsKept(t *testing.T) {
	b := setup(t, 500, githubsim.Options{})
	b.sync()
	before := b.count(`select count(*) from issues`)
	b.repo.SetGone(true)
	_, err := b.planSync(b.create())
	require.Error(t, err)
	require.Equal(t, int64(1), b.count(`select count(*) from repository_states where unreachable_since is not null and reason = 'github_not_found'`))
	require.Equal(t, before, b.count(`select count(*) from issues where deleted_at is null`))

	b.repo.SetGone(false)
	b.sync()
	require.Zero(t, b.count(`select count(*) from repository_states where unreachable_since is not null`))
	b.requireMirror()
}

func TestANameThatAnotherRepositoryTakesOver(t *testing.T) {
	b := setup(t, 500, githubsim.Options{})
	b.sync()
	old := b.repo
	b.sim.Rename(old, "harborline", "moved-on")
	successor := githubsim.Generate(9, githubsim.Spec{ID: 77, Owner: "harborline", Name: "relay", Issues: 5})
	b.sim.Add(successor)
	b.repo = successor
	b.sync()
	require.Equal(t, int64(2), b.count(`select count(*) from repositories`))
	require.Equal(t, int64(1), b.count(`select count(*) from repositories where full_name = 'harborline/relay' and repository_id = $1`, successor.ID()))
	require.Equal(t, int64(1), b.count(`select count(*) from repositories where full_name = 'harborline/moved-on' and repository_id = $1`, old.ID()))
	require.Equal(t, int64(5), b.count(`select count(*) from issues where repository_id = $1`, successor.ID()))
}
