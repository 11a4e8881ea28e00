package activities_test

import (
	"encoding/json"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/activities"
	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/github"
	"github.com/holdfast/holdfast/internal/githubsim"
	"github.com/holdfast/holdfast/internal/operation"
)

// organization is a bundle with an organization, and the row of a sync of it.
func organization(t *testing.T, spec githubsim.OrganizationSpec, in operation.SyncInput) (*bundle, activities.OperationRef) {
	t.Helper()
	b := setup(t, 0, githubsim.Options{})
	// Teams are shown to those who say who they are.
	server := httptest.NewServer(b.sim)
	t.Cleanup(server.Close)
	client, err := github.New(github.Options{
		BaseURL: server.URL, Credential: github.StaticToken("t"), UserAgent: "test", Account: account(t, time.Now), Now: time.Now, Scale: 0.001,
	})
	require.NoError(t, err)
	b.steps.Clients = fixed{client}
	spec.Login = "octo"
	o, repositories, err := githubsim.GenerateOrganization(1, spec)
	require.NoError(t, err)
	b.sim.AddOrganization(o)
	for _, r := range repositories {
		b.sim.Add(r)
	}
	in.Organization = "Octo"
	return b, b.organizationSync(in)
}

func (b *bundle) organizationSync(in operation.SyncInput) activities.OperationRef {
	b.t.Helper()
	input, err := json.Marshal(in)
	require.NoError(b.t, err)
	op, _, err := b.store.CreateOperation(b.t.Context(), operation.New{
		ID: uuid.Must(uuid.NewV7()).String(), WorkspaceID: config.DefaultWorkspace,
		Kind: operation.KindSyncOrganization, Subject: "Octo", Input: input,
	})
	require.NoError(b.t, err)
	return activities.OperationRef{WorkspaceID: op.WorkspaceID, OperationID: op.ID}
}

// readOrganization reads the organization's own collections.
func (b *bundle) readOrganization(ref activities.OperationRef) activities.Plan {
	b.t.Helper()
	var plan activities.Plan
	value, err := b.env.ExecuteActivity(b.steps.PlanOrganization, ref)
	require.NoError(b.t, err)
	require.NoError(b.t, value.Get(&plan))
	require.Nil(b.t, plan.Wait)
	for _, step := range plan.Collections {
		if step.Name != "organizations" {
			b.read(ref, plan, step.Name)
		}
	}
	return plan
}

func (b *bundle) begin(ref activities.OperationRef, plan activities.Plan, after string) activities.RepositoryBatch {
	b.t.Helper()
	value, err := b.env.ExecuteActivity(b.steps.BeginRepositories, activities.Repositories{OperationRef: ref, OrganizationID: plan.RepositoryID, After: after})
	require.NoError(b.t, err)
	var batch activities.RepositoryBatch
	require.NoError(b.t, value.Get(&batch))
	return batch
}

func (b *bundle) operation(id string) operation.Operation {
	b.t.Helper()
	op, err := b.store.Operation(b.t.Context(), config.DefaultWorkspace, id)
	require.NoError(b.t, err)
	return op
}

func subjects(batch activities.RepositoryBatch) (names []string) {
	for _, child := range batch.Children {
		names = append(names, child.Subject)
	}
	return names
}

// requireOrganization compares every item of the organization's collections with the source.
func (b *bundle) requireOrganization() {
	b.t.Helper()
	for _, name := range githubsim.OrganizationCollections() {
		c, ok := collection.ByName(name)
		require.True(b.t, ok)
		want := map[string][32]byte{}
		for key, raw := range b.sim.OrganizationItems("octo", name) {
			hash, err := c.Hash(raw)
			require.NoError(b.t, err)
			want[key] = hash
		}
		got := map[string][32]byte{}
		rows, err := b.pool.Query(b.t.Context(), `select key, raw from `+c.Table+` where deleted_at is null`)
		require.NoError(b.t, err)
		for rows.Next() {
			var key string
			var raw []byte
			require.NoError(b.t, rows.Scan(&key, &raw))
			got[key], err = c.Hash(raw)
			require.NoError(b.t, err)
		}
		require.NoError(b.t, rows.Err())
		require.Equal(b.t, want, got, name)
	}
}

func TestAnOrganizationsOwnCollectionsEqualTheirSource(t *testing.T) {
	all := operation.SyncInput{Organization: "octo", Collections: []string{collection.PresetAll}}
	b, ref := organization(t, githubsim.OrganizationSpec{Repositories: 120, Private: 3, Members: 130, Teams: 5}, all)
	plan := b.readOrganization(ref)
	require.Equal(t, "octo", plan.Owner)
	require.Empty(t, plan.Name)
	b.requireOrganization()

	o := b.sim.Organization("octo")
	o.AddMember("grace", true)
	require.NoError(t, o.AddTeamMember("team-1", "grace"))
	require.NoError(t, o.RemoveTeam("team-4"))
	slug, err := o.RenameTeam("team-2", "Pilots")
	require.NoError(t, err)
	late := githubsim.Generate(9, githubsim.Spec{Owner: "octo", Name: "late"})
	b.sim.Add(late)
	require.NoError(t, o.SetTeamRepository(slug, late, "maintain"))
	b.readOrganization(b.organizationSync(all))
	b.requireOrganization()
}

func TestRepositoriesOfAnOrganizationAreChosen(t *testing.T) {
	spec := githubsim.OrganizationSpec{Repositories: 12, Archived: 2, Forks: 2} // the last four are archived, and forks
	for name, tt := range map[string]struct {
		in   operation.SyncInput
		want []string
	}{
		"all that are neither archived nor forks": {operation.SyncInput{}, []string{"01", "02", "03", "04", "05", "06", "07", "08"}},
		"archived ones as well":                   {operation.SyncInput{Archived: true, Include: []string{"relay-000[89]", "relay-001*"}}, []string{"08", "09", "10"}},
		"forks as well":                           {operation.SyncInput{Forks: true, Include: []string{"relay-000[89]", "relay-001*"}}, []string{"08", "11", "12"}},
		"patterns in any case":                    {operation.SyncInput{Include: []string{"RELAY-000[1-3]", "nothing"}, Exclude: []string{"*2"}}, []string{"01", "03"}},
		"one is named":                            {operation.SyncInput{Include: []string{"relay-0007"}}, []string{"07"}},
		"none":                                    {operation.SyncInput{Exclude: []string{"*"}}, nil},
		"only its own collections":                {operation.SyncInput{Collections: []string{"teams"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			b, ref := organization(t, spec, tt.in)
			batch := b.begin(ref, b.readOrganization(ref), "")
			var want []string
			for _, n := range tt.want {
				want = append(want, "octo/relay-00"+n)
			}
			require.ElementsMatch(t, want, subjects(batch))
			require.True(t, batch.Done)
			require.Equal(t, len(want), batch.Total)
			op := b.operation(ref.OperationID)
			if len(tt.in.Collections) > 0 {
				require.Nil(t, op.Repositories)
			} else {
				require.Equal(t, &operation.RepositoryWork{Total: len(want)}, op.Repositories)
			}
		})
	}
}

func TestRepositoriesAreBegunInBatches(t *testing.T) {
	b, ref := organization(t, githubsim.OrganizationSpec{Repositories: 230}, operation.SyncInput{Collections: []string{"teams", "labels", "core"}})
	plan := b.readOrganization(ref)
	seen := map[string]string{}
	after, batches := "", 0
	for done := false; !done; batches++ {
		batch := b.begin(ref, plan, after)
		require.Equal(t, batch, b.begin(ref, plan, after), "beginning twice is beginning once")
		for _, child := range batch.Children {
			require.Empty(t, seen[child.OperationID])
			seen[child.OperationID] = child.Subject
		}
		after, done = batch.After, batch.Done
	}
	require.Len(t, seen, 230)
	require.Equal(t, 3, batches)
	require.Equal(t, 230, b.operation(ref.OperationID).Repositories.Total)
	for id, subject := range seen {
		child := b.operation(id)
		require.Equal(t, ref.OperationID, child.ParentID)
		require.Equal(t, operation.KindSyncRepository, child.Kind)
		require.JSONEq(t, `{"repository": "`+subject+`", "collections": ["labels", "core"]}`, string(child.Input))
		break
	}

	_, err := b.store.RequestCancel(t.Context(), ref.WorkspaceID, ref.OperationID)
	require.NoError(t, err)
	_, err = b.env.ExecuteActivity(b.steps.BeginRepositories, activities.Repositories{OperationRef: ref, OrganizationID: plan.RepositoryID})
	require.ErrorContains(t, err, activities.TypeNotRunning)
}

func TestAnOrganizationSaysWhatFailed(t *testing.T) {
	b, ref := organization(t, githubsim.OrganizationSpec{Repositories: 4}, operation.SyncInput{})
	batch := b.begin(ref, b.readOrganization(ref), "")
	settle := func() (settled activities.SettledRepositories) {
		value, err := b.env.ExecuteActivity(b.steps.SettleRepositories, ref)
		require.NoError(t, err)
		require.NoError(t, value.Get(&settled))
		return settled
	}
	finish := func(i int, state operation.State, failure *operation.Failure) {
		child := activities.OperationRef{WorkspaceID: ref.WorkspaceID, OperationID: batch.Children[i].OperationID}
		_, _, err := b.store.StartPlan(t.Context(), child.WorkspaceID, child.OperationID, []string{"repository"})
		require.NoError(t, err)
		_, err = b.env.ExecuteActivity(b.steps.FinishOperation, activities.Finish{OperationRef: child, State: state, Failure: failure})
		require.NoError(t, err)
	}
	finish(0, operation.StateSucceeded, nil)
	finish(1, operation.StateFailed, &operation.Failure{Code: "github_forbidden", Message: "The token may not read it."})
	finish(2, operation.StateFailed, &operation.Failure{Code: "github_gone", Message: "Gone."})
	settled := settle()
	require.Equal(t, operation.RepositoryWork{Total: 4, Done: 1, Failed: 2, Cancelled: 1}, settled.RepositoryWork, "one that was never begun counts as cancelled")
	require.Equal(t, "repositories_failed", settled.Failure.Code)
	require.Equal(t, "Of 4 repositories 2 failed and 1 was cancelled, "+batch.Children[1].Subject+" first: The token may not read it.", settled.Failure.Message)
	require.Equal(t, settled, settle(), "settling twice is settling once")
}

func TestAnOrganizationThatGitHubDoesNotHaveIsNoOrganization(t *testing.T) {
	b := setup(t, 0, githubsim.Options{})
	_, err := b.env.ExecuteActivity(b.steps.PlanOrganization, b.organizationSync(operation.SyncInput{Organization: "nobody"}))
	require.ErrorContains(t, err, "GitHub has no organization nobody, or the token may not see it.")
}
