package e2e_test

import (
	"log/slog"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	temporal "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"github.com/holdfast/holdfast/dev/internal/mirror"
	"github.com/holdfast/holdfast/internal/client"
	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/operation"
)

// organizationWorld is a world with an organization. Its GitHub wants a token.
type organizationWorld struct {
	*world
	organization *githubsim.Organization
	repositories []*githubsim.Repository
}

func setupOrganization(t *testing.T, spec githubsim.OrganizationSpec) *organizationWorld {
	t.Helper()
	spec.Login = "octo-corp"
	o := &organizationWorld{world: setup(t, options{simulator: githubsim.Options{Tokens: []string{"a-token"}}, env: []string{"GITHUB_TOKEN=a-token"}})}
	var err error
	o.organization, o.repositories, err = githubsim.GenerateOrganization(1, spec)
	require.NoError(t, err)
	o.sim.AddOrganization(o.organization)
	for _, r := range o.repositories {
		o.sim.Add(r)
	}
	return o
}

func (o *organizationWorld) start(request client.SyncRequest) operation.Operation {
	o.t.Helper()
	request.Organization = o.organization.Login()
	op, err := o.client.StartSync(o.t.Context(), request)
	require.NoError(o.t, err)
	return op
}

// children are the operations of the repositories, by their names.
func (o *organizationWorld) children(id string) map[string]operation.Operation {
	o.t.Helper()
	children := map[string]operation.Operation{}
	for f := (operation.Filter{Parent: id, Limit: 100}); ; {
		ops, next, err := o.client.Operations(o.t.Context(), f)
		require.NoError(o.t, err)
		for _, op := range ops {
			children[op.Subject] = op
		}
		if f.Cursor = next; next == "" {
			return children
		}
	}
}

// requireEqual fails unless the mirror holds the organization and these repositories.
func (o *organizationWorld) requireEqual(repositories []*githubsim.Repository) {
	o.t.Helper()
	compared, err := mirror.CompareOrganization(o.t.Context(), o.pool, o.sim, config.DefaultWorkspace, o.organization)
	require.NoError(o.t, err)
	require.NotEmpty(o.t, compared)
	for name, c := range compared {
		require.Empty(o.t, c.Difference(), name)
	}
	for _, r := range repositories {
		compared, err := mirror.Compare(o.t.Context(), o.pool, o.sim, config.DefaultWorkspace, r)
		require.NoError(o.t, err)
		for _, name := range collection.NewRegistry().Expand(collection.ScopeRepository, nil) {
			require.Empty(o.t, compared[name].Difference(), "%s of %s", name, r.FullName())
		}
	}
}

var ofOrganization = []string{"core", "organization_members", "teams", "team_members", "team_repositories"}

func TestAnOrganizationIsMirrored(t *testing.T) {
	t.Parallel()
	o := setupOrganization(t, githubsim.OrganizationSpec{
		Repositories: 12, Each: githubsim.SpecForItems(120), Archived: 1, Forks: 1, Private: 1, Members: 25, Teams: 4,
	})
	o.startWorker()
	request := client.SyncRequest{Archived: true, Collections: ofOrganization}
	op := o.awaitEnd(o.start(request).ID)
	o.requireSucceeded(op)
	require.Equal(t, operation.KindSyncOrganization, op.Kind)
	require.Equal(t, &operation.RepositoryWork{Total: 11, Done: 11}, op.Repositories, "forks were not asked for")
	var mirrored []*githubsim.Repository
	for i, r := range o.repositories {
		if i != 10 { // the fork
			mirrored = append(mirrored, r)
		}
	}
	o.requireEqual(mirrored)
	require.Len(t, op.Collections, len(githubsim.OrganizationCollections()), "of the organization itself all were asked for")
	children := o.children(op.ID)
	require.Len(t, children, 11)
	for name, child := range children {
		require.Equal(t, operation.StateSucceeded, child.State, name)
		require.Equal(t, op.ID, child.ParentID)
	}
	listed, _, err := o.client.Operations(t.Context(), operation.Filter{})
	require.NoError(t, err)
	require.Len(t, listed, 1, "parts are listed with their parent only")

	t.Log("a repository appears, members and teams change, and one repository cannot be read any more")
	late := githubsim.Generate(99, githubsim.Spec{Owner: "octo-corp", Name: "late", Issues: 3, Commits: 2})
	o.sim.Add(late)
	o.organization.AddMember("grace", false)
	require.NoError(t, o.organization.AddTeamMember("team-1", "grace"))
	require.NoError(t, o.organization.RemoveTeam("team-2"))
	o.repositories[2].SetBlocked(&githubsim.Block{Reason: "dmca", CreatedAt: time.Unix(1700000000, 0)})
	op = o.awaitEnd(o.start(request).ID)
	require.Equal(t, operation.StateFailed, op.State)
	require.Equal(t, "repositories_failed", op.Failure.Code)
	require.Contains(t, op.Failure.Message, "Of 12 repositories 1 failed, octo-corp/relay-0003 first: GitHub has blocked")
	require.Equal(t, &operation.RepositoryWork{Total: 12, Done: 11, Failed: 1}, op.Repositories)
	o.repositories[2].SetBlocked(nil)
	o.requireEqual(append(mirrored, late))
}

// A history holds what happens to each child: a run syncs a few hundred of them. The
// number can be raised by HOLDFAST_TEST_REPOSITORIES, to see what 2,000 cost.
func TestManyRepositoriesDoNotBloatAHistory(t *testing.T) {
	t.Parallel()
	many := 330
	if text := os.Getenv("HOLDFAST_TEST_REPOSITORIES"); text != "" {
		var err error
		many, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	o := setupOrganization(t, githubsim.OrganizationSpec{Repositories: many, Each: githubsim.Spec{Labels: 1}})
	o.startWorker()
	began := time.Now()
	op := o.awaitEnd(o.start(client.SyncRequest{Collections: []string{"labels"}}).ID)
	o.requireSucceeded(op)
	require.Equal(t, &operation.RepositoryWork{Total: many, Done: many}, op.Repositories)
	runs := o.runs(op.ID)
	longest, bytes := 0, int64(0)
	for _, run := range runs {
		longest, bytes = max(longest, int(run.events)), max(bytes, run.bytes)
	}
	t.Logf("%d repositories in %s: %d runs, at most %d events and %d bytes in one", many, time.Since(began).Round(time.Second), len(runs), longest, bytes)
	require.Len(t, runs, (many+299)/300)
	require.Less(t, longest, 5000)
	require.Equal(t, many, o.count(`select count(*) from labels`))
	o.requireReplays(o.history(op.ID), "sync_organization_continued")
}

func (w *world) count(sql string) (n int) {
	w.t.Helper()
	require.NoError(w.t, w.pool.QueryRow(w.t.Context(), sql).Scan(&n))
	return n
}

type run struct{ events, bytes int64 }

// runs are the runs of a workflow that continued as new, the last one first.
func (w *world) runs(id string) (runs []run) {
	w.t.Helper()
	c, err := temporal.Dial(temporal.Options{HostPort: w.temporalAddress, Namespace: w.temporalNamespace, Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	require.NoError(w.t, err)
	defer c.Close()
	require.NoError(w.t, c.GetWorkflow(w.t.Context(), id, "").Get(w.t.Context(), nil))
	for runID := ""; ; {
		about, err := c.DescribeWorkflowExecution(w.t.Context(), id, runID)
		require.NoError(w.t, err)
		info := about.GetWorkflowExecutionInfo()
		runs = append(runs, run{info.GetHistoryLength(), info.GetHistorySizeBytes()})
		first, err := c.GetWorkflowHistory(w.t.Context(), id, info.GetExecution().GetRunId(), false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT).Next()
		require.NoError(w.t, err)
		if runID = first.GetWorkflowExecutionStartedEventAttributes().GetContinuedExecutionRunId(); runID == "" {
			return runs
		}
	}
}

// Cancelling an organization's sync ends all of it, also what never began.
func TestAnOrganizationIsCancelled(t *testing.T) {
	t.Parallel()
	o := setupOrganization(t, githubsim.OrganizationSpec{Repositories: 60, Each: githubsim.SpecForItems(300)})
	o.startWorker()
	op := o.start(client.SyncRequest{})
	require.Eventually(t, func() bool { return o.count(`select repositories_done from operations where parent_id is null`) > 2 }, syncTimeout, 10*time.Millisecond)
	_, err := o.client.Cancel(t.Context(), op.ID)
	require.NoError(t, err)
	pages := `select sum(pages)::bigint from operation_collections`
	atCancel := o.count(pages)
	op = o.awaitEnd(op.ID)
	require.Equal(t, operation.StateCancelled, op.State)
	require.Equal(t, atCancel, o.count(pages), "no page is committed after the answer")
	require.Zero(t, o.count(`select count(*) from operations where state not in ('succeeded', 'cancelled')`))
	require.Equal(t, 60, op.Repositories.Ended())
	require.Positive(t, op.Repositories.Cancelled)
	require.Len(t, o.children(op.ID), 60)
}

// What a parent leaves behind that is terminated from outside is ended, not started.
func TestTheRepositoriesOfATerminatedOrganizationEnd(t *testing.T) {
	t.Parallel()
	o := setupOrganization(t, githubsim.OrganizationSpec{Repositories: 40, Each: githubsim.SpecForItems(100)})
	o.startWorker()
	op := o.start(client.SyncRequest{})
	require.Eventually(t, func() bool { return o.count(`select repositories_done from operations where parent_id is null`) > 2 }, syncTimeout, 10*time.Millisecond)
	c, err := temporal.Dial(temporal.Options{HostPort: o.temporalAddress, Namespace: o.temporalNamespace})
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.TerminateWorkflow(t.Context(), op.ID, "", "by hand"))
	op = o.awaitEnd(op.ID)
	require.Equal(t, operation.StateFailed, op.State)
	require.Equal(t, "workflow_ended", op.Failure.Code)
	require.Eventually(t, func() bool {
		return o.count(`select count(*) from operations where state in ('pending', 'running', 'cancelling')`) == 0
	}, syncTimeout, 100*time.Millisecond)
	require.Positive(t, o.count(`select count(*) from operations where state = 'cancelled'`))
	require.Zero(t, o.count(`select count(*) from operations where parent_id is not null and state = 'failed'`))

	o.requireSucceeded(o.awaitEnd(o.start(client.SyncRequest{}).ID))
	o.requireEqual(o.repositories)
}

// Each way that a sync of an organization goes leaves a history that today's workflow
// replays; see TestHistoriesReplay.
func TestOrganizationHistoriesReplay(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		before func(*organizationWorld)
		during func(*organizationWorld, operation.Operation)
		state  operation.State
	}{
		"succeeded": {state: operation.StateSucceeded},
		"failed":    {before: func(o *organizationWorld) { o.repositories[1].SetBlocked(&githubsim.Block{Reason: "dmca"}) }, state: operation.StateFailed},
		"cancelled": {during: func(o *organizationWorld, op operation.Operation) {
			require.Eventually(o.t, func() bool { return o.count(`select repositories_done from operations where parent_id is null`) > 0 }, syncTimeout, time.Millisecond)
			_, err := o.client.Cancel(o.t.Context(), op.ID)
			require.NoError(o.t, err)
		}, state: operation.StateCancelled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := setupOrganization(t, githubsim.OrganizationSpec{Repositories: 20, Each: githubsim.SpecForItems(60), Members: 3, Teams: 1})
			if tt.before != nil {
				tt.before(o)
			}
			op := o.start(client.SyncRequest{Collections: ofOrganization})
			o.startWorker()
			if tt.during != nil {
				tt.during(o, op)
			}
			require.Equal(t, tt.state, o.awaitEnd(op.ID).State)
			o.requireReplays(o.history(op.ID), "sync_organization_"+name)
		})
	}
}
