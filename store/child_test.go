package store_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/collection"
	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/store"
)

// family is a running operation of an organization with pending children.
func (b *bundle) family(n int) (parent operation.Operation, children []operation.New) {
	b.t.Helper()
	parent = b.create()
	parent, _, err := b.StartPlan(b.t.Context(), workspace, parent.ID, []string{"organizations"})
	require.NoError(b.t, err)
	for i := range n {
		children = append(children, operation.New{
			ID: uuid.Must(uuid.NewV7()).String(), Subject: fmt.Sprintf("o/r%d", i), Input: json.RawMessage(fmt.Sprintf(`{"repository": "o/r%d"}`, i)),
		})
	}
	require.NoError(b.t, b.CreateChildren(b.t.Context(), workspace, parent.ID, operation.KindSyncRepository, children))
	return parent, children
}

func (b *bundle) operation(id string) operation.Operation {
	b.t.Helper()
	op, err := b.Operation(b.t.Context(), workspace, id)
	require.NoError(b.t, err)
	return op
}

func TestChildrenAreCreatedOnce(t *testing.T) {
	b := setup(t)
	parent, children := b.family(3)
	require.NoError(t, b.CreateChildren(t.Context(), workspace, parent.ID, operation.KindSyncRepository, children))
	require.Equal(t, 3, b.count(`select count(*) from operations where parent_id = $1`, parent.ID))
	n, err := b.CountChildren(t.Context(), workspace, parent.ID)
	require.NoError(t, err)
	require.Equal(t, 3, n)
	got := b.operation(children[1].ID)
	require.Equal(t, parent.ID, got.ParentID)
	require.Equal(t, operation.SourceSync, got.Source)
	require.Equal(t, operation.StatePending, got.State)
	require.Equal(t, "o/r1", got.Subject)
	require.JSONEq(t, `{"repository": "o/r1"}`, string(got.Input))

	_, err = b.RequestCancel(t.Context(), workspace, parent.ID)
	require.NoError(t, err)
	more := []operation.New{{ID: uuid.NewString(), Subject: "o/late", Input: json.RawMessage(`{}`)}}
	require.ErrorIs(t, b.CreateChildren(t.Context(), workspace, parent.ID, operation.KindSyncRepository, more), store.ErrNotRunning)
}

func TestAListShowsPartsOnlyWhereTheyAreAskedFor(t *testing.T) {
	b := setup(t)
	parent, children := b.family(3)
	other := b.create()
	ids := func(f operation.Filter) (ids []string) {
		f.Limit = 2
		for {
			ops, next, err := b.Operations(t.Context(), workspace, f)
			require.NoError(t, err)
			for _, op := range ops {
				ids = append(ids, op.ID)
			}
			if next == "" {
				return ids
			}
			f.Cursor = next
		}
	}
	require.Equal(t, []string{other.ID, parent.ID}, ids(operation.Filter{}))
	require.ElementsMatch(t, []string{children[0].ID, children[1].ID, children[2].ID}, ids(operation.Filter{Parent: parent.ID}))
	require.Empty(t, ids(operation.Filter{Parent: other.ID}))
	require.Empty(t, ids(operation.Filter{Parent: parent.ID, States: []operation.State{operation.StateRunning}}))
}

func TestAChildThatEndsCountsForItsParent(t *testing.T) {
	b := setup(t)
	parent, children := b.family(4)
	event, err := b.SetRepositoriesTotal(t.Context(), workspace, parent.ID, 4)
	require.NoError(t, err)
	require.Equal(t, &operation.RepositoryWork{Total: 4}, event.Operation.Repositories)
	event, err = b.SetRepositoriesTotal(t.Context(), workspace, parent.ID, 4)
	require.NoError(t, err)
	require.Nil(t, event, "it is known")

	ends := map[string]operation.State{
		children[0].ID: operation.StateSucceeded, children[1].ID: operation.StateFailed, children[2].ID: operation.StateCancelled,
	}
	for _, c := range children[:3] {
		_, events, err := b.SetState(t.Context(), workspace, c.ID, operation.StateRunning, nil)
		require.NoError(t, err)
		require.Len(t, events, 1)
		var failure *operation.Failure
		if ends[c.ID] == operation.StateFailed {
			failure = &operation.Failure{Code: "github_forbidden", Message: "No."}
		}
		_, events, err = b.SetState(t.Context(), workspace, c.ID, ends[c.ID], failure)
		require.NoError(t, err)
		require.Len(t, events, 2, "its own, and its parent's")
		require.Equal(t, parent.ID, events[1].OperationID)
	}
	want := &operation.RepositoryWork{Total: 4, Done: 1, Failed: 1, Cancelled: 1}
	got := b.operation(parent.ID)
	require.Equal(t, want, got.Repositories)
	events, err := b.Events(t.Context(), workspace, parent.ID, 0, 100)
	require.NoError(t, err)
	require.Len(t, events, int(got.Seq), "numbered without a gap")
	require.Equal(t, want, events[len(events)-1].Operation.Repositories)
	first, ok, err := b.FirstFailure(t.Context(), workspace, parent.ID)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, children[1].ID, first.ID, "a failure comes before what was cancelled")

	_, _, err = b.SetState(t.Context(), workspace, parent.ID, operation.StateSucceeded, nil)
	require.NoError(t, err)
	_, late, err := b.SetState(t.Context(), workspace, children[3].ID, operation.StateCancelled, nil)
	require.NoError(t, err)
	require.Len(t, late, 1, "the parent's last event has been")
	require.Equal(t, want, b.operation(parent.ID).Repositories)
}

func TestCancellingAParentStopsItsChildren(t *testing.T) {
	b := setup(t)
	parent, children := b.family(3)
	running := children[0].ID
	op, _, err := b.StartPlan(t.Context(), workspace, running, []string{"labels"})
	require.NoError(t, err)
	_, _, err = b.SetState(t.Context(), workspace, children[1].ID, operation.StateFailed, &operation.Failure{Code: "c", Message: "m"})
	require.NoError(t, err)
	pass := b.take(op, "labels")
	b.commit(b.page(op, "labels", pass.Fence, label(1, "a")))

	_, err = b.RequestCancel(t.Context(), workspace, parent.ID)
	require.NoError(t, err)
	_, err = b.CommitPage(t.Context(), b.page(op, "labels", pass.Fence, label(2, "b")))
	require.ErrorIs(t, err, store.ErrNotRunning, "no page is committed from now on")
	require.Equal(t, operation.StateCancelling, b.operation(running).State)
	require.Equal(t, operation.StateFailed, b.operation(children[1].ID).State)
	require.Equal(t, operation.StateCancelling, b.operation(children[2].ID).State)
	events, err := b.Events(t.Context(), workspace, running, 0, 100)
	require.NoError(t, err)
	require.Equal(t, operation.StateCancelling, events[len(events)-1].Operation.State)

	again, err := b.CancelChildren(t.Context(), workspace, parent.ID)
	require.NoError(t, err)
	require.Empty(t, again)
}

func TestChildrenThatNobodyWillEndAreEnded(t *testing.T) {
	b := setup(t)
	parent, children := b.family(3)
	_, err := b.SetRepositoriesTotal(t.Context(), workspace, parent.ID, 3)
	require.NoError(t, err)
	_, _, err = b.SetState(t.Context(), workspace, children[0].ID, operation.StateRunning, nil)
	require.NoError(t, err)
	_, _, err = b.SetState(t.Context(), workspace, children[1].ID, operation.StateCancelling, nil)
	require.NoError(t, err)

	events, err := b.EndChildren(t.Context(), workspace, parent.ID)
	require.NoError(t, err)
	require.Len(t, events, 4, "three of them and their parent")
	failed := b.operation(children[0].ID)
	require.Equal(t, operation.StateFailed, failed.State)
	require.Equal(t, "workflow_ended", failed.Failure.Code)
	for _, c := range children[1:] {
		require.Equal(t, operation.StateCancelled, b.operation(c.ID).State)
	}
	require.Equal(t, &operation.RepositoryWork{Total: 3, Failed: 1, Cancelled: 2}, b.operation(parent.ID).Repositories)
	events, err = b.EndChildren(t.Context(), workspace, parent.ID)
	require.NoError(t, err)
	require.Empty(t, events)
}

// A sweep starts what nobody started, but not what its parent will.
func TestOpenOperationsLeaveOutWhatAParentStarts(t *testing.T) {
	b := setup(t)
	parent, children := b.family(2)
	_, _, err := b.SetState(t.Context(), workspace, children[1].ID, operation.StateRunning, nil)
	require.NoError(t, err)
	open := func() (ids []string) {
		ops, err := b.Open(t.Context(), 0, time.Time{}, "", 100)
		require.NoError(t, err)
		for _, op := range ops {
			ids = append(ids, op.ID)
		}
		return ids
	}
	require.ElementsMatch(t, []string{parent.ID, children[1].ID}, open())
	_, _, err = b.SetState(t.Context(), workspace, parent.ID, operation.StateFailed, &operation.Failure{Code: "c", Message: "m"})
	require.NoError(t, err)
	require.ElementsMatch(t, []string{children[0].ID, children[1].ID}, open(), "what a parent left behind is to be ended")
}

// Pages of children, their ends, and a cancel of the parent take rows of all of them.
func TestEndsAndACancelAtOnceDoNotBlockEachOther(t *testing.T) {
	b := setup(t)
	const n = 24
	parent, children := b.family(n)
	_, err := b.SetRepositoriesTotal(t.Context(), workspace, parent.ID, n)
	require.NoError(t, err)
	errs := make(chan error, n+1)
	var all sync.WaitGroup
	for i, c := range children {
		all.Go(func() {
			_, _, err := b.SetState(t.Context(), workspace, c.ID, operation.StateRunning, nil)
			if operation.CodeOf(err) == operation.CodeConflict {
				err = nil
			}
			if err == nil {
				_, _, err = b.SetState(t.Context(), workspace, c.ID, operation.StateCancelled, nil)
			}
			errs <- err
		})
		if i == n/2 {
			all.Go(func() {
				_, err := b.RequestCancel(t.Context(), workspace, parent.ID)
				errs <- err
			})
		}
	}
	all.Wait()
	for range n + 1 {
		require.NoError(t, <-errs)
	}
	require.Equal(t, &operation.RepositoryWork{Total: n, Cancelled: n}, b.operation(parent.ID).Repositories)
}

func TestRepositoriesOfAnOrganizationAreListed(t *testing.T) {
	b := setup(t)
	op := b.create()
	op, _, err := b.StartPlan(t.Context(), workspace, op.ID, []string{"organization_repositories"})
	require.NoError(t, err)
	pass := b.take(op, "organization_repositories")
	var raws []string
	for i, more := range []string{``, `, "archived": true`, `, "fork": true`, `, "archived": true, "fork": true`, ``} {
		raws = append(raws, fmt.Sprintf(`{"id": %d, "name": "r%d", "full_name": "o/r%d"%s}`, 10+i, i, i, more))
	}
	b.commit(b.page(op, "organization_repositories", pass.Fence, raws...))
	_, err = b.pool.Exec(t.Context(), `update organization_repositories set deleted_at = now() where key = '14'`)
	require.NoError(t, err)
	for _, tt := range []struct {
		l    store.ListedRepositories
		want []string
	}{
		{store.ListedRepositories{}, []string{"10"}},
		{store.ListedRepositories{Archived: true}, []string{"10", "11"}},
		{store.ListedRepositories{Forks: true}, []string{"10", "12"}},
		{store.ListedRepositories{Archived: true, Forks: true, After: "10", Limit: 2}, []string{"11", "12"}},
	} {
		tt.l.WorkspaceID, tt.l.OrganizationID = workspace, repository
		if tt.l.Limit == 0 {
			tt.l.Limit = 100
		}
		rows, err := b.OrganizationRepositories(t.Context(), tt.l)
		require.NoError(t, err)
		keys := make([]string, len(rows))
		for i, row := range rows {
			keys[i] = row.Key
			require.Equal(t, "o/"+row.Name, row.FullName)
		}
		require.Equal(t, tt.want, keys)
	}
	list, _, err := b.Repositories(t.Context(), workspace, operation.RepositoryFilter{Limit: 10})
	require.NoError(t, err)
	require.Empty(t, list, "a repository is mirrored once it was synced")
}

// The numbers of organizations and repositories are not of one series.
func TestARepositoryWithTheNumberOfAnOrganizationIsNotMixedUpWithIt(t *testing.T) {
	b := setup(t)
	op := b.create()
	op, _, err := b.StartPlan(t.Context(), workspace, op.ID, []string{"repository", "organizations"})
	require.NoError(t, err)
	for _, name := range []string{"repository", "organizations"} {
		pass := b.take(op, name)
		b.commit(b.page(op, name, pass.Fence, fmt.Sprintf(`{"id": %d, "name": "r", "full_name": "o/r", "login": "o"}`, repository)))
	}
	list, _, err := b.Repositories(t.Context(), workspace, operation.RepositoryFilter{Limit: 10})
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Len(t, list[0].Collections, 1)
}

func TestMembersOfTeamsHangOnTheirTeam(t *testing.T) {
	b := setup(t)
	op := b.create()
	op, _, err := b.StartPlan(t.Context(), workspace, op.ID, []string{"teams", "team_members"})
	require.NoError(t, err)
	pass := b.take(op, "teams")
	b.commit(b.page(op, "teams", pass.Fence, `{"id": 7, "name": "A B", "slug": "a-b"}`, `{"id": 8, "name": "C", "slug": "c", "parent": {"id": 7}}`))
	require.Equal(t, 1, b.count(`select count(*) from teams where parent_id = 7 and organization_id = $1`, repository))

	members := named(t, "team_members")
	moved, err := b.MovedParents(t.Context(), store.Moved{Key: key("team_members"), Nested: members, Parents: named(t, "teams")}, 10)
	require.NoError(t, err)
	require.Equal(t, []store.Parent{{Key: "7", Arg: "a-b"}, {Key: "8", Arg: "c"}}, moved)

	p := b.page(op, "team_members", b.take(op, "team_members").Fence)
	for _, team := range moved {
		item, err := members.PrepareOf(team.Key, json.RawMessage(`{"id": 5, "login": "ada"}`))
		require.NoError(t, err)
		p.Items = append(p.Items, item)
	}
	b.commit(p)
	require.Equal(t, 2, b.count(`select count(*) from team_members where user_id = 5 and team_id::text = parent_key and key = parent_key || '/5'`))
}

func TestAMemberCountsByID(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"organization_members", "team_members"} {
		c, ok := collection.ByName(name)
		require.True(t, ok)
		before, err := c.PrepareOf("1", json.RawMessage(`{"id": 5, "login": "ada", "site_admin": false}`))
		require.NoError(t, err)
		after, err := c.PrepareOf("1", json.RawMessage(`{"id": 5, "login": "lovelace", "site_admin": false}`))
		require.NoError(t, err)
		require.Equal(t, before.Hash, after.Hash, "a new login is no change of who is a member")
		require.NotEqual(t, before.RawHash, after.RawHash, "but it is written")
	}
}
