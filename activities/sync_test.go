package activities_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/internal/budget"
	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/github"
	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/testenv"
	"github.com/holdfast/holdfast/store"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// bundle is a worker's steps between a GitHub and a database of the test's own.
type bundle struct {
	t     *testing.T
	sim   *githubsim.Server
	repo  *githubsim.Repository
	pool  *pgxpool.Pool
	store *store.Store
	steps *activities.Sync
	env   *testsuite.TestActivityEnvironment
}

// account is the budget of a GitHub without limits, within this process.
func account(t *testing.T, now func() time.Time) *budget.Account {
	t.Helper()
	ledger, err := budget.NewLedger(budget.Options{Process: t.Name(), Now: now, Scale: 0.001})
	require.NoError(t, err)
	t.Cleanup(ledger.Close)
	return ledger.Account("test", func(context.Context) (budget.Rates, error) { return budget.Rates{}, nil })
}

// fixed gives every step the same client.
type fixed struct{ client *github.Client }

func (f fixed) For(context.Context, string, string, string, budget.Resource) (*github.Client, error) {
	return f.client, nil
}

func (f fixed) Connection(context.Context, string, string) (*github.Client, error) {
	return f.client, nil
}

func (f fixed) Pace(context.Context, string, string, string, *github.Client) budget.Pace {
	return f.client.Pace()
}

func (fixed) Ready(context.Context, string, string, string, budget.Resource) time.Time {
	return time.Time{}
}

func setup(t *testing.T, items int, options githubsim.Options) *bundle {
	t.Helper()
	t.Parallel()
	b := &bundle{t: t, sim: githubsim.New(options), repo: githubsim.Generate(1, githubsim.SpecForItems(items)), pool: testenv.Database(t)}
	b.sim.Add(b.repo)
	server := httptest.NewServer(b.sim)
	t.Cleanup(server.Close)
	b.store = store.New(testenv.Roled(b.t, b.pool))
	client, err := github.New(github.Options{
		BaseURL: server.URL, UserAgent: "test", Account: account(t, time.Now), Now: time.Now, Scale: 0.001,
	})
	require.NoError(t, err)
	b.steps = &activities.Sync{
		Store: b.store, Clients: fixed{client}, Collections: collection.NewRegistry(), Publisher: discard{},
		Logger: slog.New(slog.DiscardHandler), Now: time.Now, Bounds: activities.DefaultBounds(),
	}
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	b.env = suite.NewTestActivityEnvironment()
	b.env.SetTestTimeout(time.Minute)
	b.env.RegisterActivity(b.steps)
	return b
}

// discard publishes to nobody.
type discard struct{}

func (discard) Publish(context.Context, ...operation.Event) {}

// create makes the row of a sync.
func (b *bundle) create(names ...string) activities.OperationRef {
	b.t.Helper()
	input, err := json.Marshal(operation.SyncInput{Repository: b.repo.FullName(), Collections: names})
	require.NoError(b.t, err)
	op, _, err := b.store.CreateOperation(b.t.Context(), operation.New{
		ID: uuid.Must(uuid.NewV7()).String(), WorkspaceID: config.DefaultWorkspace,
		Kind: operation.KindSyncRepository, Subject: b.repo.FullName(), Input: input,
	})
	require.NoError(b.t, err)
	return activities.OperationRef{WorkspaceID: op.WorkspaceID, OperationID: op.ID}
}

func (b *bundle) planSync(ref activities.OperationRef) (plan activities.Plan, err error) {
	value, err := b.env.ExecuteActivity(b.steps.PlanSync, ref)
	if err == nil {
		require.NoError(b.t, value.Get(&plan))
	}
	return plan, err
}

func (b *bundle) pages(ref activities.OperationRef, plan activities.Plan, name string) (result activities.PagesResult, err error) {
	value, err := b.env.ExecuteActivity(b.steps.SyncPages, activities.Pages{
		OperationRef: ref, RepositoryID: plan.RepositoryID, Owner: plan.Owner, Name: plan.Name, Collection: name,
	})
	if err == nil {
		require.NoError(b.t, value.Get(&result))
	}
	return result, err
}

// read repeats a collection's step until its pass is complete.
func (b *bundle) read(ref activities.OperationRef, plan activities.Plan, name string) {
	b.t.Helper()
	for range 1000 {
		result, err := b.pages(ref, plan, name)
		require.NoError(b.t, err, name)
		require.Nil(b.t, result.Wait)
		if result.Done {
			return
		}
	}
	require.Fail(b.t, "the pass does not end", name)
}

// sync mirrors the repository as the workflow would, one step after another, and
// returns the progress by collection.
func (b *bundle) sync(names ...string) map[string]operation.CollectionWork {
	b.t.Helper()
	ref := b.create(names...)
	plan, err := b.planSync(ref)
	require.NoError(b.t, err)
	require.Nil(b.t, plan.Wait)
	for _, step := range plan.Collections {
		if step.Name != "repository" {
			b.read(ref, plan, step.Name)
		}
	}
	_, err = b.env.ExecuteActivity(b.steps.FinishOperation, activities.Finish{OperationRef: ref, State: operation.StateSucceeded})
	require.NoError(b.t, err)
	op, err := b.store.Operation(b.t.Context(), ref.WorkspaceID, ref.OperationID)
	require.NoError(b.t, err)
	require.Equal(b.t, operation.StateSucceeded, op.State)
	work := map[string]operation.CollectionWork{}
	for _, w := range op.Collections {
		require.NotNil(b.t, w.FinishedAt, w.Name)
		work[w.Name] = w
	}
	return work
}

// requireMirror compares every item of every collection with the source.
func (b *bundle) requireMirror(names ...string) {
	b.t.Helper()
	owner, name, _ := strings.Cut(b.repo.FullName(), "/")
	for _, collectionName := range collection.NewRegistry().Expand(collection.ScopeRepository, names) {
		c, ok := collection.ByName(collectionName)
		require.True(b.t, ok)
		mirror := map[string][32]byte{}
		rows, err := b.pool.Query(b.t.Context(), `select key, raw, raw_bytes from `+c.Table+` where deleted_at is null`)
		require.NoError(b.t, err)
		var (
			key           string
			raw, rawBytes []byte
		)
		_, err = pgx.ForEachRow(rows, []any{&key, &raw, &rawBytes}, func() error {
			if rawBytes != nil {
				raw = rawBytes
			}
			mirror[key], err = c.Hash(raw)
			return err
		})
		require.NoError(b.t, err)
		n := 0
		for key, raw := range b.sim.Items(owner, name, collectionName) {
			want, err := c.Hash(raw)
			require.NoError(b.t, err)
			require.Equal(b.t, want, mirror[key], "%s %s", collectionName, key)
			n++
		}
		require.Len(b.t, mirror, n, collectionName)
	}
}

func TestASyncEqualsItsSource(t *testing.T) {
	b := setup(t, 5000, githubsim.Options{})
	work := b.sync()
	b.requireMirror()
	for name, w := range work {
		require.Equal(t, w.Items, w.Total, name)
		require.Equal(t, b.sim.Stats().Requests[name], w.Requests, "%s as the simulator counts", name)
	}
}

func TestASecondSyncOfAnUnchangedSourceWritesNothing(t *testing.T) {
	b := setup(t, 2000, githubsim.Options{})
	b.sync()
	b.sim.ResetStats()
	for name, w := range b.sync() {
		require.Zero(t, w.Written, name)
	}
	requests := b.sim.Stats().Requests
	for _, name := range []string{"issues", "issue_comments", "pulls", "review_comments", "commits"} {
		require.Equal(t, int64(1), requests[name], name)
	}
	require.Zero(t, requests["reviews"], "no pull request moved")
}

func TestCountersInsideOtherObjectsWriteNoRow(t *testing.T) {
	b := setup(t, 2000, githubsim.Options{})
	b.sync()
	var number int
	require.NoError(t, b.pool.QueryRow(t.Context(), `select min(number) from issues where not is_pull_request and milestone_number is not null`).Scan(&number))
	before := b.xmins()

	b.repo.Star(3)
	b.repo.Push(b.repo.DefaultBranch(), githubsim.NewCommit{Message: "m", By: "ada"})
	_, err := b.repo.AddIssueComment(number, "ada", "a comment")
	require.NoError(t, err)
	b.sync()
	b.requireMirror()

	changed := map[string]int{}
	for row, version := range b.xmins() {
		if before[row] != version {
			changed[row.table]++
		}
	}
	require.Equal(t, map[string]int{
		"repositories":   1, // its own stars and its own last push
		"branches":       1, // that was pushed to
		"commits":        1, // that was pushed
		"issues":         1, // that was commented on: its own count and time
		"issue_comments": 1,
	}, changed)
}

type row struct{ table, key string }

// xmins is the version of every row: it moves with every write.
func (b *bundle) xmins() map[row]string {
	b.t.Helper()
	all := map[row]string{}
	for _, c := range collection.All() {
		rows, err := b.pool.Query(b.t.Context(), `select key, xmin::text from `+c.Table)
		require.NoError(b.t, err)
		var key, version string
		_, err = pgx.ForEachRow(rows, []any{&key, &version}, func() error {
			all[row{c.Table, key}] = version
			return nil
		})
		require.NoError(b.t, err)
	}
	return all
}

func TestEditsAreFoundByTheNextSync(t *testing.T) {
	b := setup(t, 2000, githubsim.Options{})
	b.sync()
	title := "changed"
	require.NoError(t, b.repo.EditIssue(1, githubsim.IssueEdit{Title: &title}))
	_, err := b.repo.OpenIssue(githubsim.NewIssue{Title: "new", Body: "nul \u0000", By: "ada"})
	require.NoError(t, err)
	_, err = b.repo.AddReview(b.pull(), githubsim.NewReview{By: "ada", State: "APPROVED", Comments: []githubsim.NewReviewComment{{Path: "a", Line: 1, Body: "b"}}})
	require.NoError(t, err)
	b.repo.Push("feature", githubsim.NewCommit{Message: "m", By: "ada"})
	b.repo.CreateRelease(githubsim.NewRelease{Tag: "v99", By: "ada"})
	require.NoError(t, b.repo.RenameUser("ada", "lovelace"))
	b.sync()
	b.requireMirror()
}

func (b *bundle) pull() (number int) {
	b.t.Helper()
	require.NoError(b.t, b.pool.QueryRow(b.t.Context(), `select max(number) from pulls`).Scan(&number))
	return number
}

func TestFaultsDoNotChangeTheEnd(t *testing.T) {
	b := setup(t, 1500, githubsim.Options{Faults: githubsim.FaultPlan{Seed: 7, Faults: []githubsim.Fault{
		{Kind: githubsim.FaultStatus, Status: 502, Probability: 0.05},
		{Kind: githubsim.FaultShortBody, Probability: 0.05},
		{Kind: githubsim.FaultShortChunks, Probability: 0.03},
		{Kind: githubsim.FaultReset, Probability: 0.03},
		{Kind: githubsim.FaultLatency, Delay: time.Millisecond, Jitter: 3 * time.Millisecond},
	}}})
	b.sync()
	b.requireMirror()
}

func TestALimitIsAWaitWithAReason(t *testing.T) {
	b := setup(t, 500, githubsim.Options{})
	ref := b.create()
	plan, err := b.planSync(ref)
	require.NoError(t, err)
	b.sim.SetFaults(githubsim.FaultPlan{Faults: []githubsim.Fault{{Kind: githubsim.FaultPrimaryLimit, From: 3, Times: 1}}})
	var result activities.PagesResult
	for _, name := range []string{"labels", "milestones", "issues"} {
		if result, err = b.pages(ref, plan, name); result.Wait != nil {
			break
		}
		require.NoError(t, err)
	}
	require.NotNil(t, result.Wait)
	require.Contains(t, result.Wait.Reason, "hourly limit")
	require.Greater(t, result.Wait.Pause, 10*time.Minute)
	op, err := b.store.Operation(t.Context(), ref.WorkspaceID, ref.OperationID)
	require.NoError(t, err)
	require.Equal(t, "github_primary_limit", op.Waiting.For)
	require.Equal(t, result.Wait.Reason, op.Waiting.Reason)
	require.Zero(t, b.sim.Stats().Offences)
}

func TestWhatGitHubRefusesEndsTheSyncWithAReason(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*bundle)
		code   string
	}{
		"gone":    {func(b *bundle) { b.repo.SetGone(true) }, "github_not_found"},
		"private": {func(b *bundle) { b.repo.SetPrivate(true) }, "github_not_found"},
		"blocked": {func(b *bundle) { b.repo.SetBlocked(&githubsim.Block{Reason: "dmca"}) }, "github_blocked"},
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t, 100, githubsim.Options{})
			tt.change(b)
			_, err := b.planSync(b.create())
			var app *temporal.ApplicationError
			require.ErrorAs(t, err, &app)
			require.Equal(t, tt.code, app.Type())
			require.True(t, app.NonRetryable())
			require.Contains(t, app.Message(), b.repo.FullName())
		})
	}
}

func TestIssuesThatAreSwitchedOffAreSkipped(t *testing.T) {
	b := setup(t, 500, githubsim.Options{})
	b.repo.DisableIssues(true)
	work := b.sync()
	require.Equal(t, operation.CollectionSkipped, work["issues"].State)
	require.Contains(t, work["issues"].Note, "switched off")
	b.requireMirror("pulls", "commits", "labels", "reviews")
}

func TestARenamedRepositoryIsFollowed(t *testing.T) {
	b := setup(t, 500, githubsim.Options{})
	b.sync()
	ref := b.create()
	b.sim.Rename(b.repo, "", "renamed")
	plan, err := b.planSync(ref)
	require.NoError(t, err)
	require.Equal(t, "renamed", plan.Name)
	require.Equal(t, b.repo.ID(), plan.RepositoryID)
	b.sync()
	b.requireMirror()
	var n int
	require.NoError(t, b.pool.QueryRow(t.Context(), `select count(*) from repositories`).Scan(&n))
	require.Equal(t, 1, n, "it is the same repository")
}

func TestACancelledOperationStopsWithinAPage(t *testing.T) {
	b := setup(t, 2000, githubsim.Options{})
	ref := b.create()
	plan, err := b.planSync(ref)
	require.NoError(t, err)
	_, err = b.store.RequestCancel(t.Context(), ref.WorkspaceID, ref.OperationID)
	require.NoError(t, err)
	_, err = b.pages(ref, plan, "issues")
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	require.Equal(t, activities.TypeNotRunning, app.Type())
	var n int
	require.NoError(t, b.pool.QueryRow(t.Context(), `select count(*) from issues`).Scan(&n))
	require.Zero(t, n)
}

func TestASecondSyncWaitsForTheFirst(t *testing.T) {
	b := setup(t, 3000, githubsim.Options{})
	b.steps.Bounds.Pages = 2
	first, second := b.create(), b.create()
	plan, err := b.planSync(first)
	require.NoError(t, err)
	_, err = b.planSync(second)
	require.NoError(t, err)
	result, err := b.pages(first, plan, "issues")
	require.NoError(t, err)
	require.False(t, result.Done)

	result, err = b.pages(second, plan, "issues")
	require.NoError(t, err)
	require.Contains(t, result.Wait.Reason, first.OperationID)
	for !result.Done {
		result, err = b.pages(first, plan, "issues")
		require.NoError(t, err)
	}
	result, err = b.pages(second, plan, "issues")
	require.NoError(t, err)
	require.Nil(t, result.Wait)
	require.True(t, result.Done, "the pass began after the second was asked for: there is nothing left to read")
	b.requireMirror("issues")
}

func TestAPassThatWasLeftBehindIsFollowedByOneOfOnesOwn(t *testing.T) {
	b := setup(t, 3000, githubsim.Options{})
	b.steps.Bounds.Pages = 2
	left := b.create()
	plan, err := b.planSync(left)
	require.NoError(t, err)
	for _, name := range []string{"commits", "branches", "issues"} {
		_, err := b.pages(left, plan, name)
		require.NoError(t, err)
	}
	_, err = b.env.ExecuteActivity(b.steps.FinishOperation, activities.Finish{
		OperationRef: left, State: operation.StateFailed, Failure: &operation.Failure{Code: "c", Message: "m"},
	})
	require.NoError(t, err)
	// What changes now stands on pages that were read already.
	b.repo.Push(b.repo.DefaultBranch(), githubsim.NewCommit{Message: "m", By: "ada"})
	title := "changed"
	require.NoError(t, b.repo.EditIssue(1, githubsim.IssueEdit{Title: &title}))

	b.sync()
	b.requireMirror()
}

func TestAWorkerThatStopsLeavesThePassToAnother(t *testing.T) {
	b := setup(t, 3000, githubsim.Options{})
	ref := b.create()
	plan, err := b.planSync(ref)
	require.NoError(t, err)
	stop := make(chan struct{})
	close(stop)
	b.env.SetWorkerStopChannel(stop)
	b.sim.ResetStats()
	result, err := b.pages(ref, plan, "issues")
	require.NoError(t, err)
	require.False(t, result.Done)
	require.Zero(t, b.sim.Stats().Requests["issues"], "it asks for nothing more")
}

func TestReviewsAreReadForPullsThatMovedMeanwhile(t *testing.T) {
	b := setup(t, 1000, githubsim.Options{})
	first := b.create()
	plan, err := b.planSync(first)
	require.NoError(t, err)
	b.read(first, plan, "pulls")
	_, err = b.repo.AddReview(b.pull(), githubsim.NewReview{By: "ada", State: "APPROVED"})
	require.NoError(t, err)
	second := b.create()
	_, err = b.planSync(second)
	require.NoError(t, err)
	b.read(first, plan, "reviews") // began after the second was asked for, but with pulls of before
	b.read(second, plan, "pulls")
	b.read(second, plan, "reviews")
	b.requireMirror("pulls", "reviews")
}

func TestAPassThatFailsIsGivenUp(t *testing.T) {
	b := setup(t, 3000, githubsim.Options{})
	b.steps.Bounds.Pages = 2
	first, second := b.create(), b.create()
	plan, err := b.planSync(first)
	require.NoError(t, err)
	_, err = b.planSync(second)
	require.NoError(t, err)
	_, err = b.pages(first, plan, "issues")
	require.NoError(t, err)
	b.repo.SetBlocked(&githubsim.Block{Reason: "dmca"})
	_, err = b.pages(first, plan, "issues")
	require.ErrorContains(t, err, "blocked")
	op, err := b.store.Operation(t.Context(), first.WorkspaceID, first.OperationID)
	require.NoError(t, err)
	for _, w := range op.Collections {
		if w.Name == "issues" {
			require.Equal(t, operation.CollectionFailed, w.State)
			require.Contains(t, w.Note, "legal reasons")
		}
	}
	b.repo.SetBlocked(nil)
	result, err := b.pages(second, plan, "issues")
	require.NoError(t, err)
	require.Nil(t, result.Wait, "nobody waits for it, though its operation goes on")
}

func TestACursorThatGitHubRefusesIsDropped(t *testing.T) {
	b := setup(t, 3000, githubsim.Options{})
	b.steps.Bounds.Pages = 2
	for name, cursor := range map[string]string{
		"commits": `{"page": 3, "last": 9, "head": "0000000000000000000000000000000000000000"}`,
		"issues":  `{"phase": "list", "page": 120, "next": "https://github.example/repositories/1/issues?after=x"}`,
	} {
		ref := b.create()
		plan, err := b.planSync(ref)
		require.NoError(t, err)
		_, err = b.pages(ref, plan, name)
		require.NoError(t, err)
		_, err = b.pool.Exec(t.Context(), `update collection_passes set cursor = $1 where collection = $2`, cursor, name)
		require.NoError(t, err)
		_, err = b.pages(ref, plan, name)
		require.Error(t, err, name)
		_, err = b.env.ExecuteActivity(b.steps.FinishOperation, activities.Finish{
			OperationRef: ref, State: operation.StateFailed, Failure: &operation.Failure{Code: "c", Message: "m"},
		})
		require.NoError(t, err)
	}
	b.sync()
	b.requireMirror()
}

func TestAccessThatIsLostIsNoEndOfAllParents(t *testing.T) {
	b := setup(t, 1000, githubsim.Options{})
	ref := b.create("pulls", "reviews")
	plan, err := b.planSync(ref)
	require.NoError(t, err)
	result, err := b.pages(ref, plan, "pulls")
	require.NoError(t, err)
	require.True(t, result.Done)
	b.repo.SetGone(true)
	_, err = b.pages(ref, plan, "reviews")
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	require.Equal(t, "github_not_found", app.Type())

	b.repo.SetGone(false)
	b.sync("pulls", "reviews")
	b.requireMirror("pulls", "reviews")
}

func TestANestedCollectionBringsItsParent(t *testing.T) {
	b := setup(t, 100, githubsim.Options{})
	work := b.sync("reviews")
	require.Len(t, work, 3, "the repository itself is always among them")
	b.requireMirror("repository", "pulls", "reviews")
}

func TestSearchIsFilled(t *testing.T) {
	b := setup(t, 500, githubsim.Options{})
	b.sync()
	_, err := b.env.ExecuteActivity(b.steps.IndexSearch, activities.Pages{
		OperationRef: activities.OperationRef{WorkspaceID: config.DefaultWorkspace}, RepositoryID: b.repo.ID(), Collection: "issues",
	})
	require.NoError(t, err)
	var items, documents int
	require.NoError(t, b.pool.QueryRow(t.Context(), `select (select count(*) from issues), (select count(*) from search_documents)`).Scan(&items, &documents))
	require.Equal(t, items, documents)
	require.NotZero(t, items)
}

func TestRequestsStayWithinThePlan(t *testing.T) {
	b := setup(t, 10_000, githubsim.Options{})
	b.sync("labels", "milestones", "issues", "issue_comments", "pulls", "review_comments", "commits", "branches", "tags", "releases")
	items, requests := 0, int64(0)
	owner, name, _ := strings.Cut(b.repo.FullName(), "/")
	for _, c := range collection.NewRegistry().Names() {
		if c != "reviews" {
			items += b.sim.Count(owner, name, c)
			requests += b.sim.Stats().Requests[c]
		}
	}
	require.LessOrEqual(t, requests*1000, int64(items)*13, "%d requests for %d items", requests, items)
}
